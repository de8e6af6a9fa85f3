"""A director chases, a chief answers, the director closes; what a person wants to be told is set by a few boxes."""

import pytest

pytestmark = pytest.mark.browser
STARTED = """
from tests.browser import steps
result = steps.project_of_owner("", name)
"""


def test_a_slip_is_issued_answered_and_closed(live_portal, visit):
    director, chief = (visit(name) for name in ("director", "approval-bureau-c"))
    project = live_portal.python(STARTED, name="铸造园督办试点厂房")
    director.open(f"/projects/{project}/")
    director.press("下督办单")
    director.page.locator("[name=colour]").select_option("yellow")
    director.fill(reason="登记后三天没有安排研判")
    director.press("签发督办单", exact=True)
    director.says("待回复", "登记后三天没有安排研判")
    slip = director.path

    chief.open("/inbox/")
    chief.says("黄色督办单")
    chief.open("/slips/?tab=mine", phone=True)
    chief.open(slip, phone=True)
    chief.press("回复", exact=True, phone=True)
    chief.fill(answer="等待企业补充用地资料", promised_on="2099-12-31")
    chief.press("提交回复", exact=True)
    chief.says("已回复", "等待企业补充用地资料")

    director.open(slip)
    director.press("销号", exact=True)
    director.press("销号", exact=True)
    director.says("已销号", "已核对回复")

    chief.open("/inbox/settings/", phone=True)
    chief.page.locator("input[value='result:email']").uncheck()
    chief.press("保存", exact=True)
    assert not chief.page.locator("input[value='result:email']").is_checked()
    assert chief.page.locator("input[value='legal:portal']").is_disabled()
