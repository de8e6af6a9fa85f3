"""Parts of the bulletins: a figure with its list, a lamp for paper, a chart that brings its colours to the PDF."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

#: The renderer of papers gives a drawing no style but its own.
INK = (
    "<style>.ax{stroke:#80868e}.gr{stroke:#dddbd3}.lb{fill:#5c6674}.ln{fill:none;stroke:#1b4f80;stroke-width:2.25}"
    ".ln2{fill:none;stroke:#80868e;stroke-width:1.5;stroke-dasharray:4 3}"
    ".pt{fill:#ffffff;stroke:#1b4f80;stroke-width:2}"
    ".lim{stroke:#1b232e;stroke-width:2}.ok{fill:none;stroke:#1f6848;stroke-width:7.2;stroke-linecap:round}.late{fill:#b3261e}.hv{font-weight:700}"
    "text{font-size:13px;font-family:'Noto Sans SC'}"
    ".gov{fill:#2d6699}.ent{fill:#b97d14}.spc{fill:#7c6a9f}.mid{fill:#4c8c86}.mdl{fill:#4c8c86}</style>"
)
OPENING = re.compile(r"(<svg\b[^>]*>)")
SHAPES = {"green": "●", "yellow": "▲", "red": "◆"}


@register.simple_tag(takes_context=True)
def drawn(context: Mapping[str, Any], svg: SafeString) -> SafeString:
    """Show a chart of `charts`; for the PDF its colours stand in the drawing itself."""
    if not context.get("for_pdf"):
        return svg
    return mark_safe(OPENING.sub(lambda found: found[1] + INK, str(svg)))  # noqa: S308 - drawn and escaped by charts


@register.simple_tag
def figure(cell: Mapping[str, Any]) -> SafeString:
    """Show a figure: `t` its text, `url` its list (empty: none), `bad` in red."""
    text = conditional_escape(cell.get("t", ""))
    css = format_html(' class="{}"', "bad") if cell.get("bad") else ""
    if cell.get("url"):
        return format_html('<a href="{}"{}>{}</a>', cell["url"], css, text)
    return format_html("<b{}>{}</b>", css, text) if css else SafeString(text)


@register.simple_tag
def lamp(light: Mapping[str, str] | None) -> SafeString:
    """Show a light for paper: shape, colour and word; without a colour the word alone."""
    if not light:
        return SafeString("")
    shape = SHAPES.get(light["colour"], "")
    if not shape:
        return format_html('<span class="few">{}</span>', light["words"])
    return format_html('<span class="lamp {}">{}</span>{}', light["colour"], shape, light["words"])


@register.filter
def spread(row: Mapping[str, Any]) -> list[float]:
    """Return one value per dot of a matter: (days, how many) pairs taken apart."""
    return [days for days, many in row["spread"] for _ in range(many)]


@register.filter
def points(trend: list[Mapping[str, Any]]) -> list[tuple[str, float | None]]:
    """Return the months of a line chart as (name, value)."""
    return [(point["label"], point["value"]) for point in trend]


@register.filter
def befores(trend: list[Mapping[str, Any]]) -> list[float | None]:
    """Return the values a year before, or none where there is not one."""
    values = [point["before"] for point in trend]
    return values if any(value is not None for value in values) else []


@register.filter
def has_line(trend: list[Mapping[str, Any]]) -> bool:
    """Return whether two months have a value, so that a line can be drawn."""
    return sum(point["value"] is not None for point in trend) > 1


@register.filter
def longest(rows: list[Mapping[str, Any]], name: str) -> float:
    """Return the largest value of a column."""
    return max((float(row[name]) for row in rows), default=0.0)


@register.filter
def heat(rows: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of the heat table: name, (count, address) for each district, the total and its address."""
    return [
        {
            "name": row["name"],
            "cells": [(cell["t"], cell.get("url", "") if cell["t"] else "") for cell in row["cells"]],
            "url": row.get("url", ""),
            "total": row["total"],
        }
        for row in rows
    ]


@register.filter
def two_lines(name: str) -> SafeString:
    """Return the head of a narrow column on at most two lines, a longer name broken in its middle: 按时 办结率."""
    text, middle = str(name), len(str(name)) // 2
    if middle < 2:  # noqa: PLR2004 - up to three letters stay together
        return format_html('<span class="nb">{}</span>', text)
    return format_html('<span class="nb">{}</span><br><span class="nb">{}</span>', text[:middle], text[middle:])


@register.filter
def kept_together(note: str) -> SafeString:
    """Return a note whose parts (环比 +1.2%　同比 —) break between each other only."""
    return format_html_join("　", '<bdi class="nb">{}</bdi>', ((part,) for part in str(note).split("　")))
