"""The flow chart on a telephone: one column, stage by stage, matter by matter in the order in which they end. Pure.

Drawn from a live plan (`chart.py`) or from the frozen rows of a version that the owner has (`parts_of_rows`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from packages.planning.flow import STAGE_FILLS, frame
from packages.planning.wrapping import lines_of

WIDTH, ROW, HEAD, MARGIN = 328, 52, 44, 12
#: Characters of a line of a name, and how much higher a box is for a second one.
CHARS, MORE = 20, 17


@dataclass(frozen=True, slots=True)
class Line:
    """A box: `state` is done, now or todo; `external` is not the government's time."""

    name: str
    body: str
    when: str
    state: str = "todo"
    critical: bool = False
    external: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A stage with its boxes; `words` stand at the right of its bar."""

    label: str
    words: str
    lines: Sequence[Line]


def draw_phone(parts: Iterable[Part], words: str, *, title: str = "", style: str = "") -> SafeString:
    """Return the drawing, as wide as a telephone; the critical path is a thick rule and a bold name."""
    drawn: list[str] = []
    y = 0
    for n, part in enumerate(part for part in parts if part.lines):
        label, said = conditional_escape(part.label), conditional_escape(part.words)
        drawn.append(
            f'<rect class="{STAGE_FILLS[n % len(STAGE_FILLS)]}" x="0" y="{y}" width="{WIDTH}" height="34"/>'
            f'<text class="h inv" x="{MARGIN}" y="{y + 22}">{label}</text>'
            f'<text class="inv" x="{WIDTH - MARGIN}" y="{y + 22}" text-anchor="end">{said}</text>'
        )
        y += HEAD
        for line in part.lines:
            names = lines_of(line.name, CHARS)
            drawn.append(_box(line, y, names))
            y += ROW + MORE * (len(names) - 1)
        y += MARGIN
    return frame(WIDTH, y, "".join(drawn), words, title=title, style=style)


def _box(line: Line, y: int, names: Sequence[str]) -> str:
    state = "" if line.state == "todo" else line.state
    marks = (state, "crit" if line.critical else "", "ext" if line.external else "")
    weight = ' font-weight="700"' if line.critical else ""
    more = MORE * (len(names) - 1)
    said = "".join(
        f'<text x="{MARGIN}" y="{y + 20 + MORE * n}"{weight}>{conditional_escape(name)}</text>'
        for n, name in enumerate(names)
    )
    foot = y + 38 + more
    return (
        f'<g class="{" ".join(filter(None, marks))}">'
        f'<rect class="bx" x="2" y="{y}" width="{WIDTH - 4}" height="{ROW - 6 + more}" rx="2"/>{said}'
        f'<text class="s" x="{MARGIN}" y="{foot}">{conditional_escape(line.body)}</text>'
        f'<text class="s" x="{WIDTH - MARGIN}" y="{foot}" text-anchor="end">{conditional_escape(line.when)}</text>'
        "</g>"
    )


def day_words(day: dt.date, today: dt.date) -> str:
    """A day as a chart says it: 11月20日, and with the year where it is another."""
    return f"{day.month}月{day.day}日" if day.year == today.year else f"{day.year}年{day.month}月"


def parts_of_rows(rows: Sequence[Mapping[str, Any]], made_on: dt.date) -> list[Part]:
    """The stages of a frozen list (`plan_content`), its matters in the order in which they end."""
    parts = []
    for label in dict.fromkeys(row["stage_label"] for row in rows):
        here = sorted((row for row in rows if row["stage_label"] == label), key=lambda row: (row["on"], row["step"]))
        done = sum(bool(row["done"]) for row in here)
        parts.append(Part(label, f"{done} / {len(here)} 项", [_line_of(row, made_on) for row in here]))
    return parts


def _line_of(row: Mapping[str, Any], made_on: dt.date) -> Line:
    limit = str(row["limit"]).partition("（")[0]
    return Line(
        name=row["name"], body=f"{row.get('lane') or row['department']}　{limit}",
        when=day_words(dt.date.fromisoformat(row["on"]), made_on) + ("办结" if row["done"] else ""),
        state="done" if row["done"] else "todo", critical=row["critical"], external=row.get("outside", False),
    )
