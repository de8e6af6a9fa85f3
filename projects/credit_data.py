"""Rules of credit archives with effective dates: `projects/catalog/credit_*.tsv`, read once a process.

All values are proposals of this portal: docs/credit.md says where each is used and where to change it.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "catalog"
#: Days of a month, for the decay.
MONTH = 30.44


@dataclass(frozen=True, slots=True)
class CreditRule:
    """What counts: how grave, how much, from which event of a flow (none: by hand), and whom it concerns."""

    code: str
    name: str
    kind: str
    severity: str
    points: int
    event: str
    field: str
    value: str
    whom: str

    def fits(self, kind: str, told: Mapping[str, Any]) -> bool:
        """Whether an event of this kind with this data falls under the rule."""
        return self.event == kind and (not self.field or str(told.get(self.field, "")) == self.value)


@lru_cache(maxsize=8)
def _rows(name: str) -> tuple[dict[str, str], ...]:
    with (FOLDER / name).open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _in_force(name: str, on: dt.date) -> Iterator[dict[str, str]]:
    day = on.isoformat()
    for row in _rows(name):
        if row["valid_from"] <= day and (not row["valid_until"] or day <= row["valid_until"]):
            yield row


def rules(on: dt.date) -> list[CreditRule]:
    """Return the rules of a day, in the order of the file."""
    return [
        CreditRule(
            row["code"], row["name"], row["kind"], row["severity"], int(row["points"]), row["event"], row["field"],
            row["value"], row["whom"],
        )
        for row in _in_force("credit_rules.tsv", on)
    ]


def event_kinds() -> set[str]:
    """Return every kind of event that some rule of some day asks for."""
    return {row["event"] for row in _rows("credit_rules.tsv") if row["event"]}


def term(code: str, on: dt.date) -> int:
    """Return a term: points, months or working days."""
    return next(int(row["value"]) for row in _in_force("credit_terms.tsv", on) if row["code"] == code)


def weight(happened_on: dt.date, on: dt.date) -> float:
    """Return how much a record of a day still counts on another: in full, by half, not at all."""
    months = (on - happened_on).days / MONTH
    if months < 0 or months >= term("half", on):
        return 0.0
    return 1.0 if months < term("full", on) else 0.5


def grade_for(score: float, on: dt.date) -> str:
    """Return the grade of a score on a day."""
    rows = sorted(_in_force("credit_grades.tsv", on), key=lambda row: -int(row["least"]))
    return next(row["grade"] for row in rows if score >= int(row["least"]))


def worst_grade(on: dt.date) -> str:
    """Return the lowest grade: that of whoever is listed."""
    return min(_in_force("credit_grades.tsv", on), key=lambda row: int(row["least"]))["grade"]


def grade_row(grade: str, on: dt.date) -> dict[str, str]:
    """Return name and consequence of a grade; empty words without one."""
    rows = {row["grade"]: row for row in _in_force("credit_grades.tsv", on)}
    return rows.get(grade, {"name": "未评级", "inspection_words": "按风险等级检查", "least": ""})


def refusals(on: dt.date) -> list[dict[str, str]]:
    """Return the joint punishments of a day: who (a grade, or listed), what is refused, its name and words."""
    return list(_in_force("credit_refusals.tsv", on))


