"""The facts of a bulletin, read once for a period and a scope: cases, opinions, notices, acceptances, back-entries.

Pure reads. Which cases were accepted, decided or running is one statement, so that a decision that arrives meanwhile is
either in all figures or in none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from agency.bulletin_data import term
from agency.bulletin_facts import DECISIONS, GRANTED, SILENT, CaseFact, Facts, Mark, TaskFact, label_of, marks, within
from agency.bulletin_periods import Period
from agency.bulletin_scope import Scope
from agency.bulletin_sites import read_acceptances
from agency.bulletin_states import BulletinSeries
from agency.bulletin_voices import read_ratings
from packages.consultation_states import OffListState
from packages.models import Breach, Commitment, Deferral, LateEntry, MatterCase, OffListItem, OneTimeNotice, ReviewTask
from packages.states import (
    COMMITMENT_SIGNED,
    Handling,
    TaskState,
)
from projects import timing, workdays
from projects.clock_states import TimeOwner
from projects.models import ClockSegment, Event, Membership

#: A second notice for this reason is booked to the department (docs/acts.md).
OMITTED = "first_omission"
CHUNK = 5000
CASE_COLUMNS = (
    "pk",
    "project__region_id",
    "lead_id",
    "matter_id",
    "state",
    "promised_days",
    "used_days",
    "is_overdue",
    "received_at",
    "accepted_at",
    "decided_at",
    "ended_at",
    "decided_by_id",
    "promised_clock_id",
    "promised_clock__first_overdue_at",
    "promised_clock__extensions",
)


def read(period: Period, scope: Scope) -> Facts:
    """Return the facts of a period: a fixed number of queries, and a few more for each five thousand decided cases."""
    facts = Facts(period.last_day)
    _cases(facts, period, scope)
    _opinions(facts, period, scope)
    _notices(facts, period, scope)
    _late_entries(facts, period, scope)
    _doubted(facts, period, scope)
    read_acceptances(facts, period, scope)
    read_ratings(facts, period, scope)
    return facts


def _cases(facts: Facts, period: Period, scope: Scope) -> None:
    ours = MatterCase.objects.filter(scope.projects(), scope.stages(), accepted_at__lt=period.end)
    ours = ours.filter(Q(ended_at=None) | Q(ended_at__gte=period.start)).exclude(handling=Handling.OUTSIDE)
    rows = list(ours.order_by("pk").values_list(*CASE_COLUMNS).iterator(chunk_size=CHUNK))
    decided = {row[0]: row[13] for row in rows if _is_decided(row, period)}
    beside = _beside(decided)
    for row in rows:
        is_decided = row[0] in decided
        fact = _case_fact(row, period, scope, beside, is_decided=is_decided)
        if fact.accepted_at >= period.start:
            facts.accepted.append(fact)
        if is_decided:
            facts.decided.append(fact)
        elif _is_running(row, period):
            facts.running.append(fact)


def _is_decided(row: Sequence[Any], period: Period) -> bool:
    return row[10] is not None and period.start <= row[10] < period.end and row[4] in DECISIONS


def _is_running(row: Sequence[Any], period: Period) -> bool:
    ended, decided = row[11], row[10]
    return (ended is None or ended >= period.end) and (decided is None or decided >= period.end)


def _case_fact(row: Sequence[Any], period: Period, scope: Scope, beside: _Beside, *, is_decided: bool) -> CaseFact:
    (pk, code, lead, matter, state, limit, used, late, received, accepted, decided, _, by, _, first, longer) = row
    limit += longer or 0
    if is_decided:
        over = max(used - limit, 1) if late and used is not None else 0
    else:
        late = first is not None and first < period.end
        over = workdays.workdays_between(first, period.counted_to) + 1 if late else 0
    days = beside.days.get(pk, {})
    return CaseFact(
        pk,
        scope.region(code),
        lead,
        matter,
        limit,
        used,
        bool(late),
        over,
        state in GRANTED,
        beside.notices.get(pk, 0),
        pk in beside.promised,
        days.get(TimeOwner.APPLICANT, 0),
        days.get(TimeOwner.SPECIAL, 0),
        days.get(TimeOwner.INTERMEDIARY, 0),
        accepted,
        decided,
        by or 0,
        bool(received and received > accepted and timing.business_day(received) > timing.business_day(accepted))
        or bool(decided and decided < accepted),
    )


@dataclass(slots=True)
class _Beside:
    """What stands beside the decided cases: notices, promises, and days that were not the government's."""

    notices: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    promised: set[int] = field(default_factory=set)
    days: dict[int, dict[str, int]] = field(default_factory=dict)


def _beside(decided: dict[int, int | None]) -> _Beside:
    found = _Beside()
    case_of = {clock: pk for pk, clock in decided.items() if clock is not None}
    for some in _chunks(list(decided)):
        for pk in OneTimeNotice.objects.filter(case__in=some).values_list("case_id", flat=True):
            found.notices[pk] += 1
        found.promised.update(Deferral.objects.filter(case__in=some).values_list("case_id", flat=True))
        signed = Commitment.objects.filter(case__in=some, state__in=COMMITMENT_SIGNED)
        found.promised.update(signed.values_list("case_id", flat=True))
    for some in _chunks(list(case_of)):
        pieces = ClockSegment.objects.filter(clock__in=some).exclude(owner=TimeOwner.GOVERNMENT).exclude(ended_at=None)
        for clock, owner, start, end in pieces.values_list("clock_id", "owner", "started_at", "ended_at"):
            days = found.days.setdefault(case_of[clock], defaultdict(int))
            if end is not None:
                days[owner] += workdays.workdays_between(timing.business_day(start), timing.business_day(end))
    return found


def _chunks(keys: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]


def _opinions(facts: Facts, period: Period, scope: Scope) -> None:
    first, last = timing.business_day(period.start), period.last_day
    closed = within("closed_at", period) & Q(state__in=[TaskState.ANSWERED, *SILENT])
    never = Q(state=TaskState.NO_OPINION, closed_at=None, due_on__gte=first, due_on__lte=last)
    tasks = ReviewTask.objects.filter(
        closed | never,
        scope.projects("session__project"),
        scope.stages("session__case"),
        session__case__isnull=False,
    ).exclude(role="lead")
    columns = ("pk", "session__project__region_id", "organisation_id", "state", "opinion__is_late")
    for pk, code, body, state, late in tasks.order_by("pk").values_list(*columns):
        silent = state in SILENT
        tacit = state in (TaskState.TACIT, TaskState.SUPPLEMENTED)
        facts.tasks.append(TaskFact(pk, scope.region(code), body, not silent and not late, silent, tacit))


def _notices(facts: Facts, period: Period, scope: Scope) -> None:
    again = OneTimeNotice.objects.again().filter(
        within("given_at", period), scope.projects("case__project"), scope.stages("case"), reason_code=OMITTED
    )
    facts.omissions = marks(again, scope, "case__project__region_id", "given_for_id")
    breaches = Breach.objects.filter(
        within("review__opinion_at", period),
        scope.projects("review__case__project"),
        scope.stages("review__case"),
        is_mandatory=True,
    )
    facts.breaches = marks(breaches, scope, "review__case__project__region_id", "review__case__lead_id")
    if scope.series == BulletinSeries.ACCEPTANCE:
        return
    let_in = OffListItem.objects.filter(within("decided_at", period), scope.projects(), state=OffListState.APPROVED)
    rows = list(let_in.order_by("pk").values_list("pk", "project__region_id", "proposed_by_id"))
    works_at = dict(
        Membership.objects.filter(user__in={row[2] for row in rows})
        .order_by("-pk")
        .values_list("user_id", "organisation_id")
    )
    facts.off_list = [Mark(pk, scope.region(str(code)), works_at.get(who, 0)) for pk, code, who in rows]


def _late_entries(facts: Facts, period: Period, scope: Scope) -> None:
    """Which cases of the period have a step that was keyed in late, each once, and when that was."""
    ours = {fact.pk: fact for kind in (facts.accepted, facts.decided) for fact in kind}
    late = Event.objects.filter(
        within("recorded_at", period), scope.projects(), late_days__gt=1, subject_type=label_of(MatterCase)
    ).filter(late_days__gt=term("late_entry", period.last_day))
    seen: set[int] = set()
    for key, recorded in late.order_by("pk").values_list("subject_key", "recorded_at"):
        fact = ours.get(int(key))
        if fact is None:
            continue
        facts.entered_on.append(timing.business_day(recorded))
        if fact.pk not in seen:
            seen.add(fact.pk)
            facts.back_entered.append(Mark(fact.pk, fact.region, fact.body))


def _doubted(facts: Facts, period: Period, scope: Scope) -> None:
    """Which cases carry an earlier time, keyed in in the period, that nobody has confirmed: they count as late."""
    found = LateEntry.objects.unconfirmed().filter(
        within("recorded_at", period), scope.projects("case__project"), scope.stages("case")
    )
    rows = found.values_list("case_id", "case__project__region_id", "case__lead_id").distinct()
    facts.doubted = [Mark(pk, scope.region(str(code)), body) for pk, code, body in rows.order_by("case_id")]
