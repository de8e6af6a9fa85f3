"""The board and the eight 一 as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from agency.cockpit.figures import TABS
from agency.cockpit.standing import OTHERS
from projects.exports import Cell, Column, Table

if TYPE_CHECKING:
    from agency.cockpit.eight import OneRow
    from agency.cockpit.figures import Board, Load
    from agency.cockpit.reach import Reach

Facts = Sequence[tuple[str, str]]


def board_table(board: Board, reach: Reach, facts: Facts) -> Table:
    """Return every figure of the board as one list: which part, of what, how many."""
    columns = (Column("部分", 18), Column("项", 30), Column("指标", 18), Column("数", 10))
    return Table("指挥调度", columns, board_rows(board), [("范围", reach.words), *facts])


def board_rows(board: Board, *, people: bool = True) -> Iterator[Sequence[Cell]]:
    """Yield every figure: part, item, measure, value; without `people` the windows are left out."""
    yield "总体", "合计", "在办项目", board.projects
    yield from _loads("总体", [board.total])
    yield from _loads("中心", board.centres)
    yield from _loads("部门", board.departments)
    yield from _loads("窗口", board.windows if people else ())
    for who, count in board.waits:
        yield "超时在等谁", who, "办件", count
    for _, label, count in board.clocks:
        yield "其他超期时钟", label, "时钟", count
    for opening in board.openings:
        yield "开工预测", opening.label, "项目", opening.count
    for group, count in board.living:
        yield "近期到期", group, "项", count
    for key, count in board.others.items():
        yield "需要过问", OTHERS[key][0], "项", count
    for row in board.changes.stands:
        yield "比上月同日", row.measure.label, "现在", row.now
        yield "比上月同日", row.measure.label, "上月同日", row.then
    for row in board.changes.flows:
        yield "本期比上期", row.measure.label, "本期至今", row.now
        yield "本期比上期", row.measure.label, "上期同日", row.then


def _loads(part: str, loads: Sequence[Load]) -> Iterator[Sequence[Cell]]:
    for load in loads:
        for tab, word in TABS.items():
            yield part, load.label, word, load.cases[tab]
        yield part, load.label, "在办（已受理）", load.accepted
        if part in {"部门", "总体"}:
            yield part, load.label, "待答复意见", load.tasks
            yield part, load.label, "逾期意见", load.late_tasks


def eight_table(rows: Sequence[OneRow], reach: Reach, facts: Facts) -> Table:
    """Return the eight 一: each with part and whole, for all and for each centre."""
    centres = [reach.chosen] if reach.chosen else list(reach.centres)
    columns = [
        Column("“一”", 18), Column("口径", 50), Column("达到", 8), Column("全部", 8), Column("占比%", 8),
    ]
    for centre in centres:
        columns += [Column(f"{centre.label} 达到", 14), Column(f"{centre.label} 全部", 14)]
    return Table("八个一", columns, _eight_rows(rows), [("范围", reach.words), *facts])


def _eight_rows(rows: Sequence[OneRow]) -> Iterator[Sequence[Cell]]:
    for row in rows:
        percent = row.total.words if row.total.is_few else row.total.percent
        cells: list[Cell] = [row.one.name, row.one.means, row.total.part, row.total.whole, percent]
        for share in row.centres:
            cells += [share.part, share.whole]
        yield cells
