"""Whose time it was: the life of a clock cut into segments, and their sum per owner (时间账)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from projects import prepared, timing, workdays
from projects.bulk import insert_all, update_all
from projects.clock_states import TimeOwner
from projects.models.time import Clock, ClockPause, ClockSegment
from projects.timing import Moment


def cut_life(clock: Clock, pauses: Sequence[ClockPause]) -> list[tuple[str, dt.datetime, dt.datetime | None]]:
    """Cut the life of a clock into pieces (owner, start, end) without gap or overlap.

    Where pauses overlap, the piece belongs to the one that began first; outside them to the owner of the clock. The
    last piece of a live clock is open.
    """
    start, end = clock.started_at, clock.stopped_at
    cuts = {start}
    for pause in pauses:
        for moment in (pause.started_at, pause.ended_at):
            if moment is not None and moment > start and (end is None or moment < end):
                cuts.add(moment)
    order = sorted(pauses, key=lambda pause: (pause.started_at, pause.pk or 0))
    pieces: list[tuple[str, dt.datetime, dt.datetime | None]] = []
    ordered = sorted(cuts)
    for at, until in zip(ordered, [*ordered[1:], end], strict=True):
        owner: str = next(
            (p.owner for p in order if p.started_at <= at and (p.ended_at is None or p.ended_at > at)), clock.owner
        )
        if pieces and pieces[-1][0] == owner:
            pieces[-1] = (owner, pieces[-1][1], until)
        else:
            pieces.append((owner, at, until))
    return pieces


def rebuild_segments(clock: Clock, pauses: Sequence[ClockPause] | None = None) -> None:
    """Write the segments of a clock anew from its pauses, when they differ from those that stand."""
    pauses = list(clock.pauses.all()) if pauses is None else pauses
    pieces = cut_life(clock, pauses)
    if not pauses and _only_ends(clock, pieces):
        return
    standing = prepared.rows(
        "segments", lambda pk: ClockSegment.objects.filter(clock=pk).order_by("started_at", "pk"), clock.pk
    )
    same = 0
    for row, piece in zip(standing, pieces, strict=False):
        if (row.owner, row.started_at, row.ended_at) != piece:
            break
        same += 1
    if same == len(standing) == len(pieces):
        return
    if same + 1 == len(standing) <= len(pieces) and (standing[-1].owner, standing[-1].started_at) == pieces[same][:2]:
        standing[-1].ended_at = pieces[same][2]  # the last one only ends, or goes on
        update_all(standing[-1:], ["ended_at"])
        same += 1
    else:
        ClockSegment.objects.filter(pk__in=[row.pk for row in standing[same:]]).delete()
    insert_all([
        ClockSegment(clock=clock, owner=owner, started_at=at, ended_at=until) for owner, at, until in pieces[same:]
    ])


def _only_ends(clock: Clock, pieces: Sequence[tuple[str, dt.datetime, dt.datetime | None]]) -> bool:
    """End the one segment of a clock that never paused, in one query; False where it has others."""
    [(owner, at, until)] = pieces
    if until is None:
        return False
    return ClockSegment.objects.filter(clock=clock, owner=owner, started_at=at, ended_at=None).update(
        ended_at=until
    ) == 1


def time_ledger(items: Clock | Iterable[Clock | ClockSegment], on: Moment | None = None) -> dict[str, int]:
    """时间账: working days per owner (always all four, in the order of `TimeOwner`), summed over clocks or segments.

    A segment that is still open runs until `on` (default: today). No query for clocks with prefetched segments.
    """
    day = timing.business_day(timing.now() if on is None else on)
    ledger: dict[str, int] = dict.fromkeys(TimeOwner.values, 0)
    for item in [items] if isinstance(items, Clock) else items:
        for segment in item.segments.all() if isinstance(item, Clock) else [item]:
            start = timing.business_day(segment.started_at)
            end = day if segment.ended_at is None else min(day, timing.business_day(segment.ended_at))
            ledger[segment.owner] += workdays.workdays_between(start, end)
    return ledger


def ledger_words(ledger: dict[str, int]) -> str:
    """时间账 in one line: 政府 6 天 · 企业 9 天 · 特别程序 4 天 (owners without a day are left out)."""
    parts = [f"{TimeOwner(owner).label} {days} 天" for owner, days in ledger.items() if days]
    return " · ".join(parts) or "政府 0 天"
