"""What a bulletin counts, read once for a period and a scope: cases, opinions, notices, acceptances, back-entries.

Pure reads. Which cases were accepted, decided or running is one statement, so that a decision that arrives meanwhile is
either in all figures or in none. Each fact knows its district (`region`, the number of its row) and its department.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Q

from agency.bulletin_data import term
from agency.bulletin_periods import Period
from agency.bulletin_states import BulletinSeries
from packages.consultation_states import OffListState
from packages.models import Breach, Commitment, Deferral, LateEntry, MatterCase, OffListItem, OneTimeNotice, ReviewTask
from packages.states import (
    CASE_DECIDED,
    CASE_PASSED,
    COMMITMENT_SIGNED,
    CaseState,
    Handling,
    TaskState,
)
from projects import timing, workdays
from projects.clock_states import TimeOwner
from projects.models import ClockSegment, Event, Membership, Organisation, Region
from projects.states import OrganisationKind, Stage

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

#: A decision that was revoked later was a decision of its month.
DECISIONS = (*CASE_DECIDED, CaseState.REVOKED)
GRANTED = (*CASE_PASSED, CaseState.REVOKED)
SILENT = (TaskState.TACIT, TaskState.SUPPLEMENTED, TaskState.NO_OPINION)
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


# Scope --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose cases: of these centres, in these regions (empty: all), of the stages of a series; region -> its row."""

    series: str
    centre_ids: tuple[int, ...]
    codes: tuple[str, ...] = ()
    row_of: dict[str, int] = field(default_factory=dict)

    def projects(self, way: str = "project") -> Q:
        """Return the condition on the projects, seen from a model that reaches them by `way`."""
        found = Q(**{f"{way}__centre_id__in": self.centre_ids})
        return found & Q(**{f"{way}__region_id__in": self.codes}) if self.codes else found

    def stages(self, way: str = "") -> Q:
        """Return the condition on the stage of cases; the annual report tells of all."""
        prefix = f"{way}__" if way else ""
        if self.series == BulletinSeries.ANNUAL:
            return Q()
        at_the_end = Q(**{f"{prefix}stage": Stage.ACCEPTANCE})
        return at_the_end if self.series == BulletinSeries.ACCEPTANCE else ~at_the_end

    def region(self, code: str) -> int:
        """Return the row of the districts that a region belongs to."""
        return self.row_of.get(code) or row_number(code)


def row_number(code: str) -> int:
    """Return a region code as the number of a row; a code with letters by its last figures."""
    return int(code) if code.isdigit() else int(code, 36) % 2_000_000_000


def scope_of(series: str, centre: Organisation, region: Region | None = None) -> Scope:
    """Return the scope of a bulletin: a centre with what is below it, or one of its districts. Two queries."""
    regions = {row.pk: row for row in Region.objects.all()}
    home = regions.get(region.pk if region else centre.region_id or 0)
    inside = {one.code: way for one in regions.values() if (way := _way(one, home, regions))}
    row_of = {code: row_number(way[-2].code if len(way) > 1 else code) for code, way in inside.items()}
    above = regions.get(centre.region_id or 0)
    below = [one.code for one in regions.values() if one is not above and _way(one, above, regions)]
    centres = Organisation.objects.filter(
        Q(pk=centre.pk) | Q(region__code__in=below, kind__in=[OrganisationKind.BUREAU, OrganisationKind.COMMITTEE])
    )
    ids = tuple(centres.order_by("pk").values_list("pk", flat=True))
    return Scope(series, ids, tuple(sorted(inside)) if region else (), row_of)


def _way(one: Region, home: Region | None, regions: dict[int, Region]) -> list[Region]:
    """Return the regions from one up to its home; nothing where it does not lie in it."""
    way = [one]
    while way[-1] is not home and (parent := way[-1].parent_id):
        way.append(regions[parent])
    return way if home is not None and way[-1] is home else []


def districts(centre: Organisation) -> list[Region]:
    """Return the districts and management committees below a centre's region, by their code."""
    return list(Region.objects.filter(parent=centre.region_id).order_by("code")) if centre.region_id else []


# Facts --------------------------------------------------------------------------------------------------------------


class CaseFact(NamedTuple):
    """One case. `over` are the working days beyond its limit; the days of the others are those of its pauses."""

    pk: int
    region: int
    body: int
    matter: int
    limit: int
    used: int | None
    is_late: bool
    over: int
    is_granted: bool
    notices: int
    has_promise: bool
    applicant: int
    special: int
    intermediary: int
    accepted_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: int
    is_inverted: bool


class TaskFact(NamedTuple):
    """One opinion that was due: given in time, late, or never."""

    pk: int
    region: int
    body: int
    is_on_time: bool
    is_silent: bool
    is_tacit: bool


class Mark(NamedTuple):
    """One thing that is counted by itself: an omission, something off the list, a breach, a late fault."""

    pk: int
    region: int
    body: int


class AcceptanceFact(NamedTuple):
    """One application for joint acceptance."""

    pk: int
    region: int
    body: int
    is_applied: bool
    is_concluded: bool
    is_first: bool
    is_single: bool


class ItemFact(NamedTuple):
    """One of the twelve items in which faults were found in the period."""

    pk: int
    region: int
    body: int
    number: int
    name: str
    example: str


class MendFact(NamedTuple):
    """One fault whose mending was confirmed in the period, with the working days that it took."""

    pk: int
    region: int
    body: int
    days: int


class RatingFact(NamedTuple):
    """One rating: 5 is the best; `is_default` was given by nobody; `is_settled`: a low one was answered."""

    pk: int
    region: int
    body: int
    grade: int
    is_default: bool
    is_settled: bool


KINDS = (
    "accepted",
    "decided",
    "running",
    "tasks",
    "omissions",
    "off_list",
    "breaches",
    "acceptances",
    "items",
    "mended",
    "late_faults",
    "back_entered",
    "doubted",
    "ratings",
)


@dataclass(slots=True)
class Facts:
    """Everything that the figures of one row are computed from."""

    last_day: dt.date
    accepted: list[CaseFact] = field(default_factory=list)
    decided: list[CaseFact] = field(default_factory=list)
    running: list[CaseFact] = field(default_factory=list)
    tasks: list[TaskFact] = field(default_factory=list)
    omissions: list[Mark] = field(default_factory=list)
    off_list: list[Mark] = field(default_factory=list)
    breaches: list[Mark] = field(default_factory=list)
    acceptances: list[AcceptanceFact] = field(default_factory=list)
    items: list[ItemFact] = field(default_factory=list)
    mended: list[MendFact] = field(default_factory=list)
    late_faults: list[Mark] = field(default_factory=list)
    back_entered: list[Mark] = field(default_factory=list)
    doubted: list[Mark] = field(default_factory=list)
    ratings: list[RatingFact] = field(default_factory=list)
    #: On which days what was keyed in late was recorded; for the whole only.
    entered_on: list[dt.date] = field(default_factory=list)

    def by(self, name: str) -> dict[int, Facts]:
        """Return the facts of each `region`, `body` or `number` of an item."""
        found: dict[int, Facts] = defaultdict(lambda: Facts(self.last_day))
        for kind in KINDS:
            for fact in getattr(self, kind):
                key = getattr(fact, name, None)
                if key is not None:
                    getattr(found[key], kind).append(fact)
        return dict(found)


def read(period: Period, scope: Scope) -> Facts:
    """Return the facts of a period: a fixed number of queries, and a few more for each five thousand decided cases."""
    facts = Facts(period.last_day)
    _cases(facts, period, scope)
    _opinions(facts, period, scope)
    _notices(facts, period, scope)
    _late_entries(facts, period, scope)
    _doubted(facts, period, scope)
    from agency.bulletin_sites import read_acceptances
    from agency.bulletin_voices import read_ratings

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


def _case_fact(
    row: Sequence[Any], period: Period, scope: Scope, beside: _Beside, *, is_decided: bool
) -> CaseFact:
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


def within(name: str, period: Period) -> Q:
    """Return the condition that a moment falls into the period."""
    return Q(**{f"{name}__gte": period.start, f"{name}__lt": period.end})


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
    facts.omissions = _marks(again, scope, "case__project__region_id", "given_for_id")
    breaches = Breach.objects.filter(
        within("review__opinion_at", period),
        scope.projects("review__case__project"),
        scope.stages("review__case"),
        is_mandatory=True,
    )
    facts.breaches = _marks(breaches, scope, "review__case__project__region_id", "review__case__lead_id")
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


def _marks(found: QuerySet[Any], scope: Scope, region: str, body: str) -> list[Mark]:
    rows = found.order_by("pk").values_list("pk", region, body)
    return [Mark(pk, scope.region(code), body_id or 0) for pk, code, body_id in rows]


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


def label_of(model: type[Model]) -> str:
    """Return the name under which events and issue items speak of a model."""
    return str(model._meta.label)
