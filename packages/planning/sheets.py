"""The flow chart on sheets A3: as few as let every letter be read, the stages of a sheet side by side. Pure.

A step in which many matters of one department stand below each other takes several columns; where one sheet is too
small the stages part, and lines that go on upon another sheet bear one number at both ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from packages.planning.flow import Flow, Layout, Node, Size

#: Millimetres that the drawing has on an A3 beside its heading, its legend and its number.
AREA = (396, 226)
#: No letter on a sheet is smaller, in points; the smallest is so many units.
LEAST_POINTS, SMALLEST = 7.5, 12
POINTS = 72 / 25.4
#: Boxes of a sheet, how many characters a line takes; how many of a department stand below each other in a step.
SIZES = tuple(Size(chars=chars, least=1, most=4, gap=14) for chars in (7, 8, 10, 12))
STACKS = (99, 4, 3, 2, 1)


@dataclass(frozen=True)
class Sheet:
    """A part of a plan, set in boxes of this size."""

    flow: Flow
    size: Size

    @cached_property
    def points(self) -> float:
        """How large its smallest letters are on paper, in typographic points."""
        layout = Layout(self.flow, self.size)
        return SMALLEST * POINTS * min(AREA[0] / layout.width, AREA[1] / layout.height)


def sheets_of(plan: Flow) -> list[Sheet]:
    """Return the fewest sheets on which every letter can be read; a stage is never parted."""
    ways = _groupings([n for n, stage in enumerate(plan.stages) if stage.span])
    sheets: list[Sheet] = []
    for _, same in groupby(ways, key=len):
        sheets = max((_laid_out(plan, way) for way in same), key=_least)
        if _least(sheets) >= LEAST_POINTS:
            break
    return sheets


def _least(sheets: Iterable[Sheet]) -> float:
    """Return the points of the smallest letters on these sheets."""
    return min(sheet.points for sheet in sheets)


def _laid_out(plan: Flow, way: Sequence[Sequence[int]]) -> list[Sheet]:
    """Return a plan parted in this way, each part as large as it goes."""
    parts = [plan] if len(way) == 1 else _numbered([_part(plan, stages) for stages in way], plan.edges)
    return [_set(part) for part in parts]


def _groupings(stages: Sequence[int]) -> list[list[list[int]]]:
    """Return the ways to part stages into neighbours, the fewest parts first."""
    if not stages:
        return [[[]]]
    ways = [[list(stages)]]
    for at in range(1, len(stages)):
        ways += [[list(stages[:at]), *rest] for rest in _groupings(stages[at:])]
    return sorted(ways, key=len)


def _set(part: Flow) -> Sheet:
    """Return a part in the boxes and columns with which its letters are largest."""
    folds = {len(one.columns): one for one in (folded(part, most) for most in STACKS)}
    return max((Sheet(one, size) for one in folds.values() for size in SIZES), key=lambda sheet: sheet.points)


def folded(plan: Flow, most: int) -> Flow:
    """Return the plan with no more than so many boxes of a lane below each other: a step takes several columns."""
    stacks = Counter((node.lane, node.column) for node in plan.nodes)
    wide = [
        max([-(-stacks[lane, column] // most) for lane in range(len(plan.lanes))] or [1]) or 1
        for column in range(len(plan.columns))
    ]
    starts = [sum(wide[:n]) for n in range(len(wide))]
    seen: Counter[tuple[int, int]] = Counter()
    nodes, step = [], {}
    for node in plan.nodes:
        place = (node.lane, node.column)
        high = -(-stacks[place] // wide[node.column])
        nodes.append(replace(node, column=starts[node.column] + seen[place] // high))
        step[node.id] = node.column
        seen[place] += 1
    at, stages = 0, []
    for stage in plan.stages:
        stages.append(replace(stage, span=sum(wide[at : at + stage.span])))
        at += stage.span
    columns = [replace(one, joined=n > 0) for one, count in zip(plan.columns, wide, strict=True) for n in range(count)]
    edges = [edge for edge in plan.edges if step.get(edge[0]) != step.get(edge[1])]
    today = None if plan.today is None else float(starts[int(plan.today)])
    return replace(plan, columns=columns, nodes=nodes, stages=stages, edges=edges, today=today)


def _part(plan: Flow, stages: Iterable[int]) -> Flow:
    """Return some stages of a plan, with their own lanes only."""
    chosen = set(stages)
    start = sum(stage.span for n, stage in enumerate(plan.stages) if n < min(chosen))
    kept = [stage for n, stage in enumerate(plan.stages) if n in chosen]
    end = start + sum(stage.span for stage in kept)
    inside = [node for node in plan.nodes if start <= node.column < end]
    lanes = sorted({node.lane for node in inside})
    nodes = [replace(node, column=node.column - start, lane=lanes.index(node.lane)) for node in inside]
    names = {node.id for node in nodes}
    return Flow(
        columns=plan.columns[start:end],
        lanes=[plan.lanes[lane] for lane in lanes],
        nodes=nodes,
        stages=kept,
        edges=[edge for edge in plan.edges if edge[0] in names and edge[1] in names],
        today=plan.today - start if plan.today is not None and start <= plan.today < end else None,
    )


def _numbered(parts: Sequence[Flow], edges: Sequence[tuple[str, str, bool]]) -> list[Flow]:
    """Return the parts with one number at both ends of what goes on upon another sheet."""
    sheet = {node.id: n for n, part in enumerate(parts) for node in part.nodes}
    across = [(a, b) for a, b, _ in edges if a in sheet and b in sheet and sheet[a] != sheet[b]]
    order = [node.id for part in parts for node in sorted(part.nodes, key=lambda one: (one.column, one.lane))]
    leaving = {a for a, _ in across}
    number = {code: n for n, code in enumerate((code for code in order if code in leaving), 1)}

    def marked(node: Node) -> Node:
        comes = tuple(sorted({number[a] for a, b in across if b == node.id}))
        return replace(node, goes=number.get(node.id, 0), comes=comes)

    return [replace(part, nodes=[marked(node) for node in part.nodes]) for part in parts]
