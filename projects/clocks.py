"""Clocks: starting, pausing, stopping and reading every limit of the portal (standards §9 is the law here).

The day a clock starts is not counted; the due day is the last counted day of the limit and the whole of it is in
time; overdue only when used > limit. Pauses that overlap count once: their union is subtracted, the day a pause
begins is not part of it, the day it ends is. An extension lengthens the limit (行政许可法 42), a pause stops the clock
(行政许可法 45).

The operations write rows that the calling service has locked, inside its transaction; they record no event, since the
service that knows what happened does. What only reads is reached through this module too: `read_clock`
(projects.reading), `explain` (projects.explaining), `time_ledger` (projects.segments).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection

from projects import timing, workdays
from projects.bulk import insert_all, update_all
from projects.clock_states import (
    ClockKind,
    ClockState,
    ClockUnit,
    PauseKind,
    TimeOwner,
    pause_word,
)
from projects.errors import DomainError
from projects.explaining import Explanation, explain
from projects.models.time import Clock, ClockExtension, ClockPause, ClockSegment
from projects.reading import NOT_STARTED, Reading, is_provisional, measure_clock, pauses_of, read_clock
from projects.segments import cut_life, ledger_words, rebuild_segments, time_ledger
from projects.timing import Moment

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import Project, User

__all__ = [
    "NOT_STARTED",
    "Explanation",
    "Reading",
    "backdate_start",
    "build_clock",
    "cancel_clock",
    "cut_life",
    "explain",
    "extend_clock",
    "ledger_words",
    "note_all_overdue",
    "note_overdue",
    "pause_clock",
    "read_clock",
    "rebuild_segments",
    "recompute",
    "resume_clock",
    "start_clock",
    "start_clocks",
    "stop_clock",
    "time_ledger",
]


#: What follows from the facts of a clock, and the facts that its row holds.
KEPT = (
    "state", "started_on", "started_at", "stopped_on", "stopped_at", "limit", "extensions", "due_on", "yellow_on",
    "is_provisional", "calendar_version", "first_overdue_at",
)


#: The first segment of each clock that is started.
FIRST_SEGMENTS = (
    "INSERT INTO projects_clocksegment (clock_id, owner, started_at) SELECT id, owner, started_at FROM made ORDER BY id"
)


#: The one segment of a clock that never paused ends with it.
END_SEGMENT = (
    "UPDATE projects_clocksegment AS one SET ended_at = changed.stopped_at FROM changed "
    "WHERE one.clock_id = changed.id AND one.owner = changed.owner AND one.started_at = changed.started_at "
    "AND one.ended_at IS NULL"
)


#: A clock that pauses for the first time: its own time ends, and that of whom it waits for begins.
END_OWN_TIME = (
    "UPDATE projects_clocksegment AS one SET ended_at = made.started_at FROM made "
    "WHERE one.clock_id = made.clock_id AND one.ended_at IS NULL AND one.started_at < made.started_at"
)
PAUSED_TIME = (
    "INSERT INTO projects_clocksegment (clock_id, owner, started_at) "
    "SELECT pause.clock_id, pause.owner, pause.started_at FROM changed "
    "JOIN projects_clockpause AS pause ON pause.clock_id = changed.id AND pause.ended_at IS NULL "
    "JOIN projects_clocksegment AS own ON own.clock_id = changed.id AND own.ended_at = pause.started_at "
    "AND own.owner = changed.owner AND own.started_at = changed.started_at"
)


# Operations -------------------------------------------------------------------------------------------------------


def build_clock(
    *,
    kind: str,
    limit: int,
    on: Moment,
    unit: str = ClockUnit.WORKING_DAY,
    project: Project | None = None,
    label: str = "",
    owner: str = TimeOwner.GOVERNMENT,
) -> Clock:
    """Return an unsaved running clock with its days computed (for bulk writing; else use `start_clock`)."""
    started_at = _instant(on)
    clock = Clock(
        kind=ClockKind(kind),
        limit=limit,
        unit=ClockUnit(unit),
        project=project,
        label=label,
        owner=TimeOwner(owner),
        started_at=started_at,
        started_on=timing.business_day(started_at),
    )
    _set_days(clock, (), timing.now())
    return clock


def start_clock(
    *,
    kind: str,
    limit: int,
    unit: str = ClockUnit.WORKING_DAY,
    on: Moment,
    project: Project | None = None,
    label: str = "",
    owner: str = TimeOwner.GOVERNMENT,
) -> Clock:
    """Start a clock: its row with due and yellow day, and its first open segment.

    `on` is the event that starts it (a date of the past counts from that day, today from this moment); its day is not
    counted. `limit` 0 is the same day (即办), the next working day where that is a rest day.
    """
    built = build_clock(kind=kind, limit=limit, unit=unit, on=on, project=project, label=label, owner=owner)
    return start_clocks([built])[0]


def start_clocks(built: Sequence[Clock]) -> list[Clock]:
    """Save clocks from `build_clock` as `start_clock` does one, with their first segments."""
    now = timing.now()
    for clock in built:
        _note_overdue(clock, (), now)
    if connection.vendor == "postgresql":
        return insert_all(built, then=FIRST_SEGMENTS)
    clocks = insert_all(built)
    insert_all([ClockSegment(clock=clock, owner=clock.owner, started_at=clock.started_at) for clock in clocks])
    return clocks


def pause_clock(
    clock: Clock,
    *,
    kind: str,
    owner: str,
    basis: str,
    approver: User | None = None,
    planned: int | None = None,
    at: Moment | None = None,
    known: Sequence[ClockPause] | None = None,
) -> ClockPause:
    """Pause a clock: the fact with its basis, the state, the segments. A second open pause of the same kind is refused.

    `known`: its pauses so far, read when not given. A special procedure needs an approver and a planned length
    (行政许可法 45). Raises `DomainError`.
    """
    at = _instant(at)
    _require_live(clock, "暂停")
    if not basis.strip():
        raise DomainError("pause_without_basis", "暂停计时必须写明依据，请补充依据后再提交。")
    if kind == PauseKind.SPECIAL and (approver is None or not planned):
        raise DomainError("special_unapproved", "特别程序须有批准人和计划天数，请补充后再提交。")
    if at < clock.started_at:
        raise DomainError("pause_before_start", f"暂停不能早于起算（{timing.written(clock.started_on)}），请核对时间。")
    pauses = pauses_of(clock) if known is None else known
    if any(pause.is_open and pause.kind == kind for pause in pauses):
        raise DomainError("already_paused", f"“{pause_word(kind, clock.kind)}”已在进行中，请先结束上一次再开始。")
    pause = ClockPause(
        clock=clock, kind=PauseKind(kind), owner=TimeOwner(owner), basis=basis.strip(), approver=approver,
        planned=planned, started_at=at,
    )
    is_first = not pauses and owner != clock.owner and at > clock.started_at and connection.vendor == "postgresql"
    insert_all([pause], then=END_OWN_TIME if is_first else "")
    _store(clock, at, [*pauses, pause], is_first=is_first)
    return pause


def resume_clock(pause: ClockPause, at: Moment | None = None) -> Clock:
    """End a pause; the clock runs again when it was the last open one, and its due day moves. Raises `DomainError`."""
    at = _instant(at)
    if pause.ended_at is not None:
        raise DomainError("already_resumed", f"该暂停已于{timing.written(pause.ended_on)}结束，无需再次恢复。")
    if at < pause.started_at:
        began = timing.written(pause.started_on)
        raise DomainError("resume_before_pause", f"恢复不能早于暂停（{began}），请核对时间。")
    pause.ended_at = at
    pause.save(update_fields=["ended_at"])
    clock = pause.clock
    _store(clock, at)
    return clock


def stop_clock(clock: Clock, on: Moment | None = None, *, pauses: Sequence[ClockPause] | None = None) -> Clock:
    """Stop a clock at what it was running for; pauses still open end with it. A second stop changes nothing.

    `pauses`: those of the clock, read when not given.
    """
    return _end(clock, ClockState.STOPPED, on, pauses)


def cancel_clock(clock: Clock, at: Moment | None = None) -> Clock:
    """End a clock whose reason is gone (withdrawn, terminated); it counts nowhere. A second call changes nothing."""
    return _end(clock, ClockState.CANCELLED, at)


def extend_clock(
    clock: Clock, days: int, *, basis: str, approver: User | None, at: Moment | None = None
) -> Clock:
    """Lengthen the limit by `days` of the clock's unit (行政许可法 42); no pause. Needs basis and approver."""
    at = _instant(at)
    _require_live(clock, "延长")
    if days < 1:
        raise DomainError("extension_empty", "延长天数应当大于 0，请重新填写。")
    if not basis.strip() or approver is None:
        raise DomainError("extension_unapproved", "延长期限须写明依据和批准人，请补充后再提交。")
    ClockExtension.objects.create(
        clock=clock, days=days, basis=basis.strip()[:300], approver=approver, extended_at=at
    )
    clock.extensions += days
    _store(clock, at)
    return clock


def backdate_start(clock: Clock, on: Moment) -> Clock:
    """Move the start back to `on`: a deemed acceptance is retroactive to the receipt (行政许可法 32).

    Used, due and yellow day follow; the clock may be overdue at once. Raises `DomainError` for a later day.
    """
    _require_live(clock, "追溯起算")
    at = _instant(on)
    if at > clock.started_at:
        raise DomainError("backdate_forward", f"追溯起算不能晚于原起算日（{timing.written(clock.started_on)}）。")
    clock.started_at, clock.started_on = at, timing.business_day(at)
    _store(clock, timing.now())
    return clock


def recompute(clock: Clock, at: Moment | None = None) -> Clock:
    """Compute the kept days, state and segments anew from the facts, as of `at` (default: now), and save them."""
    _store(clock, timing.now() if at is None else timing.as_moment(at))
    return clock


def note_overdue(clock: Clock, at: Moment | None = None) -> bool:
    """Store the first overdue moment when the clock is overdue at `at` and none is stored; True when it was now."""
    pauses = list(clock.pauses.all())
    if not _note_overdue(clock, pauses, timing.now() if at is None else at):
        return False
    clock.save(update_fields=["first_overdue_at"])
    return True


def note_all_overdue(clocks: QuerySet[Clock], on: dt.date) -> int:
    """Store the first overdue moment of the running clocks of days that were overdue before the day `on`; how many.

    For what counts them and does not wait for the sweep: a clock that is written notes it by itself, one that only runs
    does not. One statement for each due day.
    """
    silent = clocks.filter(
        state=ClockState.RUNNING, first_overdue_at=None, due_on__lt=on, unit=ClockUnit.WORKING_DAY
    ).order_by()
    late_on = {day: workdays.due_date(day, 1) for day in silent.values_list("due_on", flat=True).distinct()}
    return sum(
        silent.filter(due_on=day).update(first_overdue_at=timing.start_of_day(first))
        for day, first in late_on.items()
        if first < on
    )


def _end(
    clock: Clock, state: ClockState, at: Moment | None, known: Sequence[ClockPause] | None = None
) -> Clock:
    """Stop or cancel a clock."""
    if not clock.is_live:
        return clock
    bare = at is not None and not isinstance(at, dt.datetime)
    moment = _instant(at)
    if bare and timing.business_day(moment) < timing.today():
        moment = timing.end_of_day(timing.business_day(moment))
    if timing.business_day(moment) < clock.started_on:
        message = f"停止不能早于起算（{timing.written(clock.started_on)}），请核对日期。"
        raise DomainError("stop_before_start", message)
    moment = max(moment, clock.started_at)
    pauses = pauses_of(clock) if known is None else known
    for pause in pauses:
        if pause.ended_at is None:
            pause.ended_at = max(moment, pause.started_at)
            pause.save(update_fields=["ended_at"])
    clock.state, clock.stopped_at, clock.stopped_on = state, moment, timing.business_day(moment)
    _store(clock, moment, pauses)
    return clock


def _store(
    clock: Clock, at: dt.datetime, pauses: Sequence[ClockPause] | None = None, *, is_first: bool = False
) -> None:
    """Write state, days and segments of a clock from its facts, as of now (or of `at`, should it lie ahead).

    `pauses`: those of the clock as they stand now; read when not given. `is_first`: the clock pauses for the first
    time, and its own time has ended.
    """
    _drop_prefetched(clock)
    pauses = list(clock.pauses.all()) if pauses is None else pauses
    at = max(at, timing.now())
    if clock.is_live:
        clock.state = ClockState.PAUSED if any(pause.is_open for pause in pauses) else ClockState.RUNNING
    _set_days(clock, pauses, at)
    _note_overdue(clock, pauses, at)
    if is_first and update_all([clock], KEPT, then=PAUSED_TIME) == 1:
        return
    if clock.is_live or pauses:
        update_all([clock], KEPT)
    elif update_all([clock], KEPT, then=END_SEGMENT) == 1:
        return
    rebuild_segments(clock, pauses)


def _set_days(clock: Clock, pauses: Sequence[ClockPause], at: Moment) -> None:
    """Set due, yellow, provisional and the calendar version they stand on."""
    measure = measure_clock(clock, pauses, at)
    clock.calendar_version = workdays.version()
    clock.due_on = timing.business_day(measure.due)
    early = measure.total - measure.threshold
    clock.yellow_on = clock.started_on if early <= 0 else timing.business_day(measure.reached(early))
    clock.is_provisional = is_provisional(clock, clock.due_on)


def _note_overdue(clock: Clock, pauses: Sequence[ClockPause], at: Moment) -> bool:
    """Set the first overdue moment once: the start of the first day that was too much (the due minute for hours)."""
    if clock.first_overdue_at is not None or clock.state == ClockState.CANCELLED:
        return False
    measure = measure_clock(clock, pauses, at)
    if not measure.overdue:
        return False
    if clock.unit == ClockUnit.WORKING_HOUR:
        clock.first_overdue_at = measure.due
    else:
        clock.first_overdue_at = timing.start_of_day(measure.reached(measure.total + 1))
    return True


def _drop_prefetched(clock: Clock) -> None:
    """Forget prefetched children, which the next write makes stale."""
    cache: dict[str, Any] = getattr(clock, "_prefetched_objects_cache", {})
    cache.pop("pauses", None)
    cache.pop("segments", None)


def _require_live(clock: Clock, verb: str) -> None:
    if not clock.is_live:
        message = f"计时已于{timing.written(clock.stopped_on)}结束，不能再{verb}。"
        raise DomainError("clock_ended", message)


def _instant(at: Moment | None) -> dt.datetime:
    """The moment of an event: now by default, also for today's bare date; another bare date is its first minute."""
    present = timing.now()
    if at is None:
        return present
    if isinstance(at, dt.datetime):
        return timing.as_moment(at)
    return present if at == timing.today() else timing.start_of_day(at)
