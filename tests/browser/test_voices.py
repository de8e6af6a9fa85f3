"""A low grade from the telephone is called back, mended and answered; an enquiry is forwarded, answered and asked on."""

import pytest

from tests.browser.looking import PHONE

pytestmark = pytest.mark.browser
NAME = "评价试点厂房"
STEPS = "from tests.browser import steps\n"
ASK = """
from agency.models import RatingAsk
from packages.models import MatterCase
case = MatterCase.objects.filter(project=project).select_related("lead").first()
ask = RatingAsk.objects.create(
    project_id=project, scope="matter", case=case, body=case.lead, token="phone-token", code="PH2NE345",
    opened_at="2026-01-05T09:00+08:00",
)
result = ask.code
"""


def test_a_low_grade_and_an_enquiry_go_their_way(live_portal, visit):
    owner, officer = visit("owner", viewport=PHONE), visit("dispatcher")
    project = live_portal.python(f"{STEPS}result = steps.project_of_owner('', name)", name=NAME)
    code = live_portal.python(ASK, project=project)

    phone = visit(viewport=PHONE)
    phone.open("/rate/", phone=True)
    phone.fill(code=code)
    phone.press("下一步", phone=True)
    phone.page.check("[name=grade][value='2']")
    phone.press("提交评价", phone=True)
    phone.says("请写明哪里不满意")
    phone.page.check("[name=grade][value='2']")
    phone.fill(words="同一张图要了两次", phone="13903560000")
    phone.press("提交评价", phone=True)
    phone.says("评价已提交，谢谢。", "待回访")

    officer.open("/ratings/?tab=open")
    officer.click(officer.page.locator("table a").first)
    officer.says("同一张图要了两次", "13903560000")
    officer.press("登记回访")
    officer.page.check("[name=outcome][value=explain]")
    officer.fill(reached="郭建国", words="两张图版本不同，已说明")
    officer.press("登记", exact=True)
    officer.press("答复评价人")
    officer.fill(words="两次要的是不同版本，已在清单上写明版本号。")
    officer.press("答复并出具文书")
    officer.says("已答复", "差评整改答复书")

    owner.open("/voices/ask/?kind=consult", phone=True)
    owner.fill(title="施工许可可以分段办吗", words="桩基先行需要什么条件")
    owner.press("提交", exact=True, phone=True)
    owner.says("待受理")
    track = owner.path
    officer.open("/voices/")
    officer.click(officer.page.get_by_role("link", name="施工许可可以分段办吗"))
    officer.press("答复", exact=True)
    officer.fill(words="可以按桩基、主体分段申请。")
    officer.press("答复", exact=True)
    owner.open(track, phone=True)
    owner.says("可以按桩基、主体分段申请。")
    owner.click(owner.page.get_by_role("link", name="追问"))
    owner.fill(words="桩基要不要先审图")
    owner.press("提交追问", phone=True)
    owner.says("追问")
    officer.open("/voices/")
    officer.says("追问 1 次")
