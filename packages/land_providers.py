"""On whom a land list waits before the land is handed over, told in the projects whose parcel it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from packages.assessment_states import LandListState
from packages.models import LandList, LandListItem, Parcel, PoolEntry
from projects import glance, prepared, timing, waiting, workdays
from projects.access import access_of
from projects.clock_states import Light
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import Project, User

    Person = User | AnonymousUser

ASKED = "packages.land_asked"
NAMED, MOST = 3, 50


def _free() -> QuerySet[LandList]:
    return LandList.objects.filter(project=None, state__in=[LandListState.COLLECTING, LandListState.READY])


def _parcels_of(ids: Sequence[int]) -> QuerySet[Parcel]:
    return Parcel.objects.filter(project__in=ids, number__in=_free().values("parcel"))


def _entries_of(ids: Sequence[int]) -> QuerySet[PoolEntry]:
    return PoolEntry.objects.filter(project__in=ids, parcel__in=_free().values("parcel"))


def asked(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield per list of a project's land the departments that have not signed, or its keeper. Four queries."""
    by_pk = {project.pk: project for project in projects}
    places = dict(_parcels_of(list(by_pk)).values_list("project_id", "number"))
    places = dict(_entries_of(list(by_pk)).values_list("project_id", "parcel")) | places
    unsigned = LandListItem.objects.filter(signed_at=None).select_related("department").order_by("order")
    found = _free().filter(parcel__in=set(places.values())).select_related("keeper").prefetch_related(
        Prefetch("items", unsigned, to_attr="unsigned")
    )
    lists = {land.parcel: land for land in found}
    for project_id, parcel in sorted(places.items()):
        if parcel in lists:
            yield _line(by_pk[project_id], lists[parcel])


def _line(project: Project, land: LandList) -> Waiting:
    rows: list[LandListItem] = land.unsigned  # type: ignore[attr-defined]
    since = timing.business_day(land.made_at)
    bodies = list(dict.fromkeys(item.department.label for item in rows))
    more = f"等 {len(bodies)} 个部门" if len(bodies) > NAMED else ""
    left = workdays.workdays_between(timing.today(), land.due_on) if land.due_on >= timing.today() else -1
    return Waiting(
        project_id=project.pk, rank=3, role="、".join(bodies[:NAMED]) + more if bodies else land.keeper.label,
        verb="签认" if bodies else "随地交付", what=f"宗地 {land.parcel} 的用地清单", since=since,
        days=workdays.workdays_between(since, timing.today()), due_on=land.due_on if bodies else None,
        light=Light.NONE if not bodies else Light.RED if left < 0 else Light.YELLOW if left <= 1 else Light.GREEN,
        auto="到期不作默认，没有列入清单的要求以后不再提出", url=reverse("packages:land_list", args=[land.pk]),
    )


def open_lines(user: Person) -> list[LandListItem]:
    """Return the lines of land lists that the user's departments have to sign, the most urgent first. One query."""
    return prepared.rows_among("unsigned lines of land lists", _lines_of, access_of(user).organisation_ids)


def _lines_of(body_id: int) -> QuerySet[LandListItem]:
    rows = LandListItem.objects.filter(
        signed_at=None, department__in=[body_id], land_list__state=LandListState.COLLECTING
    )
    return rows.select_related("land_list__keeper").order_by("land_list__due_on", "pk")[:MOST]


glance.register(ASKED, _parcels_of, _entries_of)
waiting.register(ASKED, asked, place=ASKED)
