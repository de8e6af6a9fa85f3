"""How agents are doing, set against projects of the same grade; nobody with fewer than three projects is published.

Each measure of an agent is a share of his orders. It is divided by what all agents reach with projects of the same
grades (indirect standardisation), so that who has the hard projects is not behind for it: 1.00 is as everybody.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, Q

from agency import desk_data as data
from agency.desk_states import EscalationState, OrderState
from agency.models import Agent, Escalation, Rating, WorkOrder
from projects import timing
from projects.models import IssueItem
from projects.states import IssueKind

HUNDREDTH = Decimal("0.01")
EVERYWHERE = Q()
#: The measures that are shares of orders, with their words.
MEASURES: dict[str, str] = {"on_time": "按计划办结", "first_pass": "一次通过", "fresh": "跟办不断档"}
CASE_LABEL = "packages.MatterCase"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of an agent: how many of how many, what would be expected of these grades, and the ratio."""

    name: str
    hits: int
    base: int
    expected: Decimal
    order_ids: tuple[int, ...] = ()
    hit_ids: tuple[int, ...] = ()
    code: str = ""

    @property
    def rate(self) -> Decimal | None:
        """The share in percent."""
        return _round(Decimal(100 * self.hits) / self.base) if self.base else None

    @property
    def index(self) -> Decimal | None:
        """Reached over expected, a ratio; 1.00 is as everybody with projects of these grades."""
        return _round(self.hits / self.expected) if self.expected else None


@dataclass(slots=True)
class AgentRow:
    """One agent over a span: projects, orders, measures; without figures where there are too few projects."""

    agent: Agent
    projects: int = 0
    orders: int = 0
    order_ids: tuple[int, ...] = ()
    project_ids: tuple[int, ...] = ()
    escalation_ids: tuple[int, ...] = ()
    rating_ids: tuple[int, ...] = ()
    is_enough: bool = False
    measures: list[Measure] = field(default_factory=list)
    corrections: int = 0
    saved_days: int = 0
    escalations: int = 0
    resolved: int = 0
    rating: Decimal | None = None
    rated: int = 0
    by_grade: dict[str, int] = field(default_factory=dict)

    @property
    def index(self) -> Decimal | None:
        """The mean of the indices, a ratio; None where there are too few projects."""
        known = [one.index for one in self.measures if one.index is not None]
        return _round(sum(known, Decimal(0)) / len(known)) if known and self.is_enough else None

    @property
    def corrections_per_matter(self) -> Decimal | None:
        """补正 per matter; None without a matter."""
        return _round(Decimal(self.corrections) / self.orders) if self.orders else None


@dataclass(frozen=True, slots=True)
class Fact:
    """What one order of the span says: None where a measure does not apply to it."""

    order_id: int
    agent_id: int
    project_id: int
    grade: str
    on_time: bool | None
    first_pass: bool | None
    fresh: bool | None


def evaluate(start: dt.date, end: dt.date, within: Q = EVERYWHERE) -> list[AgentRow]:
    """Return a row per agent over the days from `start` to `end`, both included; the best index first.

    Counted are orders that were accepted and were open on a day of the span; `within` is a condition on their projects,
    and on those of the escalations. Seven queries.
    """
    orders = _orders(start, end, within)
    cases = {order.case_id: order for order in orders if order.case_id}
    faults = _faults(cases)
    facts = [_fact(order, faults, start, end) for order in orders]
    rows = {agent.pk: AgentRow(agent) for agent in _agents(facts)}
    few = data.number("few", end)
    expected = expected_of(facts)
    for pk, row in rows.items():
        mine = [fact for fact in facts if fact.agent_id == pk]
        row.project_ids = tuple(dict.fromkeys(fact.project_id for fact in mine))
        row.projects, row.orders = len(row.project_ids), len(mine)
        row.order_ids, row.is_enough = tuple(fact.order_id for fact in mine), row.projects >= few
        row.measures = [measure(name, mine, expected) for name in MEASURES] if row.is_enough else []
        row.corrections = sum(faults.get(order.case_id or 0, 0) for order in orders if order.agent_id == pk)
        row.saved_days = sum(_saved(order) for order in orders if order.agent_id == pk)
        for fact in {fact.project_id: fact for fact in mine}.values():
            row.by_grade[fact.grade] = row.by_grade.get(fact.grade, 0) + 1
    _add_escalations(rows, start, end, within)
    _add_ratings(rows, cases, start, end)
    return sorted(rows.values(), key=lambda row: (row.index is None, -(row.index or 0), row.agent.pk))


def expected_of(facts: Iterable[Fact]) -> dict[tuple[str, str], Decimal]:
    """Return the share that all agents reach, by measure and grade."""
    hits: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for fact in facts:
        for name in MEASURES:
            if (value := getattr(fact, name)) is not None:
                cell = hits[name, fact.grade]
                cell[0] += value
                cell[1] += 1
    return {key: Decimal(good) / all_of for key, (good, all_of) in hits.items()}


def measure(name: str, facts: Iterable[Fact], expected: Mapping[tuple[str, str], Decimal]) -> Measure:
    """Return one measure over some orders, with what is expected of their grades."""
    known = [fact for fact in facts if getattr(fact, name) is not None]
    return Measure(
        MEASURES[name],
        sum(getattr(fact, name) for fact in known),
        len(known),
        sum((expected[name, fact.grade] for fact in known), Decimal(0)),
        tuple(fact.order_id for fact in known),
        tuple(fact.order_id for fact in known if getattr(fact, name)),
        name,
    )


def _orders(start: dt.date, end: dt.date, within: Q) -> list[WorkOrder]:
    first, after = timing.start_of_day(start), timing.start_of_day(end + dt.timedelta(days=1))
    rows = WorkOrder.objects.filter(within, taken_at__lt=after, agent__isnull=False).filter(
        Q(done_at=None, closed_at=None) | Q(done_at__gte=first) | Q(closed_at__gte=first)
    )
    return list(rows.select_related("case", "project__pool_entry").order_by("pk"))


def _agents(facts: Iterable[Fact]) -> Iterable[Agent]:
    return Agent.objects.filter(pk__in={fact.agent_id for fact in facts}).select_related("user").order_by("pk")


def _faults(cases: Mapping[int, WorkOrder]) -> dict[int, int]:
    """Return how many faults were told on each case."""
    rows = IssueItem.objects.filter(
        kind=IssueKind.CORRECTION, subject_type=CASE_LABEL, subject_key__in=[str(pk) for pk in cases]
    )
    found = rows.order_by().values_list("subject_key").annotate(number=Count("pk"))
    return {int(key): number for key, number in found}


def _fact(order: WorkOrder, faults: Mapping[int, int], start: dt.date, end: dt.date) -> Fact:
    entry = getattr(order.project, "pool_entry", None)
    done = timing.business_day(order.done_at) if order.done_at else None
    in_span = done is not None and start <= done <= end
    accepted = bool(order.case_id and order.case and order.case.accepted_at)
    return Fact(
        order.pk,
        order.agent_id or 0,
        order.project_id,
        (entry.grade if entry else "") or data.PLAIN_GRADE,
        (done <= order.due_on) if done is not None and in_span and order.due_on else None,
        (faults.get(order.case_id or 0, 0) == 0) if accepted else None,
        order.silences == 0 if order.state != OrderState.CLOSED else None,
    )


def _saved(order: WorkOrder) -> int:
    case = order.case
    if case is None or case.used_days is None or order.state != OrderState.DONE:
        return 0
    return int(case.promised_days) - int(case.used_days)


def _add_escalations(rows: dict[int, AgentRow], start: dt.date, end: dt.date, within: Q) -> None:
    first, after = timing.start_of_day(start), timing.start_of_day(end + dt.timedelta(days=1))
    found = Escalation.objects.filter(within, raised_at__gte=first, raised_at__lt=after, order__agent__in=list(rows))
    for pk, agent, state in found.order_by("pk").values_list("pk", "order__agent", "state"):
        row = rows[agent]
        row.escalation_ids = (*row.escalation_ids, pk)
        row.escalations, row.resolved = row.escalations + 1, row.resolved + (state == EscalationState.DECIDED)


def _add_ratings(rows: dict[int, AgentRow], cases: Mapping[int, WorkOrder], start: dt.date, end: dt.date) -> None:
    """Add the mean grade (1 to 5) that owners gave for the matters of the orders; default ratings do not count."""
    first, after = timing.start_of_day(start), timing.start_of_day(end + dt.timedelta(days=1))
    given = Rating.objects.filter(
        ask__case__in=list(cases), is_default=False, is_excluded=False, given_at__gte=first, given_at__lt=after
    )
    grades: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for case, pk, grade in given.order_by("pk").values_list("ask__case_id", "pk", "grade"):
        grades[cases[case].agent_id or 0].append((pk, grade))
    for agent, found in grades.items():
        rows[agent].rated, rows[agent].rating_ids = len(found), tuple(pk for pk, _ in found)
        rows[agent].rating = _round(Decimal(sum(grade for _, grade in found)) / len(found))


def _round(value: Decimal) -> Decimal:
    return value.quantize(HUNDREDTH, ROUND_HALF_UP)
