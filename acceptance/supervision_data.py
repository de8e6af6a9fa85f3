"""Points, terms, phases and reasons of the joint supervision: dated data of the catalogue's folder.

`supervision_points.tsv`, `inspection_terms.tsv`, `inspection_phases.tsv`, `inspection_grades.tsv`, `visit_reasons.tsv`.
All values are proposals of this portal: docs/supervision.md says where each is used.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from packages.facts import split
from packages.utility_data import in_force
from projects import timing, workdays


@dataclass(frozen=True, slots=True)
class Phase:
    """When a joint inspection of a phase is due: so many calendar days after the permit; the low rank comes first."""

    code: str
    name: str
    order: int
    rank: int
    after_days: int


def points(on: dt.date) -> list[dict[str, str]]:
    """Return the cards in force on a day, in the order of the file."""
    return list(in_force("supervision_points.tsv", on))


def term(code: str, on: dt.date) -> int:
    """Return a term: working days, calendar days or times, as the file says."""
    return next(int(row["days"]) for row in in_force("inspection_terms.tsv", on) if row["code"] == code)


def due(code: str, moment: dt.datetime) -> dt.date:
    """Return the last day of a term that began at this moment, in its unit."""
    day = timing.business_day(moment)
    row = next(row for row in in_force("inspection_terms.tsv", day) if row["code"] == code)
    days = int(row["days"])
    return workdays.due_date(day, days) if row["unit"] == "work" else day + dt.timedelta(days=days)


def phases(count: int, on: dt.date) -> list[Phase]:
    """Return the phases of a plan of `count` inspections, the most telling ones, in the order of the works.

    More inspections than phases repeat the last one, each as long after it as the last two are apart.
    """
    known = [
        Phase(row["code"], row["name"], int(row["order"]), int(row["rank"]), int(row["after_days"]))
        for row in in_force("inspection_phases.tsv", on)
    ]
    chosen = sorted(sorted(known, key=lambda one: one.rank)[:count], key=lambda one: one.order)
    gap = known[-1].after_days - known[-2].after_days
    while len(chosen) < count:
        last = chosen[-1]
        chosen.append(Phase(last.code, last.name, last.order, last.rank, last.after_days + gap))
    return chosen


def change_of(grade: str, on: dt.date) -> int:
    """Return how many inspections more or fewer a credit grade brings."""
    rows = {row["grade"]: int(row["change"]) for row in in_force("inspection_grades.tsv", on)}
    return rows.get(grade, rows["*"])


def reasons(on: dt.date) -> list[tuple[str, str]]:
    """Return the reasons for a visit outside the plan: code and word."""
    return [(row["code"], row["name"]) for row in in_force("visit_reasons.tsv", on)]


def reason_name(code: str, on: dt.date) -> str:
    """Return the word of a reason; the code where it no longer stands."""
    return dict(reasons(on)).get(code, code)


def phases_of(row: dict[str, str]) -> list[str]:
    """Return the phases that a card is looked at in."""
    return list(split(row["phases"]))
