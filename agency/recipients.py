"""Who is told: the people of a body in some roles, the two people of a project. Pure reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db.models import Q

from projects import timing
from projects.models import Involvement, Membership, User
from projects.states import InvolvementRole, Role

STAFF = (Role.REVIEWER, Role.CHIEF)
AGENT_WHY = "您是项目的项目长或服务专员"
OWNER_WHY = "由贵单位办理"


_read: ContextVar[dict[tuple[int, tuple[str, ...], dt.date], list[User]] | None] = ContextVar("people", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Read the people of a body once inside the block: a sweep asks for the same ones for each of its clocks."""
    token = _read.set({})
    try:
        yield
    finally:
        _read.reset(token)


def people_at(organisation_id: int | None, *roles: str) -> list[User]:
    """Return who holds one of the roles at a body today, in the order of their accounts."""
    if organisation_id is None:
        return []
    today, read = timing.today(), _read.get()
    if read is None:
        return _people_at(organisation_id, roles, today)
    key = organisation_id, roles, today
    if key not in read:
        read[key] = _people_at(*key)
    return list(read[key])


def _people_at(organisation_id: int, roles: tuple[str, ...], today: dt.date) -> list[User]:
    ids = Membership.objects.filter(
        Q(until=None) | Q(until__gte=today), organisation_id=organisation_id, role__in=roles, since__lte=today
    ).values("user_id")
    return list(User.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


def agents_of(project_id: int | None, *roles: str) -> list[User]:
    """Return the 项目长 and the 服务专员 of a project, or one of them."""
    if project_id is None:
        return []
    wanted = roles or (InvolvementRole.LEAD_OFFICER, InvolvementRole.SERVICE_AGENT)
    current = Involvement.objects.current().filter(project_id=project_id, user__isnull=False, role__in=wanted)
    return [involvement.user for involvement in current.select_related("user") if involvement.user]
