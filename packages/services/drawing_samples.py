"""事后抽查: which of the sets that nobody reviewed are checked afterwards; anybody can draw them again."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.db import IntegrityError, transaction

from packages import drawing_rules, policy
from packages.drawing_states import DrawingState
from packages.models import DrawingReview, SampleDraw, SampleTicket
from packages.services.policies import table_of
from projects import clocks, timing
from projects.back_entry import check_follows, counted_at
from projects.clock_states import ClockKind
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import IssueItem, Organisation, User
from projects.services.involvement import involve
from projects.services.issues import answer_issue, raise_issue, reject_issue, verify_issue
from projects.states import InvolvementRole, IssueKind, IssueState
from projects.workdays import due_date

CHECKER = "housing"
MEND_DAYS = "fix"


@transaction.atomic
def draw_samples(
    centre_id: int, *, by: User, since: dt.date, until: dt.date, seed: str, at: dt.datetime | None = None
) -> SampleDraw:
    """Draw from what was pledged in these days: per rule its percentage, rounded up, ranked by seed and project code.

    Effects in order: the draw with seed and population; per chosen set a ticket for 住建局 with a clock of its own;
    events. The same days again return the draw that stands. Raises `NotAllowed`, `DomainError` (`days`, `seed`).
    """
    centre = Organisation.objects.get(pk=centre_id)
    require(drawing_rules.can_draw, by, centre)
    if until < since or until > timing.today():
        raise DomainError("days", "抽查的起止日期有误：止日不早于起日，也不晚于今天。")
    if not seed.strip():
        raise DomainError("seed", "请填写抽签种子（如当日公布的号码），以便任何人复核。")
    standing = SampleDraw.objects.filter(centre=centre, since=since, until=until).first()
    if standing is not None:
        return standing
    moment = at or timing.now()
    table = table_of(policy.DRAWING)
    found = _population(centre, since, until)
    try:
        with transaction.atomic():
            draw = SampleDraw.objects.create(
                centre=centre, seed=seed.strip()[:80], since=since, until=until, table=table, drawn_by=by,
                drawn_at=moment, population=sorted(one.project.code for one in found),
            )
    except IntegrityError:  # somebody was faster
        return SampleDraw.objects.get(centre=centre, since=since, until=until)
    record(
        "drawing.samples_drawn", subject=draw, organisation=centre, by=by, at=at,
        summary=f"施工图抽查：{len(found)} 个项目", data={"seed": draw.seed, "population": len(found)},
    )
    for one in choose(found, seed=draw.seed):
        _ticket(draw, one, by=by, at=moment)
    return draw


def _population(centre: Organisation, since: dt.date, until: dt.date) -> list[DrawingReview]:
    first, last = timing.start_of_day(since), timing.start_of_day(until + dt.timedelta(days=1))
    found = DrawingReview.objects.filter(
        project__centre=centre, state=DrawingState.PLEDGED, closed_at__gte=first, closed_at__lt=last, case=None
    )
    return list(found.select_related("project__owner").order_by("project_id"))


def choose(found: list[DrawingReview], *, seed: str) -> list[DrawingReview]:
    """Which of these are checked, in the order of their projects (so that their locks are taken in one order)."""
    groups: dict[tuple[str, int], dict[str, DrawingReview]] = defaultdict(dict)
    for one in found:
        rule = one.mode_rule
        groups[str(rule.get("code", "")), int(rule.get("percent", 0))][one.project.code] = one
    drawn = [
        rows[code] for (_, percent), rows in groups.items()
        for code in policy.chosen(rows, seed=seed, percent=percent)
    ]
    return sorted(drawn, key=lambda one: one.project_id)


def _ticket(draw: SampleDraw, one: DrawingReview, *, by: User, at: dt.datetime) -> None:
    project = lock_project(one.project_id)
    body = Organisation.objects.get(code=CHECKER)
    days, unit = policy.term(draw.table.content, "sample", timing.business_day(at))
    clock = clocks.start_clock(
        kind=ClockKind.WORK_ORDER, limit=days, unit=unit, on=at, project=project, label="施工图事后抽查"
    )
    ticket = SampleTicket.objects.create(draw=draw, review=one, organisation=body, clock=clock)
    involve(project, role=InvolvementRole.REVIEWER, organisation=body, by=by, at=at)
    record(
        "drawing.sampled", subject=ticket, project=project, by=by, at=at, summary=f"施工图抽中，由{body.label}事后抽查",
        data={"state": ["", ticket.state], "seed": draw.seed},
    )


@transaction.atomic
def check_sample(
    ticket_id: int, *, by: User, holds: bool, found: str, breaches: int = 0, at: dt.datetime | None = None
) -> SampleTicket:
    """The department says what it found; a set that fails is owed as a rectification by the owner.

    Effects in order: result, clock stops, event `drawing.sample_checked`, rectification. A second press changes
    nothing. Raises `NotAllowed`, `DomainError` (`found`, `breaches`).
    """
    project = lock_project(SampleTicket.objects.values_list("review__project_id", flat=True).get(pk=ticket_id))
    ticket = SampleTicket.objects.select_for_update(of=("self",)).select_related(
        "organisation", "clock", "review", "draw__table"
    ).get(pk=ticket_id)
    ticket.review.project = project
    if ticket.checked_at is not None and ticket.checked_by_id == by.pk:
        return ticket
    require(drawing_rules.can_check_sample, by, ticket)
    if not found.strip():
        raise DomainError("found", "请写明抽查结果。")
    if not holds and breaches < 1:
        raise DomainError("breaches", "抽查不合格的，请填写违反强条的处数。")
    check_follows(at, ticket)
    moment, old = at or timing.now(), ticket.state
    ticket.pass_it() if holds else ticket.fail_it()
    ticket.found, ticket.breaches = found.strip()[:1000], 0 if holds else breaches
    ticket.checked_by, ticket.checked_at = by, moment
    ticket.save()
    clocks.stop_clock(ticket.clock, counted_at(at))
    record(
        "drawing.sample_checked", subject=ticket, project=project, by=by, at=at,
        summary=f"施工图{ticket.get_state_display()}", data={"state": [old, ticket.state], "breaches": ticket.breaches},
    )
    if not holds:
        day = timing.business_day(moment)
        days, unit = policy.term(ticket.draw.table.content, MEND_DAYS, day)
        due = day + dt.timedelta(days=days) if unit == "calendar_day" else due_date(day, days)
        raise_issue(
            project, kind=IssueKind.RECTIFICATION, subject=ticket, what=f"施工图抽查违反强条 {breaches} 处"[:300],
            basis="勘察设计质量承诺", how_to_fix=found.strip()[:500], debtor=project.owner, by=by,
            raised_for=ticket.organisation, due_on=due, at=at,
        )
    return ticket


def _mended(ticket_id: int) -> tuple[SampleTicket, IssueItem]:
    """The locked ticket and what is owed on it. Raises `DomainError` (`ticket_state`)."""
    project = lock_project(SampleTicket.objects.values_list("review__project_id", flat=True).get(pk=ticket_id))
    ticket = SampleTicket.objects.select_for_update(of=("self",)).select_related("organisation", "review").get(
        pk=ticket_id
    )
    ticket.review.project = project
    fault = ticket.fault
    if fault is None:
        raise DomainError("ticket_state", f"{ticket.get_state_display()}，没有要整改的问题。")
    return ticket, IssueItem.objects.select_for_update(of=("self",)).select_related("project").get(pk=fault.pk)


@transaction.atomic
def answer_sample(ticket_id: int, *, by: User, answer: str, at: dt.datetime | None = None) -> SampleTicket:
    """Say how what a sample found was mended; event `issue.answered`. The same answer twice is once.

    Raises `NotAllowed`, `DomainError` (`ticket_state`, `answer`).
    """
    ticket, fault = _mended(ticket_id)
    if fault.state == IssueState.SUBMITTED and fault.answer == answer.strip()[:500]:
        return ticket
    require(drawing_rules.can_answer_sample, by, ticket)
    if not answer.strip():
        raise DomainError("answer", "请写明改了哪些图、怎么改的。")
    check_follows(at, ticket, fault)
    answer_issue(fault, answer=answer.strip()[:500], by=by, at=at)
    return ticket


@transaction.atomic
def verify_sample(
    ticket_id: int, *, by: User, holds: bool, note: str = "", at: dt.datetime | None = None
) -> SampleTicket:
    """The department finds what was mended good (`issue.verified`), or sends it back (`issue.rejected`). Twice is once.

    Raises `NotAllowed`, `DomainError` (`ticket_state`, `note`).
    """
    ticket, fault = _mended(ticket_id)
    if holds and fault.state == IssueState.VERIFIED and fault.closed_by_id == by.pk:
        return ticket
    require(drawing_rules.can_verify_sample, by, ticket)
    if not holds and not note.strip():
        raise DomainError("note", "没有改好的，请写明还差什么。")
    check_follows(at, ticket, fault)
    if holds:
        verify_issue(fault, by=by, at=at)
    else:
        reject_issue(fault, reason=note.strip()[:200], by=by, at=at)
    return ticket
