"""What credit archives give to the project page and the to-do list: one line with its sources; never on the QR page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.urls import reverse

from projects import gathering, glance, owing, panels, timing
from projects.access import access_of
from projects.credit_states import GRADE_TONES, LISTING_HOLDS, ListingState
from projects.models import CreditListing, CreditRecord, Project
from projects.owing import Debt, Person
from projects.panels import Panel
from projects.services.credit import grade_from

if TYPE_CHECKING:
    from django.http import HttpRequest

PLACE, LISTINGS = "packages.credit", "packages.credit_listings"


def panel(project: Project, request: HttpRequest) -> Panel | None:
    """Return 信用 B · 2 条记录 for the office and the owner itself, where there is a record."""
    access = access_of(request.user)
    if not access.is_office and project.owner_id not in access.organisation_ids:
        return None
    if not glance.glance([project]).has(PLACE, project.pk):
        return None
    records = gathering.rows_of(PLACE, [project])
    listed = any(row.state in LISTING_HOLDS for row in gathering.rows_of(LISTINGS, [project]))
    grade, count = grade_from(records, timing.today(), is_listed=listed), len(records)
    return Panel("packages/_panel_credit.html", {
        "project": project, "grade": grade, "tone": GRADE_TONES.get(grade, "none"), "count": count,
    }, column="side")


def debts(user: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield the entries of the list to which the enterprise may still speak. One query."""
    mine = access_of(user).organisation_ids
    projects = glance.glance(projects).only(PLACE, projects)
    by_pk = {project.pk: project for project in projects if project.owner_id in mine}
    if not by_pk:
        return
    for row in CreditListing.objects.filter(project__in=by_pk, state=ListingState.TOLD, organisation__in=mine):
        yield Debt(
            row.project_id, "陈述申辩", f"拟列入失信名单：{row.reason}",
            reverse("packages:credit_listing", args=[row.pk]),
            "去陈述",
            detail="逾期不陈述的，由中心主任决定", why=row.basis, due_on=row.plead_until, tone="bad",
        )


glance.register(
    PLACE, lambda ids: Project.objects.filter(pk__in=ids, owner__credit_records__isnull=False), project="pk"
)
gathering.register(
    PLACE, place=PLACE, by_key=False, rows=lambda projects: CreditRecord.objects.filter(
        organisation__in=[project.owner_id for project in projects], person=None
    ).order_by("pk"),
)
gathering.register(
    LISTINGS, place=PLACE, by_key=False, rows=lambda projects: CreditListing.objects.filter(
        organisation__in=[project.owner_id for project in projects]
    ).order_by("pk"),
)
panels.register(PLACE, 31, panel)
owing.register(PLACE, debts)
