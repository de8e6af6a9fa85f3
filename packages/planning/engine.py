"""The one rule of time: when the matters of a plan start and end. Pure; knows neither database nor catalogue.

A row starts when
1. everything on the main lane in the earlier stages is done,
2. and, on the main lane, everything on the main lane in the earlier steps of its stage,
3. and its prerequisites in the plan. Those of its own step are handled together with it: they do not delay its start,
   it only ends no earlier than they do, so that a step lasts as long as its longest row.
A row of the side lane obeys 1 and 3 only, and nothing waits for it but rows that name it.

What has happened stands above the rule: a row that is done keeps its days, one that runs keeps its start, and nothing
begins or ends in the past (`Known`, `floor`). The rule is carried out once for whole numbers and for arrays of them, so
that a plan and a thousand runs of it are the same calculation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Any

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
class Known:
    """What has happened to a row, in days from the first application: when it began, when it was done."""

    start: int
    end: int | None = None


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
class Timing:
    """The slots by code, the days of the three stages, and the day on which works may start."""

    slots: Mapping[str, Slot]
    stage_days: tuple[int, int, int]
    works_start: int | None

    @property
    def total(self) -> int:
        """Days of the three stages together."""
        return sum(self.stage_days)


@dataclass(frozen=True, slots=True)
class Network:
    """The rows of one plan in the order in which the rule is carried out, whatever order they were given in.

    `steps` are the rows by position; within one, a row stands after those handled together with it. `needs` are the
    prerequisites that are in the plan, by code; the others do not bind.
    """

    steps: tuple[tuple[Row, ...], ...]
    needs: Mapping[str, tuple[str, ...]]
    by_code: Mapping[str, Row]
    known: Mapping[str, Known]
    floor: int = 0

    @property
    def rows(self) -> list[Row]:
        """The rows in their order."""
        return [row for step in self.steps for row in step]

    def together(self, row: Row) -> list[str]:
        """Prerequisites of the row's own step."""
        return [p for p in self.needs[row.code] if self.by_code[p].position == row.position]

    def is_done(self, code: str) -> bool:
        """Whether the row has ended."""
        return code in self.known and self.known[code].end is not None


def network(rows: Iterable[Row], known: Mapping[str, Known] | None = None, floor: int = 0) -> Network:
    """The rows ready for the rule. Raises PlanError for rows that contradict it."""
    ordered = sorted(rows, key=lambda row: (row.position, row.code))
    by_code = {row.code: row for row in ordered}
    if len(by_code) != len(ordered):
        raise PlanError("一个事项在计划中出现了两次 / a matter stands twice in the plan")
    needs = {row.code: tuple(p for p in row.prerequisites if p in by_code) for row in ordered}
    for code, before in needs.items():
        for p in before:
            if by_code[p].position > by_code[code].position:
                raise PlanError(f"前置事项 {p} 排在 {code} 之后 / prerequisite {p} stands after {code}")
    steps = tuple(_in_turn(list(group), needs) for _, group in groupby(ordered, key=lambda row: row.position))
    return Network(steps, needs, by_code, known or {}, floor)


def _in_turn(step: list[Row], needs: Mapping[str, tuple[str, ...]]) -> tuple[Row, ...]:
    """The rows of one step so that a row comes after the prerequisites handled together with it."""
    here = {row.code: row for row in step}
    placed: dict[str, bool] = {}  # False while what it waits for is being placed
    ordered: list[Row] = []

    def place(row: Row) -> None:
        if placed.get(row.code):
            return
        if row.code in placed:
            raise PlanError(f"事项 {row.code} 与前置事项互相等待 / {row.code} and a prerequisite wait for each other")
        placed[row.code] = False
        for p in needs[row.code]:
            if p in here:
                place(here[p])
        placed[row.code] = True
        ordered.append(row)

    for row in step:
        place(row)
    return tuple(ordered)


def forward(
    net: Network, lengths: Mapping[str, Any], latest_of: Callable[..., Any] = max
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Earliest start and end of every row. `lengths` are days, or arrays of days with `latest_of` their maximum."""
    starts: dict[str, Any] = {}
    ends: dict[str, Any] = {}
    stage, stage_open, main_done = 0, 0, 0
    for step in net.steps:
        if step[0].stage != stage:
            stage, stage_open = step[0].stage, main_done
        for row in step:
            given = net.known.get(row.code)
            if given is not None:
                starts[row.code] = given.start
            else:
                gate = stage_open if row.lane else main_done
                for p in net.needs[row.code]:
                    if net.by_code[p].position != row.position:
                        gate = latest_of(gate, ends[p])
                starts[row.code] = latest_of(gate, net.floor) if net.floor else gate
        for row in step:
            ends[row.code] = _end(net, row, starts[row.code] + lengths[row.code], ends, latest_of)
        for row in step:
            if not row.lane:
                main_done = latest_of(main_done, ends[row.code])
    return starts, ends


def _end(net: Network, row: Row, own: Any, ends: Mapping[str, Any], latest_of: Callable[..., Any]) -> Any:
    """End of a row: its own days, but no earlier than the prerequisites handled together with it, nor in the past."""
    given = net.known.get(row.code)
    if given is not None and given.end is not None:
        return given.end
    end = latest_of(own, net.floor) if given is not None else own
    for p in net.together(row):
        end = latest_of(end, ends[p])
    return end


def plan(
    rows: Iterable[Row], promise_only: bool = True,  # noqa: FBT001, FBT002 - the name is the promise
    *, known: Mapping[str, Known] | None = None, floor: int = 0,
) -> Timing:
    """When each row starts and ends, by the rule above. Raises PlanError for rows that contradict it.

    `known` are rows that have begun or are done, `floor` is today: what has not happened yet lies not before it.
    """
    net = network(rows, known, floor)
    lengths = {row.code: row.days if promise_only else row.road_days for row in net.rows}
    return timing_of(net, lengths)


def timing_of(net: Network, lengths: Mapping[str, int]) -> Timing:
    """The slots of a network when its rows take these days."""
    starts, ends = forward(net, lengths)
    latest = _backward(net, lengths, starts, ends)
    slots = {row.code: _slot(net, row, _length(net, row, lengths, starts), starts, ends, latest) for row in net.rows}
    return Timing(MappingProxyType(slots), _stage_days(net.rows, ends), works_day(net, ends))


def works_day(net: Network, ends: Mapping[str, Any], earliest_of: Callable[..., Any] = min) -> Any:
    """The day on which works may start: the first end of a row that allows it; None when none does."""
    found = None
    for row in net.rows:
        if row.starts_works:
            found = ends[row.code] if found is None else earliest_of(found, ends[row.code])
    return found


def _length(net: Network, row: Row, lengths: Mapping[str, int], starts: Mapping[str, int]) -> int:
    """The days of a row; one that runs past them lasts until today."""
    days = lengths[row.code]
    return max(days, net.floor - starts[row.code]) if row.code in net.known else days


def _backward(
    net: Network, lengths: Mapping[str, int], starts: Mapping[str, int], ends: Mapping[str, int]
) -> dict[str, int]:
    """Latest end of every row that delays neither the last stage nor a row that waits for it.

    What is done holds nothing up, and what has begun is held up no more by what comes before it.
    """
    horizon = max((ends[row.code] for row in net.rows if not row.lane), default=0)
    latest: dict[str, int] = {}
    limits: dict[str, int] = {}  # latest end that the rows naming this one as a prerequisite allow
    main_limit = stage_limit = horizon  # for main rows: what later steps, and what side rows of later stages allow
    side_limit, stage = horizon + FREE, None
    for step in reversed(net.steps):
        if step[0].stage != stage:
            stage, main_limit = step[0].stage, min(main_limit, stage_limit)
        begins: list[int] = []
        for row in reversed(step):
            latest[row.code] = min(side_limit if row.lane else main_limit, limits.get(row.code, side_limit))
            if net.is_done(row.code):
                continue
            begin = side_limit if row.code in net.known else latest[row.code] - _length(net, row, lengths, starts)
            together = net.together(row)
            for p in net.needs[row.code]:
                limit = latest[row.code] if p in together else begin
                limits[p] = min(limits.get(p, limit), limit)
            if row.lane:
                stage_limit = min(stage_limit, begin)
            else:
                begins.append(begin)
        main_limit = min([main_limit, *begins])
    return latest


def _slot(
    net: Network, row: Row, length: int, starts: Mapping[str, int], ends: Mapping[str, int],
    latest: Mapping[str, int],
) -> Slot:
    start, end = starts[row.code], ends[row.code]
    done = net.is_done(row.code)
    slack = 0 if done else latest[row.code] - start - length
    is_critical = not done and length > 0 and slack == 0
    return Slot(row.code, start, end, row.stage, row.step, row.lane, slack, is_critical)


def _stage_days(rows: list[Row], ends: Mapping[str, int]) -> tuple[int, int, int]:
    until = [
        max((ends[row.code] for row in rows if not row.lane and row.stage <= stage), default=0) for stage in range(3)
    ]
    return (until[0], until[1] - until[0], until[2] - until[1])
