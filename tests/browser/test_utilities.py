"""One form for all utilities: the owner at the telephone and the window walk it together with a utility."""

import pytest

from tests.browser.looking import PHONE

pytestmark = pytest.mark.browser
NAME = "铸造园报装试点厂房"
STEPS = "from tests.browser import steps\n"


def power_quotes(visit, page):
    """The power company answers with its scheme and its price."""
    power = visit("power-company-r")
    power.open("/utilities/")
    power.open(page)
    power.press("答复方案和报价")
    power.page.select_option("[name=outside]", "yes")
    power.fill(access_point="环网柜", scheme="就近接入", name_1="计量箱", quantity_1="1", price_1="8600.50",
               owner_works="红线内配电房土建")
    power.press("保存方案和报价")
    power.says("8600.50")
    return power


def test_water_and_power_with_one_form(live_portal, visit):
    owner, clerk = visit("owner", viewport=PHONE), visit("clerk")
    project = live_portal.python(f"{STEPS}result = steps.project_of_owner('', name)", name=NAME)
    owner.open(f"/projects/{project}/utilities/new/", phone=True)
    owner.fill(need_water="60", need_power="800", site="铸造园 22 号")
    owner.press("登记", exact=True, phone=True)
    owner.says("供水", "供电", "需求登记")
    page = owner.path

    clerk.open(page)
    clerk.press("受理全部")
    clerk.press("受理全部并出回执")
    clerk.press("约定踏勘")
    clerk.fill(place="南门")
    clerk.press("约定并通知")
    clerk.press("登记踏勘")
    clerk.fill(note="管线与图纸一致")
    clerk.press("登记踏勘结果")
    clerk.says("方案答复")

    power = power_quotes(visit, page)

    clerk.open(page)
    clerk.press("发出一次答复")
    clerk.press("出具接入方案及报价书")
    clerk.says("待企业确认", "方案答复")
    owner.open(page, phone=True)
    owner.press("确认方案和报价", phone=True)
    owner.says("8600.50")
    owner.page.select_option("[name=agrees]", "yes")
    owner.press("提交意见", phone=True)
    owner.says("外线施工", "方案答复")
    owner.press("报告自建完成", phone=True)
    owner.says("红线内配电房土建")
    owner.press("报告完成")
    owner.says("已报告，公用企业恢复计时。")
    power.open(page)
    power.press("登记外线完工")
    power.press("登记完工")
    power.press("约定接入")
    power.press("约定接入日")
    power.press("确认接通")
    power.press("确认接通并出单")
    power.says("已通", "已接通，接入确认单已出具。")
    owner.open(f"/projects/{project}/fees/", phone=True)
    owner.says("供电接入工程费", "全程代办不收取任何费用")
