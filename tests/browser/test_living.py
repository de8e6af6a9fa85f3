"""Papers that run out: piles first, a letter instead of the land papers, the calendar that warns, and what replaces both."""

import pytest

pytestmark = pytest.mark.browser

CODE = "2208-340321-04-03-719624"
OPEN = """
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import registered
from packages.models import ConditionalPermit, Letter
from packages.services.enrolment import enrol
from projects import timing
_, package, facts = factories.example('A4')
number = registered(code, '丹河新城 A-12 桩基先行')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
before = ['land-preexam', 'ent-filing', 'ent-approval', 'design-scheme', 'gov-prelim', 'agency-survey', 'agency-design',
          'bid-design']
steps.cases(number, before).update(state='decided_pass', decided_at=timing.now())
steps.settle(number, ['letter-cert'])
steps.settle(number, ['pile-permit'])
result = {'project': number, 'permit': ConditionalPermit.objects.get(project=number).pk,
          'letter': Letter.objects.get(project=number).pk}
"""
#: Two months later: five working days are left.
WARNED = """
from packages.models import ConditionalPermit
from packages.tasks import sweep_conditional
from projects import timing, workdays
today = timing.today()
until = workdays.due_date(today, 5)
ConditionalPermit.objects.filter(pk=permit).update(valid_until=until, next_on=today)
sweep_conditional()
result = until.isoformat()
"""
FORMAL = """
from tests.browser import steps
from projects import timing
steps.cases(project, ['drawing-review', 'fire-design', 'civil-defence', 'bid-construct']).update(
    state='decided_pass', decided_at=timing.now()
)
wanted = steps.cases(project, ['plan-permit']).get().matter.prerequisites.values_list('matter__code', flat=True)
steps.cases(project, list(wanted), state='draft').update(state='decided_pass', decided_at=timing.now())
steps.settle(project, ['plan-permit'])
"""
CONVERTED = """
from tests.browser import steps
from packages.models import ConditionalPermit
steps.settle(project, ['construction-permit'])
result = ConditionalPermit.objects.get(project_id=project).state
"""

PLAIN = """
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import past_planning, registered
from packages.services.enrolment import enrol
_, package, facts = factories.example('S3')
number = registered('', '丝绸服装恒温仓库')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
past_planning(number)
[case] = steps.cases(number, ['construction-permit'])
result = case.pk
"""
#: Two months and a day later nobody has converted it.
LAPSED = """
import datetime as dt
from packages.models import ConditionalPermit
from packages.tasks import sweep_conditional
from projects import timing
gone = timing.today() - dt.timedelta(days=6)
ConditionalPermit.objects.filter(pk=permit).update(valid_from=gone - dt.timedelta(days=60), valid_until=gone, next_on=gone)
sweep_conditional()
result = (gone + dt.timedelta(days=3)).isoformat()
"""


def test_piles_first_are_warned_of_and_replaced_by_the_whole_permit(live_portal, visit):
    made = live_portal.python(OPEN, code=CODE)
    owner, housing, lead = visit("owner"), visit("housing-r"), visit("natural-resources-c")
    permit, letter = f"/permits/{made['permit']}/", f"/letters/{made['letter']}/"

    owner.open(permit, phone=True)
    owner.says("土方开挖、基坑支护和桩基施工", "不得进行地下室和主体结构施工", "桩基阶段监督检查")
    housing.open(permit)
    housing.press("办结阶段检查")
    housing.choose("holds", "yes")
    housing.fill(result="到场检查，桩位和桩长符合设计")
    housing.press("提交检查结果")
    housing.says("检查结果已记录", "到场检查，桩位和桩长符合设计")

    until = live_portal.python(WARNED, permit=made["permit"])
    owner.open(permit)
    owner.says("还有 5 个工作日", "预警")
    owner.open(f"/calendar/?month={until[:7]}&group=分段许可", phone=True)
    owner.says("施工许可证（桩基阶段）", "丹河新城 A-12 桩基先行")
    owner.open(f"/projects/{made['project']}/calendar/?view=list", phone=True)
    owner.press("生成订阅地址")
    address = owner.page.locator("#feeds input[readonly]").first.input_value()
    feed = visit().fetch("/" + address.split("/", 3)[3]).decode()
    assert f"DTSTART;VALUE=DATE:{until.replace('-', '')}" in feed
    assert "张伟" not in feed

    live_portal.python(FORMAL, project=made["project"])
    lead.open("/letters/", phone=True)
    lead.says("丹河新城 A-12 桩基先行", "待核对")
    lead.open(letter, phone=True)
    lead.press("核对换发")
    lead.fill(field_gross_floor_area="160000")
    lead.press("重新核对")
    lead.says("实质差异")
    lead.fill(field_gross_floor_area="160000", reason="扩大规模")
    lead.press("确认换发")
    lead.says("函为152000平方米，正式证件为160000平方米")
    lead.fill(field_gross_floor_area="153000", reason="面积复核，误差在允许范围内")
    lead.press("确认换发")
    lead.says("已换发", "面积复核，误差在允许范围内")

    assert live_portal.python(CONVERTED, project=made["project"]) == "converted"
    owner.open(permit, phone=True)
    owner.says("转正：“建筑工程施工许可证核发”已办结")


def test_a_prepermit_lapses_and_the_supervisor_says_when_the_works_stand_still(live_portal, visit):
    case = live_portal.python(PLAIN)
    chief, owner, housing = visit("approval-bureau-c"), visit("owner"), visit("housing-r")
    chief.open(f"/cases/{case}/")
    chief.press("出具预许可")
    chief.says("不延长", "施工预许可")
    chief.fill(basis="方案联审意见已汇总，建设单位已承诺")
    chief.press("出具", exact=True)
    chief.says("预许可已出具并归档，到期日历已列入。")
    (row,) = live_portal.rows("select id from packages_conditionalpermit where case_id = %s", case)
    page = f"/permits/{row['id']}/"
    owner.open(page, phone=True)
    owner.says("沟槽、深基坑开挖、支护和边坡施工", "不得进行主体结构施工", "不延长")
    found_on = live_portal.python(LAPSED, permit=row["id"])
    owner.open(page, phone=True)
    owner.says("没有转正，自次日起失效", "核查是否停工")
    housing.open(page)
    housing.press("登记停工核查")
    housing.fill(found="基坑东侧仍在打锚杆", on=found_on)
    housing.press("出具停工核查通知", phone=True)
    for answer, held in (("已通知班组", "no"), ("锚杆机已撤场，现场看护", "yes")):
        owner.open(page)
        owner.says("正式许可办结前不得复工")
        owner.press("答复停工核查")
        owner.fill(answer=answer)
        owner.press("提交", phone=True)
        housing.open(page)
        housing.press("复核停工")
        housing.says(f"建设单位答复：{answer}")
        housing.choose("stands_still", held)
        housing.fill(note="现场无人施工" if held == "yes" else "仍有两人焊接")
        housing.press("提交核查结果")
    owner.open(page, phone=True)
    owner.says("锚杆机已撤场，现场看护")
