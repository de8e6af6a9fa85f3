"""Who is told: the people of a body in some roles, the two people of a project. Pure reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db.models import Q

from projects import timing
from projects.access import region_prefix
from projects.models import Involvement, Membership, Organisation, User
from projects.states import InvolvementRole, Role

STAFF = (Role.REVIEWER, Role.CHIEF)
AGENTS = (InvolvementRole.LEAD_OFFICER, InvolvementRole.SERVICE_AGENT)
AGENT_WHY = "您是项目的项目长或服务专员"
OWNER_WHY = "由贵单位办理"


_read: ContextVar[dict[tuple[int, tuple[str, ...], dt.date], list[User]] | None] = ContextVar("people", default=None)
_agents: ContextVar[dict[int, list[tuple[str, User]]] | None] = ContextVar("agents", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Read the people of a body and of a project once inside the block: a sweep asks for the same ones all the time."""
    people, agents = _read.set({}), _agents.set({})
    try:
        yield
    finally:
        _read.reset(people)
        _agents.reset(agents)


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


def above(centre_id: int | None) -> list[User]:
    """Return the people of the 工改办 above a centre: of the centre itself, or of a body whose region holds it.

    In the order of their accounts. Two queries, read once inside of `read_once`.
    """
    if centre_id is None:
        return []
    today, read = timing.today(), _read.get()
    if read is None:
        return _above(centre_id)
    key = centre_id, ("above",), today
    if key not in read:
        read[key] = _above(centre_id)
    return list(read[key])


def _above(centre_id: int) -> list[User]:
    code = Organisation.objects.filter(pk=centre_id).values_list("region__code", flat=True).first() or ""
    standing = Membership.objects.current().filter(role=Role.SUPERVISOR, user__is_active=True)
    posts = standing.select_related("user", "organisation__region")
    found = {
        post.user_id: post.user for post in posts.order_by("user_id")
        if post.organisation_id == centre_id
        or (post.organisation.region and code.startswith(region_prefix(post.organisation.region.code)))
    }
    return list(found.values())


def agents_of(project_id: int | None, *roles: str) -> list[User]:
    """Return the 项目长 and the 服务专员 of a project, or one of them."""
    if project_id is None:
        return []
    wanted, read = roles or AGENTS, _agents.get()
    if read is None:
        found = _agents_of(project_id)
    else:
        found = read[project_id] if project_id in read else read.setdefault(project_id, _agents_of(project_id))
    return [user for role, user in found if role in wanted]


def _agents_of(project_id: int) -> list[tuple[str, User]]:
    current = Involvement.objects.current().filter(project_id=project_id, user__isnull=False, role__in=AGENTS)
    return [(row.role, row.user) for row in current.select_related("user") if row.user]
