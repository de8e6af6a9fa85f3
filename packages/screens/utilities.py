"""What the pages of joint utility applications, tenders, intermediaries and fees show."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.urls import reverse

from archives.models import Paper
from archives.services.papers import papers_of
from packages import utility_rules as may
from packages.models import (
    Fee,
    IntermediaryService,
    TenderRecord,
    TenderStep,
    UtilityLine,
    UtilityRequest,
)
from packages.screens.acting import Act
from packages.screens.case import timeline
from packages.services.tender import NextStep, forecast, next_of
from packages.services.utilities import survey_by
from packages.utility_providers import awaited_of, reading_of, service_waits, tender_waits
from packages.utility_states import (
    LINE_ENDED,
    SERVICE_OPEN,
    TENDER_RUNNING,
    TONES,
    FeeState,
    LineState,
    RequestState,
    ServiceState,
    TenderState,
)
from projects import timing
from projects.access import access_of
from projects.clock_states import TimeOwner
from projects.clocks import Reading, ledger_words, read_clock, time_ledger
from projects.errors import ALLOWED, Verdict, refuse
from projects.events import subject_of
from projects.models import Event, Project, User
from projects.paging import KeyPage, as_key, key_page
from projects.panels import ways_of
from projects.waiting import Waiting

PAGE, EVENTS = 20, 30


def url(name: str, pk: int) -> str:
    """Address of a step."""
    return reverse(f"packages:{name}", args=[pk])


def _events(*rows: object) -> list[dict[str, object]]:
    """The events of some objects, the newest first."""
    keys: dict[str, list[str]] = {}
    project = 0
    for row in rows:
        label, key = subject_of(row)  # type: ignore[arg-type]
        keys.setdefault(label, []).append(key)
        project = project or int(getattr(row, "project_id", 0))
    found = Event.objects.none()
    for label, ids in keys.items():
        found = found | Event.objects.filter(project_id=project, subject_type=label, subject_key__in=ids)
    return timeline(tuple(found.order_by("-pk")[:EVENTS]))


# Joint application ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineRow:
    """One utility on the page: its state, clock, quote, and what this person may do."""

    line: UtilityLine
    reading: Reading
    acts: tuple[Act, ...]
    step: int

    @property
    def tone(self) -> str:
        """Colour of the state."""
        return TONES.get(self.line.state, "plain")


@dataclass(frozen=True, slots=True)
class UtilityPage:
    """The page of a joint application."""

    request: UtilityRequest
    rows: tuple[LineRow, ...]
    acts: tuple[Act, ...]
    reading: Reading
    papers: tuple[Paper, ...]
    events: list[dict[str, object]]
    survey_by: dt.date | None
    total: Decimal
    tone: str
    waiting: list[Waiting]


def utility_page(request: UtilityRequest, user: User) -> UtilityPage:
    """The page of a joint application for this user."""
    found = request.lines.select_related(
        "body", "clock", "case__matter", "confirmed_by"
    ).prefetch_related(
        "clock__pauses", "items"
    ).order_by("order")
    lines = list(found)
    for line in lines:
        line.request = request
    rows = tuple(
        LineRow(line, reading_of(line), tuple(_line_acts(line, user)), list(LineState).index(LineState(line.state)))
        for line in lines
    )
    papers = [*papers_of(request).order_by("pk")]
    for line in lines:
        if line.state == LineState.CONNECTED:
            papers += papers_of(line).order_by("pk")
    return UtilityPage(
        request, rows, tuple(_request_acts(request, lines, user)), read_clock(request.clock), tuple(papers),
        _events(request, *lines), survey_by(request) if request.accepted_at else None,
        sum((line.total or Decimal(0) for line in lines if line.state != LineState.OUT), Decimal(0)),
        TONES[request.state], awaited_of(request, lines),
    )


def _request_acts(request: UtilityRequest, lines: list[UtilityLine], user: User) -> list[Act]:
    acts = []
    if request.state == RequestState.REGISTERED:
        verdict = may.can_accept_utilities(user, request)
        if verdict or access_of(user).is_office:  # an enterprise reads in the sentence that it waits for the window
            acts.append(Act("受理全部", url("utility_accept", request.pk), verdict))
    if request.state != RequestState.ACCEPTED:
        return acts
    lead = may.can_lead(user, request)
    if request.surveyed_on is None:
        words = "约定踏勘" if request.survey_on is None else "改期"
        record = Act("登记踏勘", url("utility_survey", request.pk), lead)
        appoint = Act(words, url("utility_appoint", request.pk), lead)
        acts += [appoint, record] if request.survey_on is None else [record, appoint]
    if any(line.state == LineState.ANSWERING and line.answered_at for line in lines):
        acts.append(Act("发出一次答复", url("utility_reply", request.pk), lead))
    return acts


def _line_acts(line: UtilityLine, user: User) -> list[Act]:
    """The steps that this person may take on a line; those of others are left out."""
    answer = "修改方案和报价" if line.answered_at else "答复方案和报价"
    every = [
        Act(answer, url("utility_answer", line.pk), may.can_answer_line(user, line)),
        Act("确认方案和报价", url("utility_confirm", line.pk), may.can_confirm(user, line)),
        Act("报告自建完成", url("utility_own_works", line.pk), may.can_report_own_works(user, line)),
        Act("登记外线完工", url("utility_works", line.pk), may.can_finish_works(user, line)),
        Act("约定接入", url("utility_fix", line.pk), may.can_fix_connection(user, line)),
        Act("确认接通", url("utility_connect", line.pk), may.can_connect(user, line)),
        Act("退出这一项", url("utility_leave", line.pk), may.can_leave(user, line), danger=True),
    ]
    every += [Act(way.label, way.url, way.verdict or ALLOWED) for way in ways_of(line, user)]
    return [act for act in every if act.verdict]


def open_lines(user: User, after: str, before: str) -> KeyPage[UtilityLine]:
    """The open lines of the bodies a person works for; for the centre those of all projects it may see."""
    found = UtilityLine.objects.visible_to(user).exclude(state__in=LINE_ENDED)
    bodies = access_of(user).organisation_ids
    mine = found.filter(body__in=bodies)
    shown: QuerySet[UtilityLine] = mine if mine.exists() else found
    return key_page(
        shown.select_related("request__project__owner", "body", "clock").prefetch_related("clock__pauses"), sort="pk",
        size=PAGE, after=as_key(after), before=as_key(before),
    )


# Tender --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: its day or the earliest, and how its publicity stands."""

    step: TenderStep
    day: dt.date
    is_next: bool

    @property
    def publicity(self) -> str:
        """公示第 2 日，共 3 日; how many days it has been public."""
        step = self.step
        if not step.publicity_days:
            return ""
        if step.done_on is None:
            return f"公示 {step.publicity_days} 日"
        gone = (timing.today() - step.done_on).days
        if gone >= step.publicity_days:
            return f"公示满 {step.publicity_days} 日"
        return f"公示第 {gone + 1} 日，共 {step.publicity_days} 日"


@dataclass(frozen=True, slots=True)
class TenderPage:
    """The page of a tender record."""

    tender: TenderRecord
    rows: tuple[StepRow, ...]
    next: NextStep | None
    acts: tuple[Act, ...]
    events: list[dict[str, object]]
    tone: str
    days: int
    is_over: bool
    waiting: Waiting | None


def tender_page(tender: TenderRecord, user: User) -> TenderPage:
    """The page of a tender record for this user."""
    read = TenderStep.objects.select_related("evidence__document", "recorded_by")
    prefetch_related_objects([tender], Prefetch("steps", read))
    steps = list(tender.steps.all())
    over = tender.state in (TenderState.ENDED, TenderState.PERFORMANCE)
    coming = None if over else next_of(steps)
    days = forecast(steps, timing.today())
    rows = tuple(StepRow(step, day, coming is not None and step.pk == coming.step.pk) for step, day in days)
    return TenderPage(
        tender, rows, coming, tuple(_tender_acts(tender, coming, user)), _events(tender), TONES[tender.state],
        (days[-1][1] - days[0][1]).days if days else 0, over, tender_waits(tender),
    )


def may_step(user: User, tender: TenderRecord, coming: NextStep | None) -> Verdict:
    """Whether a person may record the next step today: not before the days of the one before it are over."""
    verdict = may.can_step(user, tender)
    early = coming.earliest if coming is not None else None
    if verdict and early is not None and early > timing.today():
        return refuse(f"最早{timing.spoken(early)}可以登记。")
    return verdict


def _tender_acts(tender: TenderRecord, coming: NextStep | None, user: User) -> list[Act]:
    verdict = may.can_step(user, tender)
    acts = []
    if tender.state == TenderState.DISPUTE:
        acts += [Act("不成立，继续", url("tender_dismiss", tender.pk), verdict),
                 Act("成立，重新评标", url("tender_again", tender.pk), verdict)]
    elif coming is not None:
        acts.append(Act(f"登记：{coming.step.name}", url("tender_step", tender.pk), may_step(user, tender, coming)))
        if tender.state in (TenderState.EVALUATION, TenderState.PUBLICITY, TenderState.AWARD):
            acts.append(Act("登记异议、投诉", url("tender_dispute", tender.pk), verdict))
        if any(step.done_on for step in tender.steps.all()) and tender.state != TenderState.SIGNED:
            acts.append(Act("流标或计划变更", url("tender_again", tender.pk), verdict))
    if tender.state in TENDER_RUNNING:
        acts.append(Act("终止", url("tender_end", tender.pk), verdict, danger=True))
    return acts


# Intermediary --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServicePage:
    """The page of a service."""

    service: IntermediaryService
    reading: Reading
    ledger: str
    acts: tuple[Act, ...]
    events: list[dict[str, object]]
    tone: str
    waiting: Waiting | None


def service_page(service: IntermediaryService, user: User) -> ServicePage:
    """The page of a service for this user."""
    tend, finish = may.can_tend_service(user, service), may.can_finish_service(user, service)
    acts = {
        ServiceState.SELECTING: [Act("登记选取结果", url("service_select", service.pk), tend)],
        ServiceState.CONTRACTING: [Act("登记合同", url("service_contract", service.pk), tend)],
        ServiceState.SERVING: [Act("登记成果", url("service_deliver", service.pk), tend)],
        ServiceState.DELIVERED: [
            Act("确认成果，办结事项", url("service_finish", service.pk), finish),
            Act("退回成果", url("service_return", service.pk), tend),
        ],
    }.get(ServiceState(service.state), [])
    if service.state in SERVICE_OPEN:
        acts = [*acts, Act("中止", url("service_end", service.pk), tend, danger=True)]
    days, reading = time_ledger(service.clock) if service.clock else {}, read_clock(service.clock)
    ledger = ledger_words(days) if any(days.values()) else f"{TimeOwner.INTERMEDIARY.label} 0 天"
    return ServicePage(
        service, reading, ledger, tuple(acts), _events(service), TONES.get(service.state, "none"),
        service_waits(service, reading) if service.state in SERVICE_OPEN else None,
    )


# Fees ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeeRow:
    """One line of the list."""

    fee: Fee
    acts: tuple[Act, ...]
    basis: str

    @property
    def tone(self) -> str:
        """Colour of the state."""
        return TONES[self.fee.state]


@dataclass(frozen=True, slots=True)
class FeesPage:
    """本项目收费清单."""

    project: Project
    rows: tuple[FeeRow, ...]
    acts: tuple[Act, ...]
    due: Decimal
    paid: Decimal
    papers: tuple[Paper, ...]


def fees_page(project: Project, user: User) -> FeesPage:
    """The list of fees of a project for this user."""
    fees = list(Fee.objects.filter(project=project).select_related("payee", "evidence__document", "sheet__paper"))
    for fee in fees:
        fee.project = project
    office = access_of(user).is_office
    rows = tuple(FeeRow(fee, tuple(_fee_acts(fee, user)), _basis(fee, office=office)) for fee in fees)
    keep = may.can_keep_fees(user, project)
    acts = [
        Act("按计划列出", url("fees_list", project.pk), keep), Act("登记收费", url("fee_add", project.pk), keep),
        Act("开具缴费单", url("fee_sheet", project.pk), keep),
    ] if office else []
    sheets = {fee.sheet.paper_id: fee.sheet.paper for fee in fees if fee.sheet and fee.sheet.paper}
    return FeesPage(
        project, rows, tuple(acts), _sum(fees, FeeState.DUE), _sum(fees, FeeState.PAID), tuple(sheets.values())
    )


def _basis(fee: Fee, *, office: bool) -> str:
    """A basis that is not confirmed is shown to the office only."""
    if fee.is_basis_confirmed:
        return fee.basis
    return f"{fee.basis}（待核对）" if fee.basis and office else ""


def _sum(fees: list[Fee], state: str) -> Decimal:
    return sum((fee.amount or Decimal(0) for fee in fees if fee.state == state), Decimal("0.00"))


def _fee_acts(fee: Fee, user: User) -> list[Act]:
    acts = [
        Act("登记缴费" if access_of(user).is_office else "上传凭证", url("fee_paid", fee.pk),
            may.can_report_paid(user, fee)),
        Act("核对凭证", url("fee_check", fee.pk), may.can_check_paid(user, fee)),
    ]
    if fee.state in (FeeState.UNSET, FeeState.DUE):
        assess = may.can_assess(user, fee)
        acts += [Act("核定金额" if fee.amount is None else "更正金额", url("fee_assess", fee.pk), assess),
                 Act("免缴", url("fee_waive", fee.pk), assess, danger=True)]
    return [act for act in acts if act.verdict]
