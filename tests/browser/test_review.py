"""The lead pushes on its day, two conflict, confer and are asked once more, two are silent, speak later, and all is merged."""

import datetime as dt

import pytest

pytestmark = pytest.mark.browser

CODE = "2208-341861-04-01-986681"
CLAUSE = "城市绿化条例第十一条"
OPEN = """
from tests.browser import steps
from django.db.models import QuerySet
from packages.models import JointSession, MatterVersion
number = steps.project_of_owner(wanted, '精密铸件联审厂房')
[case] = steps.cases(number, ['design-scheme'])
version = QuerySet(MatterVersion).filter(pk=case.matter_id)  # a published version is frozen for its manager
version.update(review_terms={**case.matter.review_terms, 'push': 1})
steps.apply_and_accept(number, ['project-code', 'design-scheme'])
steps.wait(lambda: JointSession.objects.filter(case=case).exists(), 'no joint review')
version.update(review_terms=case.matter.review_terms)
result = {'project': number, 'case': case.pk, 'session': JointSession.objects.get(case=case).pk}
"""
ANSWERED = """
from tests.browser import steps
from packages.models import ReviewTask
from packages.tasks import apply_tacit
steps.answer(project, ['design-scheme'], but=['parks', 'housing', 'fire-rescue'])
tasks = dict(ReviewTask.objects.filter(session=session).values_list('organisation__code', 'pk'))
steps.silence(tasks['fire-rescue'])
apply_tacit()
result = tasks
"""
SECOND = """
from tests.browser import steps
from packages.models import JointSession
from packages.tasks import apply_tacit
session = JointSession.objects.get(case=case, round=2)
[task] = session.tasks.exclude(role='lead')
steps.silence(task.pk)
apply_tacit()
task.refresh_from_db()
result = {'session': session.pk, 'task': task.pk, 'state': task.state, 'code': task.organisation.code}
"""


def answer(visitor, task, verdict, reason, remedy):
    """By keys: a figure chooses the verdict and leads to the reason, Ctrl Enter sends."""
    visitor.open(f"/reviews/{task}/")
    visitor.page.keyboard.press({"disagree": "2", "conditional": "3"}[verdict])
    assert visitor.page.evaluate("document.activeElement.name") == "reason"
    visitor.page.keyboard.insert_text(reason)
    visitor.fill(basis=CLAUSE, remedy=remedy)
    visitor.strike("Control+Enter")
    visitor.says("意见已提交")


def pushed(asked, lead):
    """The matter gives the lead a day to push: until then nobody else is asked, and the case says who is waited for."""
    lead.open(f"/cases/{asked['case']}/")
    lead.says("推送“", "的审查材料", "推送日过后由系统推送各部门")
    lead.press("去推送")
    lead.says("推送后各部门同时开始审查")
    lead.press("推送", exact=True)
    lead.says("已推送各部门，答复时限开始计算。")
    assert lead.page.get_by_role("link", name="去推送").count() == 0


def test_a_conflict_is_settled_over_two_rounds(live_portal, visit):
    asked = live_portal.python(OPEN, wanted=CODE)
    parks, housing, lead = visit("parks-r"), visit("housing-r"), visit("natural-resources-r")
    pushed(asked, lead)
    asked["tasks"] = live_portal.python(ANSWERED, project=asked["project"], session=asked["session"])
    answer(housing, asked["tasks"]["housing"], "conditional", "绿地占用消防车道", "把东侧绿地退让 2 米作消防车道")
    answer(parks, asked["tasks"]["parks"], "disagree", "绿地率不足 20%", "把东侧绿地加宽 2 米，绿地率补足到 20%")

    fire = visit("fire-rescue-r")
    fire.open(f"/reviews/{asked['tasks']['fire-rescue']}/")
    fire.says("逾期未答复", "已逾期：现在提交的意见存档可查，不计入汇总。")
    fire.choose("verdict", "agree")
    fire.fill(reason="消防车道满足要求")
    fire.press("提交意见")

    lead.open(f"/sessions/{asked['session']}/merge/")
    lead.says("逾期答复，不计入汇总", "消防车道满足要求")
    lead.says("意见不一致", "要求不一致", "把东侧绿地退让 2 米作消防车道", "把东侧绿地加宽 2 米，绿地率补足到 20%")
    lead.choose("passed", "yes")
    lead.press("提交汇总意见")
    lead.says("请发整改意见、召开联审会，改好后再次征求意见，或汇总为不通过")
    lead.press("召开联审会")
    lead.fill(meets_on=(dt.date.today() + dt.timedelta(days=1)).isoformat(), place="二楼会议室")
    lead.press("发出邀请")
    lead.press(f"联审会 {dt.date.today() + dt.timedelta(days=1):%m-%d}")
    lead.choose("outcome", "rectify")
    lead.fill(minutes="绿地改到西侧，消防车道净宽 4 米不变，园林局复核绿地率。")
    lead.press("记录纪要")
    lead.says("修改后再次征求意见", "会议纪要文书")

    second = live_portal.python(SECOND, case=asked["case"])
    assert (second["code"], second["state"]) == ("parks", "tacit")
    parks.open("/reviews/silences/")
    parks.says("园林局", "精密铸件联审厂房")
    parks.open(f"/reviews/{second['task']}/")
    parks.says("超时默认", "负责人")
    parks.press("补充意见")
    parks.fill(text="西侧绿地率按 20% 复核通过", basis=CLAUSE)
    parks.press("提交补充意见")
    parks.says("西侧绿地率按 20% 复核通过")

    lead.open(f"/sessions/{second['session']}/merge/")
    drafted = lead.page.input_value("[name=text]")
    assert "园林局：超时默认同意；补充意见：西侧绿地率按 20% 复核通过。" in drafted
    assert "把东侧绿地退让 2 米作消防车道" in drafted
    lead.choose("passed", "yes")
    lead.press("提交汇总意见")
    lead.open(f"/cases/{asked['case']}/")
    lead.says("第 2 轮", "第 1 轮", "通过", "补充意见（存档，不改变默认同意）")
