"""Data of major projects and the cockpit: `agency/catalog/*.tsv` with effective dates, read once a process.

Every value is a proposal of this portal: docs/cockpit.md says where each is used and where to change it.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from projects import timing

FOLDER = Path(__file__).parent / "catalog"


@lru_cache(maxsize=8)
def _rows(name: str) -> tuple[dict[str, str], ...]:
    with (FOLDER / name).open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _in_force(name: str, on: dt.date | None) -> Iterator[dict[str, str]]:
    day = (on or timing.today()).isoformat()
    for row in _rows(name):
        if row["valid_from"] <= day and (not row["valid_until"] or day <= row["valid_until"]):
            yield row


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """One index of 六票统筹: its name, its unit, and the code of the department that keeps it."""

    code: str
    name: str
    unit: str
    department: str


def resource_kinds(on: dt.date | None = None) -> list[ResourceKind]:
    """Return the kinds of a day in the order of the file."""
    return [
        ResourceKind(row["code"], row["name"], row["unit"], row["department"])
        for row in _in_force("resource_kinds.tsv", on)
    ]


def kind_of(code: str) -> ResourceKind:
    """Return a kind by its code, also one that is no longer in force; an unknown code names itself."""
    row = next((row for row in reversed(_rows("resource_kinds.tsv")) if row["code"] == code), None)
    if row is None:
        return ResourceKind(code, code, "", "")
    return ResourceKind(row["code"], row["name"], row["unit"], row["department"])


def kind_name(code: str) -> str:
    """Return the name of a kind."""
    return kind_of(code).name


@dataclass(frozen=True, slots=True)
class StartLine:
    """One line of the checklist before a start."""

    code: str
    name: str
    is_required: bool


def start_lines(on: dt.date | None = None) -> list[StartLine]:
    """Return the checklist of a day in the order of the file."""
    return [StartLine(row["code"], row["name"], row["required"] == "yes") for row in _in_force("start_lines.tsv", on)]


def term(code: str, on: dt.date | None = None) -> int:
    """Return a term of a day: days or months."""
    return next(int(row["value"]) for row in _in_force("major_terms.tsv", on) if row["code"] == code)


@dataclass(frozen=True, slots=True)
class One:
    """One of the eight 一: what is counted among what."""

    code: str
    name: str
    means: str
    part: str
    base: str


def eight_ones(on: dt.date | None = None) -> list[One]:
    """Return the eight 一 of a day in the order of the file."""
    return [
        One(row["code"], row["name"], row["means"], row["part"], row["base"])
        for row in _in_force("eight_ones.tsv", on)
    ]
