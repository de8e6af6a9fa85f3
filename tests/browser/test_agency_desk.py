"""代办 in the browser: signed on a telephone, accepted and noted with few keys, taken a step up, decided by the department."""

import pytest

from tests.browser.looking import DESK, PHONE

pytestmark = pytest.mark.browser
OFFERED = """
from agency.models import Agent
from agency.services import agreements
from agency.services.assignment import assign
from gaige.demo.moments import user
from tests.browser import steps
project = steps.project_of_owner("", name)
for role, username in (("lead_officer", "leader"), ("service_agent", "agent")):
    agent = Agent.objects.get(user__username=username)
    assign(project, role=role, agent_id=agent.pk, by=user("dispatcher"), override_reason="演示")
result = [project, agreements.offer_agreement(project, by=user("dispatcher")).pk]
"""
STATE = """
from agency.models import WorkOrder
result = list(WorkOrder.objects.filter(project=project).order_by("pk").values_list("pk", "state"))
"""


HELD = """
from agency.models import Assignment
rows = Assignment.objects.filter(project=project, ended_at=None).order_by("role")
result = list(rows.values_list("role", "agent__user__username"))
"""


def test_the_desk_by_keyboard_and_by_hand(live_portal, visit):
    project = live_portal.python("from tests.browser import steps\nresult = steps.project_of_owner('', name)", name="调度键盘试点厂房")
    desk = visit("dispatcher", viewport=DESK)
    desk.open("/agency/?q=调度键盘试点厂房", phone=True)
    desk.says("待指派", "负责高平市片区")
    desk.page.keyboard.press("ArrowDown")
    desk.strike("1")
    desk.open(f"/projects/{project}/assign/", phone=True)
    desk.press("确认", within=desk.page.locator("#service_agent"))
    held = live_portal.python(HELD, project=project)
    assert [role for role, _ in held] == ["lead_officer", "service_agent"]
    assert len({name for _, name in held}) == 2
    desk.open("/agency/?tab=people")
    desk.open("/agency/evaluation/", phone=True)


def test_an_agreement_an_order_and_an_escalation(live_portal, visit):
    project, _ = live_portal.python(OFFERED, name="铸造园代办试点厂房")
    owner = visit("owner", viewport=PHONE)
    owner.open(f"/projects/{project}/agency/", phone=True)
    owner.press("看协议并签订", phone=True)
    owner.says("合法、自愿、无偿")
    owner.press("签订", exact=True, phone=True)
    owner.says("已签订")
    owner.open(f"/projects/{project}/contact/", phone=True)
    owner.says("服务专员联络卡", "陈静")

    agent = visit("agent", viewport=DESK)
    agent.open("/agency/mine/", phone=True)
    agent.strike("Control+Enter")
    agent.says("已接")
    first, state = live_portal.python(STATE, project=project)[0]
    assert state == "taken"
    agent.open(f"/agency/orders/{first}/", phone=True)
    agent.fill(who="住建局 李科长", fact="电话问过，等答复")
    agent.press("记一笔")
    agent.says("电话问过，等答复")
    agent.press("升级", exact=True)
    agent.page.select_option("[name=body]", label="住建局")
    agent.fill(question="技术口径以哪份文件为准", tried="电话两次，答复不同")
    agent.press("升级", exact=True)
    agent.says("已升级", "受理部门自行协调")

    chief = visit("housing-r", viewport=DESK)
    chief.open("/agency/escalations/")
    chief.press("技术口径以哪份文件为准")
    chief.press("作出决定")
    chief.fill(decision="以 2026 年版为准", owner="住建局 李科长", owed_on="2030-01-04")
    chief.press("决定", exact=True)
    chief.says("已决定", "以 2026 年版为准")
    agent.open("/agency/orders/", phone=True)
    agent.open("/agency/orders/?view=calendar&agent=me")
