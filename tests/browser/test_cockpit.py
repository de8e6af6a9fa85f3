"""The director goes from a red figure to its list and chases there; an administrator gives a token that reads the figures."""

import json

import pytest

pytestmark = pytest.mark.browser

RED = """
import datetime as dt
from packages.models import MatterCase
from packages.services.enrolment import enrol
from projects import timing
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import registered
_, package, facts = factories.example('S3')
number = registered('', '红灯试验仓库')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
case = steps.cases(number, ['wage-deposit']).get()
now = timing.now()
long_ago = timing.today() - dt.timedelta(days=400)
MatterCase.objects.filter(pk=case.pk).update(
    state='received', number='RED-1', received_at=now - dt.timedelta(days=400), due_on=long_ago, yellow_on=long_ago
)
result = {'case': case.pk, 'project': number}
"""


def test_the_director_goes_from_red_to_the_case_and_issues_a_slip_there(live_portal, visit):
    made = live_portal.python(RED)
    director = visit("director")
    page = director.open("/cockpit/", phone=True)
    row = page.locator("tr", has_text="红灯试验仓库")
    assert row.count() == 1
    director.click(page.locator("section.figs a", has_text="已超时"), phone=True)
    assert int(page.inner_text("[data-count]")) >= 1
    row = page.locator("tr", has_text="红灯试验仓库")
    director.press("下督办单", within=row, phone=True)
    director.fill(reason="材料早已收到，请今日受理并说明原因")
    director.press("签发督办单")
    director.says("材料早已收到", "红灯试验仓库")
    (slip,) = live_portal.rows("select case_id from agency_chaseslip where case_id = %s", made["case"])
    assert slip["case_id"] == made["case"]
    for path in ("/cockpit/eight/", "/majors/", "/majors/balance/", "/starts/", "/cockpit/lists/slips/"):
        director.open(path, phone=True)
    director.says("督")


def test_a_ticket_is_opened_measured_and_applied_for_on_the_page(live_portal, visit):
    made = live_portal.python(RED.replace("红灯试验仓库", "指标试验仓库").replace("RED-1", "RED-2"))
    director = visit("director")
    director.open(f"/projects/{made['project']}/major/", phone=True)
    director.press("提出资源指标", phone=True)
    director.page.select_option("[name=kind]", "land")
    director.fill(needed_by="2031-06-01")
    director.press("提出", exact=True)
    director.press("测算", exact=True)
    director.fill(quantity="12.5")
    director.press("保存测算")
    director.press("申请", exact=True)
    director.press("申请", exact=True)
    director.says("12.5 亩", "已申请")


def test_a_token_that_an_administrator_gives_reads_the_figures(live_portal, visit):
    admin = visit("admin")
    admin.open("/account/elevate/")
    if admin.page.locator("[name=reason]").count():  # not where another walk has it open
        admin.fill(reason="签发接口令牌")
        admin.press("开启特权操作", exact=True)
    admin.open("/tokens/new/", phone=True)
    admin.fill(name="市大屏")
    admin.page.select_option("[name=holder]", label="行政审批局")
    admin.page.select_option("[name=region]", label="高平市")
    admin.page.check("[name=scopes][value=figures]")
    admin.press("签发", exact=True)
    token = admin.page.inner_text("[data-token]")
    answer = admin.context.request.get("/api/v1/figures/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200
    assert {"part", "item", "measure", "value"} == set(json.loads(answer.body())["items"][0])
    admin.open("/tokens/")
    admin.press("市大屏", phone=True)
    admin.says("/api/v1/figures/", "200")
    visit().open("/api/", phone=True)
