"""What a signed-in person is: the facts that both gates start from, read once per request.

A delegation (委托代理) is a membership with a giver, so one query reads both. What a person may do by somebody else's
role only is found out where it counts, in `judge`: the event then says for whom it was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.db.models import Q

from projects import prepared, timing
from projects.models.people import Membership
from projects.states import ADMIN_ROLES, OrganisationKind, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.errors import Verdict
    from projects.models.people import Organisation, User

#: Roles that see every project of their region, by their duty (handbook §18).
REGION_ROLES = frozenset({Role.DIRECTOR, Role.SUPERVISOR, Role.INSPECTOR})
OWNER_ROLES = frozenset({Role.OWNER_LEAD, Role.OWNER_STAFF})
CENTRE_ROLES = frozenset({Role.CLERK, Role.AGENT, Role.DISPATCHER, Role.DIRECTOR, Role.SUPERVISOR, Role.ARCHIVIST})


@dataclass(frozen=True, slots=True)
class Access:
    """The current memberships of a user: organisations by role, and the region prefixes that duty opens.

    `organisation_ids` are the bodies whose work the user shares; an administrator keeps accounts there and shares none.
    `user_ids` are the user and those whose agency work (代办) the user carries on while they are away.
    """

    by_role: dict[str, frozenset[int]]
    organisation_ids: frozenset[int]
    region_prefixes: tuple[str, ...]
    organisations: tuple[Organisation, ...]
    user_ids: tuple[int, ...] = ()
    delegations: tuple[Membership, ...] = ()

    def has(self, *roles: str) -> bool:
        """Return whether the user holds one of the roles anywhere."""
        return any(self.by_role.get(role) for role in roles)

    def has_at(self, organisation_id: int | None, *roles: str) -> bool:
        """Return whether the user holds one of the roles at this organisation."""
        return any(organisation_id in self.by_role.get(role, ()) for role in roles)

    @property
    def is_office(self) -> bool:
        """Return whether the user works on projects for the government side; administrators do not."""
        return bool(set(self.by_role) - OWNER_ROLES - ADMIN_ROLES)

    @property
    def is_archive(self) -> bool:
        """Return whether the user works for archives only: they take files over and see no figures of the centre."""
        return self.is_office and all(body.kind == OrganisationKind.ARCHIVE for body in self.organisations)

    @property
    def is_staff(self) -> bool:
        """Return whether the user holds any role beside those of an enterprise: staff and administrators."""
        return bool(set(self.by_role) - OWNER_ROLES)

    @property
    def is_administrator(self) -> bool:
        """Return whether the user is one of the three administrators."""
        return self.has(*ADMIN_ROLES)

    def speaks_for(self, user_id: int | None) -> bool:
        """Return whether what the user does now is as if that person did it: the same person, or the stand-in.

        Whoever raised something does not approve it, neither alone nor through a delegation (回避).
        """
        return user_id is not None and (
            user_id in self.user_ids or any(row.giver_id == user_id for row in self.delegations)
        )

    @property
    def is_enterprise(self) -> bool:
        """Return whether the user works for an enterprise and nothing else: the pages are then those of the owner."""
        return self.is_owner and not self.is_office

    @property
    def is_owner(self) -> bool:
        """Return whether the user works for an enterprise."""
        return self.has(*OWNER_ROLES)


NOBODY = Access({}, frozenset(), (), ())


def region_prefix(code: str) -> str:
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
    rows = _memberships(user.pk)
    access = _facts(user.pk, rows)
    user._access, user._held = access, rows  # type: ignore[attr-defined]  # noqa: SLF001 - our notes on the user
    return access


def _memberships(user_id: int) -> list[Membership]:
    today = timing.today()
    current = Membership.objects.filter(Q(until=None) | Q(until__gte=today), since__lte=today)
    current = current.select_related("organisation__region").order_by("pk")
    return prepared.rows(("memberships", today), lambda pk: current.filter(user_id=pk), user_id)


def _facts(user_id: int, rows: Iterable[Membership]) -> Access:
    by_role: dict[str, set[int]] = {}
    prefixes, user_ids, given, bodies = set(), {user_id: None}, [], {}
    for row in rows:
        by_role.setdefault(row.role, set()).add(row.organisation_id)
        bodies[row.organisation_id] = row.organisation
        if row.role in REGION_ROLES and row.organisation.region_id:
            code = row.organisation.region.code if row.organisation.region else ""
            prefixes.add(region_prefix(code))
        if row.giver_id:
            given.append(row)
            if row.role == Role.AGENT:
                user_ids[row.giver_id] = None
    shared = {pk for role, ids in by_role.items() if role not in ADMIN_ROLES for pk in ids}
    return Access(
        by_role={role: frozenset(ids) for role, ids in by_role.items()},
        organisation_ids=frozenset(shared),
        region_prefixes=tuple(sorted(prefixes)),
        organisations=tuple(bodies.values()),
        user_ids=tuple(user_ids),
        delegations=tuple(given),
    )


def judge(rule: Callable[[Any, Any], Verdict], user: Any, obj: Any) -> Verdict:
    """Return what the rule says, and note on the user through whose delegation it holds, if not by the own roles.

    Only for people with a delegation the rule is asked again: by the own roles first, then with each delegation.
    """
    full = access_of(user)
    if not full.delegations:
        return rule(user, obj)
    held = user._held  # noqa: SLF001 - our own note
    own = [row for row in held if not row.giver_id]
    user._acts_by = None  # noqa: SLF001
    try:
        for row in (None, *full.delegations):
            user._access = _facts(user.pk, [*own, row] if row else own)  # noqa: SLF001
            if rule(user, obj):
                user._acts_by = row  # noqa: SLF001
                break
    finally:
        user._access = full  # noqa: SLF001
    return rule(user, obj)


def stands_in_for(user: Any) -> str:
    """Return for whom the last permitted step was done (周正，首席代表); empty when it was by an own role."""
    row = getattr(user, "_acts_by", None)
    return f"{row.giver}，{row.get_role_display()}" if row else ""
