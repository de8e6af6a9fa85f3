"""图: the flow chart of a live plan, for the wall (A3), the page and the telephone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString

from packages.planning.engine import STAGES
from packages.planning.flow import STYLE, Column, Flow, Node, StageHead, draw
from packages.planning.phone import Line, Part, day_words, draw_phone
from packages.planning.sheets import sheets_of

if TYPE_CHECKING:
    from packages.planning.schedule import Schedule, ScheduleRow

#: Lanes of what is no department's.
OUTSIDE_LANES = {"applicant": "建设单位", "market": "招标、供地", "intermediary": "中介机构", "utility": "公用企业"}


def flow_chart_svg(schedule: Schedule, *, phone: bool = False, standalone: bool = False) -> SafeString:
    """The plan as a drawing: stages from left to right, departments as lanes, the critical path bold.

    `phone` is one column, read downwards. Inline on a page it takes its colours from the page's style sheet;
    `standalone` carries them in itself, drawn upon as many sheets A3 as it takes to be read, one drawing each.
    """
    title = f"{schedule.project_name} 办理流程图，第 {schedule.revision} 版"
    words = f"{title}：{len(schedule.rows)} 个事项，关键路径 {sum(row.critical for row in schedule.rows)} 项，已加粗"
    if phone:
        return _phone(schedule, words, title, STYLE if standalone else "")
    flow = flow_of(schedule)
    if not standalone:
        return draw(flow, words, title=title)
    sheets = sheets_of(flow)
    return SafeString("".join(
        draw(one.flow, words + _nth(n, len(sheets)), title=title, style=STYLE, size=one.size)
        for n, one in enumerate(sheets, 1)
    ))


def _nth(number: int, count: int) -> str:
    return f"，第 {number} 张，共 {count} 张" if count > 1 else ""


def flow_chart_pdf(schedule: Schedule) -> bytes:
    """The flow chart on sheets A3, ready to be filed or printed."""
    from archives.papering import drawings_of, sheet_pdf

    charts = drawings_of(flow_chart_svg(schedule, standalone=True))
    return sheet_pdf("papers/flow_chart.html", {"schedule": schedule, "charts": charts})


def flow_of(schedule: Schedule) -> Flow:
    """The drawing of a plan: columns are its steps, lanes those who answer for its matters."""
    rows = schedule.rows
    places = sorted({_place(row) for row in rows})
    lanes = list(dict.fromkeys(lane_of(row) for row in sorted(rows, key=_place)))
    codes = {row.code: row for row in rows}
    return Flow(
        columns=[_column([row for row in rows if _place(row) == place], schedule.made_on) for place in places],
        lanes=lanes,
        stages=[
            StageHead(stage.label, f"{stage.days} 日", sum(place[0] == n for place in places))
            for n, stage in enumerate(schedule.stages)
        ],
        nodes=[
            Node(
                row.code, row.name, _note(row), places.index(_place(row)), lanes.index(lane_of(row)), _state(row),
                row.critical, row.outside_promise,
            )
            for row in rows
        ],
        edges=[
            (code, row.code, row.critical and codes[code].critical)
            for row in rows for code, _ in row.prerequisites if code in codes
        ],
        today=_today(schedule, places),
    )


def lane_of(row: ScheduleRow) -> str:
    """Who a matter stands with in the chart: its department, or whose time it is outside the promise."""
    return OUTSIDE_LANES.get(row.time_owner, row.department)


def _place(row: ScheduleRow) -> tuple[int, int]:
    return (STAGES.index(row.stage), row.step)


def _state(row: ScheduleRow) -> str:
    return "done" if row.done else "now" if row.running else "todo"


def _note(row: ScheduleRow) -> str:
    if row.done:
        return f"{row.on_date.month}-{row.on_date.day} 办结"
    return f"{row.days} 日" if row.days else "即办"


def _column(rows: list[ScheduleRow], today: dt.date) -> Column:
    main = [row for row in rows if not row.lane] or rows
    day = max(row.on_date for row in main)
    is_fact = all(row.done for row in main)
    year = "" if day.year == today.year else f"{day.year}年"
    return Column(f"{year}{day.month}月{day.day}日", "实际" if is_fact else "预计")


def _today(schedule: Schedule, places: list[tuple[int, int]]) -> float | None:
    """Where today stands: left of the first step that is not over."""
    for n, place in enumerate(places):
        if any(not row.done and not row.lane for row in schedule.rows if _place(row) == place):
            return float(n)
    return None


# The telephone -------------------------------------------------------------------------------------------------------


def _phone(schedule: Schedule, words: str, title: str, style: str) -> SafeString:
    """One column: stage by stage, matter by matter in the order in which they end; the critical path a thick rule."""
    parts = []
    for stage in schedule.stages:
        rows = sorted((row for row in schedule.rows if row.stage == stage.stage), key=lambda r: (r.on_date, r.step))
        said = f"{stage.done} / {stage.matters} 项，{stage.days} 日"
        parts.append(Part(stage.label, said, [_line(row, schedule.made_on) for row in rows]))
    return draw_phone(parts, words, title=title, style=style)


def _line(row: ScheduleRow, today: dt.date) -> Line:
    return Line(
        name=row.name, body=f"{lane_of(row)}　{row.days_label.partition('（')[0]}",
        when=f"{day_words(row.on_date, today)}{'办结' if row.done else ''}", state=_state(row),
        critical=row.critical, external=row.outside_promise,
    )


__all__ = ["day_words", "flow_chart_pdf", "flow_chart_svg", "flow_of", "lane_of"]
