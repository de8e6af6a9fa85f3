"""Items of the regional assessment, chapters and phases of the one book, indicators, topics: data with dates.

`regional_items.tsv`, `book_steps.tsv`, `book_chapters.tsv`, `land_indicators.tsv`, `land_list_topics.tsv`, read once a
process. None of these values is settled for the place: docs/assessment.md says where each comes from.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from packages.facts import CATALOG, split


@dataclass(frozen=True, slots=True)
class Item:
    """An assessment that may be made for a whole area: the fact it settles and the matters it replaces or brings.

    `kinds` are the slugs of the reports that need not be handed in where the matter stays and is committed to,
    `cited_by` the matters in which the result meets the line 区域评估成果.
    """

    code: str
    name: str
    fact: str
    matters: tuple[str, ...]
    brings: tuple[str, ...]
    kinds: tuple[str, ...]
    cited_by: tuple[str, ...]
    approver: str
    months: int
    source: str


@dataclass(frozen=True, slots=True)
class Step:
    """One phase of the timetable of a combined report, in working days."""

    code: str
    name: str
    days: int
    state: str
    source: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter that a combined report may have: its matter, who reviews, what its compiler has to be able to do."""

    code: str
    name: str
    matter: str
    reviewer: str
    qualification: str
    allows_promises: bool


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator of standard land; `value` where the place has laid one down, with its source, else None."""

    code: str
    name: str
    unit: str
    bound: str
    value: Decimal | None
    source: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What a department is asked about a parcel before it is supplied."""

    code: str
    name: str
    department: str


@lru_cache(maxsize=8)
def _rows(name: str) -> tuple[dict[str, str], ...]:
    with (CATALOG / name).open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _on(name: str, day: dt.date) -> Iterator[dict[str, str]]:
    for row in _rows(name):
        since, until = row["valid_from"], row["valid_until"]
        if dt.date.fromisoformat(since) <= day and (not until or day <= dt.date.fromisoformat(until)):
            yield row


def items(day: dt.date) -> tuple[Item, ...]:
    """Return the items that hold on a day, in the order of the file."""
    return tuple(
        Item(
            row["item"], row["name_zh"], row["fact"], split(row["matters"]), split(row["brings"]), split(row["kinds"]),
            split(row["cited_by"]), row["approver"], int(row["months"]), row["source"],
        )
        for row in _on("regional_items.tsv", day)
    )


def item(code: str, day: dt.date) -> Item | None:
    """Return the item of this code that holds on a day."""
    return next((found for found in items(day) if found.code == code), None)


def steps(day: dt.date) -> tuple[Step, ...]:
    """Return the phases of a combined report that is opened on a day."""
    return tuple(
        Step(row["code"], row["name_zh"], int(row["days"]), row["state"], row["source"])
        for row in _on("book_steps.tsv", day)
    )


def chapters(day: dt.date) -> tuple[Chapter, ...]:
    """Return the chapters that a combined report may have."""
    return tuple(
        Chapter(
            row["code"], row["name_zh"], row["matter_code"], row["reviewer"], row["qualification"],
            row["promises"] == "yes",
        )
        for row in _on("book_chapters.tsv", day)
    )


def indicators(day: dt.date) -> tuple[Indicator, ...]:
    """Return the indicators that standard land is to have."""
    return tuple(
        Indicator(
            row["code"], row["name_zh"], row["unit"], row["bound"], Decimal(row["value"]) if row["value"] else None,
            row["source"],
        )
        for row in _on("land_indicators.tsv", day)
    )


def topics(day: dt.date) -> tuple[Topic, ...]:
    """Return what the departments are asked about a parcel."""
    return tuple(
        Topic(row["code"], row["name_zh"], row["department"]) for row in _on("land_list_topics.tsv", day)
    )
