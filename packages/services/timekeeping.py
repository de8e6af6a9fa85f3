"""The clocks of a case move together: pausing, resuming, ending them, and the due day that lists are ordered by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from packages.models import MatterCase, Referral, ReviewTask
from packages.states import CASE_OPEN, TASK_OPEN, CaseState
from projects import clocks
from projects.clock_states import ClockKind, ClockState, TimeOwner
from projects.models import Project, User
from projects.models.time import Clock, ClockPause

INTAKE_DAYS = 5  # 行政许可法 32: faults are told within five working days of receipt


def sync_due(case: MatterCase, *, save: bool = True) -> None:
    """Keep `due_on` and `yellow_on` those of the clock that runs now: intake, then promise; none while paused."""
    clock = case.intake_clock if case.state == CaseState.RECEIVED else case.promised_clock
    runs = case.state in CASE_OPEN and clock is not None and clock.state == ClockState.RUNNING
    case.due_on, case.yellow_on = (clock.due_on, clock.yellow_on) if runs and clock is not None else (None, None)
    if save:
        case.save(update_fields=["due_on", "yellow_on"])


def start_intake(case: MatterCase, at: dt.datetime) -> None:
    """Start the five working days of intake."""
    case.intake_clock = clocks.start_clock(
        kind=ClockKind.INTAKE, limit=INTAKE_DAYS, on=at, project=case.project, label=f"{case.matter.name} 受理"
    )


def start_promise(case: MatterCase, at: dt.datetime) -> None:
    """Start the promised clock, and the statutory one where the law sets a limit, from the acceptance."""
    matter = case.matter
    limits = [(ClockKind.PROMISED, case.promised_days, matter.unit, "承诺时限")]
    if matter.statutory_days is not None:
        limits.append((ClockKind.STATUTORY, matter.statutory_days, matter.statutory_unit, "法定时限"))
    started = clocks.start_clocks([
        clocks.build_clock(
            kind=kind, limit=days, unit=unit, on=at, project=case.project, label=f"{matter.name} {word}"
        )
        for kind, days, unit, word in limits
    ])
    case.promised_clock = started[0]
    if len(started) > 1:
        case.statutory_clock = started[1]


def start_owner_clock(
    kind: str, *, days: int, project: Project, label: str, at: dt.datetime
) -> Clock:
    """Start a clock that runs against the owner of the project: correction, deferral, commitment."""
    return clocks.start_clock(
        kind=kind, limit=days, on=at, project=project, label=label[:200], owner=TimeOwner.APPLICANT
    )


def _live(case: MatterCase) -> Iterator[Clock]:
    for clock in (case.intake_clock, case.promised_clock, case.statutory_clock):
        if clock is not None and clock.is_live:
            yield clock


def _open_tasks(case: MatterCase) -> list[ReviewTask]:
    if case.accepted_at is None:  # nobody reviews what only lies at the window
        return []
    found = ReviewTask.objects.filter(session__case=case, state__in=TASK_OPEN)
    return list(found.select_related("clock").order_by("pk"))


def _units(tasks: Sequence[ReviewTask]) -> list[Clock]:
    """The clocks of the units to which these tasks were sent on; no query where none was."""
    sent = [task.pk for task in tasks if task.sent_to]
    if not sent:
        return []
    found = Referral.objects.filter(task__in=sent, ended_at=None).select_related("clock")
    return [referral.clock for referral in found.order_by("pk")]


def end_referral(task: ReviewTask, at: dt.datetime) -> None:
    """What a unit was asked ends with the task of its department; the caller saves the task."""
    if not task.sent_to:
        return
    for referral in Referral.objects.filter(task=task, ended_at=None).select_related("clock"):
        clocks.cancel_clock(referral.clock, at)
        referral.ended_at = at
        referral.save(update_fields=["ended_at"])
    task.sent_to = ""


def pause_case(
    case: MatterCase, *, kind: str, owner: str, basis: str, at: dt.datetime, approver: User | None = None,
    planned: int | None = None, known: Mapping[int, Sequence[ClockPause]] | None = None,
) -> None:
    """Pause every clock of the case, of its open review tasks and of the units they were sent on to.

    Nobody's time runs while the papers are away. `known`: the pauses of clocks that the caller has read, by the key of
    the clock.
    """
    tasks = _open_tasks(case)
    for clock in [*_live(case), *(task.clock for task in tasks), *_units(tasks)]:
        clocks.pause_clock(
            clock, kind=kind, owner=owner, basis=basis[:300], approver=approver, planned=planned, at=at,
            known=(known or {}).get(clock.pk),
        )


def resume_case(case: MatterCase, *, kind: str, at: dt.datetime) -> None:
    """End the pauses of this kind on every clock of the case; due days move."""
    tasks = _open_tasks(case)
    for clock in [*_live(case), *_units(tasks)]:
        _resume(clock, kind, at)
    for task in tasks:
        _resume(task.clock, kind, at)
        task.due_on = task.clock.due_on
        task.save(update_fields=["due_on"])


def _resume(clock: Clock, kind: str, at: dt.datetime) -> None:
    for pause in clock.pauses.filter(kind=kind, ended_at=None):
        pause.clock = clock
        clocks.resume_clock(pause, at)


def is_paused(case: MatterCase, kind: str) -> bool:
    """Return whether a pause of this kind is open on a clock of the case."""
    return any(clock.pauses.filter(kind=kind, ended_at=None).exists() for clock in _live(case))


def end_clocks(
    case: MatterCase, at: dt.datetime, *, cancel: bool = False, pauses: tuple[()] | None = None
) -> None:
    """Stop every clock of the case (a decision), or cancel what has not been answered for (a withdrawal).

    `pauses`: empty where the caller knows that none of them was ever paused.
    """
    for clock in [*_live(case), *([case.special_clock] if case.special_clock else [])]:
        if cancel:
            clocks.cancel_clock(clock, at)
        else:
            clocks.stop_clock(clock, at, pauses=pauses)
