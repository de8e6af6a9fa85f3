"""Whose cockpit it is: a director commands the own centre, 工改办 all centres of its region."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from projects import timing
from projects.access import Access, access_of
from projects.memo import Memo
from projects.models import Organisation, Project
from projects.paging import as_key
from projects.states import Role

if TYPE_CHECKING:
    from projects.models import User

#: The centres to choose from, by whose region they are asked for.
_centres: Memo[tuple[Organisation, ...]] = Memo(most=200, seconds=settings.COUNTERS_SECONDS)


@dataclass(frozen=True, slots=True)
class Reach:
    """The projects of a cockpit: those of all centres, or of the one that was chosen.

    `scope` tells apart who commands the same centres but not the same projects of theirs.
    """

    projects: QuerySet[Project]
    centres: tuple[Organisation, ...]
    chosen: Organisation | None
    is_above: bool
    scope: tuple[object, ...] = ()

    @property
    def words(self) -> str:
        """Return whose figures they are."""
        if self.chosen is not None:
            return self.chosen.name
        return "全部中心" if self.is_above else "、".join(centre.name for centre in self.centres)

    @property
    def key(self) -> tuple[object, ...]:
        """Return what kept figures depend on."""
        return tuple(centre.pk for centre in self.centres), self.chosen.pk if self.chosen else 0, self.scope

    @property
    def query(self) -> str:
        """Return what keeps the choice in an address."""
        return f"centre={self.chosen.pk}" if self.chosen else ""


def reach_of(user: User, centre: str = "") -> Reach:
    """Return what a person commands, narrowed to one centre when the address names one.

    One query for who stands above, once in `COUNTERS_SECONDS`: the figures beside the centres are not newer either.
    Everything in it is visible to the person: region duty opens the region, a membership the projects of the centre.
    """
    access = access_of(user)
    above = access.has(Role.SUPERVISOR)
    own = access.by_role.get(Role.DIRECTOR, frozenset())
    projects = _region(user, access) if above else Project.objects.filter(centre_id__in=sorted(own)).order_by()
    scope = _scope(user, access) if above else ()
    own_centres = tuple(body for body in access.organisations if body.pk in own)
    centres = _centres.of((scope, timing.today()), lambda: _above(projects)) if above else own_centres
    wanted = as_key(centre)
    chosen = next((body for body in centres if body.pk == wanted), None)
    if chosen is not None:
        projects = projects.filter(centre_id=chosen.pk)
    return Reach(projects, centres, chosen, above, scope)


def _scope(user: User, access: Access) -> tuple[object, ...]:
    """The regions that a duty opens; the person where it opens none."""
    return tuple(sorted(access.region_prefixes)) if _has_regions(access) else (user.pk,)


def _has_regions(access: Access) -> bool:
    return bool(access.region_prefixes) and "" not in access.region_prefixes


def _region(user: User, access: Access) -> QuerySet[Project]:
    """The projects of the region that a duty opens; a body without a region has those it is involved in."""
    if not _has_regions(access):
        return Project.objects.visible_to(user).order_by()
    inside = reduce(or_, (Q(region__code__startswith=prefix) for prefix in access.region_prefixes))
    return Project.objects.filter(inside).order_by()


def _above(projects: QuerySet[Project]) -> tuple[Organisation, ...]:
    """The centres of these projects. One query."""
    mine = projects.filter(centre_id=OuterRef("pk"))
    return tuple(Organisation.objects.filter(Exists(mine)).select_related("region").order_by("pk"))
