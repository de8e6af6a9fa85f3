"""Whom a bulletin speaks of: the centres and regions of a series, and the row that each region has in its table."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Q

from agency.bulletin_states import BulletinSeries
from projects.models import Organisation, Region
from projects.states import OrganisationKind, Stage


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose cases: of these centres, in these regions (empty: all), of the stages of a series; region -> its row."""

    series: str
    centre_ids: tuple[int, ...]
    codes: tuple[str, ...] = ()
    row_of: dict[str, int] = field(default_factory=dict)

    def projects(self, way: str = "project") -> Q:
        """Return the condition on the projects, seen from a model that reaches them by `way`."""
        found = Q(**{f"{way}__centre_id__in": self.centre_ids})
        return found & Q(**{f"{way}__region_id__in": self.codes}) if self.codes else found

    def stages(self, way: str = "") -> Q:
        """Return the condition on the stage of cases; the annual report tells of all."""
        prefix = f"{way}__" if way else ""
        if self.series == BulletinSeries.ANNUAL:
            return Q()
        at_the_end = Q(**{f"{prefix}stage": Stage.ACCEPTANCE})
        return at_the_end if self.series == BulletinSeries.ACCEPTANCE else ~at_the_end

    def region(self, code: str) -> int:
        """Return the row of the districts that a region belongs to."""
        return self.row_of.get(code) or row_number(code)


def row_number(code: str) -> int:
    """Return a region code as the number of a row; a code with letters by its last figures."""
    return int(code) if code.isdigit() else int(code, 36) % 2_000_000_000


def scope_of(series: str, centre: Organisation, region: Region | None = None) -> Scope:
    """Return the scope of a bulletin: a centre with what is below it, or one of its districts. Two queries."""
    regions = {row.pk: row for row in Region.objects.all()}
    home = regions.get(region.pk if region else centre.region_id or 0)
    inside = {one.code: way for one in regions.values() if (way := _way(one, home, regions))}
    row_of = {code: row_number(way[-2].code if len(way) > 1 else code) for code, way in inside.items()}
    above = regions.get(centre.region_id or 0)
    below = [one.code for one in regions.values() if one is not above and _way(one, above, regions)]
    centres = Organisation.objects.filter(
        Q(pk=centre.pk) | Q(region__code__in=below, kind__in=[OrganisationKind.BUREAU, OrganisationKind.COMMITTEE])
    )
    ids = tuple(centres.order_by("pk").values_list("pk", flat=True))
    return Scope(series, ids, tuple(sorted(inside)) if region else (), row_of)


def _way(one: Region, home: Region | None, regions: dict[int, Region]) -> list[Region]:
    """Return the regions from one up to its home; nothing where it does not lie in it."""
    way = [one]
    while way[-1] is not home and (parent := way[-1].parent_id):
        way.append(regions[parent])
    return way if home is not None and way[-1] is home else []


def districts(centre: Organisation) -> list[Region]:
    """Return the districts and management committees below a centre's region, by their code."""
    return list(Region.objects.filter(parent=centre.region_id).order_by("code")) if centre.region_id else []
