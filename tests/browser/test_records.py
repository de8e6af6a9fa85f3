"""What is held elsewhere stands here with its dates: the steps of a tender, an intermediary's own clock, one pay sheet."""

import datetime as dt
import re

import pytest

from tests.browser.pages import attachment, pdf_text

pytestmark = pytest.mark.browser

OPEN = """
from tests import factories
from tests.browser import steps
from tests.browser.intake_steps import registered
from packages.services.enrolment import enrol
from projects import timing
_, package, facts = factories.example('A4')
number = registered('', '丹河新城南区住宅')
enrol(number, package_code=package, facts=facts, by=steps.user('clerk'))
found = {case.matter.matter.code: case.pk for case in steps.cases(number, ['bid-construct', 'agency-survey', 'fee-infra'])}
result = {'project': number, 'cases': found, 'today': timing.today().isoformat()}
"""
STATE = "select state from packages_mattercase where id = %s"
#: Step, days after the one before it, whether it carries evidence.
TENDER = (
    ("招标公告", 30, True), ("招标文件发布、澄清", 0, False), ("投标截止", 20, False), ("远程开标", 0, False),
    ("评标（资格后审）", 1, True), ("中标候选人公示", 0, True), ("异议、投诉期满", 3, False), ("中标通知书", 1, True),
    ("合同签订与公开", 1, True), ("履约公开", 0, False),
)


@pytest.fixture(scope="module")
def made(live_portal):
    """A housing estate whose tender, survey and fees are open; the day on the portal's calendar."""
    found = live_portal.python(OPEN)
    return {**found, "today": dt.date.fromisoformat(found["today"])}


def step(clerk, name, on, *, evidence=False):
    clerk.press(f"登记：{name}")
    clerk.fill(on=on.isoformat())
    if evidence:
        clerk.page.set_input_files("[name=evidence]", attachment(name))
    clerk.press("登记这一步")


def test_a_tender_takes_eleven_steps_and_fifty_six_days(made, live_portal, visit):
    case, clerk = made["cases"]["bid-construct"], visit("clerk")
    clerk.open(f"/cases/{case}/")
    clerk.press("登记招标过程")
    clerk.press("开始登记招标过程")
    clerk.press("打开招标过程", phone=True)
    clerk.says("11 个环节，按最短间隔全程 56 天", "办理“", "”的招标计划公布", "下一步")
    page, day = clerk.path, made["today"] - dt.timedelta(days=56)
    clerk.press("登记：招标计划公布")
    clerk.fill(on=day.isoformat())
    clerk.press("登记这一步")
    clerk.says("“招标计划公布”须附佐证")
    clerk.page.set_input_files("[name=evidence]", attachment("招标计划"))
    clerk.press("登记这一步")
    for name, days, evidence in TENDER:
        if name == "招标公告":
            step(clerk, name, day + dt.timedelta(days=29), evidence=True)
            early = day + dt.timedelta(days=30)
            clerk.says(f"“招标公告”最早在{early.year}年{early.month}月{early.day}日")
            clerk.page.goto(page)
        if name == "异议、投诉期满":
            clerk.press("登记异议、投诉")
            clerk.fill(what="第二名投标人业绩未核实", on=day.isoformat())
            clerk.press("登记并暂停")
            clerk.says("处理期间招标暂停", "第二名投标人业绩未核实", "异议/投诉中（暂停）")
            clerk.press("不成立，继续")
            clerk.fill(note="业绩已核实")
            clerk.press("继续招标")
        day += dt.timedelta(days=days)
        step(clerk, name, day, evidence=evidence)
        clerk.says(f"“{name}”已登记")
        decided = live_portal.rows(STATE, case)[0]["state"] == "decided_pass"
        assert decided == (name in ("合同签订与公开", "履约公开")), name
    assert day == made["today"]
    owner = visit("owner")
    owner.open(page, phone=True)
    owner.says("履约", "公示满 30 日", "招标文件发布、澄清")
    owner.open(f"/cases/{case}/", phone=True)
    owner.says("办结通过")


def test_an_intermediary_runs_on_its_own_clock_and_is_named_when_late(made, live_portal, visit):
    case, clerk, owner = made["cases"]["agency-survey"], visit("clerk"), visit("owner")
    chosen, signed = (made["today"] - dt.timedelta(days=days) for days in (21, 20))
    clerk.open(f"/cases/{case}/")
    clerk.press("登记中介服务")
    clerk.press("开始登记中介服务")
    clerk.press("打开中介服务", phone=True)
    owner.open(clerk.path, phone=True)
    owner.press("登记选取结果", phone=True)
    owner.fill(company="晋东勘察院", on=chosen.isoformat())
    owner.page.select_option("[name=mode]", label="择优")
    owner.press("登记", exact=True)
    owner.press("登记合同", phone=True)
    owner.fill(on=(chosen - dt.timedelta(days=1)).isoformat(), limit="5")
    owner.press("登记合同，开始计时")
    owner.says("合同签订不能早于选取，请核对日期。")
    owner.fill(on=signed.isoformat())
    owner.page.set_input_files("[name=contract]", attachment("勘察合同"))
    owner.press("登记合同，开始计时")
    owner.says("晋东勘察院已超过合同时限，成果还没有提交。", "5 个工作日", "中介")
    for title in ("勘察报告", "勘察报告（补柱状图）"):
        owner.press("登记成果", phone=True)
        owner.page.set_input_files("[name=report]", attachment(title))
        owner.press("归档成果")
        if title == "勘察报告":
            owner.press("退回成果", phone=True)
            owner.fill(reason="缺 3 号钻孔柱状图")
            owner.press("退回", exact=True)
            owner.says("成果已退回 1 次：缺 3 号钻孔柱状图")
    clerk.open(owner.path)
    clerk.press("确认成果，办结事项")
    clerk.press("确认并办结")
    clerk.says("中介时间单独计算，不计入审批时限", "完成", "岩土工程勘察：成果")
    assert live_portal.rows(STATE, case) == [{"state": "decided_pass"}]


def test_fees_stand_on_one_list_and_one_pay_sheet(made, live_portal, visit):
    page, clerk, owner = f"/projects/{made['project']}/fees/", visit("clerk"), visit("owner")
    clerk.open(page, phone=True)
    clerk.press("按计划列出")
    clerk.press("列入清单")
    clerk.says("城市基础设施配套费", "待核定")
    line = clerk.page.locator("tbody tr", has_text="城市基础设施配套费")
    clerk.press("核定金额", within=line)
    clerk.fill(amount="304000.50", due_on=(made["today"] + dt.timedelta(days=9)).isoformat())
    clerk.press("核定", exact=True)
    clerk.press("登记收费")
    clerk.page.select_option("[name=payee]", label="城管局")
    clerk.fill(name="全程代办服务费", amount="100")
    clerk.press("列入清单")
    clerk.says("全程代办不收取任何费用，代办服务不得列入收费清单。")
    clerk.fill(name="道路挖掘修复费", amount="0.50")
    clerk.press("列入清单")
    clerk.press("开具缴费单")
    clerk.press("开具", exact=True)
    clerk.says("应缴 2 项，合计 304001.00 元", "待缴 304001.00 元")
    (paper,) = live_portal.rows("select id from archives_paper where project_id = %s and kind = 'pay_sheet'", made["project"])
    owner.open(page, phone=True)
    owner.says("城市基础设施配套费", "304000.50")
    for answer, reason in (("no", "凭证上的金额看不清"), ("yes", "")):
        owner.press("上传凭证", within=owner.page.locator("tbody tr", has_text="城市基础设施配套费"), phone=True)
        owner.page.set_input_files("[name=evidence]", attachment(f"缴款凭证{answer}"))
        owner.press("提交凭证")
        clerk.open(page)
        clerk.press("核对凭证", within=line)
        clerk.page.select_option("[name=holds]", answer)
        clerk.fill(reason=reason)
        clerk.press("提交核对结果")
        owner.open(page)
        owner.says(reason)
    clerk.says("已缴 304000.50 元", "待缴 0.50 元")
    assert live_portal.rows(STATE, made["cases"]["fee-infra"]) == [{"state": "decided_pass"}]
    rendered = f"select rendered_at is not null as done from archives_paper where id = {paper['id']}"
    live_portal.wait_for(lambda: live_portal.rows(rendered)[0]["done"], "the pay sheet is a PDF")
    text = re.sub(r"\s", "", pdf_text(owner.fetch(f"/papers/{paper['id']}/pdf/")))
    assert all(words in text for words in ("合计304001.00元", "304000.50", "全程代办不收取任何费用"))
