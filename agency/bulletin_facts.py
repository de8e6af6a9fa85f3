"""What a bulletin counts: cases, opinions, marks, acceptances, ratings, and all of them together for one row.

Each fact knows its district (`region`, the number of its row) and its department (`body`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Q

from agency.bulletin_periods import Period
from agency.bulletin_scope import Scope
from packages.states import CASE_DECIDED, CASE_PASSED, CaseState, TaskState

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

#: A decision that was revoked later was a decision of its month.
DECISIONS = (*CASE_DECIDED, CaseState.REVOKED)
GRANTED = (*CASE_PASSED, CaseState.REVOKED)
SILENT = (TaskState.TACIT, TaskState.SUPPLEMENTED, TaskState.NO_OPINION)


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


def within(name: str, period: Period) -> Q:
    """Return the condition that a moment falls into the period."""
    return Q(**{f"{name}__gte": period.start, f"{name}__lt": period.end})


def marks(found: QuerySet[Any], scope: Scope, region: str, body: str) -> list[Mark]:
    """Return a mark for each row; `region` and `body` name the columns of its region and its department. One query."""
    rows = found.order_by("pk").values_list("pk", region, body)
    return [Mark(pk, scope.region(code), body_id or 0) for pk, code, body_id in rows]


def label_of(model: type[Model]) -> str:
    """Return the name under which events and issue items speak of a model."""
    return str(model._meta.label)
