"""Visits that nobody needs any more: they end with what they were planned for, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from acceptance.models import AcceptanceApplication, Inspection
from acceptance.services.inspections import lock_inspection, move
from acceptance.states import ACCEPTANCE_GOOD, Scope
from acceptance.supervision_states import SLOT_OPEN, InspectionKind
from projects import timing
from projects.states import ProjectStatus, Stage

if TYPE_CHECKING:
    from django.db.models import QuerySet

ENDED = (ProjectStatus.TERMINATED, ProjectStatus.MERGED)


def outlived() -> QuerySet[Inspection]:
    """Return visits that have not begun though their project is delivered or ended, or their works accepted.

    What a department wants to see outside the plan (a complaint, an accident) goes on after the acceptance; with the
    delivery or the end of the project it goes as well.
    """
    accepted = AcceptanceApplication.objects.filter(scope=Scope.PROJECT, state__in=ACCEPTANCE_GOOD)
    gone = Q(project__stage=Stage.DELIVERED) | Q(project__status__in=ENDED)
    planned = Q(kind=InspectionKind.PLANNED, work_unit__in=accepted.values("work_unit"))
    return Inspection.objects.filter(gone | planned, state__in=SLOT_OPEN)


def end_visits(project_id: int) -> int:
    """Call off what a project no longer needs; return how many visits. A second call finds none."""
    return sum(end_visit(pk) for pk in list(outlived().filter(project=project_id).values_list("pk", flat=True)))


@transaction.atomic
def end_visit(inspection_id: int) -> bool:
    """Call off a visit that project or works need no more; return whether it was. Event `inspection.cancelled`."""
    row = lock_inspection(inspection_id)
    if not outlived().filter(pk=row.pk).exists():
        return False
    old = row.state
    row.cancel()
    row.closed_at = timing.now()
    why = _why(row)
    move(row, old, "cancelled", f"取消{row.title}：{why}", by=None, at=None, reason=why)
    return True


def _why(row: Inspection) -> str:
    project = row.project
    if project.status in ENDED:
        return f"项目{project.get_status_display()}，不再检查"
    if project.stage == Stage.DELIVERED:
        return "项目已交付，联合监管结束"
    return "工程已通过联合验收，计划内检查不再进行"
