"""Tenders, services of intermediaries and fees are records with dates; the agency charges nothing (handbook §15)."""

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from archives.models import Paper
from packages.models import Fee, IntermediaryService, MatterCase, OutsideResult, TenderRecord
from packages.screens.utilities import fees_page, service_page, tender_page
from packages.services import fees, intermediary, tender
from packages.utility_data import tender_steps
from projects import owing, timing
from projects.clocks import read_clock, time_ledger
from projects.errors import DomainError, NotAllowed
from projects.models import Event
from projects.waiting import waiting_on
from tests import factories

pytestmark = pytest.mark.django_db
START = dt.date(2026, 11, 2)
ROOT = Path(__file__).resolve().parents[2]


def case(project, code):
    return MatterCase.objects.get(project=project, matter__matter__code=code, state__in=["draft", "decided_pass"])


def refused(code, act, /, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        act(*args, **kwargs)
    assert error.value.code == code


def waits(project):
    """What the project waits for in its tenders, services and fees."""
    mine = ("/tenders/", "/services/", f"/projects/{project.pk}/fees/")
    return [(w.role, w.verb, w.what, w.due_on) for w in waiting_on(factories.fresh(project)) if w.url.startswith(mine)]


@pytest.fixture
def public(clock, actors):
    """A public project with a tender for design and one for construction."""
    return factories.enrolled_project(actors, "G1")


def steps_of(record):
    return {step.code: step for step in record.steps.all()}


def step(record, actors, clock, code, on, **more):
    clock.to(dt.datetime.combine(on, dt.time(9), timing.BUSINESS_ZONE))
    if steps_of(record)[code].needs_evidence:
        more.setdefault("evidence", factories.pdf(text=code))
    return tender.record_step(record.pk, by=actors.clerk, code=code, on=on, **more)


def says_its_earliest_day(public, actors, record):
    """Before its earliest day a step is not offered, and the page says why."""
    page = tender_page(record, actors.clerk)
    assert (page.rows[0].publicity, page.acts[0].verdict.reason) == ("公示第 30 日，共 30 日", "最早12月2日可以登记。")
    assert (page.waiting.who, page.waiting.auto) == (f"建设单位 {public.owner.name}", "最早12月2日可办")
    client = Client()
    client.force_login(actors.clerk)
    told = client.get(reverse("packages:tender", args=[record.pk])).content.decode()
    step_page = client.get(reverse("packages:tender_step", args=[record.pk])).content.decode()
    assert ('aria-label="在等谁"' in told, 'name="on"' in step_page, "最早12月2日可以登记。" in step_page) == (True, False, True)


def test_the_shortest_path_of_a_tender_is_eleven_steps_and_fifty_six_days(clock, public, actors):
    rules = tender_steps(START)
    assert (len(rules), sum(rule.after_days for rule in rules)) == (11, 56)
    with pytest.raises(NotAllowed):
        tender.open_tender(case(public, "bid-construct").pk, by=actors.owner)
    refused("not_tender", tender.open_tender, case(public, "agency-survey").pk, by=actors.clerk)
    record = tender.open_tender(case(public, "bid-construct").pk, by=actors.clerk, name="施工招标")
    assert tender.open_tender(case(public, "bid-construct").pk, by=actors.clerk) == record
    forecast = tender.forecast(list(record.steps.all()), START)
    days = {row.code: day for row, day in forecast}
    assert (days["plan"], days["notice"], days["bids"], days["candidates"], days["objections"], days["performance"]) == (
        START, dt.date(2026, 12, 2), dt.date(2026, 12, 22), dt.date(2026, 12, 23), dt.date(2026, 12, 26),
        dt.date(2026, 12, 28),
    )
    refused("order", tender.record_step, record.pk, by=actors.clerk, code="notice", on=START)
    refused("evidence", tender.record_step, record.pk, by=actors.clerk, code="plan", on=START)
    step(record, actors, clock, "plan", START)
    assert waits(public) == [("建设单位", "办理", "“施工招标”的招标公告", None)]
    refused("future", tender.record_step, record.pk, by=actors.clerk, code="notice", on=days["notice"])
    clock.to(dt.datetime(2026, 12, 1, 9, tzinfo=timing.BUSINESS_ZONE))
    refused("too_early", tender.record_step, record.pk, by=actors.clerk, code="notice", on=dt.date(2026, 12, 1))
    says_its_earliest_day(public, actors, record)
    for code in ("notice", "documents", "bids", "opening", "evaluation", "candidates"):
        record = step(record, actors, clock, code, days[code])
    assert record.state == "publicity"
    record = tender.dispute(record.pk, by=actors.clerk, what="评分有误", on=timing.today())
    assert (record.state, waits(public)[0][:3]) == ("dispute", ("招标监管部门", "处理", "“施工招标”的异议或投诉"))
    refused("disputed", tender.record_step, record.pk, by=actors.clerk, code="objections", on=timing.today())
    record = tender.dismiss_dispute(record.pk, by=actors.clerk, note="查无实据")
    assert record.state == "publicity"
    for code in ("objections", "award"):
        record = step(record, actors, clock, code, days[code])
    assert case(public, "bid-construct").state == "draft"
    record = step(record, actors, clock, "contract", days["contract"], link="https://ggzy.example.cn/1")
    done = case(public, "bid-construct")
    result = OutsideResult.objects.get(case=done)
    assert (done.state, result.done_on, result.evidence_id) == (
        "decided_pass", dt.date(2026, 12, 28), steps_of(record)["contract"].evidence_id
    )
    record = step(record, actors, clock, "performance", days["performance"])
    assert ((timing.today() - START).days, record.state, waits(public)) == (56, "performance", [])
    page = tender_page(record, actors.clerk)
    assert (page.days, page.waiting) == (56, None)
    refused("state", tender.end_tender, record.pk, by=actors.clerk, reason="不办了")


def test_a_failed_tender_is_announced_again_and_a_complaint_upheld_goes_back_to_the_evaluation(clock, public, actors):
    record = tender.open_tender(case(public, "bid-design").pk, by=actors.clerk)
    days = {row.code: day for row, day in tender.forecast(list(record.steps.all()), START)}
    for code in ("plan", "notice", "documents", "bids"):
        step(record, actors, clock, code, days[code])
    refused("note", tender.begin_again, record.pk, by=actors.clerk, why="failed", note=" ")
    record = tender.begin_again(record.pk, by=actors.clerk, why="failed", note="两家投标")
    assert (record.state, record.round, steps_of(record)["bids"].done_on) == ("notice", 2, None)
    told = Event.objects.filter(project=public, kind="tender.moved").latest("seq").data
    assert told["emptied"] == {"notice": "2026-12-02", "documents": "2026-12-02", "bids": "2026-12-22"}
    again = {row.code: day for row, day in tender.forecast(list(record.steps.all()), START)}
    shift = timing.today() - again["notice"]
    for code in ("notice", "documents", "bids", "opening", "evaluation", "candidates"):
        step(record, actors, clock, code, again[code] + shift)
    tender.dispute(record.pk, by=actors.clerk, what="资格不符", on=timing.today())
    record = tender.begin_again(record.pk, by=actors.clerk, why="upheld", note="投诉成立")
    assert (record.state, steps_of(record)["evaluation"].done_on, steps_of(record)["opening"].done_on is None) == (
        "evaluation", None, False
    )
    record = tender.end_tender(record.pk, by=actors.clerk, reason="改为直接发包")
    assert (record.state, TenderRecord.objects.get().state) == ("ended", "ended")
    page = Client()
    page.force_login(actors.owner)
    assert "改为直接发包" in page.get(reverse("packages:tender", args=[record.pk])).content.decode()


def test_an_intermediary_has_a_clock_of_its_own_and_is_named_when_late(clock, public, actors):
    surveying = case(public, "agency-survey")
    service = intermediary.open_service(surveying.pk, by=actors.clerk)
    assert [debt.title for debt in owing.debts_of(actors.owner, [public])[public.pk] if debt.chip == "中介"] == [
        "选取中介：岩土工程勘察"
    ]
    intermediary.select_company(service.pk, by=actors.owner, company="晋东勘察院", mode="merit", on=START)
    refused("contract_day", intermediary.sign_contract, service.pk, by=actors.owner, on=dt.date(2026, 10, 30), limit=3)
    service = intermediary.sign_contract(service.pk, by=actors.owner, on=START, limit=3, contract=factories.pdf())
    assert (service.clock.owner, service.clock.due_on) == ("intermediary", dt.date(2026, 11, 5))
    assert service_page(service, actors.clerk).ledger == "中介 0 天"
    clock.to(dt.datetime(2026, 11, 6, 9, tzinfo=timing.BUSINESS_ZONE))
    assert waits(public) == [("中介机构晋东勘察院", "提交", "“岩土工程勘察”的成果", dt.date(2026, 11, 5))]
    assert read_clock(service.clock).overdue
    page = Client()
    page.force_login(actors.clerk)
    told = page.get(reverse("packages:service", args=[service.pk])).content.decode()
    assert ("晋东勘察院已超过合同时限" in told, 'aria-label="在等谁"' in told) == (True, True)
    waiting = service_page(service, actors.clerk).waiting
    assert (waiting.role, waiting.verb, waiting.due_on) == ("中介机构晋东勘察院", "提交", dt.date(2026, 11, 5))
    intermediary.deliver_report(service.pk, by=actors.owner, on=timing.today(), report=factories.pdf(text="勘察"))
    intermediary.return_report(service.pk, by=actors.owner, reason="缺钻孔柱状图")
    clock.to(dt.datetime(2026, 11, 9, 9, tzinfo=timing.BUSINESS_ZONE))
    intermediary.deliver_report(service.pk, by=actors.owner, on=timing.today(), report=factories.pdf(text="勘察二"))
    clock.to(dt.datetime(2026, 11, 11, 9, tzinfo=timing.BUSINESS_ZONE))
    with pytest.raises(NotAllowed):
        intermediary.finish_service(service.pk, by=actors.owner)
    intermediary.finish_service(service.pk, by=actors.clerk)
    intermediary.finish_service(service.pk, by=actors.clerk)
    service = IntermediaryService.objects.select_related("clock", "case__matter", "project").get()
    assert time_ledger(service.clock) == {"government": 0, "applicant": 2, "special": 0, "intermediary": 5}
    assert (service.state, service.returned, waits(public)) == ("done", 1, [])
    surveying.refresh_from_db()
    assert (surveying.state, OutsideResult.objects.get(case=surveying).done_on) == (
        "decided_pass", dt.date(2026, 11, 9)
    )
    finished = service_page(service, actors.clerk)
    assert (finished.ledger, finished.waiting) == ("企业 2 天 · 中介 5 天", None)


def test_the_list_of_fees_the_pay_sheet_and_the_receipts(clock, public, actors):
    listed = fees.list_fees(public.pk, by=actors.clerk)
    assert fees.list_fees(public.pk, by=actors.clerk) == []
    assert {(fee.state, fee.amount, fee.is_basis_confirmed) for fee in listed} == {("unset", None, False)}
    refused("agency_free", fees.add_fee, public.pk, by=actors.clerk, name="代办服务费",
            payee=factories.organisation("agent-centre"), amount=Decimal("1.00"))
    refused("nothing_due", fees.issue_sheet, public.pk, by=actors.clerk)
    first = listed[0]
    refused("amount", fees.assess_fee, first.pk, by=actors.clerk, amount=Decimal("1.005"))
    fees.assess_fee(first.pk, by=actors.clerk, amount=Decimal("123456.70"), due_on=dt.date(2026, 11, 20))
    extra = fees.add_fee(
        public.pk, by=actors.clerk, name="占道费", payee=factories.organisation("city-management"),
        amount=Decimal("0.30"), basis="待核对的文件",
    )
    sheet = fees.issue_sheet(public.pk, by=actors.clerk)
    assert fees.issue_sheet(public.pk, by=actors.clerk) == sheet
    paper = Paper.objects.get(kind="pay_sheet")
    assert (sheet.total, paper.content["table"]["rows"][-1][5]) == (Decimal("123457.00"), "123457.00")
    text = str(paper.content)
    assert ("全程代办不收取任何费用" in text, "待核对的文件" in text) == (True, False)
    owner = [row.basis for row in fees_page(public, actors.owner).rows if row.fee == extra]
    assert (owner, [row.basis for row in fees_page(public, actors.clerk).rows if row.fee == extra]) == (
        [""], ["待核对的文件（待核对）"]
    )
    debts = owing.debts_of(actors.owner, [public])[public.pk]
    assert {(debt.title, debt.due_on) for debt in debts if debt.chip == "待缴"} == {
        (f"缴纳{first.name} 123,456.70 元", dt.date(2026, 11, 20)), ("缴纳占道费 0.30 元", None)
    }
    client = Client()
    client.force_login(actors.owner)
    sent = client.post(reverse("packages:fee_paid", args=[first.pk]), {"on": "2026-11-02", "evidence": factories.pdf()})
    first.refresh_from_db()
    assert (sent.status_code, first.state, first.case.state) == (302, "reported", "draft")
    fees.check_paid(first.pk, by=actors.clerk, holds=False, reason="金额看不清")
    fees.report_paid(first.pk, by=actors.owner, on=START, evidence=factories.pdf(text="清楚"))
    fees.check_paid(first.pk, by=actors.clerk, holds=True)
    first = Fee.objects.select_related("case").get(pk=first.pk)
    assert (first.state, first.case.state, OutsideResult.objects.get(case=first.case).result) == (
        "paid", "decided_pass", "已缴 123456.70 元"
    )
    fees.waive_fee(extra.pk, by=actors.clerk, reason="工程免缴")
    assert "工程免缴" in client.get(reverse("packages:fees", args=[public.pk])).content.decode()


def test_the_agency_is_free_and_nothing_in_the_portal_has_a_place_for_its_price():
    money = re.compile(r"price|fee|amount|cost|charge|payment|deposit")
    for model in apps.get_app_config("agency").get_models():
        for field in model._meta.get_fields():
            assert not money.search(field.name), f"{model.__name__}.{field.name}"
    for page in [*(ROOT / "templates" / "agency").rglob("*.html"), *(ROOT / "agency").rglob("*forms.py")]:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"代办费|服务费|收费标准|报酬", text), page.name
