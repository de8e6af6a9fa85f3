"""Reading a clock: used, remaining, light and words, from its row and its pauses alone (standards §9).

Nothing here writes. Give it clocks from `Clock.objects.with_pauses()` (or prefetch `<clock>__pauses`) and a hundred of
them take no query.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from projects import prepared, timing, workdays
from projects.clock_states import ClockState, ClockUnit, Light
from projects.counting import Axis, axis_of, months_after, span_union
from projects.models.time import Clock, ClockPause
from projects.timing import Moment


@dataclass(frozen=True, slots=True)
class Reading:
    """What a clock shows at a moment. Days are of the clock's unit (hours for working hours, days for months)."""

    light: str
    words: str
    used: int = 0
    limit: int = 0
    remaining: int = 0
    due_on: dt.date | None = None
    provisional: bool = False
    paused: bool = False
    paused_days: int = 0
    overdue: bool = False
    started_on: dt.date | None = None
    ended: bool = False
    unit: str = ClockUnit.WORKING_DAY
    clock_id: int | None = None  # None for a clock without a page: not started, or of no project

    @property
    def pause_words(self) -> str:
        """The pause in words, to stand beside a red light: 暂停 6 天; empty when the clock runs."""
        if not self.paused:
            return ""
        return f"暂停 {self.paused_days} 天" if self.paused_days else "暂停中"

    @property
    def used_words(self) -> str:
        """已用 3 天 / 已用 3 小时."""
        return f"已用 {self.used} {'小时' if self.unit == ClockUnit.WORKING_HOUR else '天'}"

    @property
    def share(self) -> float:
        """How much of the limit is used, 0 to 1, for a bar."""
        if self.limit <= 0:
            return 1.0 if self.overdue or self.ended else 0.0
        return max(0.0, min(1.0, self.used / self.limit))


NOT_STARTED = Reading(light=Light.NONE, words="未开始")


@dataclass(frozen=True, slots=True)
class Measure:
    """A clock measured at a moment: the numbers behind a reading, in the steps of its axis (days or minutes)."""

    axis: Axis[Any]
    at: Any
    start: Any
    spans: list[tuple[Any, Any]]
    need: int
    total: int
    used: int
    due: Any

    @property
    def remaining(self) -> int:
        """Steps (of the unit of the clock) left; negative when overdue."""
        return self.total - self.used

    @property
    def overdue(self) -> bool:
        """Whether more has been used than the limit."""
        return self.used > self.total

    @property
    def threshold(self) -> int:
        """From how much remaining on the light is yellow: max(1, ceil(0.3 limit)), in steps."""
        units = self.need // self.axis.step
        return max(1, (3 * units + 9) // 10) * self.axis.step

    def reached(self, steps: int) -> Any:
        """The point at which `steps` have been used, pauses left out."""
        return self.axis.advance_over(self.start, steps, self.spans)


def measure_clock(clock: Clock, pauses: Sequence[ClockPause], on: Moment) -> Measure:
    """Measure a clock as it stood at `on` (at its end when it has ended before): no pause reaches beyond that."""
    axis = axis_of(clock.unit)
    at = axis.point(on)
    if clock.stopped_at is not None:
        at = min(at, axis.point(clock.stopped_at))
    start = axis.point(clock.started_at if clock.unit == ClockUnit.WORKING_HOUR else clock.started_on)
    until = max(at, start)
    spans = span_union(
        ((axis.point(p.started_at), until if p.ended_at is None else axis.point(p.ended_at)) for p in pauses),
        start,
        until,
    )
    if clock.unit == ClockUnit.MONTH:
        need = (months_after(start, clock.limit) - start).days + clock.extensions
    else:
        need = clock.total_limit * axis.step
    total = need
    if not need and clock.unit == ClockUnit.WORKING_DAY and not workdays.is_workday(start):
        total = 1  # 即办 on a rest day: the next working day is the day (民法典 203)
    plain = axis.advance_over(start, total, spans)
    due = axis.settle(plain) if need else plain
    grace = axis.count(plain, due) - sum(axis.count(max(low, plain), min(high, due)) for low, high in spans)
    used = axis.count(start, until) - sum(axis.count(low, high) for low, high in spans)
    return Measure(axis, at, start, spans, need, total + grace, used, due)


def pauses_of(clock: Clock) -> list[ClockPause]:
    """Return the pauses of a clock in their order; no query when they are prefetched."""
    if "pauses" in getattr(clock, "_prefetched_objects_cache", {}):
        return list(clock.pauses.all())
    found = prepared.rows("pauses", lambda pk: ClockPause.objects.filter(clock_id=pk), clock.pk)
    for pause in found:
        pause.clock = clock
    return found


def read_clock(clock: Clock | None, on: Moment | None = None, *, pauses: Sequence[ClockPause] | None = None) -> Reading:
    """Read a clock at `on` (default: now); None reads as 未开始. No query when its pauses are prefetched or given."""
    on = timing.now() if on is None else on
    if clock is None or timing.business_day(on) < clock.started_on:
        return NOT_STARTED
    if pauses is None:
        pauses = pauses_of(clock)
    measure = measure_clock(clock, pauses, on)
    due_on = timing.business_day(measure.due)
    step = measure.axis.step
    remaining = -(-measure.remaining // step) if measure.remaining >= 0 else measure.remaining // step
    paused = clock.is_live and any(_stands(pause, on) for pause in pauses)
    paused_days = _paused_days(clock, pauses, on)
    light = _light(clock, measure, paused=paused)
    is_due_day = timing.business_day(measure.at) == due_on
    return Reading(
        light=light,
        words=_words(clock, measure.used // step, remaining, light, paused_days, is_due_day=is_due_day),
        used=measure.used // step,
        limit=measure.need // step,
        remaining=remaining,
        due_on=due_on,
        provisional=is_provisional(clock, due_on),
        paused=paused,
        paused_days=paused_days,
        overdue=measure.overdue,
        started_on=clock.started_on,
        ended=not clock.is_live,
        unit=clock.unit,
        clock_id=clock.pk if clock.project_id else None,
    )


def _stands(pause: ClockPause, on: Moment) -> bool:
    """Whether a pause holds its clock at `on` (a bare date: at the end of that day)."""
    moment = on if isinstance(on, dt.datetime) else timing.end_of_day(on)
    moment = timing.as_moment(moment)
    return pause.started_at <= moment and (pause.ended_at is None or pause.ended_at > moment)


def _paused_days(clock: Clock, pauses: Sequence[ClockPause], on: Moment) -> int:
    """Days of the union of all pauses up to `on`: working days, calendar days for a clock of days or months."""
    day = timing.business_day(on)
    if clock.stopped_on is not None:
        day = min(day, clock.stopped_on)
    axis = axis_of(ClockUnit.WORKING_DAY if clock.unit == ClockUnit.WORKING_HOUR else clock.unit)
    spans = span_union(((p.started_on, p.ended_on or day) for p in pauses), clock.started_on, day)
    return sum(axis.count(low, high) for low, high in spans)


def _light(clock: Clock, measure: Measure, *, paused: bool) -> str:
    """The light of standards §9.2; an ended clock is red or green, a cancelled one has none."""
    if clock.state == ClockState.CANCELLED:
        return Light.NONE
    if measure.overdue:
        return Light.RED
    if paused:
        return Light.GREY
    if clock.is_live and measure.remaining <= measure.threshold:
        return Light.YELLOW
    return Light.GREEN


def _words(clock: Clock, used: int, remaining: int, light: str, paused_days: int, *, is_due_day: bool) -> str:
    """What stands beside the light."""
    unit = "小时" if clock.unit == ClockUnit.WORKING_HOUR else "天"
    if clock.state == ClockState.CANCELLED:
        words = "已取消"
    elif light == Light.RED:
        words = f"超 {-remaining} {unit}"
    elif light == Light.GREY:
        words = f"暂停 {paused_days} 天" if paused_days else "暂停中"
    elif clock.total_limit == 0:
        words = "即办"
    elif not clock.is_live:
        words = f"用时 {used} {unit}"
    elif remaining == 0 and is_due_day:
        words = "今日到期"
    else:
        words = f"剩 {remaining} {unit}"
    return words


def is_provisional(clock: Clock, due_on: dt.date) -> bool:
    """Whether the due day stands on days without a notice (a count of plain days: only by its last day)."""
    if clock.unit in (ClockUnit.CALENDAR_DAY, ClockUnit.MONTH):
        return workdays.is_provisional(due_on)
    return workdays.has_provisional(clock.started_on, due_on)
