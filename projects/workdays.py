"""The working calendar: which day counts, when a limit is due, how many working days lie between.

The day a period starts is not counted, the day it ends is (民法典 201; standards of the portal §9). Published days are
rows (`WorkDay`); every other day is computed from weekends and the statutory days, and is provisional. Nothing here
raises for a date.

The days stand in an index of prefix sums, one per calendar version and process, so that an answer takes no query.
Each thread looks every `CALENDAR_CHECK_SECONDS` (default 5) whether the version is still the newest; a change made in
this process is seen at once, also inside the transaction that makes it.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction

from projects.festivals import statutory_days
from projects.timing import Moment, business_day, written

if TYPE_CHECKING:
    from projects.models.people import User
    from projects.models.time import CalendarVersion, WorkDay

STATUTORY_SOURCE = "全国年节及纪念日放假办法（国务院令第795号）"
WEEKDAYS = "一二三四五六日"
_SPAN = (2010, 2045)
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayInfo:
    """What the calendar says of one day: whether it counts, why, and on which document that stands."""

    day: dt.date
    is_workday: bool
    is_provisional: bool
    reason: str
    source: str

    @property
    def is_special(self) -> bool:
        """Whether the day differs from the plain week (a holiday, a make-up day, a local day off)."""
        return self.reason not in ("周末", "工作日")


@dataclass(frozen=True, slots=True)
class _Row:
    is_workday: bool
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Span:
    """Prefix sums over whole years: `worked[i]`, `guessed[i]` count working and provisional days before `first + i`."""

    first: int
    years: tuple[int, int]
    worked: array[int]
    guessed: array[int]
    workdays: array[int]

    def works(self, day: dt.date) -> bool:
        """Whether the day is a working day."""
        at = day.toordinal() - self.first
        return self.worked[at + 1] > self.worked[at]

    def count(self, start: dt.date, end: dt.date) -> int:
        """Working days after `start` up to and including `end`; 0 when `end` is not after `start`."""
        return self._between(self.worked, start, end)

    def guesses(self, start: dt.date, end: dt.date) -> int:
        """Provisional days after `start` up to and including `end`."""
        return self._between(self.guessed, start, end)

    def nth(self, start: dt.date, days: int) -> dt.date | None:
        """The `days`-th working day after `start` (before it when negative), or None outside the span."""
        seen = bisect_right(self.workdays, start.toordinal() if days > 0 else start.toordinal() - 1)
        at = seen + days - 1 if days > 0 else seen + days
        return dt.date.fromordinal(self.workdays[at]) if 0 <= at < len(self.workdays) else None

    def _between(self, sums: array[int], start: dt.date, end: dt.date) -> int:
        if end <= start:
            return 0
        return sums[end.toordinal() - self.first + 1] - sums[start.toordinal() - self.first + 1]


class Calendar:
    """The index of one calendar version: its rows, and a span of years around them that grows on demand."""

    def __init__(self, number: int, rows: dict[dt.date, _Row]) -> None:
        self.number, self.rows = number, rows
        self.span = self._make(*_SPAN)

    def covering(self, low: int, high: int) -> Span:
        """The span, stretched to reach over these years."""
        span = self.span
        if span.years[0] <= low and high <= span.years[1]:
            return span
        self.span = self._make(max(1, min(low, span.years[0])), min(9999, max(high, span.years[1])))
        return self.span

    def _make(self, low: int, high: int) -> Span:
        worked, guessed, workdays = array("l", [0]), array("l", [0]), array("l")
        for year in range(low, high + 1):
            off = statutory_days(year)
            for ordinal in range(dt.date(year, 1, 1).toordinal(), dt.date(year, 12, 31).toordinal() + 1):
                day = dt.date.fromordinal(ordinal)
                row = self.rows.get(day)
                works = row.is_workday if row else (day.weekday() < 5 and day not in off)
                worked.append(worked[-1] + works)
                guessed.append(guessed[-1] + (row is None))
                if works:
                    workdays.append(ordinal)
        return Span(dt.date(low, 1, 1).toordinal(), (low, high), worked, guessed, workdays)

    def info(self, day: dt.date) -> DayInfo:
        """What the calendar says of the day."""
        weekend = day.weekday() >= 5
        row = self.rows.get(day)
        if row is not None:
            plain = "工作日" if row.is_workday else ("周末" if weekend else "休息日")
            return DayInfo(day, row.is_workday, False, row.note or plain, row.source)
        holiday = statutory_days(day.year).get(day)
        if holiday:
            return DayInfo(day, False, True, f"{holiday}放假", STATUTORY_SOURCE)
        return DayInfo(day, not weekend, True, "周末" if weekend else "工作日", "暂按法定节假日推算")


class _Thread(threading.local):
    """What this thread knows of the newest version."""

    calendar: Calendar | None = None
    checked: float = 0.0
    generation: int = -1
    edited_in: Any = None
    supposed: Calendar | None = None


_known: dict[tuple[int, uuid.UUID | None], Calendar] = {}
_lock = threading.Lock()
_thread = _Thread()
_generation = 0


def calendar_changed() -> None:
    """Told by the models when a version is opened: this thread re-reads at once, the others on commit."""
    _thread.checked, _thread.calendar = 0.0, None
    _thread.edited_in = connection.atomic_blocks[0] if connection.in_atomic_block else None
    transaction.on_commit(_tell_threads)


def _tell_threads() -> None:
    global _generation  # noqa: PLW0603 - one counter per process, under the lock
    with _lock:
        _generation += 1


def forget() -> None:
    """Drop every index of this process (tests that empty the tables call it)."""
    with _lock:
        _known.clear()
    _thread.checked, _thread.calendar, _thread.edited_in = 0.0, None, None
    _tell_threads()


def _is_fresh() -> bool:
    """Whether the calendar that this thread holds may be used without looking."""
    if _thread.generation != _generation:
        return False
    if _thread.edited_in is not None:
        if connection.in_atomic_block and connection.atomic_blocks[0] is _thread.edited_in:
            return False  # the edit may yet be rolled back to a savepoint
        _thread.edited_in = None
        return False
    age = time.monotonic() - _thread.checked
    return 0 <= age < getattr(settings, "CALENDAR_CHECK_SECONDS", 5)


def current() -> Calendar:
    """The index of the newest calendar version."""
    if _thread.supposed is not None:
        return _thread.supposed
    if _thread.calendar is not None and _is_fresh():
        return _thread.calendar
    from projects.models.time import CalendarVersion, WorkDay

    generation = _generation
    newest = CalendarVersion.objects.order_by("-pk").values_list("pk", "token").first() or (0, None)
    with _lock:
        calendar = _known.get(newest)
    if calendar is None:
        days = WorkDay.objects.values_list("day", "is_workday", "source", "note")
        calendar = Calendar(newest[0], {day: _Row(works, source, note) for day, works, source, note in days})
        with _lock:
            if len(_known) > 8:
                _known.clear()
            _known[newest] = calendar
    _thread.calendar, _thread.generation, _thread.checked = calendar, generation, time.monotonic()
    return calendar


def supposed(days: Mapping[dt.date, tuple[bool, str, str]]) -> Calendar:
    """Return the calendar as it would be if these days stood in it; the years they lie in are replaced as a whole.

    `days`: whether it is a working day, its document, its reason. Nothing is written.
    """
    standing, years = current(), {day.year for day in days}
    rows = {day: row for day, row in standing.rows.items() if day.year not in years}
    return Calendar(standing.number, rows | {day: _Row(*row) for day, row in days.items()})


@contextmanager
def answering_from(calendar: Calendar) -> Iterator[None]:
    """Answer from this calendar inside the block, for this thread alone."""
    before, _thread.supposed = _thread.supposed, calendar
    try:
        yield
    finally:
        _thread.supposed = before


def covering(*days: dt.date) -> Span:
    """The span of the newest calendar, stretched over the years of these days."""
    return current().covering(min(days).year, max(days).year)


def version() -> int:
    """The number of the calendar version that answers are given from."""
    return current().number


def is_workday(day: Moment) -> bool:
    """Whether a business day is a working day."""
    day = business_day(day)
    return covering(day).works(day)


def due_date(start: Moment, days: int) -> dt.date:
    """The `days`-th working day after `start`, which is not counted; 0 is `start` itself (即办).

    A negative number counts back: -1 is the last working day before `start`. The result is clipped to the dates
    that exist.
    """
    start = business_day(start)
    if days == 0:
        return start
    calendar = current()
    span = calendar.covering(start.year, start.year)
    while (found := span.nth(start, days)) is None:
        low, high = span.years
        if (days > 0 and high >= 9999) or (days < 0 and low <= 1):
            return dt.date.max if days > 0 else dt.date.min
        years = abs(days) // 200 + 2
        span = calendar.covering(low if days > 0 else low - years, high + years if days > 0 else high)
    return found


def workdays_between(start: Moment, end: Moment) -> int:
    """Working days after `start` up to and including `end`; 0 when `end` is not after `start`."""
    start, end = business_day(start), business_day(end)
    return covering(start, end).count(start, end)


def is_provisional(day: Moment) -> bool:
    """Whether no published calendar covers the day (暂按法定节假日推算)."""
    return business_day(day) not in current().rows


def has_provisional(start: Moment, end: Moment) -> bool:
    """Whether a day after `start` up to and including `end` is provisional."""
    start, end = business_day(start), business_day(end)
    return covering(start, end).guesses(start, end) > 0


def next_workday(day: Moment) -> dt.date:
    """The day itself when it is a working day, else the first working day after it (民法典 203)."""
    day = business_day(day)
    return day if is_workday(day) else due_date(day, 1)


def days_info(start: Moment, end: Moment) -> list[DayInfo]:
    """What the calendar says of every day after `start` up to and including `end`."""
    start, end = business_day(start), business_day(end)
    calendar = current()
    return [calendar.info(start + _DAY * offset) for offset in range(1, (end - start).days + 1)]


def in_words(day: dt.date) -> str:
    """A day as it is said in an explanation: 2026年11月6日（周五）."""
    return f"{written(day)}（周{WEEKDAYS[day.weekday()]}）"


@transaction.atomic
def set_day(day: dt.date, *, is_workday: bool, source: str, note: str = "", by: User | None = None) -> WorkDay:
    """Write one day of the calendar (an administrator's edit) and open a new version in the name of `by`.

    `source` is the document that makes the day what it is; it is never empty (checked by the database).
    """
    from projects.models.time import CalendarVersion, WorkDay

    changes = changes_of({day: (is_workday, source, note)})
    row, _ = WorkDay.objects.update_or_create(
        day=day, defaults={"is_workday": is_workday, "source": source, "note": note}
    )
    CalendarVersion.objects.filter(pk=version()).update(by=by, changes=changes)
    return row


def changes_of(days: Mapping[dt.date, tuple[bool, str, str]]) -> list[dict[str, Any]]:
    """Return which of these days the calendar in force calls otherwise: the day, what it was, what it becomes, why.

    A day that nothing but the law spoke of before and that stays what it was is no change.
    """
    standing = current()
    found = []
    for day, (works, _, note) in sorted(days.items()):
        was = standing.info(day)
        if was.is_workday != works:
            found.append({"day": str(day), "was": was.is_workday, "works": works, "note": note, "before": was.reason})
    return found


def days_of_year(
    year: int, *, off: Mapping[dt.date, str], work: Mapping[dt.date, str], document: str
) -> dict[dt.date, tuple[bool, str, str]]:
    """Return every day of a year as a notice makes it. Raises `ValueError` for a day of another year."""
    strangers = [day for day in (*off, *work) if day.year != year]
    if strangers:
        message = f"{written(strangers[0])}不在 {year} 年内，请核对放假通知。"
        raise ValueError(message)
    first = dt.date(year, 1, 1)
    days = (first + _DAY * offset for offset in range((dt.date(year, 12, 31) - first).days + 1))
    return {
        day: (day in work or (day not in off and day.weekday() < 5), document, work.get(day) or off.get(day) or "")
        for day in days
    }


@transaction.atomic
def publish_year(
    year: int, *, off: dict[dt.date, str], work: dict[dt.date, str], document: str, by: User | None = None
) -> CalendarVersion:
    """Load the notice of a year: `off` and `work` name the days that differ from the plain week, with their reason.

    Every day of the year becomes a row with `document` as its source. Clocks that stood on the provisional year
    are moved by `projects.recomputing.recompute_provisional`.
    """
    from django.db.models import QuerySet

    from projects.models.time import CalendarVersion, WorkDay

    days = days_of_year(year, off=off, work=work, document=document)
    changes = changes_of(days)
    plain: QuerySet[WorkDay] = QuerySet(WorkDay)
    plain.filter(day__year=year).delete()
    plain.bulk_create(
        WorkDay(day=day, is_workday=works, source=source, note=note) for day, (works, source, note) in days.items()
    )
    return CalendarVersion.objects.bump(document=document, note=f"{year} 年日历", by=by, changes=changes)
