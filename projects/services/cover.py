"""People who are involved for a while only, and what those who are involved may do for the owner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import Q

from projects import timing
from projects.events import record
from projects.models import Involvement
from projects.states import InvolvementRole

if TYPE_CHECKING:
    from projects.models import Project, User


def involve_until(
    project: Project, *, user: User, role: str, since: dt.date, until: dt.date, by: User | None,
    powers: Sequence[str] = (), at: dt.datetime | None = None,
) -> Involvement | None:
    """Involve a person in the locked project for some days; it begins and ends by itself. Records `project.involved`.

    None when the person is involved in that role for at least as long already.
    """
    known = Involvement.objects.filter(project=project, user=user, role=role)
    if known.filter(Q(until=None) | Q(until__gte=until)).exists():
        return None
    row = Involvement.objects.create(
        project=project, user=user, role=role, powers=list(powers),
        since=max(since, timing.business_day(at or timing.now())), until=until,
    )
    record(
        "project.involved", subject=project, project=project, by=by, at=at,
        summary=f"{InvolvementRole(role).label}代班：{user}，{timing.spoken(since)}至{timing.spoken(until)}",
        data={"role": str(role), "user": user.pk, "organisation": None, "until": f"{until:%Y-%m-%d}"},
    )
    return row


def end_cover(project: Project, *, user: User, role: str, until: dt.date) -> int:
    """End what `involve_until` opened until that day; return how many rows were cut."""
    yesterday = timing.today() - dt.timedelta(days=1)
    rows = Involvement.objects.filter(project=project, user=user, role=role, until=until)
    begun = rows.filter(since__lte=yesterday).update(until=yesterday)
    return begun + rows.filter(since__gt=yesterday).update(since=yesterday, until=yesterday)


def set_powers(project: Project, *, roles: Sequence[str], powers: Sequence[str]) -> int:
    """Set what the people of these roles may do in the locked project; return how many. The event is the caller's.

    Those whose days begin later are among them.
    """
    not_over = Q(until=None) | Q(until__gte=timing.today())
    rows = Involvement.objects.filter(not_over, project=project, role__in=roles, user__isnull=False)
    return rows.update(powers=list(powers))
