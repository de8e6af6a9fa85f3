"""The arithmetic of limits: counting along working days, calendar days or working hours, and around pauses."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from projects import timing, workdays
from projects.clock_states import ClockUnit
from projects.timing import Moment

T = TypeVar("T", dt.date, dt.datetime)

OFFICE_HOURS = ((dt.time(8, 30), dt.time(12, 0)), (dt.time(13, 30), dt.time(18, 0)))
"""Working hours of a working day: eight of them."""

MINUTES = sum((b.hour - a.hour) * 60 + b.minute - a.minute for a, b in OFFICE_HOURS)


class Axis(Generic[T]):
    """A way to count from one point to another. `step` is how many steps make one unit of a limit."""

    step = 1

    def point(self, moment: Moment) -> T:
        """The point of a moment."""
        raise NotImplementedError

    def count(self, start: T, end: T) -> int:
        """Steps after `start` up to and including `end`; 0 when `end` is not after `start`."""
        raise NotImplementedError

    def advance(self, start: T, steps: int) -> T:
        """The first point that lies `steps` after `start`."""
        raise NotImplementedError

    def settle(self, due: T) -> T:
        """Where a limit that ends at `due` really ends."""
        return due

    def advance_over(self, start: T, steps: int, spans: Sequence[tuple[T, T]]) -> T:
        """The first point that lies `steps` after `start`, the steps inside `spans` (disjoint, sorted) left out."""
        at = start
        for low, high in spans:
            free = self.count(at, low)
            if steps <= free:
                break
            steps -= free
            at = max(at, high)
        return self.advance(at, steps)


class WorkingDays(Axis[dt.date]):
    """Working days of the calendar in force."""

    def point(self, moment: Moment) -> dt.date:
        """The business day."""
        return timing.business_day(moment)

    def count(self, start: dt.date, end: dt.date) -> int:
        """Working days after `start` up to and including `end`."""
        return workdays.workdays_between(start, end)

    def advance(self, start: dt.date, steps: int) -> dt.date:
        """The `steps`-th working day after `start`."""
        return workdays.due_date(start, steps)


class CalendarDays(Axis[dt.date]):
    """Every day counts; a limit that ends on a rest day ends on the next working day (民法典 203)."""

    def point(self, moment: Moment) -> dt.date:
        """The business day."""
        return timing.business_day(moment)

    def count(self, start: dt.date, end: dt.date) -> int:
        """Days after `start` up to and including `end`."""
        return max(0, (end - start).days)

    def advance(self, start: dt.date, steps: int) -> dt.date:
        """`steps` days after `start`."""
        return start + dt.timedelta(days=min(steps, (dt.date.max - start).days))

    def settle(self, due: dt.date) -> dt.date:
        """The due day, or the next working day when it is a rest day."""
        return workdays.next_workday(due)


class WorkingMinutes(Axis[dt.datetime]):
    """Minutes of the office hours of working days; a limit is given in hours."""

    step = 60

    def point(self, moment: Moment) -> dt.datetime:
        """The moment in business time; a bare date is the end of that day."""
        if not isinstance(moment, dt.datetime):
            return timing.end_of_day(moment)
        return timing.as_moment(moment).astimezone(timing.BUSINESS_ZONE)

    def count(self, start: dt.datetime, end: dt.datetime) -> int:
        """Working minutes from `start` to `end`; 0 when `end` is not after `start`."""
        if end <= start:
            return 0
        day = dt.timedelta(days=1)
        whole = workdays.workdays_between(start.date() - day, end.date() - day) * MINUTES
        return whole + _minutes_into(end) - _minutes_into(start)

    def advance(self, start: dt.datetime, steps: int) -> dt.datetime:
        """The moment at which `steps` working minutes have passed since `start`."""
        if steps <= 0:
            return start
        total = _minutes_into(start) + steps
        base = workdays.next_workday(start.date())
        days = (total - 1) // MINUTES
        return _minute_of(workdays.due_date(base, days), total - days * MINUTES)


def _minutes_into(moment: dt.datetime) -> int:
    """Working minutes of the day that have passed at the moment; 0 on a rest day."""
    if not workdays.is_workday(moment.date()):
        return 0
    at = moment.hour * 60 + moment.minute
    return sum(
        max(0, min(at, high.hour * 60 + high.minute) - (low.hour * 60 + low.minute)) for low, high in OFFICE_HOURS
    )


def _minute_of(day: dt.date, minutes: int) -> dt.datetime:
    """The moment of a working day at which so many working minutes have passed."""
    for low, high in OFFICE_HOURS:
        length = (high.hour - low.hour) * 60 + high.minute - low.minute
        if minutes <= length:
            return dt.datetime.combine(day, low, tzinfo=timing.BUSINESS_ZONE) + dt.timedelta(minutes=minutes)
        minutes -= length
    return timing.end_of_day(day)


_AXES: dict[str, Axis[Any]] = {
    ClockUnit.WORKING_DAY: WorkingDays(),
    ClockUnit.CALENDAR_DAY: CalendarDays(),
    ClockUnit.MONTH: CalendarDays(),
    ClockUnit.WORKING_HOUR: WorkingMinutes(),
}


def axis_of(unit: str) -> Axis[Any]:
    """The axis that a clock of this unit is counted along (months are counted in days)."""
    return _AXES[unit]


def months_after(start: dt.date, months: int) -> dt.date:
    """The same day `months` later, or the last day of that month when it has no such day (民法典 202)."""
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    if year > dt.MAXYEAR:
        return dt.date.max
    return dt.date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def span_union(spans: Iterable[tuple[T, T]], start: T, end: T | None) -> list[tuple[T, T]]:
    """The union of spans, sorted, disjoint, clipped to [start, end]; empty spans are dropped."""
    union: list[tuple[T, T]] = []
    for begun, ended in sorted(spans):
        low, high = max(begun, start), ended if end is None else min(ended, end)
        if high <= low:
            continue
        if union and low <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], high))
        else:
            union.append((low, high))
    return union
