"""Who acts in the demonstration and when: people by their role, moments in working days of the simulated time."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from projects import timing, workdays
from projects.models import Membership, User


@lru_cache(maxsize=512)
def person(organisation_id: int, *roles: str) -> User:
    """Return the first person with one of the roles at a body."""
    found = Membership.objects.filter(organisation_id=organisation_id, role__in=roles).order_by("pk")
    return found.select_related("user")[0].user


def user(username: str) -> User:
    """Return a demonstration user."""
    return User.objects.get(username=username)


def later(days: int, hour: float) -> dt.datetime:
    """Return the moment `days` working days after the simulated now, at this hour of Shanghai time."""
    day = timing.today()
    day = workdays.due_date(day, days) if days else day
    moment = timing.start_of_day(day) + dt.timedelta(hours=hour)
    return max(moment, timing.now() + dt.timedelta(minutes=7))
