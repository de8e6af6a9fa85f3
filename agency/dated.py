"""The agency's own tables with effective dates: `agency/catalog/*.tsv`, read once a process."""

from __future__ import annotations

import csv
import datetime as dt
from functools import lru_cache
from pathlib import Path

from packages import policy

FOLDER = Path(__file__).parent / "catalog"


@lru_cache(maxsize=32)
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Return all rows of a file."""
    with (FOLDER / name).open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def in_force(name: str, on: dt.date) -> list[dict[str, str]]:
    """Return the rows of a file that hold on a day, in their order."""
    return policy.in_force(rows(name), on)
