"""The one clock of the portal: `now()` and the business day.

Every `recorded_at` is `now()`; so is every `happened_at`, unless the service was told `at`. Tests and the demo set
the clock with `travel`; nobody else does. Times are aware, the business day is the one of Asia/Shanghai.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

from django.utils import timezone

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")
OPENING = dt.time(9, 0)

Moment = dt.datetime | dt.date


class Traveller:
    """The clock while it is set: it stands still until it is moved."""

    def __init__(self, moment: dt.datetime) -> None:
        self.moment = moment

    def to(self, moment: Moment) -> dt.datetime:
        """Set the clock to `moment` (see `as_moment`) and return it."""
        self.moment = as_moment(moment)
        return self.moment

    def by(self, **delta: float) -> dt.datetime:
        """Move the clock by a `timedelta` given in words: `by(minutes=5)`."""
        self.moment += dt.timedelta(**delta)
        return self.moment


_travelling: ContextVar[Traveller | None] = ContextVar("gaige_travelling", default=None)


def now() -> dt.datetime:
    """The present moment, aware, in UTC unless the clock is set."""
    traveller = _travelling.get()
    return timezone.now() if traveller is None else traveller.moment


def today() -> dt.date:
    """The present business day (Asia/Shanghai)."""
    return business_day(now())


def business_day(moment: Moment) -> dt.date:
    """The business day of a moment; a date is its own business day, a naive time is read as Shanghai time."""
    if not isinstance(moment, dt.datetime):
        return moment
    return moment.date() if moment.tzinfo is None else moment.astimezone(BUSINESS_ZONE).date()


def spoken(moment: Moment | None) -> str:
    """Return a day as a sentence says it: 12月16日, with its year in front when it is another one; "" for none."""
    if moment is None:
        return ""
    day = business_day(moment)
    year = "" if day.year == today().year else f"{day.year}年"
    return f"{year}{day.month}月{day.day}日"


def written(moment: Moment | None) -> str:
    """Return a day as a sentence says it that is kept and read in another year: 2026年12月16日; "" for none."""
    if moment is None:
        return ""
    day = business_day(moment)
    return f"{day.year}年{day.month}月{day.day}日"


def spoken_moment(moment: dt.datetime) -> str:
    """Return a moment as a sentence says it: 12月16日 09:30, with the year in front when it is not the present one."""
    return f"{spoken(moment)} {_clock(moment)}"


def written_moment(moment: dt.datetime) -> str:
    """Return a moment as a sentence says it that is kept: 2026年12月16日 09:30."""
    return f"{written(moment)} {_clock(moment)}"


def _clock(moment: dt.datetime) -> str:
    return f"{as_moment(moment).astimezone(BUSINESS_ZONE):%H:%M}"


def as_moment(moment: Moment) -> dt.datetime:
    """An aware time: a naive one is read as Shanghai time, a bare date as the opening hour of that day."""
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, OPENING)
    return moment.replace(tzinfo=BUSINESS_ZONE) if moment.tzinfo is None else moment


def start_of_day(day: dt.date) -> dt.datetime:
    """00:00 of a business day."""
    return dt.datetime.combine(day, dt.time.min, tzinfo=BUSINESS_ZONE)


def end_of_day(day: dt.date) -> dt.datetime:
    """The last moment that still belongs to a business day."""
    return dt.datetime.combine(day, dt.time.max, tzinfo=BUSINESS_ZONE)


@contextmanager
def travel(moment: Moment) -> Iterator[Traveller]:
    """Set the clock inside the block, for this thread (or async task) alone; blocks nest."""
    traveller = Traveller(as_moment(moment))
    token = _travelling.set(traveller)
    try:
        yield traveller
    finally:
        _travelling.reset(token)
