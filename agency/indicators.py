"""What the bulletin counts: pure reads, each figure with the cases behind it.

Definitions stand in docs/bulletin.md and on the bulletin itself. Source of the counting rules: standards §4.5, §9.3.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from packages.models import Breach, MatterCase
from packages.states import CASE_DECIDED, CaseState, Handling
from projects import timing

if TYPE_CHECKING:
    from projects.models import Organisation

#: A decision that was revoked later was a decision of its month.
DECISIONS = [*CASE_DECIDED, CaseState.REVOKED]
RECEIVED, DECIDED, ON_TIME, MEAN, MEDIAN, OVERDUE, LATE_RATE, BREACHES = (
    "received", "decided", "on_time", "mean_days", "median_days", "overdue", "late_rate", "breaches",
)
#: key -> (name, unit, what it counts), in the order of the columns.
INDICATORS: dict[str, tuple[str, str, str]] = {
    RECEIVED: ("接件", "件", "本期接件的办件，不含受理前撤回的"),
    DECIDED: ("办结", "件", "本期作出决定的办件，含不予许可"),
    ON_TIME: ("按时办结率", "%", "本期办结的办件中未超承诺时限的比例"),
    MEAN: ("平均用时", "个工作日", "本期办结的办件自受理至办结的工作日，扣除暂停"),
    MEDIAN: ("中位用时", "个工作日", "同上，取中位数"),
    OVERDUE: ("超时", "件", "本期办结或期末在办的办件中超过承诺时限的"),
    LATE_RATE: ("逾期率", "%", "超时件除以本期办结与期末在办（已受理）之和"),
    BREACHES: ("违反强条", "条", "本期出具施工图审查意见的办件中，发现的违反强制性条文的问题"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """A month of the bulletin: from `start` until before `end`."""

    year: int
    month: int
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one department (None: all): its value, the cases it counts, and the cases of its denominator."""

    organisation_id: int | None
    key: str
    value: Decimal | None
    case_ids: tuple[int, ...]
    base_ids: tuple[int, ...] = ()


@dataclass(slots=True)
class _Bucket:
    received: list[int] = field(default_factory=list)
    decided: list[tuple[int, int | None, bool]] = field(default_factory=list)
    running: list[tuple[int, bool]] = field(default_factory=list)
    breaches: list[tuple[int, int]] = field(default_factory=list)


def period_of(year: int, month: int, *, starts_on: int) -> Period:
    """Return the period that is named after a month: from its day `starts_on` of the month before, 00:00."""
    before = (year, month - 1) if month > 1 else (year - 1, 12)
    if starts_on == 1:
        before, after = (year, month), ((year, month + 1) if month < 12 else (year + 1, 1))  # noqa: PLR2004
    else:
        after = (year, month)
    start = timing.start_of_day(dt.date(*before, starts_on))
    return Period(year, month, start, timing.start_of_day(dt.date(*after, starts_on)))


def month_of(day: dt.date, *, starts_on: int) -> tuple[int, int]:
    """Return (year, month) of the period that a day falls into."""
    if starts_on == 1 or day.day < starts_on:
        return day.year, day.month
    return (day.year, day.month + 1) if day.month < 12 else (day.year + 1, 1)  # noqa: PLR2004


def figures(period: Period, centre: Organisation) -> list[Figure]:
    """Return every figure of the period for the whole centre and for each department that had a case."""
    buckets: dict[int | None, _Bucket] = defaultdict(_Bucket)
    buckets[None] = _Bucket()
    for bucket_key, kind, row in _rows(period, centre):
        for key in (None, bucket_key):
            getattr(buckets[key], kind).append(row)
    ordered = [None, *sorted(key for key in buckets if key is not None)]
    return [figure for key in ordered for figure in _figures_of(key, buckets[key])]


def _rows(period: Period, centre: Organisation) -> Iterable[tuple[int, str, object]]:
    ours = MatterCase.objects.filter(project__centre=centre).exclude(handling=Handling.OUTSIDE).order_by("pk")
    received = ours.filter(received_at__gte=period.start, received_at__lt=period.end).exclude(
        state=CaseState.WITHDRAWN, accepted_at=None, ended_at__lt=period.end
    )
    for pk, lead in received.values_list("pk", "lead_id"):
        yield lead, "received", pk
    decided = ours.filter(decided_at__gte=period.start, decided_at__lt=period.end, state__in=DECISIONS)
    for pk, lead, used, late in decided.values_list("pk", "lead_id", "used_days", "is_overdue"):
        yield lead, "decided", (pk, used, late)
    running = ours.filter(Q(ended_at=None) | Q(ended_at__gte=period.end), accepted_at__lt=period.end).exclude(
        decided_at__lt=period.end
    )
    for pk, lead, first in running.values_list("pk", "lead_id", "promised_clock__first_overdue_at"):
        yield lead, "running", (pk, first is not None and first < period.end)
    judged = Breach.objects.filter(
        is_mandatory=True, review__case__in=ours, review__opinion_at__gte=period.start,
        review__opinion_at__lt=period.end,
    )
    counted = judged.order_by("review__case").values_list("review__case", "review__case__lead").annotate(Count("pk"))
    for pk, lead, many in counted:
        yield lead, "breaches", (pk, many)


def _figures_of(organisation_id: int | None, bucket: _Bucket) -> list[Figure]:
    decided = tuple(pk for pk, _, _ in bucket.decided)
    in_time = tuple(pk for pk, _, late in bucket.decided if not late)
    timed = tuple(pk for pk, days, _ in bucket.decided if days is not None)
    used = [days for _, days, _ in bucket.decided if days is not None]
    overdue = tuple(pk for pk, _, late in bucket.decided if late) + tuple(pk for pk, late in bucket.running if late)
    base = decided + tuple(pk for pk, _ in bucket.running)
    make = _Maker(organisation_id)
    return [
        make(RECEIVED, Decimal(len(bucket.received)), tuple(bucket.received)),
        make(DECIDED, Decimal(len(decided)), decided),
        make(ON_TIME, _percent(len(in_time), len(decided)), in_time, decided),
        make(MEAN, _round(statistics.fmean(used)) if used else None, timed),
        make(MEDIAN, _round(statistics.median(used)) if used else None, timed),
        make(OVERDUE, Decimal(len(overdue)), overdue),
        make(LATE_RATE, _percent(len(overdue), len(base)), overdue, base),
        make(BREACHES, Decimal(sum(many for _, many in bucket.breaches)), tuple(pk for pk, _ in bucket.breaches)),
    ]


@dataclass(frozen=True, slots=True)
class _Maker:
    organisation_id: int | None

    def __call__(
        self, key: str, value: Decimal | None, case_ids: tuple[int, ...], base_ids: tuple[int, ...] = ()
    ) -> Figure:
        """Return one figure of this department."""
        return Figure(self.organisation_id, key, value, case_ids, base_ids)


def _percent(part: int, whole: int) -> Decimal | None:
    return _round(100 * part / whole) if whole else None


def _round(value: float) -> Decimal:
    return Decimal(f"{value:.2f}")
