"""Drawings: one upload, a version that is replaced while it is judged, one opinion, 退回, and thirty days to mend."""

import pytest

from projects import timing
from tests.browser.pages import attachment

pytestmark = pytest.mark.browser

CODE = "2208-340321-04-03-719632"
OPEN = """
from django.db import transaction
from gaige.demo.people import DESIGNER
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import registered
from packages.services.drafts import drop_draft
from packages.services.enrolment import enrol
from projects import timing
from projects.events import lock_project
from projects.models import Organisation
from projects.services.parties import PartyEntry, add_party
from projects.states import PartyRole
_, package, facts = factories.example('S2')
number = registered(code, '泽铸精密件三期厂房')
changed = {'drawing_review': 'full', 'scenic_area': 'no', 'lightning_study': 'no'}
enrol(number, package_code=package, facts={**facts, **changed}, by=steps.user('clerk'))
with transaction.atomic():
    lock_project(number)
    for case in steps.cases(number, ['agency-survey', 'agency-design', 'design-scheme']):
        drop_draft(case, by=steps.user('clerk'), at=None, moment=timing.now())
designer = Organisation.objects.get(name=DESIGNER)
add_party(number, PartyEntry(PartyRole.DESIGNER, designer.uscc, designer.name), by=steps.user('clerk'))
result = number
"""
PUSHED = """
from tests.browser import steps
from packages.models import DrawingReview, JointSession, ReviewTask
steps.apply_and_accept(project, ['drawing-review'])
[case] = steps.cases(project, ['drawing-review'])
steps.wait(lambda: JointSession.objects.filter(case=case).exists(), 'no joint review')
tasks = dict(ReviewTask.objects.filter(session__case=case).values_list('organisation__code', 'pk'))
result = {'review': DrawingReview.objects.get(project_id=project).pk, 'tasks': tasks, 'lead': case.lead.code}
"""
#: Everybody who has not answered finds nothing new in the newest version.
ANSWERED = """
from gaige.demo.moments import person
from packages.models import DrawingReview, ReviewTask
from packages.services import drawing_review
found = DrawingReview.objects.get(pk=review)
seen = drawing_review.newest_set(found).number
for task in ReviewTask.objects.filter(session__case=found.case, state__in=['invited', 'opened']).exclude(role='lead'):
    kept = list(found.breaches.filter(organisation=task.organisation_id).values_list('pk', flat=True))
    drawing_review.give_part(
        task.pk, by=person(task.organisation_id, 'reviewer'), text='', seen=seen, breaches=[], kept=kept
    )
"""


def upload(visitor, project, title, **more):
    visitor.open(f"/projects/{project}/drawings/upload/", phone=True)
    visitor.page.set_input_files("[name=uploaded]", attachment(title))
    for value in more.pop("changed", ()):
        visitor.page.check(f"[name=changed][value={value}]")
    visitor.fill(**more)
    visitor.press("上传", exact=True)


def returned_and_handed_back(live_portal, project, review, lead, chief, designer, owner):
    """The chief returns the set; the owner reads why, hands it back with its next version, and it is judged anew."""
    chief.open(f"/drawings/{review}/handle/", phone=True)
    chief.says("没有重大缺陷：可以由建设单位负责人承诺后限期改完，也可以退回。")
    chief.choose("result", "return")
    chief.fill(text="楼梯净宽没有改")
    chief.press("提交处理意见")
    owner.open("/todos/", phone=True)
    owner.press("看审查意见", within=owner.page.locator(".debt", has_text="请设计单位改图，上传新版后交回"))
    owner.says("退回", "楼梯净宽没有改")
    owner.open(f"/drawings/{review}/hand-back/")
    owner.says("还没有上传修改后的图纸，上传新版后再交回。")
    upload(designer, project, "施工图第三版", changed=["fire"], note="楼梯净宽改为 1.0 米")
    owner.open(f"/drawings/{review}/hand-back/", phone=True)
    owner.press("交回", exact=True)
    owner.says("已交回，只请提出问题和受修改影响的部门复审。")
    live_portal.python(ANSWERED, review=review)
    lead.open(f"/drawings/{review}/opinion/")
    lead.press("提交审查意见")


def test_a_replaced_drawing_is_judged_anew_and_a_breach_is_mended_in_thirty_days(live_portal, visit):
    project = live_portal.python(OPEN, code=CODE)
    page = f"/projects/{project}/drawings/"
    designer, reviewer, housing = visit("designer"), visit("drawing-reviewer-r"), visit("housing-r")
    owner = visit("owner")

    upload(designer, project, "施工图第一版")
    designer.says("第 1 版", "现行")
    asked = live_portal.python(PUSHED, project=project)
    tasks, review = asked["tasks"], asked["review"]
    lead, chief = visit(f"{asked['lead']}-r"), visit(f"{asked['lead']}-c")

    reviewer.open(f"/reviews/{tasks['drawing-reviewer']}/part/", phone=True)
    reviewer.press("提交专业意见")
    upload(designer, project, "施工图第二版", changed=["structure", "fire"], note="结施-03 改梁，建施-05 改楼梯")
    housing.open(f"/reviews/{tasks['housing']}/part/", phone=True)
    housing.page.select_option("[name=b-0-discipline]", value="fire")
    for name, value in {
        "clause": "GB 55037-2022 7.1.2", "place": "建施-05 轴线 3-A", "what": "疏散宽度 0.9 米",
        "fix": "楼梯净宽改为 1.1 米",
    }.items():
        housing.page.fill(f"[name=b-0-{name}]", value)
    housing.press("提交专业意见")
    housing.says("楼梯净宽改为 1.1 米", "已换版")
    live_portal.python(ANSWERED, review=review)

    lead.open(f"/drawings/{review}/opinion/", phone=True)
    lead.press("请受影响的部门复审")
    lead.says("已请受影响的部门按新版复审")
    live_portal.python(ANSWERED, review=review)
    lead.open(f"/drawings/{review}/opinion/", phone=True)
    lead.press("提交审查意见")
    lead.says("审查意见已提交")
    returned_and_handed_back(live_portal, project, review, lead, chief, designer, owner)
    chief.open(f"/drawings/{review}/handle/", phone=True)
    chief.choose("result", "commit")
    chief.fill(text="无重大缺陷")
    chief.press("提交处理意见")
    owner.open(f"/drawings/{review}/commit/", phone=True)
    owner.press("我已阅读，签署承诺")
    owner.says("承诺已签署", "限期修改")

    upload(designer, project, "施工图第四版", changed=["fire"], note="楼梯净宽改为 1.1 米")
    housing.open(page)
    housing.press("核实", exact=True)
    housing.choose("holds", "yes")
    housing.press("提交核实结果")
    housing.says("施工图审查合格书")
    assert "须复审" not in housing.page.inner_text("main")  # what was mended is checked, not judged once more
    owner.open(f"/projects/{project}/one-stop/", phone=True)
    owner.says("总时限", "建筑工程施工许可证核发")


#: A small warehouse: on the exempt list of the rules.
EXEMPT = """
from gaige.demo.people import DESIGNER
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import registered
from packages.models import RiskAssessment
from packages.services.enrolment import enrol
from projects.models import Organisation
from projects.services.parties import PartyEntry, add_party
from projects.states import PartyRole
_, package, facts = factories.example('S3')
number = registered('', '丝绸标准仓库免审图')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
steps.wait(lambda: RiskAssessment.objects.filter(project_id=number).exists(), 'no class of risk')
designer = Organisation.objects.get(name=DESIGNER)
add_party(number, PartyEntry(PartyRole.DESIGNER, designer.uscc, designer.name), by=steps.user('clerk'))
result = number
"""


def test_an_exempt_set_is_drawn_afterwards_and_what_is_found_is_mended(live_portal, visit):
    project, today = live_portal.python(EXEMPT), timing.today().isoformat()
    designer, owner, housing, director = (visit(name) for name in ("designer", "owner", "housing-r", "director"))
    upload(designer, project, "仓库施工图")
    designer.says("免审清单", "待签质量承诺")
    (row,) = live_portal.rows("select id from packages_drawingreview where project_id = %s", project)
    for signer in (designer, owner):
        signer.open(f"/drawings/{row['id']}/pledge/", phone=True)
        signer.press("我已阅读，签署承诺")
    director.open("/samples/")
    director.fill(since=today, until=today, seed="20261123")
    director.press("抽取", exact=True)
    director.says("总体 1 个，抽中 1 个", "待抽查")
    housing.open("/samples/", phone=True)
    housing.press("办理", exact=True)
    housing.choose("holds", "no")
    housing.fill(breaches="1", found="疏散门净宽不足，改为 1.0 米")
    housing.press("提交抽查结果")
    owner.open("/todos/", phone=True)
    owner.press("整改答复", within=owner.page.locator(".debt", has_text="施工图抽查违反强条 1 处"))
    owner.says("疏散门净宽不足，改为 1.0 米")
    owner.fill(answer="建施-03 疏散门改为 1.0 米，门窗表同改")
    owner.press("提交整改情况")
    owner.says("等住建局复核")
    housing.open("/samples/", phone=True)
    housing.press("复核", exact=True)
    housing.says("答复：建施-03 疏散门改为 1.0 米，门窗表同改")
    housing.choose("holds", "yes")
    housing.press("提交复核结果")
    housing.says("抽查不合格", "已核")
