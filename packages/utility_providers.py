"""What utilities, tenders, intermediaries and fees give to the kernel: on whom a project waits, debts, panels."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch, Q
from django.urls import reverse

from packages.models import Fee, IntermediaryService, MatterCase, TenderRecord, UtilityLine, UtilityRequest
from packages.next_steps import OWNER_WORD
from packages.services.tender import next_of
from packages.states import CASE_OPEN, Handling
from packages.utility_states import (
    FEE_OPEN,
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
from projects import gathering, glance, owing, panels, timing, waiting, workdays
from projects.access import access_of
from projects.clock_states import Light
from projects.clocks import Reading, read_clock
from projects.owing import Debt, Person
from projects.panels import Panel
from projects.quoting import quoted
from projects.states import Role
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from projects.models import Project
    from projects.models.time import ClockPause

REQUESTS, TENDERS, SERVICES, FEES = "packages.requests", "packages.tenders", "packages.services", "packages.fees"
CONFIRM_WORD = "接入方案和报价"


# On whom it waits ----------------------------------------------------------------------------------------------------


def utility_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return on whom joint applications wait, one line per body and step. Two queries, and one for the pauses."""
    by_pk = {project.pk: project for project in projects}
    found: list[UtilityRequest] = gathering.rows_of(REQUESTS, projects, REQUEST_RUNNING)
    yield from _grouped(_open_lines(sorted(found, key=lambda request: request.pk), by_pk))


def awaited_of(request: UtilityRequest, lines: Iterable[UtilityLine]) -> list[Waiting]:
    """Return on whom one joint application waits, the most pressing first; nobody once it has ended. No query."""
    if request.state not in REQUEST_RUNNING:
        return []
    return sorted(_grouped(line for line in lines if line.state not in LINE_ENDED), key=lambda one: one.sort_key)


def _grouped(lines: Iterable[UtilityLine]) -> Iterable[Waiting]:
    """One line for each body and step."""
    groups: dict[tuple[int, str, str, str], list[UtilityLine]] = defaultdict(list)
    for line in lines:
        role, verb, what = _line_words(line)
        groups[line.request_id, role, verb, what].append(line)
    for (_, role, verb, what), rows in groups.items():
        yield _of_lines(role, verb, what, rows)


def _open_lines(requests: Iterable[UtilityRequest], by_pk: Mapping[int, Project]) -> list[UtilityLine]:
    for request in requests:
        request.project = by_pk[request.project_id]
    return [line for request in requests for line in request.lines.all() if line.state not in LINE_ENDED]


REQUEST_RUNNING = (RequestState.REGISTERED, RequestState.ACCEPTED)
WINDOW_WORDS = {
    LineState.REGISTERED: ("受理", ""), LineState.ACCEPTED: ("约定", "的联合踏勘"),
    LineState.SURVEY: ("组织", "的联合踏勘"),
}


def _line_words(line: UtilityLine) -> tuple[str, str, str]:
    """Return role, verb and what of one open line; 窗口, 公用企业 or 建设单位."""
    window = f"{line.request.project.centre.label}窗口"
    state = LineState(line.state)
    if state in WINDOW_WORDS:
        return (window, *WINDOW_WORDS[state])
    if state == LineState.ANSWERING and line.answered_at is not None:
        return window, "发出", "的一次答复"
    if state == LineState.ASKED:
        return OWNER_WORD, "确认", f"的{CONFIRM_WORD}"
    if state == LineState.WORKS and line.waits_for_owner_works:
        return OWNER_WORD, "完成", "的红线内自建"
    words = {
        LineState.ANSWERING: ("答复", "的接入方案"), LineState.WORKS: ("完成", "的外线施工"),
        LineState.READY: ("约定", "的接入"), LineState.CONNECTING: ("完成", "的接入"),
    }
    return (line.body.label, *words[state])


def _of_lines(role: str, verb: str, what: str, rows: Sequence[UtilityLine]) -> Waiting:
    first, names = rows[0], "、".join(line.name for line in rows)
    readings = [reading_of(line) for line in rows]
    reading = min(readings, key=lambda one: one.due_on or dt.date.max)
    mine = role == OWNER_WORD
    since = timing.business_day(min(line.changed_at for line in rows))
    auto = "期间不计入公用企业时限" if mine else "一项不影响其他项"
    return Waiting(
        project_id=first.request.project_id, rank=1 if mine else 3, role=role,
        person=first.request.project.owner.name if mine else "", verb=verb, what=f"{names}报装{what}", since=since,
        days=workdays.workdays_between(since, timing.today()), due_on=None if mine else reading.due_on,
        is_provisional=reading.provisional and not mine, auto=auto,
        limit=None if mine or reading.started_on is None else reading.limit,
        light=Light.NONE if mine else reading.light, url=reverse("packages:utilities", args=[first.request_id]),
        case_id=first.case_id, clock_id=None if mine else reading.clock_id,
    )


def reading_of(line: UtilityLine) -> Reading:
    """Read the clock of a line whose pauses are prefetched."""
    return read_clock(line.clock, pauses=list(line.clock.pauses.all()) if line.clock else [])


def case_lines(cases: Sequence[MatterCase]) -> dict[int, Waiting]:
    """Return on whom the cases wait that follow a joint application; no query where there are none."""
    mine = {case.pk: case for case in cases if case.handling == Handling.UTILITY and case.state in CASE_OPEN}
    if not mine:
        return {}
    found: dict[int, Waiting] = {}
    for line in _lines_of(mine):
        told = _of_lines(*_line_words(line), [line])
        for pk in (line.case_id, line.request.case_id if line.is_before_reply else None):
            if pk in mine:
                found.setdefault(pk, told)
    return found


def _lines_of(cases: Mapping[int, MatterCase]) -> list[UtilityLine]:
    """The open lines of cases, in order: of the page's one project from what it has read."""
    projects = {case.project_id: case.project for case in cases.values()}
    held = gathering.loaded(REQUESTS, next(iter(projects))) if len(projects) == 1 else None
    if held is not None:
        return _open_lines(sorted(held, key=lambda request: int(request.pk)), projects)
    lines = UtilityLine.objects.filter(Q(case__in=cases) | Q(request__case__in=cases)).exclude(state__in=LINE_ENDED)
    related = lines.select_related("request__project__owner", "request__project__centre", "body", "clock")
    return list(related.prefetch_related("clock__pauses").order_by("request_id", "order"))


def _tenders(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return on whom tenders wait. Two queries."""
    by_pk = {project.pk: project for project in projects}
    for tender in gathering.rows_of(TENDERS, projects, TENDER_RUNNING):
        tender.project = by_pk[tender.project_id]
        if (found := tender_waits(tender)) is not None:
            yield found


def tender_waits(tender: TenderRecord) -> Waiting | None:
    """Return on whom one tender waits, its steps prefetched; None where no step is left. No query."""
    url, project = reverse("packages:tender", args=[tender.pk]), tender.project
    base = timing.business_day(tender.changed_at)
    if tender.state == TenderState.DISPUTE:
        since = tender.dispute_on or base
        return Waiting(
            project_id=project.pk, rank=2, role="招标监管部门", verb="处理", what=f"{quoted(tender.name)}的异议或投诉",
            since=since, days=workdays.workdays_between(since, timing.today()), auto="处理期间招标暂停",
            light=Light.GREY, url=url, case_id=tender.case_id,
        )
    coming = next_of(list(tender.steps.all())) if tender.state in TENDER_RUNNING else None
    if coming is None:
        return None
    early = coming.earliest if coming.earliest and coming.earliest > timing.today() else None
    return Waiting(
        project_id=project.pk, rank=5, role=OWNER_WORD, person=project.owner.name, verb="办理",
        what=f"{quoted(tender.name)}的{coming.step.name}", since=base,
        days=workdays.workdays_between(base, timing.today()),
        auto=f"最早{timing.spoken(early)}可办" if early else "办成后由窗口或代办人员登记", url=url,
        case_id=tender.case_id,
    )


def _services(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return on whom intermediaries wait. Two queries."""
    by_pk = {project.pk: project for project in projects}
    for service in gathering.rows_of(SERVICES, projects, SERVICE_OPEN):
        service.project = by_pk[service.project_id]
        yield service_waits(service, read_clock(service.clock, pauses=_pauses_of(service)))


def _pauses_of(service: IntermediaryService) -> list[ClockPause]:
    return list(service.clock.pauses.all()) if service.clock else []


#: By state of an open service: what the owner has to do about it, and what with.
OWNER_STEPS = {
    ServiceState.SELECTING: ("选取", "中介机构"), ServiceState.CONTRACTING: ("签订", "合同"),
    ServiceState.DELIVERED: ("确认", "成果"),
}


def service_waits(service: IntermediaryService, reading: Reading) -> Waiting:
    """Return on whom one open service waits: the intermediary by its contract, else the owner. No query."""
    name = quoted(service.case.matter.name)
    common: dict[str, Any] = {
        "project_id": service.project_id, "auto": "中介时间单独计算，不计入审批时限",
        "url": reverse("packages:service", args=[service.pk]), "case_id": service.case_id,
    }
    if service.state == ServiceState.SERVING:
        return Waiting(
            rank=3, role=f"中介机构{service.company}", verb="提交", what=f"{name}的成果", since=reading.started_on,
            days=reading.used, due_on=reading.due_on, is_provisional=reading.provisional, limit=reading.limit,
            light=reading.light, clock_id=reading.clock_id, **common,
        )
    verb, thing = OWNER_STEPS[ServiceState(service.state)]
    since = timing.business_day(service.changed_at)
    return Waiting(
        rank=1, role=OWNER_WORD, person=service.project.owner.name, verb=verb, what=f"{name}的{thing}", since=since,
        days=workdays.workdays_between(since, timing.today()), **common,
    )


def _fees(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return on whom fees wait. One query."""
    by_pk = {project.pk: project for project in projects}
    for fee in gathering.rows_of(FEES, projects):
        project = by_pk[fee.project_id]
        since = timing.business_day(fee.changed_at)
        mine = fee.state == FeeState.DUE
        role, verb, what = {
            FeeState.UNSET: (fee.payee.label, "核定", f"{quoted(fee.name)}的金额"),
            FeeState.DUE: (OWNER_WORD, "缴纳", quoted(fee.name)),
            FeeState.REPORTED: (f"{project.centre.label}窗口", "核对", f"{quoted(fee.name)}的缴款凭证"),
        }[FeeState(fee.state)]
        late = mine and fee.due_on is not None and fee.due_on < timing.today()
        yield Waiting(
            project_id=project.pk, rank=1 if mine else 4, role=role, person=project.owner.name if mine else "",
            verb=verb, what=what, since=since, days=workdays.workdays_between(since, timing.today()),
            due_on=fee.due_on if mine else None, light=Light.RED if late else Light.NONE,
            auto="缴后上传凭证" if mine else "", url=reverse("packages:fees", args=[project.pk]), case_id=fee.case_id,
        )


# What the owner owes -------------------------------------------------------------------------------------------------


def debts(_: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield quotes to agree to, works of the owner's own, fees to be paid, services to be arranged.

    One look at which projects have any of it, then the queries of each kind that there is.
    """
    sight = glance.glance(projects)
    requests: list[UtilityRequest] = gathering.rows_of(REQUESTS, sight.only(REQUESTS, projects))
    lines = [line for request in requests for line in request.lines.all()]
    for line in sorted(lines, key=lambda row: row.pk):
        page = reverse("packages:utilities", args=[line.request_id])
        if line.state == LineState.ASKED:
            yield Debt(
                line.request.project_id, "待确认", f"确认{line.name}接入方案和报价",
                reverse("packages:utility_confirm", args=[line.pk]), "去确认",
                detail=f"{line.body.label}报价 {line.total:,} 元，接入点：{line.access_point}",
                why="确认前不施工、不收费",
            )
        elif line.state == LineState.WORKS and line.waits_for_owner_works:
            yield Debt(
                line.request.project_id, "自建", f"完成{line.name}红线内自建", page, "去报告", detail=line.owner_works,
                why="自建期间不计入公用企业时限",
            )
    for fee in gathering.rows_of(FEES, sight.only(FEES, projects), [FeeState.DUE]):
        yield Debt(
            fee.project_id, "待缴", f"缴纳{fee.name} {fee.amount:,} 元", reverse("packages:fee_paid", args=[fee.pk]),
            "上传凭证",
            detail=f"收费单位：{fee.payee.label}" + (f"；上次凭证不符：{fee.reason}" if fee.reason else ""),
            why=fee.basis if fee.is_basis_confirmed else "", due_on=fee.due_on,
        )
    asked = (ServiceState.SELECTING, ServiceState.CONTRACTING, ServiceState.DELIVERED)
    for service in gathering.rows_of(SERVICES, sight.only(SERVICES, projects, asked), asked):
        verb = {"selecting": "选取中介", "contracting": "签订合同"}.get(service.state, "确认成果")
        yield Debt(
            service.project_id, "中介", f"{verb}：{service.case.matter.name}",
            reverse("packages:service", args=[service.pk]), "去办理",
            detail=service.company or "可自行选取，不指定机构",
        )


def _requests(projects: Sequence[Project]) -> QuerySet[UtilityRequest]:
    """Joint applications with their lines, the newest first."""
    lines = UtilityLine.objects.select_related("body", "clock").prefetch_related("clock__pauses").order_by("order")
    found = UtilityRequest.objects.filter(project__in=projects).prefetch_related(Prefetch("lines", lines))
    return found.order_by("-pk")


def _services_of(projects: Sequence[Project]) -> QuerySet[IntermediaryService]:
    found = IntermediaryService.objects.filter(project__in=projects).exclude(state=ServiceState.ENDED)
    return found.select_related("case__matter", "clock").prefetch_related("clock__pauses").order_by("pk")


def _tenders_of(projects: Sequence[Project]) -> QuerySet[TenderRecord]:
    found = TenderRecord.objects.filter(project__in=projects).exclude(state=TenderState.ENDED)
    return found.prefetch_related("steps").order_by("pk")


# The panel -----------------------------------------------------------------------------------------------------------


def records_panel(project: Project, request: HttpRequest) -> Panel | None:
    """Return the sheet of utilities, tenders, intermediaries and fees of a project. One query for each there is."""
    requests, tenders, services, owed = (
        gathering.rows_of(place, [project]) for place in (REQUESTS, TENDERS, SERVICES, FEES)
    )
    access = access_of(request.user)
    centre = access.has_at(project.centre_id, Role.CLERK) or access.has(Role.AGENT)
    if not (requests or tenders or services or owed or centre or access.has_at(project.owner_id, *OWNERS)):
        return None
    return Panel("packages/_panel_records.html", {
        "project": project, "requests": requests, "tenders": tenders, "services": services, "fees": owed,
        "tones": TONES, "due": sum(fee.amount or 0 for fee in owed if fee.state == FeeState.DUE),
    })


OWNERS = (Role.OWNER_LEAD, Role.OWNER_STAFF)

glance.register(REQUESTS, lambda ids: UtilityRequest.objects.filter(project__in=ids), word="state")
glance.register(TENDERS, lambda ids: TenderRecord.objects.filter(project__in=ids), word="state")
glance.register(SERVICES, lambda ids: IntermediaryService.objects.filter(project__in=ids), word="state")
glance.register(FEES, lambda ids: Fee.objects.filter(project__in=ids, state__in=FEE_OPEN))
gathering.register(REQUESTS, _requests, place=REQUESTS)
gathering.register(TENDERS, _tenders_of, place=TENDERS)
gathering.register(SERVICES, _services_of, place=SERVICES)
gathering.register(
    FEES, place=FEES,
    rows=lambda projects: Fee.objects.filter(project__in=projects, state__in=FEE_OPEN).select_related("payee").order_by(
        "pk"
    ),
)
waiting.register("packages.utilities", utility_waiting, place=REQUESTS, among=REQUEST_RUNNING)
waiting.register("packages.tenders", _tenders, place=TENDERS, among=TENDER_RUNNING)
waiting.register("packages.services", _services, place=SERVICES, among=SERVICE_OPEN)
waiting.register("packages.fees", _fees, place=FEES)
owing.register("packages.utilities", debts)
panels.register("packages.records", 25, records_panel)
