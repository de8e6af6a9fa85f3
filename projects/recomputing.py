"""What a change of the calendar moves: the running clocks that stand on an older version, computed anew one by one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.db.models import F, QuerySet

from projects import clocks, timing, workdays
from projects.clock_states import LIVE_STATES
from projects.events import lock_project, record
from projects.jobs import by_key, each
from projects.models.log import JobRun
from projects.models.time import CalendarVersion, Clock
from projects.reading import measure_clock


@dataclass(frozen=True, slots=True)
class MovedClock:
    """A clock whose due day moved with the calendar."""

    clock: Clock
    old_due_on: dt.date
    new_due_on: dt.date


def stale_clocks(version: int | None = None) -> QuerySet[Clock]:
    """Return the live clocks that stand on an older calendar than `version` (default: the one in force)."""
    return Clock.objects.live().filter(calendar_version__lt=workdays.version() if version is None else version)


def recompute_provisional(
    version: CalendarVersion | int | None = None, *, on_moved: Callable[[MovedClock], object] | None = None,
    run: JobRun | None = None,
) -> list[MovedClock]:
    """Compute anew every live clock that stands on an older calendar than `version` (default: the one in force).

    Each clock in a transaction of its own, its project locked first; what has ended keeps its days. For each due day
    that moved the event `clock.moved` goes into the project's chain, or `on_moved` is called instead, inside the
    transaction. A clock that fails is told in `run` and stays stale; the rest go on. Safe to run twice: the second run
    finds nothing. Returns the moved clocks; how many stands with the version.
    """
    tell = on_moved or _record_moved
    number = version if isinstance(version, int) else (workdays.version() if version is None else version.pk)
    moved: list[MovedClock] = []

    def act(pk: int) -> bool:
        change = _recompute_one(pk, Clock.objects.values_list("project_id", flat=True).get(pk=pk), number)
        if change is None:
            return False
        tell(change)
        moved.append(change)
        return True

    each(run or JobRun(job="recompute_provisional"), stale_clocks(number), act)
    if moved:
        CalendarVersion.objects.filter(pk=number).update(moved=F("moved") + len(moved))
    return moved


def moves_under(days: Mapping[dt.date, tuple[bool, str, str]]) -> Iterator[MovedClock]:
    """Yield which live clocks would be due on another day if these days stood in the calendar. Writes nothing.

    The clocks come with their project and its owner, in chunks by key. `days` as in `workdays.supposed`.
    """
    found = Clock.objects.live().select_related("project__owner").with_pauses().order_by("pk")
    now = timing.now()
    calendar = workdays.supposed(days)
    for clock in by_key(found):
        with workdays.answering_from(calendar):
            due = timing.business_day(measure_clock(clock, list(clock.pauses.all()), now).due)
        if due != clock.due_on:
            yield MovedClock(clock, clock.due_on, due)


def _record_moved(change: MovedClock) -> None:
    """Record in the chain of the clock's project that its due day moved (a clock without project has no chain)."""
    if change.clock.project is None:
        return
    old, new = change.old_due_on, change.new_due_on
    record(
        "clock.moved",
        subject=change.clock,
        by=None,
        project=change.clock.project,
        summary=f"{change.clock}：工作日历更新，到期日由{timing.written(old)}调整为{timing.written(new)}",
        data={"due_on": [str(old), str(new)], "calendar_version": change.clock.calendar_version},
    )


def _recompute_one(pk: int, project_id: int | None, number: int) -> MovedClock | None:
    """Lock and recompute one clock, its project first; its change when the due day moved."""
    project = None if project_id is None else lock_project(project_id)
    clock = Clock.objects.select_for_update(of=("self",)).filter(pk=pk, state__in=LIVE_STATES).first()
    if clock is None or clock.calendar_version >= number:
        return None
    clock.project = project
    old = clock.due_on
    clocks.recompute(clock)
    return MovedClock(clock, old, clock.due_on) if clock.due_on != old else None
