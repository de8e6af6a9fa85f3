"""A unit advises, a department objects, the plans change while experts are heard, and only who objected is asked again."""

import pytest

from tests.browser.pages import attachment

pytestmark = pytest.mark.browser

CLAUSE = "城市绿化条例第十一条"
OPEN = """
from django.contrib.auth.hashers import make_password
from gaige.demo.people import PASSWORD
from packages.models import JointSession, ReviewTask
from projects.models import Membership, Organisation, User
from tests.browser import steps
housing = Organisation.objects.get(code='housing')
unit = Organisation.objects.create(name='住建局消防审验科', kind=housing.kind, region=housing.region, parent=housing)
words = {'name': '白雪', 'title': '科员', 'password': make_password(PASSWORD)}
adviser, _ = User.objects.update_or_create(username='fire-section', defaults=words)
Membership.objects.create(user=adviser, organisation=unit, role='reviewer', since=steps.dt.date(2024, 1, 1))
number = steps.project_of_owner('', '精密铸件总装厂房')
steps.apply_and_accept(number, ['project-code', 'design-scheme'])
[case] = steps.cases(number, ['design-scheme'])
steps.wait(lambda: JointSession.objects.filter(case=case).exists(), 'no joint review')
steps.answer(number, ['design-scheme'], but=['parks', 'housing'])
session = JointSession.objects.get(case=case)
tasks = dict(ReviewTask.objects.filter(session=session).values_list('organisation__code', 'pk'))
result = {'project': number, 'case': case.pk, 'session': session.pk, 'tasks': tasks, 'unit': unit.pk}
"""
SECOND = """
from tests.browser import steps
from packages.models import JointSession
steps.wait(lambda: JointSession.objects.filter(case=case, round=2).exists(), 'no second round')
session = JointSession.objects.get(case=case, round=2)
result = {'session': session.pk, 'asked': dict(session.tasks.exclude(role='lead').values_list('organisation__code', 'pk'))}
"""


@pytest.fixture
def asked(live_portal):
    """A design scheme on which every department but two has agreed."""
    return live_portal.python(OPEN)


def advised_and_answered(tasks, unit, housing, adviser, parks):
    """A department asks its own section and answers on a condition; another disagrees."""
    housing.open(f"/reviews/{tasks['housing']}/")
    housing.press("转办", exact=True)
    housing.page.select_option("[name=unit_id]", str(unit))
    housing.fill(days="1", note="请看消防车道")
    housing.press("转办", exact=True)
    adviser.open("/reviews/", phone=True)
    adviser.says("转办给本科室的", "请看消防车道")
    adviser.press("看材料，反馈", within=adviser.page.locator("#referrals"), phone=True)
    adviser.press("反馈", exact=True)
    adviser.choose("verdict", "conditional")
    adviser.fill(reason="北侧车道净宽不足", basis="GB 55037-2022 第 3.4.5 条", remedy="北侧消防车道净宽由 3.8 米改为 4 米")
    adviser.press("反馈", exact=True)
    housing.page.goto(f"/reviews/{tasks['housing']}/")
    housing.says("白雪建议：有条件同意，北侧车道净宽不足")
    housing.choose("verdict", "conditional")
    housing.fill(reason="北侧车道净宽不足", basis="", remedy="完善消防车道")
    housing.press("提交意见")
    housing.says("请写明依据的法规、标准和条款。", "完善")
    housing.fill(basis="GB 55037-2022 第 3.4.5 条", remedy="北侧消防车道净宽由 3.8 米改为 4 米")
    housing.press("提交意见")
    parks.page.goto(f"/reviews/{tasks['parks']}/")
    parks.choose("verdict", "disagree")
    parks.fill(reason="绿地率不足 20%", basis=CLAUSE, remedy="把东侧绿地加宽 2 米，绿地率补足到 20%")
    parks.press("提交意见")


def told_and_paused(asked, live_portal, lead, chief):
    """The lead tells the owner what to mend and the case pauses for an experts' opinion."""
    lead.open(f"/sessions/{asked['session']}/rectify/", phone=True)
    lead.fill(days="3")
    lead.press("出具整改意见")
    lead.says("已一次性告知建设单位整改", "把东侧绿地加宽 2 米", "待补正")
    lead.open(f"/cases/{asked['case']}/special/start/")
    lead.page.select_option("[name=kind]", label="专家评审")
    lead.fill(basis="城市绿化专家论证办法第 6 条", planned_days="5")
    lead.press("提交批准")
    (row,) = live_portal.rows("select id from packages_specialprocedure where case_id = %s", asked["case"])
    lead.open(f"/specials/{row['id']}/approve/")
    lead.says("特别程序由牵头部门自然资源局的首席代表批准")
    chief.open(f"/specials/{row['id']}/approve/", phone=True)
    chief.choose("approved", "yes")
    chief.press("提交", exact=True)


def mended(owner):
    """The owner brings the changed plan and hands the correction back."""
    owner.open("/todos/", phone=True)
    owner.press("逐条补正", within=owner.page.locator(".debt", has_text="精密铸件总装厂房"))
    form = owner.page.locator("form[data-draft^=reply]").first
    form.locator("[name=answer]").fill("东侧绿地已加宽到 6 米，绿地率 20.3%")
    form.locator("[name=uploaded]").set_input_files(attachment("改好的总平面图"))
    owner.press("保存这一条", within=form)
    owner.press("交回补正材料")


def test_a_second_round_follows_changed_plans_and_a_pause_that_overlaps_them(asked, live_portal, visit):
    page, tasks = f"/cases/{asked['case']}/", asked["tasks"]
    parks, lead, chief = (visit(name) for name in ("parks-r", "natural-resources-r", "natural-resources-c"))
    advised_and_answered(tasks, asked["unit"], visit("housing-r"), visit("fire-section"), parks)
    told_and_paused(asked, live_portal, lead, chief)
    mended(visit("owner"))
    lead.open(page, phone=True)
    lead.says("特别程序(时限暂停)")
    chief.open(f"{page}decide/")
    assert chief.page.locator("main form button[aria-disabled=true], main .why").count()
    lead.open(f"{page}special/end/")
    lead.fill(result="专家组同意绿地方案")
    lead.page.set_input_files("[name=uploaded]", attachment("专家评审意见"))
    lead.press("结束，时限恢复")

    second = live_portal.python(SECOND, case=asked["case"])
    assert list(second["asked"]) == ["parks"]
    parks.page.goto(f"/reviews/{second['asked']['parks']}/")
    parks.says("本部门上一轮意见", "绿地率不足 20%")
    parks.choose("verdict", "agree")
    parks.fill(reason="绿地率 20.3%，符合要求")
    parks.press("提交意见")
    lead.open(f"/sessions/{second['session']}/merge/", phone=True)
    lead.choose("passed", "yes")
    lead.press("提交汇总意见")
    lead.open(page, phone=True)
    lead.says("第 2 轮", "第 1 轮", "建设单位已按意见整改", "专家评审")
    clock = lead.page.locator("#clocks a", has_text="怎么算的").first
    lead.click(clock, phone=True)
    lead.says("为什么是", "补正，", "城市绿化专家论证办法第 6 条", "批准人", "重叠的暂停只算一次。")
