"""Long tables of a bulletin: its page shows the rows that matter, each table as a whole has a page of its own.

A city with eighteen districts and thirty departments has some six hundred figures, each with its list: on one page they
would weigh more than a page may.
"""

from __future__ import annotations

from typing import Any

#: So many rows of a table, bars and matters stand on the page of the bulletin; of a heat table with more columns none.
SHORT = 6
#: A table that is no longer than this stands there whole.
LONG = 9
#: So many bars, columns, districts with acceptances and agents stand on paper.
ON_PAPER = 8
#: Matters with their dots on the paper of a city of many districts.
DOTS_ON_PAPER = 4
#: Part of the address -> the heading of the page, and the blocks that it shows.
PARTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "regions": ("分区", ("regions", "ledger")),
    "bodies": ("分部门", ("bodies", "dots")),
    "sites": ("联合验收", ("sites", "items")),
}
Blocks = dict[str, Any]


def folded(blocks: Blocks) -> Blocks:
    """Return the blocks with the long ones cut; `folded` says of each part how many rows its own page has."""
    if not blocks:
        return blocks
    found: Blocks = dict(blocks)
    long: dict[str, int] = {}
    for name in ("regions", "bodies", "sites"):
        rows = blocks[name]["rows"]
        if len(rows) > LONG:
            found[name] = {**blocks[name], "rows": _that_matter(rows)}
            long[name] = len(rows)
    _cut_charts(found, long, SHORT)
    dots = blocks["dots"]
    if long and len(dots["rows"]) > SHORT:
        found["dots"], long["dots"] = {**dots, "rows": dots["rows"][:SHORT]}, len(dots["rows"])
    found["folded"] = long
    return found


def on_paper(blocks: Blocks) -> Blocks:
    """Return the blocks as the paper carries them: all districts and departments, of the rest what is longest."""
    found: Blocks = dict(blocks)
    long: dict[str, int] = {}
    _cut_charts(found, long, ON_PAPER)
    for name in ("sites", "agents"):
        rows = blocks[name]["rows"]
        if len(rows) > LONG:
            most = sorted(range(len(rows)), key=lambda at: (-_number(rows[at]["cells"][0]["t"]), at))[:ON_PAPER]
            found[name], long[name] = {**blocks[name], "rows": [rows[at] for at in sorted(most)]}, len(rows)
    if len(blocks["regions"]["rows"]) > LONG:
        long["regions"] = len(blocks["regions"]["rows"])
        found["dots"] = {**blocks["dots"], "rows": blocks["dots"]["rows"][:DOTS_ON_PAPER]}
    found["folded"] = long
    return found


def _number(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0


def _cut_charts(found: Blocks, long: dict[str, int], most: int) -> None:
    """Cut the bars of the ledger and the columns of the heat table in place."""
    ledger, items = found["ledger"], found["items"]
    if len(ledger) > max(most, LONG):
        longest = sorted(range(len(ledger)), key=lambda at: (-float(ledger[at]["sum"]), at))[:most]
        found["ledger"], long["ledger"] = [ledger[at] for at in sorted(longest)], len(ledger)
    if len(items["columns"]) > max(most, LONG):
        found["items"], long["heat"] = cut_items(items, most), len(items["columns"])


def _that_matter(rows: list[Blocks]) -> list[Blocks]:
    """Return the red rows, then the yellow, then from the top, in the order of the table."""
    weight = {"red": 0, "yellow": 1}
    colours = [str((row.get("light") or {}).get("colour", "")) for row in rows]
    first = sorted(range(len(rows)), key=lambda at: (weight.get(colours[at], 2), at))
    return [rows[at] for at in sorted(first[:SHORT])]


def cut_items(items: Blocks, most: int) -> Blocks:
    """Return the heat table with the districts that have the most faults; the others only count in the total."""
    sums = [sum(row["cells"][at]["t"] for row in items["rows"]) for at in range(len(items["columns"]))]
    kept = sorted(sorted(range(len(sums)), key=lambda at: (-sums[at], at))[:most])
    rows = [{**row, "cells": [row["cells"][at] for at in kept]} for row in items["rows"]]
    return {**items, "columns": [items["columns"][at] for at in kept], "rows": rows}
