"""Charts as SVG made on the server: lengths are attributes, colour is a class, the figures stand in a table beside.

Axes begin at 0, lines are labelled at their end, late cases are red diamonds, fewer than three cases are no rank.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from gaige.templatetags.dates import DASH, number
from gaige.templatetags.ui import OWNERS, get

register = template.Library()

STEPS = (1, 2, 2.5, 5, 10)
MOST_LINES = 5
HEAT = 4
FEW = 3

# Line of twelve months

LEFT, RIGHT, TOP, FOOT = 36, 560, 18, 208
LABEL_GAP = 16


def nice_scale(top: float) -> tuple[float, float]:
    """Return the step between grid lines and the end of an axis from 0 that reaches ``top`` in at most five steps."""
    if top <= 0:
        return 1.0, float(MOST_LINES)
    power = 10.0 ** math.floor(math.log10(top / MOST_LINES))
    step = next(step * power for step in STEPS if step * power * MOST_LINES >= top)
    return step, step * math.ceil(top / step - 1e-9)


def _path(places: Iterable[tuple[float, float | None]]) -> str:
    """Return a path through the places; a missing value leaves a gap."""
    out, pen = [], "M"
    for x, y in places:
        if y is None:
            pen = "M"
            continue
        out.append(f"{pen}{x:g} {y:.1f}")
        pen = "L"
    return "".join(out)


def _end(places: Sequence[tuple[float, float | None]]) -> tuple[float, float] | None:
    """Return the last place that has a value."""
    return next(((x, y) for x, y in reversed(places) if y is not None), None)


def _grid(step: float, top: float, height: float) -> list[str]:
    """Return the axis, the grid lines and their figures."""
    out = []
    for n in range(round(top / step) + 1):
        y = FOOT - height * n * step / top
        out.append(f'<path class="{"gr" if n else "ax"}" d="M{LEFT} {y:g}H{RIGHT}"/>')
        out.append(f'<text class="lb" x="{LEFT - 8}" y="{y + 5:g}" text-anchor="end">{number(n * step)}</text>')
    return out


def _ends(this: tuple[float, float] | None, last: tuple[float, float] | None, words: tuple[str, str]) -> list[str]:
    """Return the labels at the ends of both lines, moved apart when they would touch."""
    this_y = this[1] if this else 0.0
    last_y = last[1] if last else 0.0
    if this and last and abs(this_y - last_y) < LABEL_GAP:
        middle, turn = (this_y + last_y) / 2, 1 if this_y >= last_y else -1
        this_y, last_y = middle + turn * LABEL_GAP / 2, middle - turn * LABEL_GAP / 2
    out = []
    if this:
        out.append(f'<text class="hv" x="{this[0] + 12:g}" y="{this_y + 5:.1f}">{conditional_escape(words[0])}</text>')
    if last:
        out.append(f'<text class="lb" x="{last[0] + 12:g}" y="{last_y + 5:.1f}">{conditional_escape(words[1])}</text>')
    return out


@register.simple_tag
def line_chart(
    points: Sequence[tuple[str, float | None]], last: Sequence[float | None] = (), label: str = "", **names: str
) -> SafeString:
    """Show up to twelve months: ``points`` are (name of the month, value), ``last`` the values a year before.

    ``label`` is the sentence that says what to see. ``this_name`` and ``last_name`` (今年, 上年) label the ends.
    Nothing is drawn with fewer than two values: 样本不足.
    """
    points = [(name, None if value is None else float(value)) for name, value in points]
    last = [None if value is None else float(value) for value in last]
    values = [value for _, value in points if value is not None]
    if len(values) < 2:  # noqa: PLR2004 - a line has two ends
        return SafeString('<p class="mute small">样本不足</p>')
    step, top = nice_scale(max([*values, *[value for value in last if value is not None]]))
    height, gap = FOOT - TOP, (RIGHT - LEFT - 18) / max(len(points) - 1, 1)
    xs = [LEFT + 8 + gap * n for n in range(len(points))]

    def places(row: Iterable[float | None]) -> list[tuple[float, float | None]]:
        return [(x, None if value is None else FOOT - height * value / top) for x, value in zip(xs, row, strict=False)]

    this, before = places(value for _, value in points), places(last)
    out = _grid(step, top, height)
    out += [
        f'<text class="lb" x="{x:g}" y="{FOOT + 22}" text-anchor="middle">{conditional_escape(name)}</text>'
        for x, (name, _) in zip(xs, points, strict=True)
    ]
    if before:
        out.append(f'<path class="ln2" d="{_path(before)}"/>')
    out.append(f'<path class="ln" d="{_path(this)}"/>')
    out += [f'<circle class="pt" cx="{x:g}" cy="{y:.1f}" r="3.5"/>' for x, y in this if y is not None]
    ends = (
        f"{names.get('this_name', '今年')} {number(values[-1])}",
        f"{names.get('last_name', '上年')} {number(next((v for v in reversed(last) if v is not None), None))}",
    )
    out += _ends(_end(this), _end(before) if before else None, ends)
    words = label or f"由 {number(values[0])} 到 {number(values[-1])}"
    body = mark_safe("".join(out))  # noqa: S308 - numbers, and names escaped above
    return format_html(
        '<div class="scroller" tabindex="0" role="group" aria-label="{}">'
        '<svg class="chart" viewBox="0 0 640 240" role="img" aria-label="{}">{}</svg></div>',
        f"图：{words}",
        words,
        body,
    )


# Bars in a cell


@register.simple_tag
def bar_stack(data: Any, maximum: float, width: int = 300) -> SafeString:
    """Show 时间账 as a bar in a cell: government, applicant, special, intermediary, on a scale shared by the column."""
    left, out, scale = 0.0, [], width / maximum if maximum else 0.0
    for name, css, _ in OWNERS:
        days = float(get(data, name, 0))
        if not days:
            continue
        length = max(days * scale - 1.5, 0.5)
        out.append(f'<rect class="{css}" x="{left:.1f}" y="0" width="{length:.1f}" height="16"/>')
        left += days * scale
    head = f'<svg width="{width}" height="16" viewBox="0 0 {width} 16" aria-hidden="true">'
    return mark_safe(f"{head}{''.join(out)}</svg>")  # noqa: S308 - numbers only


@register.simple_tag
def package_bar(planning: int, permit: int, acceptance: int, maximum: int) -> SafeString:
    """Show the promised days of a package by stage, on the scale of the longest one."""
    width, left, out = 220.0, 0.0, ['<rect class="bg" width="220" height="6"/>']
    for css, days in (("p1", planning), ("p2", permit), ("p3", acceptance)):
        length = width * days / maximum if maximum else 0.0
        if days:
            out.append(f'<rect class="{css}" x="{left:.1f}" width="{max(length - 1.5, 0.5):.1f}" height="6"/>')
        left += length
    head = '<svg class="pbar" viewBox="0 0 220 6" preserveAspectRatio="none" aria-hidden="true">'
    return mark_safe(f"{head}{''.join(out)}</svg>")  # noqa: S308 - numbers only


# One dot per case against its limit

DOTS_WIDTH, DOTS_HEIGHT, DOTS_ROOM = 240, 36, 220


def _dot_x(value: float, maximum: float) -> float:
    """Return where a value stands on the axis."""
    return 8 + DOTS_ROOM * value / maximum


@register.simple_tag
def dots_axis(maximum: float) -> SafeString:
    """Show the figures above a column of dots."""
    step, _ = nice_scale(maximum)
    count = int(maximum / step + 1e-9)
    marks = "".join(
        f'<text class="lb" x="{_dot_x(n * step, maximum):g}" y="13" text-anchor="middle">{number(n * step)}</text>'
        for n in range(count + 1)
    )
    head = f'<svg class="chart" width="{DOTS_WIDTH}" height="18" viewBox="0 0 {DOTS_WIDTH} 18" aria-hidden="true">'
    return mark_safe(f"{head}{marks}</svg>")  # noqa: S308 - numbers only


@register.simple_tag
def dots(values: Iterable[float], limit: float, maximum: float) -> SafeString:
    """Show one dot per case in working days, the promised limit as a stroke, late ones as red diamonds."""
    columns: dict[float, int] = {}
    for value in values:
        columns[value] = columns.get(value, 0) + 1
    step, _ = nice_scale(maximum)
    out = [f'<path class="gr" d="M{_dot_x(n * step, maximum):g} 2V34"/>' for n in range(int(maximum / step + 1e-9) + 1)]
    most = max(columns.values(), default=0)
    gap = min(8.0, 28 / max(most - 1, 1))
    beside = min(9.0, 0.4 * DOTS_ROOM / maximum)
    for value, count in sorted(columns.items()):
        x = _dot_x(min(value, maximum), maximum)
        for n in range(count):
            y = DOTS_HEIGHT / 2 + (n - (count - 1) / 2) * gap
            late = f'<path class="late" d="M{x:g} {y - 5:.1f}l5 5-5 5-5-5z"/>'
            out.append(late if value > limit else f'<circle class="ok" cx="{x:g}" cy="{y:.1f}" r="3.6"/>')
    out.append(f'<path class="lim" d="M{_dot_x(min(limit, maximum), maximum) + beside:g} 2V34"/>')
    size = f'width="{DOTS_WIDTH}" height="{DOTS_HEIGHT}" viewBox="0 0 {DOTS_WIDTH} {DOTS_HEIGHT}"'
    return mark_safe(f'<svg class="chart" {size} aria-hidden="true">{"".join(out)}</svg>')  # noqa: S308 - numbers only


# Heat table


def heat_step(value: float, maximum: float) -> int:
    """Return 0 to 4: how deep a cell is coloured."""
    return min(math.ceil(value / maximum * HEAT), HEAT) if value and maximum else 0


@register.inclusion_tag("ui/heat_table.html")
def heat_table(head: str, columns: Sequence[str], rows: Iterable[Any], total: str = "合计") -> dict[str, Any]:
    """Show a heat table; the number is always printed and opens its list.

    A row: name, cells (pairs of value and url), url of its total. ``total`` heads the last column, empty for none.
    """
    rows = list(rows)
    maximum = max((value for row in rows for value, _ in get(row, "cells", ())), default=0)
    lines = [
        {
            "name": get(row, "name", ""),
            "url": get(row, "url", ""),
            "total": number(sum(value for value, _ in get(row, "cells", ()))),
            "cells": [(heat_step(value, maximum), number(value), url) for value, url in get(row, "cells", ())],
        }
        for row in rows
    ]
    return {"head": head, "columns": columns, "lines": lines, "total": total}


@register.filter
def ranked(value: Any, cases: int) -> str:
    """Return the figure, or 样本不足 when it stands on fewer than three cases."""
    return "样本不足" if cases < FEW else number(value) if value is not None else DASH


# Flow chart of the plan

LANE_HEAD, COLUMN, BOX_W, BOX_H, ROW, HEAD = 118, 110, 90, 64, 87, 84
CHARS = 6
#: Words that a title is rather cut before than through.
WORDS: tuple[str, ...] = (
    "联合",
    "审批",
    "审查",
    "核发",
    "核准",
    "登记",
    "许可",
    "备案",
    "报告",
    "规划",
    "验收",
    "一次",
    "编制",
    "监督",
    "报建",
)
WORDS += (
    "检查",
    "成交",
    "施工",
    "设计",
    "方案",
    "意见",
    "房证",
    "中心",
    "接入",
    "报装",
    "用地",
    "评估",
    "首次",
    "告知",
)
STAGE_FILLS = ("fl-1", "fl-2", "fl-3")


def _lines(title: str) -> list[str]:
    """Return a title in at most two lines of six characters."""
    if len(title) <= CHARS:
        return [title]
    if len(title) > 2 * CHARS:
        return [title[:CHARS], title[CHARS : 2 * CHARS - 1] + "…"]
    half = len(title) / 2
    cuts = range(len(title) - CHARS, CHARS + 1)
    cut = min(cuts, key=lambda at: (not title.startswith(WORDS, at), abs(at - half), at))
    return [title[:cut], title[cut:]]


class _Layout:
    """Where the lanes, columns and boxes of a plan stand."""

    def __init__(self, plan: Any) -> None:
        self.columns = list(get(plan, "columns", ()))
        self.lanes = list(get(plan, "lanes", ()))
        self.nodes = list(get(plan, "nodes", ()))
        slots: dict[tuple[int, int], int] = {}
        row_of: dict[Any, int] = {}
        for node in self.nodes:
            place = (get(node, "lane", 0), get(node, "column", 0))
            row_of[get(node, "id")] = slots.get(place, 0)
            slots[place] = slots.get(place, 0) + 1
        self.depth = [
            max([slots.get((n, m), 0) for m in range(len(self.columns))] or [1]) or 1 for n in range(len(self.lanes))
        ]
        self.tops = [HEAD + ROW * sum(self.depth[:n]) for n in range(len(self.lanes))]
        self.width = LANE_HEAD + COLUMN * len(self.columns)
        self.height = HEAD + ROW * sum(self.depth) + 4
        self.boxes: dict[Any, tuple[float, float]] = {}
        for node in self.nodes:
            x = LANE_HEAD + COLUMN * get(node, "column", 0)
            y = self.tops[get(node, "lane", 0)] + ROW * row_of[get(node, "id")] + (ROW - BOX_H) / 2
            self.boxes[get(node, "id")] = (x, y)
        self.taken: dict[int, int] = {}

    def gap(self, column: int) -> float:
        """Return a free track in the gap before a column; neighbours stand 4 px apart."""
        turn = self.taken.get(column, 0)
        self.taken[column] = turn + 1
        return LANE_HEAD + COLUMN * column - 16 + 4 * (turn % 4)


def _edge(layout: _Layout, start: Any, end: Any, critical: bool) -> str:  # noqa: FBT001
    """Return a line that runs only in the gaps between columns and along the borders of rows."""
    (x1, y1), (x2, y2) = layout.boxes[start], layout.boxes[end]
    x1, y1, y2 = x1 + BOX_W, y1 + BOX_H / 2, y2 + BOX_H / 2
    first = round((x1 - BOX_W - LANE_HEAD) / COLUMN) + 1
    last = round((x2 - LANE_HEAD) / COLUMN)
    if last < first:
        return ""
    track = layout.gap(first)
    path = f"M{x1:g} {y1:g}H{track:g}"
    if last == first:
        path += f"V{y2:g}H{x2 - 7:g}"
    else:
        border = y2 - ROW / 2 + (6 if y2 >= y1 else ROW - 6)
        path += f"V{border:g}H{layout.gap(last):g}V{y2:g}H{x2 - 7:g}"
    css = "ed crit" if critical else "ed"
    opacity = "" if critical else ' fill-opacity=".6"'
    return f'<path class="{css}" d="{path}"/><path class="hd" d="M{x2:g} {y2:g}l-8 -4.5v9z"{opacity}/>'


def _box(layout: _Layout, node: Any) -> str:
    """Return a box: two lines of name, one of note; the whole name as title."""
    x, y = layout.boxes[get(node, "id")]
    state = get(node, "state", "todo")
    css = " ".join(
        word
        for word in (
            state if state in ("done", "now") else "",
            "crit" if get(node, "critical", False) else "",
            "ext" if get(node, "external", False) else "",
        )
        if word
    )
    weight = ' font-weight="700"' if get(node, "critical", False) else ""
    lines = _lines(str(get(node, "title", "")))
    base = y + (22 if len(lines) > 1 else 28)
    middle = f'x="{x + BOX_W / 2:g}" text-anchor="middle"'
    texts = "".join(
        f'<text {middle} y="{base + 17 * n:g}"{weight}>{conditional_escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    note = conditional_escape(get(node, "note", ""))
    title = conditional_escape(get(node, "title", ""))
    return (
        f'<g class="{css}"><title>{title}</title><rect class="bx" x="{x:g}" y="{y:g}" width="{BOX_W}" height="{BOX_H}" '
        f'rx="2"/>{texts}<text class="s" {middle} y="{y + 56:g}">{note}</text></g>'
    )


def _stage_heads(layout: _Layout, stages: Iterable[Any]) -> str:
    """Return the bars of the stages above the columns and the strokes between them."""
    out, column = [], 0
    for n, stage in enumerate(stages):
        span = get(stage, "span", 0)
        x, width = LANE_HEAD - 10 + COLUMN * column, COLUMN * span - 3
        if not span:
            continue
        name, joints = conditional_escape(get(stage, "name", "")), conditional_escape(get(stage, "joints", ""))
        out.append(f'<rect class="{STAGE_FILLS[n % 3]}" x="{x}" y="0" width="{width}" height="34"/>')
        out.append(f'<text class="h inv" x="{x + 12}" y="22">{name}</text>')
        if span > 2:  # noqa: PLR2004 - the names of the joints need three columns
            out.append(f'<text class="inv" x="{x + width - 12}" y="22" text-anchor="end">{joints}</text>')
        column += span
        if column < len(layout.columns):
            out.append(f'<path class="cut" d="M{LANE_HEAD - 12 + COLUMN * column} 40V{layout.height - 4}"/>')
    return "".join(out)


def _lane_rows(layout: _Layout) -> str:
    """Return the lanes with their departments, two lines when the name is long."""
    out = []
    for n, lane in enumerate(layout.lanes):
        top, height = layout.tops[n], ROW * layout.depth[n]
        out.append(
            f'<rect class="lane{" alt" if n % 2 else ""}" x="0" y="{top}" width="{layout.width}" height="{height}"/>'
        )
        lines = _lines(str(lane))
        y = top + height / 2 + 5 - 10 * (len(lines) - 1)
        out += [
            f'<text class="h" x="14" y="{y + 20 * at:g}">{conditional_escape(line)}</text>'
            for at, line in enumerate(lines)
        ]
    return "".join(out)


def _column_heads(layout: _Layout) -> str:
    """Return the date and the note (实际, 预计) of each column."""
    out = []
    for n, column in enumerate(layout.columns):
        x = LANE_HEAD + COLUMN * n + BOX_W / 2
        label, note = conditional_escape(get(column, "label", "")), conditional_escape(get(column, "note", ""))
        out.append(f'<text class="s" x="{x:g}" y="56" text-anchor="middle">{label}</text>')
        out.append(f'<text class="s" x="{x:g}" y="73" text-anchor="middle">{note}</text>')
    return "".join(out)


def _today(layout: _Layout, today: float | None) -> str:
    """Return the red line of today; ``today`` counts columns from the left."""
    if today is None:
        return ""
    x = LANE_HEAD + COLUMN * today - 6
    return (
        f'<path class="today" d="M{x:g} 62V{layout.height - 4}"/>'
        f'<rect class="today-bx" x="{x - 18:g}" y="40" width="36" height="22"/>'
        f'<text class="inv" x="{x:g}" y="56" text-anchor="middle">今天</text>'
    )


@register.simple_tag
def flow_chart(plan: Any, label: str = "") -> SafeString:
    """Show the plan as a flow chart: columns are steps, lanes departments, critical path in ink.

    ``plan``: columns (label, note), lanes (names), stages (name, joints, span in columns), nodes (id, title, note,
    column, lane, state ``done now todo``, critical, external), edges (start, end, critical or a triple of them),
    today (columns from the left, None for none).
    """
    layout = _Layout(plan)
    edges = []
    for edge in get(plan, "edges", ()):
        triple = isinstance(edge, Sequence) and not isinstance(edge, Mapping)
        start, end, critical = edge if triple else (get(edge, "start"), get(edge, "end"), get(edge, "critical", False))
        if start in layout.boxes and end in layout.boxes:
            edges.append((bool(critical), _edge(layout, start, end, bool(critical))))
    parts = [
        _lane_rows(layout),
        _stage_heads(layout, get(plan, "stages", ())),
        _column_heads(layout),
        *[line for _, line in sorted(edges, key=lambda pair: pair[0])],
        _today(layout, get(plan, "today")),
        *[_box(layout, node) for node in layout.nodes],
    ]
    words = label or f"办理流程图：{len(layout.lanes)} 条泳道，{len(layout.nodes)} 个步骤，关键路径加粗"
    body = mark_safe("".join(parts))  # noqa: S308 - numbers, and words escaped above
    box = f"0 0 {layout.width} {layout.height}"
    return format_html('<svg class="flow" viewBox="{}" role="img" aria-label="{}">{}</svg>', box, words, body)


@register.inclusion_tag("ui/flow_keys.html")
def flow_keys() -> dict[str, Any]:
    """Show the legend of the flow chart."""
    return {}
