"""一站式施工许可 from its form to its certificates: one application, one number, who holds it up, one cover, one code."""

import datetime as dt
import re

import pytest

from tests.browser.pages import pdf_text

pytestmark = pytest.mark.browser

OPEN = """
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import past_planning, registered
from packages.services.enrolment import enrol
from projects import timing
_, package, facts = factories.example('S3')
number = registered('', '丝绸服装标准仓库二期')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
past_planning(number)
steps.cases(number, ['agency-survey', 'agency-design', 'plan-permit', 'bid-construct']).update(
    state='decided_pass', decided_at=timing.now()
)
result = {'project': number, 'today': timing.today().isoformat()}
"""
HANDED_IN = "from tests.browser import steps\nsteps.meet(application, 'owner')"
#: The permit is five working days late, and nobody has said so yet.
LATE = """
from tests.browser import steps
from packages.models import JointSession, OneStop
from packages.services import drawing_sweeps
[case] = steps.cases(project, ['construction-permit'])
steps.wait(lambda: JointSession.objects.filter(case=case).exists(), 'no joint review')
back = steps.dt.timedelta(days=9)
type(case).objects.filter(pk=case.pk).update(due_on=case.due_on - back)
drawing_sweeps.follow_all()
"""
GRANTED = """
from tests.browser import steps
steps.answer(project, ['construction-permit'])
steps.decide(project, ['construction-permit'])
"""
DONE = """
from packages.services import drawing_sweeps
drawing_sweeps.follow_all()
"""


def filled(owner, today):
    """One form for all matters of the permit; a building time that ends before it begins is refused."""
    form = {
        "contract_price": "1200", "planned_start": (today + dt.timedelta(days=200)).isoformat(),
        "planned_finish": today.isoformat(), "contractor": "晋城建工集团", "contractor_lead": "郝建", "supervisor": "晋城监理",
        "supervisor_lead": "任重",
    }
    owner.fill(**form)
    owner.press("开始一站式申请")
    owner.says("计划竣工日期早于计划开工日期，请核对。")
    assert owner.page.input_value("[name=contractor]") == "晋城建工集团"
    owner.fill(planned_start=today.isoformat(), planned_finish=(today + dt.timedelta(days=200)).isoformat())
    owner.press("开始一站式申请", phone=True)
    owner.says("晋城建工集团", "全部办结后，主证和附件一次出件。", "还缺材料")


def bundled(live_portal, owner, project):
    """The cover of the bundle, whose PDF carries its number and whose page the numbers of all parts."""
    papers = live_portal.rows(
        "select id, number, verify_code, title from archives_paper where project_id = %s"
        " and (kind = 'certificate' or title = '施工许可证照套') order by id", project
    )
    cover, parts = papers[-1], papers[:-1]
    assert (cover["title"], len(parts)) == ("施工许可证照套", 2)
    rendered = f"select rendered_at is not null as done from archives_paper where id = {cover['id']}"
    live_portal.wait_for(lambda: live_portal.rows(rendered)[0]["done"], "the cover is a PDF")
    text = re.sub(r"\s", "", pdf_text(owner.fetch(f"/papers/{cover['id']}/pdf/")))
    assert cover["number"] in text
    owner.open(f"/papers/{cover['id']}/")
    owner.says(*(paper["number"] for paper in papers))
    return cover


def test_one_form_opens_the_permit_and_one_cover_closes_it(live_portal, visit):
    made = live_portal.python(OPEN)
    project, today = made["project"], dt.date.fromisoformat(made["today"])
    page = f"/projects/{project}/one-stop/"
    owner, clerk, chief = visit("owner"), visit("clerk"), visit("approval-bureau-c")
    owner.open(f"/projects/{project}/risk/", phone=True)
    owner.open(page, phone=True)
    owner.says("填写一次，各事项共用", "建筑工程施工许可证核发", "工程质量安全监督手续（并入施工许可）", "总时限")
    filled(owner, today)
    owner.press("打开申报", phone=True)
    owner.says("免提交", "件，不用您管")
    assert "一站式申请表" in owner.page.content()
    application = int(re.search(r"\d+", owner.path)[0])
    live_portal.python(HANDED_IN, application=application)
    owner.open(f"/applications/{application}/")
    owner.press("提交", exact=True)
    owner.press("确认提交")

    housing = visit("housing-c")
    housing.open(page)
    housing.click(housing.page.get_by_role("link", name="工程质量安全监督手续（并入施工许可）").first)
    housing.press("即办办结")
    housing.press("即办办结", exact=True)
    housing.says("办结通过")
    clerk.open(f"/applications/{application}/")
    clerk.press("受理", within=clerk.page.locator("main"), exact=True)
    live_portal.python(LATE, project=project)
    owner.open(page, phone=True)
    owner.says("正在等", "谁拖住其他事项", "已督办", "已超时", "工作日")
    assert chief.page.goto(page).status == 200
    assert chief.page.get_by_role("link", name="一次出件").count() == 0
    live_portal.python(GRANTED, project=project)
    live_portal.python(DONE)

    owner.open(page, phone=True)
    owner.says("可以一次出件", "2 / 2")
    chief.open(page)
    chief.press("一次出件")
    chief.press("一次出件", exact=True)
    chief.says("证照套", "一页封面、一个二维码核验全套")
    cover = bundled(live_portal, owner, project)
    public = visit()
    public.open(f"/verify/?code={cover['verify_code']}", phone=True)
    public.says("施工许可证照套", "有效", cover["number"])
