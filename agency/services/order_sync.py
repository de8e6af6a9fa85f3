"""The orders follow the plan and the cases: what is decided is done, what is withdrawn is closed, what waits waits."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction

from agency.desk_states import ORDER_HELD, AgreementState, OrderState
from agency.models import Agreement, WorkOrder
from agency.services import agreements, orders
from archives.services.papers import revoke_paper
from packages.states import CASE_ENDED, CASE_PASSED, CaseState
from projects import timing
from projects.events import lock_project
from projects.states import ProjectStatus

if TYPE_CHECKING:
    from projects.models import Project

#: Events after which the orders of a project are looked at.
KINDS = (
    "case.received",
    "case.accepted",
    "case.correction_started",
    "case.correction_ended",
    "case.decided",
    "case.closed_outside",
    "case.withdrawn",
    "case.dropped",
    "case.recalled",
    "case.not_taken",
    "case.refused_intake",
    "project.stage_moved",
    "project.facts_changed",
    "project.resumed",
    "project.terminated",
    "project.merged",
)
ENDED = (ProjectStatus.TERMINATED, ProjectStatus.MERGED)


@transaction.atomic
def follow_project(project_id: int, *, at: dt.datetime | None = None) -> int:
    """Bring the orders of a project in line with its cases and its stage; return how many moved. Twice is once."""
    if not Agreement.objects.filter(project=project_id, state=AgreementState.SIGNED).exists():
        return 0
    project, moment = lock_project(project_id), at or timing.now()
    if project.status in ENDED:
        return _over(project, moment)
    moved = sum(_follow(order, moment) for order in orders.open_orders(project))
    agreement = Agreement.objects.filter(project=project, state=AgreementState.SIGNED).first()
    if agreement is not None and project.status == ProjectStatus.ACTIVE:
        agreement.project = project
        moved += len(orders.issue_orders(agreement, by=None, at=moment))
    return moved


def _over(project: Project, at: dt.datetime) -> int:
    words = f"项目{project.get_status_display()}"
    moved = 0
    for row in Agreement.objects.filter(project=project, state=AgreementState.SIGNED).select_related("paper"):
        row.project = project
        moved += WorkOrder.objects.open().filter(project=project).count()
        agreements.conclude(row, words, words, by=None, at=at)
        if row.paper is not None:
            revoke_paper(row.paper, by=None, reason=words, at=at)
    return moved


def _follow(order: WorkOrder, at: dt.datetime) -> int:
    """Bring one locked order in line with its case; whether it moved."""
    case, before = order.case, (order.state, order.waits_what)
    if order.state == OrderState.WAITING and order.project.status == ProjectStatus.ACTIVE:
        _keep_hours(order, at)
    if case is None:
        return 0
    if case.state in CASE_PASSED:
        orders.complete(order, by=None, note=str(case.get_state_display()), at=at)
    elif case.state in CASE_ENDED:
        orders.shut(order, by=None, reason=f"事项{case.get_state_display()}", at=at)
    elif order.state in ORDER_HELD and order.state != OrderState.ESCALATED:
        _wait(order, at)
    return int((order.state, order.waits_what) != before)


def _keep_hours(order: WorkOrder, at: dt.datetime) -> None:
    """Keep until when it may be accepted in line with its clock, which stood while the project was suspended."""
    due = orders.accept_due(order, at)
    if due != order.accept_by:
        order.accept_by = due
        order.save(update_fields=["accept_by"])


def _wait(order: WorkOrder, at: dt.datetime) -> None:
    """What the case waits for, its order waits for."""
    case = order.case
    if case is None or case.state == CaseState.DRAFT:
        return
    if case.state == CaseState.CORRECTING:
        orders.rest(order, by=None, what=str(case.get_state_display())[1:], body=None, at=at)
    elif case.state == CaseState.RECEIVED:
        orders.rest(order, by=None, what="受理", body=order.project.centre, at=at)
    else:
        orders.rest(order, by=None, what="办结", body=case.lead, at=at)
