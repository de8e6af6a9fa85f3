"""The one rule of time: when the matters of a plan start and end. Pure; knows neither database nor catalogue.

A row starts when
1. everything on the main lane in the earlier stages is done,
2. and, on the main lane, everything on the main lane in the earlier steps of its stage,
3. and its prerequisites in the plan. Those of its own step are handled together with it: they do not delay its start,
   it only ends no earlier than they do, so that a step lasts as long as its longest row.
A row of the side lane obeys 1 and 3 only, and nothing waits for it but rows that name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

STAGES = ("planning", "permit", "acceptance")
FREE = 10_000  # days that a row of the side lane may slip for which nothing waits: as many as it likes


class PlanError(ValueError):
    """Rows that cannot be put in an order: a prerequisite stands later, or two wait for each other."""


@dataclass(frozen=True, slots=True)
class Row:
    """A matter in the plan. `days` count towards the promise, `road_days` are what it takes in truth."""

    code: str
    stage: int
    step: int
    lane: str
    days: int
    road_days: int
    prerequisites: tuple[str, ...] = ()
    starts_works: bool = False

    @property
    def position(self) -> tuple[int, int]:
        """Stage and step: rows of one position run side by side."""
        return (self.stage, self.step)


@dataclass(frozen=True, slots=True)
class PlanInput:
    """The rows of one project and whether only counted days pass (the promise) or all days (the whole road)."""

    rows: tuple[Row, ...]
    promise_only: bool = True

    def length(self, row: Row) -> int:
        """How many days the row takes."""
        return row.days if self.promise_only else row.road_days


@dataclass(frozen=True, slots=True)
class Slot:
    """When a row runs, in days from the first application; `slack` is how long it may slip unnoticed."""

    code: str
    start: int
    end: int
    stage: int
    step: int
    lane: str
    slack: int
    is_critical: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """The slots by code, the days of the three stages, and the day on which works may start."""

    slots: Mapping[str, Slot]
    stage_days: tuple[int, int, int]
    works_start: int | None

    @property
    def total(self) -> int:
        """Days of the three stages together."""
        return sum(self.stage_days)


def plan(rows: Iterable[Row], promise_only: bool = True) -> Schedule:  # noqa: FBT001, FBT002 - the name is the promise
    """When each row starts and ends, by the rule above. Raises PlanError for rows that contradict it."""
    given = PlanInput(tuple(rows), promise_only)
    ordered = sorted(given.rows, key=lambda row: row.position)
    steps = [list(group) for _, group in groupby(ordered, key=lambda row: row.position)]
    by_code = {row.code: row for row in ordered}
    if len(by_code) != len(ordered):
        raise PlanError("一个事项在计划中出现了两次 / a matter stands twice in the plan")
    starts, ends = _forward(given, steps, by_code)
    latest = _backward(given, steps, by_code, ends)
    slots = {
        row.code: _slot(given, row, starts[row.code], ends[row.code], latest[row.code]) for row in given.rows
    }
    return Schedule(
        MappingProxyType(slots), _stage_days(ordered, ends),
        min((ends[row.code] for row in ordered if row.starts_works), default=None),
    )


def _forward(
    given: PlanInput, steps: list[list[Row]], by_code: Mapping[str, Row]
) -> tuple[dict[str, int], dict[str, int]]:
    """Earliest start and end of every row, step by step."""
    starts: dict[str, int] = {}
    ends: dict[str, int] = {}
    stage, stage_open, main_done = 0, 0, 0
    for step in steps:
        if step[0].stage != stage:
            stage, stage_open = step[0].stage, main_done
        for row in step:
            earlier = [_end_of(p, row, ends) for p in _needs(row, by_code) if by_code[p].position != row.position]
            starts[row.code] = max([stage_open if row.lane else main_done, *earlier])
        for row in step:
            _finish(given, row, by_code, starts, ends, set())
        main_done = max([main_done, *(ends[row.code] for row in step if not row.lane)])
    return starts, ends


def _needs(row: Row, by_code: Mapping[str, Row]) -> list[str]:
    """The prerequisites that are in the plan; the others do not bind."""
    return [p for p in row.prerequisites if p in by_code]


def _end_of(code: str, row: Row, ends: Mapping[str, int]) -> int:
    if code not in ends:
        raise PlanError(f"前置事项 {code} 排在 {row.code} 之后 / prerequisite {code} stands after {row.code}")
    return ends[code]


def _finish(
    given: PlanInput, row: Row, by_code: Mapping[str, Row], starts: Mapping[str, int], ends: dict[str, int],
    waiting: set[str],
) -> int:
    """End of a row: its own days, but no earlier than the prerequisites handled together with it."""
    if row.code in ends:
        return ends[row.code]
    if row.code in waiting:
        raise PlanError(f"事项 {row.code} 与前置事项互相等待 / {row.code} and a prerequisite wait for each other")
    waiting.add(row.code)
    together = [
        _finish(given, by_code[p], by_code, starts, ends, waiting)
        for p in _needs(row, by_code) if by_code[p].position == row.position
    ]
    ends[row.code] = max([starts[row.code] + given.length(row), *together])
    return ends[row.code]


def _backward(
    given: PlanInput, steps: list[list[Row]], by_code: Mapping[str, Row], ends: Mapping[str, int]
) -> dict[str, int]:
    """Latest end of every row that delays neither the last stage nor a row that waits for it."""
    horizon = max((ends[row.code] for row in by_code.values() if not row.lane), default=0)
    latest: dict[str, int] = {}
    limits: dict[str, int] = {}  # latest end that the rows naming this one as a prerequisite allow
    main_limit = stage_limit = horizon  # for main rows: what later steps, and what side rows of later stages allow
    side_limit, stage = horizon + FREE, None
    for step in reversed(steps):
        if step[0].stage != stage:
            stage, main_limit = step[0].stage, min(main_limit, stage_limit)
        done: list[int] = []
        for row in _last_first(step, by_code):
            latest[row.code] = min(side_limit if row.lane else main_limit, limits.get(row.code, side_limit))
            begin = latest[row.code] - given.length(row)
            for p in _needs(row, by_code):
                limit = latest[row.code] if by_code[p].position == row.position else begin
                limits[p] = min(limits.get(p, limit), limit)
            if row.lane:
                stage_limit = min(stage_limit, begin)
            else:
                done.append(begin)
        main_limit = min([main_limit, *done])
    return latest


def _last_first(step: list[Row], by_code: Mapping[str, Row]) -> list[Row]:
    """The rows of one step so that a row comes before the prerequisites handled together with it."""
    ordered: list[Row] = []
    seen: set[str] = set()

    def visit(row: Row) -> None:
        if row.code in seen:
            return
        seen.add(row.code)
        for p in _needs(row, by_code):
            if by_code[p].position == row.position:
                visit(by_code[p])
        ordered.append(row)

    for row in step:
        visit(row)
    return ordered[::-1]


def _slot(given: PlanInput, row: Row, start: int, end: int, latest: int) -> Slot:
    length = given.length(row)
    slack = latest - start - length
    return Slot(row.code, start, end, row.stage, row.step, row.lane, slack, is_critical=length > 0 and slack == 0)


def _stage_days(rows: list[Row], ends: Mapping[str, int]) -> tuple[int, int, int]:
    until = [
        max((ends[row.code] for row in rows if not row.lane and row.stage <= stage), default=0) for stage in range(3)
    ]
    return (until[0], until[1] - until[0], until[2] - until[1])
