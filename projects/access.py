"""What a signed-in person is: the facts that both gates start from, read once per request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.db.models import Q

from projects import prepared, timing
from projects.models.people import Membership
from projects.states import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models.people import Organisation, User

#: Roles that see every project of their region, by their duty (handbook §18).
REGION_ROLES = frozenset({Role.DIRECTOR, Role.SUPERVISOR})
OWNER_ROLES = frozenset({Role.OWNER_LEAD, Role.OWNER_STAFF})
CENTRE_ROLES = frozenset({Role.CLERK, Role.AGENT, Role.DISPATCHER, Role.DIRECTOR, Role.SUPERVISOR, Role.ARCHIVIST})


@dataclass(frozen=True, slots=True)
class Access:
    """The current memberships of a user: organisations by role, and the region prefixes that duty opens."""

    by_role: dict[str, frozenset[int]]
    organisation_ids: frozenset[int]
    region_prefixes: tuple[str, ...]
    organisations: tuple[Organisation, ...]

    def has(self, *roles: str) -> bool:
        """Return whether the user holds one of the roles anywhere."""
        return any(self.by_role.get(role) for role in roles)

    def has_at(self, organisation_id: int | None, *roles: str) -> bool:
        """Return whether the user holds one of the roles at this organisation."""
        return any(organisation_id in self.by_role.get(role, ()) for role in roles)

    @property
    def is_office(self) -> bool:
        """Return whether the user works for the government side."""
        return bool(self.by_role) and not set(self.by_role) <= OWNER_ROLES

    @property
    def is_enterprise(self) -> bool:
        """Return whether the user works for an enterprise and nothing else: the pages are then those of the owner."""
        return self.is_owner and not self.is_office

    @property
    def is_owner(self) -> bool:
        """Return whether the user works for an enterprise."""
        return self.has(*OWNER_ROLES)


NOBODY = Access({}, frozenset(), (), ())


def _region_prefix(code: str) -> str:
    """Return the part of a region code that its sub-regions share: 140000 -> 14, 140500 -> 1405, 140581 -> 140581."""
    while code.endswith("00"):
        code = code[:-2]
    return code


def access_of(user: User | AnonymousUser | None) -> Access:
    """Return the user's access facts; read once and kept on the user object, which lives as long as the request."""
    if user is None or not user.is_authenticated:
        return NOBODY
    known = cast("Access | None", getattr(user, "_access", None))
    if known is not None:
        return known
    today = timing.today()
    current = Membership.objects.filter(Q(until=None) | Q(until__gte=today), since__lte=today)
    current = current.select_related("organisation__region").order_by("pk")
    rows = prepared.rows(("memberships", today), lambda pk: current.filter(user_id=pk), user.pk)
    by_role: dict[str, set[int]] = {}
    prefixes = []
    for row in rows:
        by_role.setdefault(row.role, set()).add(row.organisation_id)
        if row.role in REGION_ROLES and row.organisation.region_id:
            code = row.organisation.region.code if row.organisation.region else ""
            prefixes.append(_region_prefix(code))
    access = Access(
        by_role={role: frozenset(ids) for role, ids in by_role.items()},
        organisation_ids=frozenset(row.organisation_id for row in rows),
        region_prefixes=tuple(sorted(set(prefixes))),
        organisations=tuple({row.organisation_id: row.organisation for row in rows}.values()),
    )
    user._access = access  # type: ignore[attr-defined]  # noqa: SLF001 - our own note on the request's user
    return access
