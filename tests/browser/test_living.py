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
