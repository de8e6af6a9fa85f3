"""The values of the agency desk: dated data of the catalogue's folder (`agency_terms.tsv`).

All of them are proposals of this portal: docs/agency.md says where each is used.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache

from packages.utility_data import in_force
from projects import timing

PARTS = ("specialty", "district", "load", "continuity")
#: The grade of a project that was never appraised.
PLAIN_GRADE = "C"
GRADES = ("A", "B", "C", "D")


@lru_cache(maxsize=64)
def values(on: dt.date) -> dict[str, Decimal]:
    """Return every value that holds on a day, by its code."""
    return {row["code"]: Decimal(row["value"]) for row in in_force("agency_terms.tsv", on)}


def value(code: str, on: dt.date | None = None) -> Decimal:
    """Return one value of a day (default: today)."""
    return values(on or timing.today())[code]


def number(code: str, on: dt.date | None = None) -> int:
    """Return one value as a whole number."""
    return int(value(code, on))


def weights(on: dt.date | None = None) -> dict[str, Decimal]:
    """Return the weights of the four parts of the score."""
    known = values(on or timing.today())
    return {part: known[part] for part in PARTS}


def points_of(grade: str, on: dt.date | None = None) -> Decimal:
    """Return the load points of a project by its grade; one that was never appraised counts like C."""
    return value(f"points-{grade or PLAIN_GRADE}", on)


def budget(level: int, on: dt.date | None = None) -> int | None:
    """Return the working days that a step of the escalation has; the last one has none."""
    found = values(on or timing.today()).get(f"escalate-{level}")
    return None if found is None else int(found)
