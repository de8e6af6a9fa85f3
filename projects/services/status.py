"""Whether a project runs: suspending (暂缓), resuming, terminating and merging it. Its clocks rest and end with it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction

from projects import rules
from projects.clock_states import PauseKind, TimeOwner
from projects.clocks import cancel_clock, pause_clock, resume_clock
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Clock, ClockPause
from projects.states import ProjectStatus

if TYPE_CHECKING:
    from projects.models import Project, User


def _reason(text: str) -> str:
    if not text.strip():
        raise DomainError("reason_missing", "请写明原因，企业和各部门都会看到。")
    return text.strip()


@transaction.atomic
def suspend_project(project_id: int, *, by: User | None, reason: str, at: dt.datetime | None = None) -> Project:
    """Let a project rest: every running clock is paused, on the applicant's account. Event `project.suspended`.

    A second call is a no-op. Raises `NotAllowed`, `DomainError`.
    """
    project = lock_project(project_id)
    if project.status == ProjectStatus.SUSPENDED:
        return project
    require(rules.can_suspend, by, project)
    basis, old = _reason(reason), project.status
    project.suspend()
    project.save(update_fields=["status"])
    for clock in Clock.objects.live().filter(project=project).order_by("pk"):
        pause_clock(clock, kind=PauseKind.SUSPENSION, owner=TimeOwner.APPLICANT, basis=basis, approver=by, at=at)
    record(
        "project.suspended", subject=project, project=project, by=by, at=at, summary=f"项目暂缓：{basis}",
        data={"status": [old, project.status]},
    )
    return project


@transaction.atomic
def resume_project(project_id: int, *, by: User | None, reason: str, at: dt.datetime | None = None) -> Project:
    """Let a suspended project run again: the pauses of the suspension end. Event `project.resumed`.

    A second call is a no-op. Raises `NotAllowed`, `DomainError`.
    """
    project = lock_project(project_id)
    if project.status == ProjectStatus.ACTIVE:
        return project
    require(rules.can_resume, by, project)
    basis, old = _reason(reason), project.status
    project.resume()
    project.save(update_fields=["status"])
    for pause in _suspensions(project):
        resume_clock(pause, at)
    record(
        "project.resumed", subject=project, project=project, by=by, at=at, summary=f"项目恢复：{basis}",
        data={"status": [old, project.status]},
    )
    return project


@transaction.atomic
def terminate_project(project_id: int, *, by: User | None, reason: str, at: dt.datetime | None = None) -> Project:
    """End a project before it is delivered: its live clocks are cancelled. Event `project.terminated`.

    A second call is a no-op. Raises `NotAllowed`, `DomainError`.
    """
    project = lock_project(project_id)
    if project.status == ProjectStatus.TERMINATED:
        return project
    require(rules.can_terminate, by, project)
    basis, old = _reason(reason), project.status
    project.terminate()
    project.save(update_fields=["status"])
    for clock in Clock.objects.live().filter(project=project).order_by("pk"):
        cancel_clock(clock, at)
    record(
        "project.terminated", subject=project, project=project, by=by, at=at, summary=f"项目终止：{basis}",
        data={"status": [old, project.status]},
    )
    return project


@transaction.atomic
def merge_project(
    project_id: int, *, into: Project, by: User | None, reason: str, at: dt.datetime | None = None
) -> Project:
    """Merge a project that was entered twice into another one: its live clocks are cancelled. Event `project.merged`.

    A second call is a no-op. Raises `NotAllowed`, `DomainError`.
    """
    project = lock_project(project_id)
    if project.status == ProjectStatus.MERGED:
        return project
    require(rules.can_merge, by, project)
    basis, old = _reason(reason), project.status
    project.merge()
    project.save(update_fields=["status"])
    for clock in Clock.objects.live().filter(project=project).order_by("pk"):
        cancel_clock(clock, at)
    record(
        "project.merged", subject=project, project=project, by=by, at=at,
        summary=f"项目并入 {into.name}（{into.code}）：{basis}"[:300],
        data={"status": [old, project.status], "into": into.pk},
    )
    return project


def _suspensions(project: Project) -> list[ClockPause]:
    pauses = ClockPause.objects.filter(clock__project=project, kind=PauseKind.SUSPENSION, ended_at=None)
    return list(pauses.select_related("clock").order_by("pk"))
