"""容缺 from intake to late and made good; a commitment that was not kept; a paper of the government asked of its office."""

import pytest

from tests.browser.pages import attachment

pytestmark = pytest.mark.browser

LATER = "存储协议或银行保函"
OPEN = """
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import past_planning, registered
from packages.services import intake
from packages.services.enrolment import enrol
from projects import timing
_, package, facts = factories.example('S3')
number = registered('', '丝绸服装分拣仓库')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
past_planning(number)
steps.cases(number, ['agency-survey', 'agency-design', 'plan-permit', 'bid-construct']).update(
    state='decided_pass', decided_at=timing.now()
)
result = {'project': number, 'application': intake.open_application(
    number, matter_codes=['wage-deposit'], by=steps.user('owner'), source='net').pk}
"""
#: The certificate's own day has passed; the sweep of promises has run.
LATE = """
import datetime as dt
from packages.models import Deferral
from packages.services import sweeping
found = Deferral.objects.select_related('issue__clock').get(pk=deferral)
back = dt.timedelta(days=30)
clock = found.issue.clock
type(clock).objects.filter(pk=clock.pk).update(
    started_on=clock.started_on - back, started_at=clock.started_at - back, due_on=clock.due_on - back,
    yellow_on=clock.yellow_on - back if clock.yellow_on else None,
)
clock.segments.update(started_at=clock.started_at - back)
type(found.issue).objects.filter(pk=found.issue_id).update(due_on=clock.due_on - back)
result = sweeping.sweep_promises()
"""
DECIDED = """
from tests.browser import steps
steps.answer(project, ['wage-deposit'])
steps.decide(project, ['wage-deposit'])
result = [case.state for case in steps.cases(project, ['wage-deposit'])]
"""


def upload_rest(owner):
    lines = owner.page.locator("li.mat[data-miss]")
    while lines.count():
        lines.first.locator("[name=uploaded]").set_input_files(attachment("演示材料"))
        owner.press("上传", within=lines.first)


def supplied_by_hand(live_portal, application, owner, clerk):
    """What the sharing platform does not have is brought by the department that keeps it."""
    shared = live_portal.rows(
        "select m.id from packages_materialitem m join packages_mattercase c on c.id = m.case_id"
        " where c.application_id = %s and m.state = 'shared' and m.document_id is null order by m.id",
        application,
    )
    clerk.open("/supplies/?tab=shared", phone=True)
    clerk.open(f"/materials/{shared[0]['id']}/absent/")
    clerk.fill(note="共享平台没有这家企业的数据")
    clerk.press("转部门补录")
    owner.open(f"/applications/{application}/")
    owner.says("待部门提供")
    upload_rest(owner)
    clerk.open("/supplies/", phone=True)
    clerk.says("丝绸服装分拣仓库")
    clerk.open(f"/materials/{shared[0]['id']}/supply/")
    clerk.fill(note="在登记系统核验一致")
    clerk.press("提供", exact=True)


def brought_twice(owner, clerk, page):
    """What is brought first does not hold, the second time it does."""
    for answer, note, said in (("no", "保函没有银行公章", "待补"), ("yes", "", "保函没有银行公章")):
        owner.open(page, phone=True)
        owner.says(said)
        owner.page.set_input_files("[name=uploaded]", attachment(f"银行保函{answer}"))
        owner.press("补交", exact=True)
        owner.says("核实期间不计入您的期限")
        clerk.open(page)
        clerk.press("核实", exact=True)
        clerk.choose("holds", answer)
        clerk.fill(note=note)
        clerk.press("记录核实结果")


def test_a_deferred_paper_runs_late_gets_one_more_term_and_is_made_good(live_portal, visit):
    made = live_portal.python(OPEN)
    project, application = made["project"], f"/applications/{made['application']}/"
    owner, clerk, chief = visit("owner"), visit("clerk"), visit("human-resources-c")
    owner.open(application, phone=True)
    owner.press("容缺", within=owner.page.locator("li.mat", has_text=LATER))
    owner.says("容缺")
    supplied_by_hand(live_portal, made["application"], owner, clerk)
    owner.open(application)
    owner.press("提交", exact=True)
    owner.says("材料 3 件", "材料回执")
    owner.press("确认提交")
    clerk.open(application)
    clerk.press("受理", within=clerk.page.locator("main"), exact=True)
    clerk.says("已受理")
    assert live_portal.python(DECIDED, project=project) == ["decided_pass_deferred"]

    (row,) = live_portal.rows(
        "select d.id from packages_deferral d join packages_mattercase c on c.id = d.case_id where c.project_id = %s", project
    )
    page = f"/owed/{row['id']}/"
    assert live_portal.python(LATE, deferral=row["id"]) == [1, 0]
    owner.open("/todos/", phone=True)
    owner.says(LATER, "丝绸服装分拣仓库")
    owner.open(page, phone=True)
    owner.says("已经逾期。", "逾期怎样")
    clerk.open("/owed/?tab=late", phone=True)
    clerk.says("丝绸服装分拣仓库")
    chief.open(page)
    chief.press("延长期限")
    chief.fill(days="5", reason="银行周四出具保函")
    chief.press("延长", exact=True)
    chief.says("已延长，新的期限已告知企业。")
    brought_twice(owner, clerk, page)
    owner.open(page)
    owner.says("已了结", "保函没有银行公章")
    certificates = "select count(*) from archives_paper where project_id = %s and kind = 'certificate' and title like %s"
    assert live_portal.rows(certificates, project, "%存储%")[0]["count"] == 1


PROMISED = """
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import past_planning, registered
from packages.models import Commitment
from packages.services.enrolment import enrol
from projects import timing
_, package, facts = factories.example('S3')
number = registered('', '丝绸服装成品仓库')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
past_planning(number)
steps.cases(number, ['agency-survey', 'agency-design', 'plan-permit', 'bid-construct']).update(
    state='decided_pass', decided_at=timing.now()
)
steps.apply_and_accept(number, ['quality-safety'])
result = Commitment.objects.get(case__project=number, state='performing').pk
"""


def test_a_commitment_that_is_not_kept_gets_a_term_and_then_is_a_breach(live_portal, visit):
    page = f"/commitments/{live_portal.python(PROMISED)}/"
    owner, lead, chief = visit("owner"), visit("housing-r"), visit("housing-c")
    owner.open("/commitments/", phone=True)
    owner.open(page, phone=True)
    owner.says("告知书和承诺书", "违诺后果", "张伟")
    owner.press("报告已履约")
    owner.fill(note="五方责任主体已到岗")
    owner.press("报告", exact=True)
    for result, note in (("late", "安全员没有到岗"), ("breached", "安全员仍没有到岗")):
        lead.open(page, phone=True)
        lead.press("记录核查", exact=True)
        lead.choose("result", result)
        lead.fill(note=note, days="3" if result == "late" else "")
        lead.page.set_input_files("[name=uploaded]", attachment(note))
        lead.press("记录核查结果")
        lead.says("核查结果已记录。", note)
    lead.says("违诺认定通知书", "首席代表处理")
    chief.open(page, phone=True)
    chief.press("记录处理结果")
    chief.fill(answer="已约谈并记入信用档案，两日内补齐人员，不撤销登记")
    chief.press("记录处理结果")
    owner.open(page, phone=True)
    owner.says("已约谈并记入信用档案", "2 次")
