"""Sweeps: find what is due by an index, and call the one service for each; one bad row does not stop the rest.

What a worker that was away for days has missed is due still: nothing here asks when the last run was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from packages.choices import ReviewRole
from packages.models import JointSession, MatterCase, ReviewTask
from packages.services.commitment_checks import due_commitments, end_term
from packages.services.intake import deem_accepted
from packages.services.rectifying import resume_rectified
from packages.services.reusing import dead_lines, recheck_project
from packages.services.review import apply_tacit, open_joint_review, push_session
from packages.services.settling import late_deferrals, mark_late
from packages.services.timekeeping import sync_due
from packages.states import CASE_OPEN, TASK_OPEN, CaseState, SessionState
from projects import timing
from projects.clock_states import ClockState
from projects.jobs import each
from projects.models import JobRun, Project
from projects.models.time import Clock

#: How many rows were changed, and how many failed.
Swept = tuple[int, int]
PATIENCE = dt.timedelta(seconds=60)  # the outbox opens a review at once; what is older is stuck


def stuck_cases() -> QuerySet[MatterCase]:
    """Return the accepted cases whose review should have been opened by now."""
    return MatterCase.objects.filter(state=CaseState.ACCEPTED, accepted_at__lte=timing.now() - PATIENCE)


def open_stuck_reviews(run: JobRun | None = None) -> Swept:
    """Open the reviews of stuck cases; return how many were opened and how many failed."""
    return _each(run, stuck_cases(), lambda pk: open_joint_review(pk) is not None)


def push_due(run: JobRun | None = None) -> Swept:
    """Push what the lead has not pushed by the end of its push day; return done and failed."""
    return _each(run, _to_push(), lambda pk: push_session(pk, by=None) is not None)


def resume_all_rectified(run: JobRun | None = None) -> Swept:
    """Open the second rounds that no worker has opened when the changed plans came back; return done and failed."""
    return _each(run, _to_resume(), lambda pk: resume_rectified(pk) is not None, column="case_id")


def _to_push() -> QuerySet[JointSession]:
    due = JointSession.objects.filter(state=SessionState.PUSHING, push_due_on__lt=timing.today())
    return due.filter(case__state=CaseState.IN_REVIEW)


def _to_resume() -> QuerySet[JointSession]:
    return JointSession.objects.filter(state=SessionState.RECTIFYING, case__state=CaseState.IN_REVIEW)


def rounds_waiting() -> tuple[QuerySet[Any], ...]:
    """Return the cases and the rounds that wait for a worker."""
    return stuck_cases(), _to_push(), _to_resume()


def silent_tasks() -> QuerySet[ReviewTask]:
    """Return the open tasks past their day whose silence has a consequence; what stays red is not among them."""
    due = ReviewTask.objects.filter(
        state__in=TASK_OPEN, due_on__lt=timing.today(), clock__state=ClockState.RUNNING,
        session__state=SessionState.REVIEWING, session__case__state=CaseState.IN_REVIEW,
    )
    return due.filter(Q(is_tacit_allowed=True) | Q(role=ReviewRole.CONSULTED)).exclude(role=ReviewRole.LEAD)


def apply_all_tacit(run: JobRun | None = None) -> Swept:
    """Apply silence to every open task of others than the lead that is past its day; return done and failed."""
    return _each(run, silent_tasks(), apply_tacit)


def unanswered_cases() -> QuerySet[MatterCase]:
    """Return the received cases whose five days are over."""
    return MatterCase.objects.filter(state=CaseState.RECEIVED, due_on__lt=timing.today())


def deem_all_accepted(run: JobRun | None = None) -> Swept:
    """Accept by law every received case whose five days are over; return done and failed."""
    return _each(run, unanswered_cases(), deem_accepted)


def promises_due() -> list[QuerySet[Any]]:
    """Return what the sweep of promises looks at."""
    day = timing.today()
    return [late_deferrals(day), due_commitments(day), dead_lines()]


def sweep_promises(run: JobRun | None = None) -> Swept:
    """Mark deferred papers late, end the terms of commitments, and search anew where a reused document is dead."""
    late, ended, dead = promises_due()
    parts = (
        _each(run, late, mark_late), _each(run, ended, end_term),
        _each(run, dead, recheck_project, column="case__project_id"),
    )
    return sum(done for done, _ in parts), sum(failed for _, failed in parts)


def _each(run: JobRun | None, due: QuerySet[Any], act: Callable[[int], bool], *, column: str = "pk") -> Swept:
    run = run or JobRun(job="sweep")
    before = run.errors
    return each(run, due, act, column=column), run.errors - before


def follow_clock(clock_id: int) -> None:
    """The calendar changed and a clock's due day moved: cases and review tasks that mirror it follow."""
    clock = Clock.objects.get(pk=clock_id)
    if clock.project_id is not None:
        Project.objects.select_for_update().get(pk=clock.project_id)
    for case in MatterCase.objects.filter(intake_clock=clock) | MatterCase.objects.filter(promised_clock=clock):
        sync_due(case)
    for task in ReviewTask.objects.filter(clock=clock):
        task.due_on = clock.due_on
        task.save(update_fields=["due_on"])


@transaction.atomic
def follow_project(project_id: int) -> None:
    """The project rests, runs again or ends, and its clocks with it: the order of lists follows. Twice is once."""
    project = Project.objects.select_for_update().get(pk=project_id)
    cases = MatterCase.objects.filter(project=project, state__in=CASE_OPEN)
    for case in cases.select_related("intake_clock", "promised_clock"):
        sync_due(case)
    tasks = ReviewTask.objects.filter(session__project=project, state__in=TASK_OPEN)
    for task in tasks.select_related("clock"):
        task.due_on = task.clock.due_on if task.clock.state == ClockState.RUNNING else None
        task.save(update_fields=["due_on"])
