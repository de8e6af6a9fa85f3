"""Steps on a case beside intake and decision: a fault told twice, time stopped and given, delivery, revocation."""

import pytest

from tests.browser.pages import attachment

pytestmark = pytest.mark.browser

CODE = "2208-340321-04-03-719616"
OPEN = """
from tests.browser import steps
from packages.models import MatterCase
number = steps.project_of_owner(code, '精密铸件二期厂房')
steps.apply_and_accept(number, ['project-code'])
steps.application_at_the_window(number, ['design-scheme'])
result = MatterCase.objects.get(project=number, state='received').pk
"""
MENDED = """
from gaige.demo.moments import user
from packages.models import MatterCase
from packages.services.correction import answer_fault, return_corrected
from projects.models import IssueItem
found = MatterCase.objects.get(pk=case)
for issue in IssueItem.objects.filter(project=found.project, kind='correction', state='open'):
    answer_fault(issue.pk, answer='已在总图标出四角坐标', by=user('owner'))
return_corrected(found.application_id, by=user('owner'))
"""
REVIEWED = """
from tests.browser import steps
from packages.models import JointSession, MatterCase
from packages.services import intake
found = MatterCase.objects.get(pk=case)
intake.accept_case(case, by=steps.user('clerk'))
steps.wait(lambda: JointSession.objects.filter(case=case).exists(), 'no joint review')
"""
DECIDED = """
from tests.browser import steps
from packages.models import MatterCase
from projects import timing
found = MatterCase.objects.get(pk=case)
steps.cases(found.project_id, ['agency-survey', 'agency-design']).update(state='decided_pass', decided_at=timing.now())
steps.answer(found.project_id, ['design-scheme'])
steps.decide(found.project_id, ['design-scheme'])
result = MatterCase.objects.get(pk=case).state
"""

# whoever decided does not revoke
SECOND = """
from gaige.demo.people import PASSWORD
from packages.models import MatterCase
from projects.states import Role
from tests import factories
found = MatterCase.objects.get(pk=case)
second = factories.person('second-chief', '郑维', Role.CHIEF, found.lead, '首席代表')
second.set_password(PASSWORD)
second.save()
result = second.username
"""


def tell(clerk, case, fix):
    clerk.open(f"/cases/{case}/notice/")
    values = {"what": "总平面图缺坐标", "basis": "申报指南第 2 条", "how_to_fix": fix}
    for name, value in values.items():
        clerk.page.fill(f"[name=form-0-{name}]", value)


def test_a_case_is_told_twice_rests_is_prolonged_delivered_and_revoked(live_portal, visit):
    case = live_portal.python(OPEN, code=CODE)
    is_told_what_to_do_and_not_vaguely(case, visit)
    live_portal.python(MENDED, case=case)
    is_told_again_for_a_reason(case, visit)
    live_portal.python(MENDED, case=case)
    live_portal.python(REVIEWED, case=case)
    rests_while_experts_look(case, visit)
    is_prolonged_by_the_director(case, visit)
    assert live_portal.python(DECIDED, case=case) == "decided_pass"
    is_delivered(case, visit)
    is_revoked_by_another_chief(case, visit, live_portal.python(SECOND, case=case))
    clerk = visit("clerk")
    clerk.open(f"/cases/{case}/", phone=True)
    clerk.says("本办件已告知 2 次", "专家评审", "以欺骗手段取得")


def is_told_what_to_do_and_not_vaguely(case, visit):
    clerk = visit("clerk")
    tell(clerk, case, "请完善总平面图")
    note = clerk.page.locator("[data-vague-note]")
    assert note.inner_text() == "“完善”没有说清：写明补什么、改哪一处、改成什么数值或内容。"
    clerk.press("出具补全告知书")
    clerk.says("怎么改", "完善")
    clerk.page.fill("[name=form-0-how_to_fix]", "在总平面图上标出四角坐标")
    assert note.count() == 0
    clerk.press("出具补全告知书")
    clerk.says("已一次性告知 1 条问题")


def is_told_again_for_a_reason(case, visit):
    clerk = visit("clerk")
    tell(clerk, case, "在总平面图上补标 3 号楼的坐标")
    clerk.says("再次告知", "依法只能一次性告知", "告知 1 处")
    clerk.page.select_option("[name=reason_code]", label="首次告知确有遗漏")
    clerk.press("出具补全告知书")
    clerk.says("已再次告知 1 条问题（第 2 次告知），记入")
    clerk.open("/notices/again/", phone=True)
    clerk.says("首次告知确有遗漏", "精密铸件二期厂房")


def rests_while_experts_look(case, visit):
    page, lead, chief = f"/cases/{case}/", visit("natural-resources-r"), visit("natural-resources-c")
    lead.open(f"{page}special/start/", phone=True)
    lead.page.select_option("[name=kind]", label="专家评审")
    lead.fill(basis="城市消防规划专家论证办法第 6 条", planned_days="5")
    lead.press("提交批准")
    lead.says("等首席代表批准")
    chief.open(page)
    chief.click(chief.page.locator("a[href*='/specials/']").first, phone=True)
    chief.says("计划 5 个工作日")
    chief.choose("approved", "yes")
    chief.press("提交", exact=True)
    chief.says("特别程序(时限暂停)")
    lead.open(f"{page}special/end/", phone=True)
    lead.fill(result="专家组同意设计方案")
    lead.page.set_input_files("[name=uploaded]", attachment("专家评审意见"))
    lead.press("结束，时限恢复")
    lead.says("时限恢复计算")


def is_prolonged_by_the_director(case, visit):
    page, lead, director = f"/cases/{case}/", visit("natural-resources-r"), visit("director")
    lead.open(f"{page}extend/", phone=True)
    lead.fill(days="5", reason="等待上级部门答复")
    lead.press("提交批准")
    director.open(page)
    director.click(director.page.locator("a[href*='/extensions/']").first, phone=True)
    director.choose("approved", "yes")
    director.fill(approval="高政批〔2026〕7号")
    director.press("提交", exact=True)
    director.says("5 个工作日", "高政批〔2026〕7号", "等待上级部门答复")


def is_delivered(case, visit):
    clerk = visit("clerk")
    clerk.open(f"/cases/{case}/")
    clerk.press("送达")
    clerk.fill(receiver="张伟")
    clerk.press("登记送达")
    clerk.says("已登记送达", "送达（窗口）")


def is_revoked_by_another_chief(case, visit, second):
    chief = visit("natural-resources-c")
    chief.open(f"/cases/{case}/revoke/", phone=True)
    chief.says("撤销要由另一位首席代表办理")
    chief = visit(second)
    chief.open(f"/cases/{case}/revoke/", phone=True)
    chief.fill(reason="以欺骗手段取得", basis="行政许可法第六十九条", hearing_note="申请人未要求听证")
    chief.page.focus("[name=hearing][value=no]")
    chief.page.keyboard.press("1")  # the key of an answer holds also while one stands on the answers
    assert chief.page.is_checked("[name=hearing][value=yes]")
    chief.press("确认撤销")
    chief.says("决定已撤销", "已撤销")
