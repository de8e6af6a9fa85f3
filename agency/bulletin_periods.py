"""The months and years of the bulletins: from the 26th to the 25th 24:00, or as the setting says."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from projects import timing

DECEMBER = 12


@dataclass(frozen=True, slots=True)
class Period:
    """A month of the bulletin (0: the year): from `start` until before `end`."""

    year: int
    month: int
    start: dt.datetime
    end: dt.datetime

    @property
    def last_day(self) -> dt.date:
        """Return the last day that is counted."""
        return timing.business_day(self.end) - dt.timedelta(days=1)

    @property
    def counted_to(self) -> dt.date:
        """Return the day to which what still runs is counted: the last day, or today while the period is not over."""
        return min(self.last_day, timing.today())


def first_day() -> int:
    """Return the day of the month on which a period begins (a setting)."""
    return int(settings.BULLETIN_MONTH_STARTS_ON)


def period_of(year: int, month: int, *, starts_on: int) -> Period:
    """Return the period that is named after a month: from its day `starts_on` of the month before, 00:00.

    Month 0 is the year: its twelve months.
    """
    if not month:
        months = [period_of(year, one, starts_on=starts_on) for one in (1, DECEMBER)]
        return Period(year, 0, months[0].start, months[1].end)
    if starts_on == 1:
        before, after = (year, month), month_after(year, month)
    else:
        before, after = month_before(year, month), (year, month)
    start = timing.start_of_day(dt.date(*before, starts_on))
    return Period(year, month, start, timing.start_of_day(dt.date(*after, starts_on)))


def month_of(day: dt.date, *, starts_on: int) -> tuple[int, int]:
    """Return (year, month) of the period that a day falls into."""
    if starts_on == 1 or day.day < starts_on:
        return day.year, day.month
    return month_after(day.year, day.month)


def month_before(year: int, month: int) -> tuple[int, int]:
    """Return (year, month) of the period before; the year before of a year."""
    if not month:
        return year - 1, 0
    return (year, month - 1) if month > 1 else (year - 1, DECEMBER)


def month_after(year: int, month: int) -> tuple[int, int]:
    """Return (year, month) of the period that follows."""
    return (year, month + 1) if month < DECEMBER else (year + 1, 1)


def current_month(at: dt.datetime | None = None) -> tuple[int, int]:
    """Return (year, month) of the period that runs now."""
    return month_of(timing.business_day(at or timing.now()), starts_on=first_day())
