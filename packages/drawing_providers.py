"""What drawings, risk and the one-stop permit give to the kernel: on whom a project waits, and a panel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Prefetch
from django.urls import reverse

from packages import drawing_rules
from packages.drawing_states import BREACH_OPEN, RISK_TONES, BreachState, DrawingState, OneStopState, TicketState
from packages.models import Breach, DrawingReview, OneStop, OneStopPart, RiskAssessment, SampleTicket
from packages.next_steps import OWNER_WORD
from packages.states import CASE_PASSED
from projects import gathering, glance, owing, panels, prepared, timing, waiting, workdays
from projects.clock_states import ClockUnit, Light
from projects.clocks import Reading, read_clock
from projects.models import IssueItem
from projects.owing import Debt, Person
from projects.panels import Panel
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, IssueKind
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from projects.models import Project

SHOWN = 2
RISKS, DRAWINGS, SAMPLES, SETS = "packages.risks", "packages.drawings", "packages.samples", "packages.sets"
SAMPLE_FAULTS = "packages.sample_faults"
#: Drawings in these states may wait for somebody without their case.
WAITED_FOR = (DrawingState.UPLOADING, DrawingState.TO_PLEDGE, DrawingState.COMMITTED)


def drawings_panel(project: Project, _: HttpRequest) -> Panel:
    """Risk with its reasons, how the drawings are reviewed, the one-stop permit. One query for each that there is."""

    def first(place: str) -> Any:
        return next(iter(gathering.rows_of(place, [project])), None)

    risk, review, one = first(RISKS), first(DRAWINGS), first(SETS)
    hits = sorted(risk.hits, key=lambda hit: -hit["score"]) if risk else []
    context = {
        "project": project, "risk": risk, "review": review, "one": one,
        "tone": RISK_TONES[risk.risk_class] if risk else "", "reasons": [hit["name"] for hit in hits[:SHOWN]],
    }
    return Panel("packages/_panel_drawings.html", context, column="side")


def _reviews(projects: Sequence[Project]) -> Iterable[Waiting]:
    """What drawings without a case and commitments to mend wait for; one that is open costs its own queries."""
    by_pk = {project.pk: project for project in projects}
    for one in sorted(gathering.rows_of(DRAWINGS, projects, WAITED_FOR), key=lambda row: row.pk):
        if one.case_id is not None and one.state != DrawingState.COMMITTED:
            continue
        one.project = by_pk[one.project_id]
        if one.state == DrawingState.COMMITTED:
            yield from _mending(one)
        elif one.state == DrawingState.UPLOADING:
            yield _line(
                one.project, role="设计单位", verb="上传", what="全套施工图", auto="上传后签署质量承诺即可"
            )
        else:
            words = "、".join(dict.fromkeys(drawing_rules.signers_left(one).values()))
            yield _line(
                one.project, role=words or "设计单位", verb="签署", what="勘察设计质量承诺", auto="签齐即免于审查"
            )


def _mending(one: DrawingReview) -> Iterable[Waiting]:
    reading = read_clock(one.fix_clock)
    late = "已逾期，施工许可和竣工联合验收暂停准予" if one.is_lapsed else "逾期未改完，施工许可和竣工联合验收暂停准予"
    rows = [row for row in one.breaches.all() if row.state in BREACH_OPEN]
    fixed = list(dict.fromkeys(row.organisation.label for row in rows if row.state == BreachState.FIXED))
    if any(row.state == BreachState.OPEN for row in rows):
        yield _line(
            one.project, role="建设单位", person=one.project.owner.name, verb="改完", what="施工图违反强条的问题",
            auto=late, reading=reading, rank=1, case_id=one.case_id,
        )
    for name in fixed:
        yield _line(
            one.project, role=name, verb="核实", what="改好的施工图", auto=late, reading=reading, rank=3,
            case_id=one.case_id,
        )


def _samples(projects: Sequence[Project]) -> Iterable[Waiting]:
    """What samples of drawings wait for."""
    by_pk = {project.pk: project for project in projects}
    found = SampleTicket.objects.filter(state=TicketState.OPEN, review__project__in=list(by_pk))
    related = ("review", "organisation", "clock")
    for ticket in found.select_related(*related).prefetch_related("clock__pauses").order_by("pk"):
        yield _line(
            by_pk[ticket.review.project_id], role=ticket.organisation.label, verb="完成", what="施工图事后抽查",
            auto="不影响项目继续办理", reading=read_clock(ticket.clock), rank=10,
        )


def _sample_faults(projects: Sequence[Project]) -> list[tuple[IssueItem, SampleTicket]]:
    """What failed samples still owe, with their tickets. Two queries."""
    ids = [project.pk for project in projects]
    owed = prepared.rows_among("failed samples", lambda pk: _owed([pk]).order_by("pk"), ids)
    keys = [int(item.subject_key) for item in owed]
    tickets = SampleTicket.objects.select_related("organisation").in_bulk(keys) if keys else {}
    return [(item, tickets[int(item.subject_key)]) for item in owed]


def _owed(ids: Sequence[int]) -> QuerySet[IssueItem]:
    return IssueItem.objects.filter(
        project__in=ids, subject_type=SampleTicket._meta.label, kind=IssueKind.RECTIFICATION, state__in=ISSUE_OPEN
    )


def _mended_samples(projects: Sequence[Project]) -> Iterable[Waiting]:
    """On whom what failed samples found waits: the owner mends, then the department looks."""
    by_pk = {project.pk: project for project in projects}
    for item, ticket in _sample_faults(projects):
        project, mine = by_pk[item.project_id], item.state in ISSUE_WITH_OWNER
        since = timing.business_day(item.raised_at)
        late = mine and item.due_on is not None and item.due_on < timing.today()
        yield Waiting(
            project_id=project.pk, rank=1 if mine else 3, role=OWNER_WORD if mine else ticket.organisation.label,
            person=project.owner.name if mine else "", verb="改完" if mine else "复核", what=f"{item.what}的问题",
            since=since, days=workdays.workdays_between(since, timing.today()), due_on=item.due_on if mine else None,
            light=Light.RED if late else Light.NONE, url=reverse("packages:samples"),
        )


def _debts(_: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """What the owner has to mend after a sample."""
    for item, ticket in _sample_faults(glance.glance(projects).only(SAMPLE_FAULTS, projects)):
        if item.state in ISSUE_WITH_OWNER:
            yield Debt(
                item.project_id, "整改", item.what, reverse("packages:sample_mend", args=[ticket.pk]), "整改答复",
                detail=item.how_to_fix, why=item.basis, due_on=item.due_on,
            )


#: Drawings in these states ask something of the owner.
OWED = (DrawingState.RETURNED, DrawingState.TO_COMMIT, DrawingState.COMMITTED, DrawingState.TO_PLEDGE)


def _drawing_debts(user: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """What the owner has to do about drawings: hand them back, sign, mend in its term."""
    by_pk = {project.pk: project for project in projects}
    for one in gathering.rows_of(DRAWINGS, glance.glance(projects).only(DRAWINGS, projects, OWED), OWED):
        one.project = by_pk[one.project_id]
        debt = _signature(user, one) or _mending_debt(one)
        if debt is not None:
            yield debt


def _signature(user: Person, one: DrawingReview) -> Debt | None:
    if one.state == DrawingState.TO_COMMIT:
        verdict, name, what = drawing_rules.can_commit(user, one), "drawing_commit", "签署施工图限期修改承诺"
    elif one.state == DrawingState.TO_PLEDGE and one.project.owner_id in drawing_rules.signers_left(one):
        verdict, name, what = drawing_rules.can_pledge(user, one), "drawing_pledge", "签署勘察设计质量承诺"
    else:
        return None
    return Debt(
        one.project_id, "待签", what, reverse(f"packages:{name}", args=[one.pk]), "去签署", blocked=verdict.reason,
    )


def _mending_debt(one: DrawingReview) -> Debt | None:
    page = reverse("packages:drawings", args=[one.project_id])
    if one.state == DrawingState.RETURNED:
        return Debt(
            one.project_id, "退回", "请设计单位改图，上传新版后交回", page, "看审查意见",
            why="退回修改的时间不计入技术审查",
        )
    left = [row for row in one.breaches.all() if row.state == BreachState.OPEN]
    if one.state != DrawingState.COMMITTED or not left:
        return None
    reading = read_clock(one.fix_clock)
    return Debt(
        one.project_id, "整改", f"改完施工图违反强条的 {len(left)} 处问题", page, "去上传新版",
        detail="；".join(f"{row.place}：{row.fix}" for row in left)[:200],
        why="限期修改承诺，逾期的施工许可和竣工联合验收暂停准予", due_on=reading.due_on, clock_id=reading.clock_id,
        is_provisional=reading.provisional, clock_light=reading.light,
    )


def sets_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """What sets of permits that are ready wait for. One query."""
    by_pk = {project.pk: project for project in projects}
    undone = OneStopPart.objects.filter(one_stop=OuterRef("pk")).exclude(case__state__in=CASE_PASSED)
    found = OneStop.objects.filter(~Exists(undone), state=OneStopState.RUNNING, project__in=list(by_pk))
    mains = OneStopPart.objects.filter(one_stop__in=found, is_main=True).select_related("case__lead", "one_stop")
    for part in mains.order_by("pk"):
        decided = part.case.decided_at or part.one_stop.opened_at
        since = timing.business_day(decided)
        yield Waiting(
            project_id=part.one_stop.project_id, rank=3, role=part.case.lead.label, verb="一次出具",
            what="施工许可证照套", since=since, days=workdays.workdays_between(since, timing.today()),
            auto="各件已办结，可先使用", case_id=part.case_id,
        )


def _drawings(projects: Sequence[Project]) -> QuerySet[DrawingReview]:
    """Live drawings, the newest first, with what was found in them."""
    breaches = Breach.objects.select_related("organisation").order_by("organisation_id", "pk")
    found = DrawingReview.objects.filter(project__in=projects).exclude(state=DrawingState.CLOSED)
    return found.select_related("fix_clock").prefetch_related(
        "fix_clock__pauses", Prefetch("breaches", breaches)
    ).order_by("-pk")


def _line(
    project: Project, *, role: str, verb: str, what: str, auto: str, person: str = "", reading: Reading | None = None,
    rank: int = 10, case_id: int | None = None,
) -> Waiting:
    clock = reading or read_clock(None)
    return Waiting(
        project_id=project.pk, rank=rank, role=role, person=person, what=what, verb=verb, auto=auto,
        since=clock.started_on, days=_waited(clock), limit=clock.limit if clock.started_on else None,
        due_on=clock.due_on, is_provisional=clock.provisional, light=clock.light, case_id=case_id,
        clock_id=clock.clock_id, unit=clock.unit,
    )


def _waited(clock: Reading) -> int:
    """Working days that it waits; a clock of plain days (限期修改) counts others itself."""
    if clock.unit == ClockUnit.WORKING_DAY or clock.started_on is None:
        return clock.used
    return workdays.workdays_between(clock.started_on, timing.today())


def register() -> None:
    """Register panel and provider."""
    panels.register("packages.drawings", 15, drawings_panel)
    glance.register(RISKS, lambda ids: RiskAssessment.objects.filter(project__in=ids))
    glance.register(
        DRAWINGS, lambda ids: DrawingReview.objects.filter(project__in=ids).exclude(state=DrawingState.CLOSED),
        word="state",
    )
    glance.register(
        SAMPLES, lambda ids: SampleTicket.objects.filter(state=TicketState.OPEN, review__project__in=ids),
        project="review__project_id",
    )
    glance.register(SAMPLE_FAULTS, _owed)
    glance.register(
        SETS, lambda ids: OneStop.objects.filter(project__in=ids).exclude(state=OneStopState.CLOSED), word="state"
    )
    gathering.register(
        RISKS, place=RISKS, rows=lambda projects: RiskAssessment.objects.filter(project__in=projects).select_related(
            "table"
        ).order_by("-number"),
    )
    gathering.register(DRAWINGS, _drawings, place=DRAWINGS)
    gathering.register(
        SETS, lambda projects: OneStop.objects.filter(project__in=projects).exclude(state=OneStopState.CLOSED),
        place=SETS,
    )
    waiting.register("packages.drawings", _reviews, place=DRAWINGS, among=WAITED_FOR)
    waiting.register("packages.samples", _samples, place=SAMPLES)
    waiting.register("packages.sample_faults", _mended_samples, place=SAMPLE_FAULTS)
    owing.register("packages.sample_faults", _debts)
    owing.register("packages.drawings", _drawing_debts)
    waiting.register("packages.sets", sets_waiting, place=SETS, among=[OneStopState.RUNNING])
