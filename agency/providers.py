"""What the agency desk gives to the apps below: who waits for its two people, and the sheet of the project page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from agency.models import Assignment
from agency.states import AssignmentRole
from projects import gathering, panels, timing, waiting, workdays
from projects import glance as glances
from projects.access import access_of
from projects.glance import glance
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.http import HttpRequest

    from projects.models import Project

RANK_UNASSIGNED = 4
PLACE = "agency.assignments"


def unassigned(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield one row per open project that lacks one of its two people, as the glance tells. No query of its own."""
    seen, today = glance(projects), timing.today()
    for project in projects:
        held = seen.words(PLACE, project.pk)
        missing = [role for role in AssignmentRole if role.value not in held]
        if missing:
            since = timing.business_day(project.registered_at)
            yield Waiting(
                project_id=project.pk, rank=RANK_UNASSIGNED, role="代办调度", verb="指派",
                what="、".join(str(role.label) for role in missing), since=since,
                days=workdays.workdays_between(since, today), auto="一直等到代办调度指派为止",
            )


def people_panel(project: Project, request: HttpRequest) -> panels.Panel:
    """Return the sheet 代办: who is 项目长 and 服务专员, and the way to assign."""
    from agency import rules

    enterprise = access_of(request.user).is_enterprise
    current = gathering.rows_of(PLACE, [project])
    return panels.Panel(
        "agency/_panel_people.html",
        {"assignments": current, "can_assign": rules.can_assign(request.user, project), "project": project,
         "enterprise": enterprise},
        column="first" if enterprise else "side",
    )


glances.register(PLACE, lambda ids: Assignment.objects.filter(project__in=ids, ended_at=None), word="role")
gathering.register(
    PLACE, place=PLACE,
    rows=lambda projects: Assignment.objects.filter(project__in=projects, ended_at=None).select_related(
        "agent__user"
    ).order_by("role"),
)
waiting.register("agency", unassigned)
panels.register("agency", 60, people_panel)
