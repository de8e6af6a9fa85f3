"""补录: an act that is keyed in later keeps the moment at which it happened, never before what it follows."""

from __future__ import annotations

import datetime as dt
import functools
import operator
from typing import TYPE_CHECKING

from django.db.models import Q

from projects import timing
from projects.errors import DomainError
from projects.events import late_days, subject_of
from projects.models import Event

if TYPE_CHECKING:
    from django.db.models import Model

#: Keyed in on the next working day is in time.
FREE_DAYS = 1


def late_by(at: dt.datetime | None) -> int:
    """Return how many working days late a moment is keyed in, 0 where that is not more than one."""
    late = late_days(at, timing.now()) if at is not None else 0
    return late if late > FREE_DAYS else 0


def counted_at(at: dt.datetime | None) -> dt.datetime:
    """Return when a limit that nobody confirms a second time stops: what is keyed in late stops it now."""
    return timing.now() if at is None or late_by(at) else at


def check_not_future(at: dt.datetime | None) -> None:
    """Refuse a moment that has not come. Raises `DomainError` (`future`)."""
    if at is not None and at > timing.now():
        raise DomainError("future", "登记的时间晚于现在，请核对日期。")


def check_after(at: dt.datetime | None, begun: dt.datetime, what: str = "提出") -> None:
    """Refuse a moment before what it answers has begun. Raises `DomainError` (`future`, `time_order`)."""
    check_not_future(at)
    if at is not None and at < begun:
        raise DomainError("time_order", f"补录的时间早于{what}的时间（{when(begun)}），请核对。")


def check_follows(at: dt.datetime | None, *subjects: Model) -> None:
    """Refuse a moment before the step that brought any of these to where they stand. No query without a moment.

    Raises `DomainError` (`future`, `time_order` naming the step and its time).
    """
    check_not_future(at)
    if at is None:
        return
    own = [Q(subject_type=label, subject_key=key) for label, key in map(subject_of, subjects)]
    told = Event.objects.filter(functools.reduce(operator.or_, own), data__has_key="state")
    last = told.order_by("-happened_at", "-pk").first()
    if last is not None and at < last.happened_at:
        raise DomainError("time_order", f"补录的时间早于上一步（{when(last.happened_at)} {last.summary}），请核对。")


def when(moment: dt.datetime) -> str:
    """Return a moment of the office in words."""
    return timing.written_moment(moment)
