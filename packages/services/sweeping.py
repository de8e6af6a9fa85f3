"""Sweeps: find what is due by an index, and call the one service for each; a refusal of one does not stop the rest."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable

from django.db import transaction
from django.db.models import Q, QuerySet

from packages.choices import ReviewRole
from packages.models import JointSession, MatterCase, ReviewTask
from packages.services.committing import due_commitments, end_term
from packages.services.intake import deem_accepted
from packages.services.reusing import dead_projects, recheck_project
from packages.services.rectifying import resume_rectified
from packages.services.review import apply_tacit, open_joint_review, push_session
from packages.services.settling import late_deferrals, mark_late
from packages.services.timekeeping import sync_due
from packages.states import CASE_OPEN, TASK_OPEN, CaseState, SessionState
from projects import timing
from projects.clock_states import ClockState
from projects.errors import DomainError
from projects.models import Project
from projects.models.time import Clock

logger = logging.getLogger(__name__)
PATIENCE = dt.timedelta(seconds=60)  # the outbox opens a review at once; what is older is stuck


def stuck_cases() -> QuerySet[MatterCase]:
    """Return the accepted cases whose review should have been opened by now."""
    return MatterCase.objects.filter(state=CaseState.ACCEPTED, accepted_at__lte=timing.now() - PATIENCE).order_by("pk")


def open_stuck_reviews() -> tuple[int, int]:
    """Open the reviews of stuck cases; return how many were opened and how many refused."""
    return _each(stuck_cases().values_list("pk", flat=True), lambda pk: open_joint_review(pk) is not None)


def push_due() -> tuple[int, int]:
    """Push what the lead has not pushed by the end of its push day; return done and refused."""
    due = JointSession.objects.filter(state=SessionState.PUSHING, push_due_on__lt=timing.today()).order_by("pk")
    running = due.filter(case__state=CaseState.IN_REVIEW)
    return _each(running.values_list("pk", flat=True), lambda pk: push_session(pk, by=None) is not None)


def resume_all_rectified() -> tuple[int, int]:
    """Open the second rounds that no worker has opened when the changed plans came back; return done and refused."""
    back = JointSession.objects.filter(state=SessionState.RECTIFYING, case__state=CaseState.IN_REVIEW).order_by("pk")
    return _each(back.values_list("case_id", flat=True), lambda pk: resume_rectified(pk) is not None)


def rounds_wait() -> bool:
    """Whether a case or a round waits for a worker; one query."""
    push = Q(sessions__state=SessionState.PUSHING, sessions__push_due_on__lt=timing.today(), state=CaseState.IN_REVIEW)
    back = Q(sessions__state=SessionState.RECTIFYING, state=CaseState.IN_REVIEW)
    stuck = Q(state=CaseState.ACCEPTED, accepted_at__lte=timing.now() - PATIENCE)
    return MatterCase.objects.filter(stuck | push | back).exists()


def apply_all_tacit() -> tuple[int, int]:
    """Apply silence to every open task of others than the lead that is past its day; return done and refused."""
    due = ReviewTask.objects.filter(state__in=TASK_OPEN, due_on__lt=timing.today(), clock__state=ClockState.RUNNING)
    return _each(due.exclude(role=ReviewRole.LEAD).order_by("pk").values_list("pk", flat=True), apply_tacit)


def deem_all_accepted() -> tuple[int, int]:
    """Accept by law every received case whose five days are over; return done and refused."""
    due = MatterCase.objects.filter(state=CaseState.RECEIVED, due_on__lt=timing.today()).order_by("pk")
    return _each(due.values_list("pk", flat=True), deem_accepted)


def promises_due() -> bool:
    """Whether the sweep of promises finds anything: at most three queries."""
    day = timing.today()
    return bool(late_deferrals(day) or due_commitments(day) or dead_projects())


def sweep_promises() -> tuple[int, int]:
    """Mark deferred papers late, end the terms of commitments, and search anew where a reused document is dead."""
    day = timing.today()
    late = _each(late_deferrals(day), mark_late)
    ended = _each(due_commitments(day), end_term)
    lost = _each(dead_projects(), recheck_project)
    return sum(row[0] for row in (late, ended, lost)), sum(row[1] for row in (late, ended, lost))


def _each(ids: Iterable[int], act: Callable[[int], bool]) -> tuple[int, int]:
    done = refused = 0
    for pk in list(ids):
        try:
            done += act(pk)
        except DomainError as error:
            refused += 1
            logger.warning("sweep: %s %s", pk, error)
    return done, refused


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
