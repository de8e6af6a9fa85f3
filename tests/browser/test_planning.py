"""Two plans side by side: the owner switches an option on a telephone, sees what it wins and risks, and it is the plan."""

import pytest

from tests.browser.looking import DESK, PHONE

pytestmark = pytest.mark.browser

ENROLLED = """
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import registered
from packages.services.enrolment import enrol
from packages.services.forecasting import forecast_many
_, package, facts = factories.example('S2')
number = registered('', '精密铸造装备厂房二期')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
forecast_many([number])
result = number
"""


def test_an_option_is_compared_chosen_and_becomes_the_plan(live_portal, visit):
    project = live_portal.python(ENROLLED)
    owner = visit("owner")
    owner.open(f"/projects/{project}/plan/options/", phone=True)
    owner.says("还没有改动办理方式")
    owner.page.locator("input[value=commitment]").check()
    owner.press("比较", exact=True)
    owner.says("随之承担的风险", "事后核查", "少交材料", "建设工程规划许可证核发")
    owner.fill(works_days="300", reason="工期紧")
    owner.press("选定为计划")
    owner.says("第 2 版", "选用告知承诺", "施工工期填为 300 天", "工期紧")
    owner.open(f"/projects/{project}/plan/forecast/", phone=True)
    owner.says("可以开工", "最能改变它的一件事", "首次预测")
    owner.open(f"/projects/{project}/plan/chart/", phone=True)
    owner.says("办理流程图")
    for screen, shown in ((PHONE, [True, False]), (DESK, [False, True])):  # the screen chooses the form
        owner.page.set_viewport_size(screen)
        assert [owner.page.locator(name).is_visible() for name in (".flow-phone", ".flowbox")] == shown
