"""Charts as SVG made on the server: lengths are attributes, colour is a class, the figures stand in a table beside.

Axes begin at 0, lines are labelled at their end, late cases are red diamonds, fewer than three cases are no rank.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from gaige.templatetags.dates import number
from gaige.templatetags.plain import get
from gaige.templatetags.ui import OWNERS
from packages.planning import flow

register = template.Library()

STEPS = (1, 2, 2.5, 5, 10)
MOST_LINES = 5
HEAT = 4

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
    """Show one dot per case in working days, the promised limit as a stroke, late ones as red diamonds.

    A dot is a stroke without a length, round at its ends: hundreds of them weigh a tenth of as many circles.
    """
    columns: dict[float, int] = {}
    for value in values:
        columns[value] = columns.get(value, 0) + 1
    step, _ = nice_scale(maximum)
    grid = "".join(f"M{_dot_x(n * step, maximum):g} 2V34" for n in range(int(maximum / step + 1e-9) + 1))
    out = [f'<path class="gr" d="{grid}"/>']
    most = max(columns.values(), default=0)
    gap = min(8.0, 28 / max(most - 1, 1))
    beside = min(9.0, 0.4 * DOTS_ROOM / maximum)
    marks: dict[str, list[str]] = {"ok": [], "late": []}
    for value, count in sorted(columns.items()):
        x = _dot_x(min(value, maximum), maximum)
        for n in range(count):
            y = DOTS_HEIGHT / 2 + (n - (count - 1) / 2) * gap
            if value > limit:
                marks["late"].append(f"M{x:.0f} {y - 5:.0f}l5 5-5 5-5-5z")
            else:
                marks["ok"].append(f"M{x:.0f} {y:.0f}h0")
    out += [f'<path class="{css}" d="{"".join(found)}"/>' for css, found in marks.items() if found]
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

    A row: name, cells (pairs of value and url), url of its total, and the total itself where cells are left out.
    ``total`` heads the last column, empty for none.
    """
    rows = list(rows)
    maximum = max((value for row in rows for value, _ in get(row, "cells", ())), default=0)
    lines = [
        {
            "name": get(row, "name", ""),
            "url": get(row, "url", ""),
            "total": number(get(row, "total", sum(value for value, _ in get(row, "cells", ())))),
            "cells": [(heat_step(value, maximum), number(value), url) for value, url in get(row, "cells", ())],
        }
        for row in rows
    ]
    return {"head": head, "columns": columns, "lines": lines, "total": total}


# Flow chart of the plan


@register.simple_tag
def flow_chart(plan: Any, label: str = "") -> SafeString:
    """Show the plan as a flow chart: columns are steps, lanes departments, critical path in ink.

    ``plan``: columns (label, note), lanes (names), stages (name, joints, span in columns), nodes (id, title, note,
    column, lane, state ``done now todo``, critical, external), edges (start, end, critical or a triple of them),
    today (columns from the left, None for none).
    """
    return flow.draw(_flow(plan), label)


def _flow(plan: Any) -> flow.Flow:
    """Return the plan of a template as the drawing takes it."""
    edges = []
    for edge in get(plan, "edges", ()):
        triple = isinstance(edge, Sequence) and not isinstance(edge, Mapping)
        start, end, critical = edge if triple else (get(edge, "start"), get(edge, "end"), get(edge, "critical", False))
        edges.append((str(start), str(end), bool(critical)))
    return flow.Flow(
        columns=[flow.Column(str(get(c, "label", "")), str(get(c, "note", ""))) for c in get(plan, "columns", ())],
        lanes=[str(lane) for lane in get(plan, "lanes", ())],
        stages=[
            flow.StageHead(str(get(s, "name", "")), str(get(s, "joints", "")), int(get(s, "span", 0)))
            for s in get(plan, "stages", ())
        ],
        nodes=[
            flow.Node(
                str(get(n, "id")), str(get(n, "title", "")), str(get(n, "note", "")), int(get(n, "column", 0)),
                int(get(n, "lane", 0)), str(get(n, "state", "todo")), bool(get(n, "critical", False)),
                bool(get(n, "external", False)),
            )
            for n in get(plan, "nodes", ())
        ],
        edges=edges,
        today=get(plan, "today"),
    )


@register.inclusion_tag("ui/flow_keys.html")
def flow_keys() -> dict[str, Any]:
    """Show the legend of the flow chart."""
    return {}
