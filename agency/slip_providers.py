"""What the chase slips give to the apps below: who has to answer or close one, and where they stand on the pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from agency import slip_rules as may
from agency.models import ChaseSlip
from agency.models.slips import OPEN
from agency.states import SlipState
from packages.models import MatterCase
from packages.states import CASE_OPEN
from projects import gathering, panels, timing, waiting, workdays
from projects import glance as glances
from projects.access import access_of
from projects.clock_states import Light
from projects.glance import glance
from projects.panels import Action
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from projects.models import Project

PLACE = "agency.slips"
#: After the reviews and prerequisites, before the next step: a slip asks about something that is waited for already.
RANK = 6


def _open(projects: Sequence[Project]) -> QuerySet[ChaseSlip]:
    found = ChaseSlip.objects.filter(project__in=projects, state__in=list(OPEN))
    return found.select_related("to", "case__matter", "paper").order_by("pk")


def slips_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield one row per open slip: its body has to answer, then the centre to close it."""
    by_pk, today = {project.pk: project for project in projects}, timing.today()
    for slip in gathering.rows_of(PLACE, projects):
        asked = slip.state == SlipState.ISSUED
        since = timing.business_day(slip.issued_at if asked else slip.answered_at)
        number = slip.paper.number if slip.paper else ""
        yield Waiting(
            project_id=slip.project_id, rank=RANK, role=slip.to.label if asked else by_pk[slip.project_id].centre.label,
            verb="回复" if asked else "核对销号", what=f"督办单{number}",
            public_what="督办单", since=since,
            days=workdays.workdays_between(since, today), due_on=slip.due_on if asked else None,
            light=(Light.RED if slip.due_on < today else Light.YELLOW) if asked else Light.NONE,
            auto="逾期不回复的列入通报" if asked else "所督办的时限结束时自动销号", case_id=slip.case_id,
            url=reverse("agency:slip", args=[slip.pk]),
        )


def slip_panel(project: Project, request: HttpRequest) -> panels.Panel | None:
    """Return the sheet 督办 for the government side: the open slips, and the way to issue one."""
    if not access_of(request.user).is_office:
        return None
    verdict = may.can_issue_slip(request.user, project)
    slips = gathering.rows_of(PLACE, [project]) if glance([project]).has(PLACE, project.pk) else []
    if not slips and not verdict:
        return None
    return panels.Panel(
        "agency/_panel_slips.html", {"slips": slips, "can_issue": verdict, "project": project}, column="side"
    )


def ways_of_case(case: Any, user: Any) -> list[Action]:
    """Return the slips about a case, and for those who may the way to issue one."""
    if not access_of(user).is_office:
        return []
    found = ChaseSlip.objects.open().filter(case=case).select_related("paper").order_by("pk")
    ways = [
        Action(f"{slip}（{slip.get_state_display()}）", reverse("agency:slip", args=[slip.pk])) for slip in found
    ]
    if case.state in CASE_OPEN and may.is_head(user, case.project):
        ways.append(Action(
            "下督办单", reverse("agency:slip_case", args=[case.pk]), may.can_issue_slip(user, case.project)
        ))
    return ways


glances.register(PLACE, lambda ids: ChaseSlip.objects.filter(project__in=ids, state__in=list(OPEN)), word="state")
gathering.register(PLACE, place=PLACE, rows=_open)
waiting.register("agency.slips", slips_waiting, place=PLACE)
panels.register("agency.slips", 62, slip_panel)
panels.register_ways(MatterCase._meta.label, ways_of_case)
