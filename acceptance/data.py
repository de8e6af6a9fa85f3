"""Values of the joint survey and the joint acceptance, with effective dates: data of the catalogue's folder.

`acceptance_terms.tsv` (per package, `*` where none is given), `acceptance_scope.tsv`, `acceptance_make_ups.tsv`,
`acceptance_ticks.tsv`, `shared_facilities.tsv`, `survey_kinds.tsv`. Most are proposals of this portal:
docs/acceptance.md says where each is used and where to change it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from packages.utility_data import in_force

ANY = "*"
#: The steps of the timetable, in order.
STEPS = ("push", "papers", "site", "reply")
STEP_NAMES = {"push": "受理推送", "papers": "资料审核", "site": "现场验收", "reply": "统一回复"}
#: Life and safety: no row of data lets these items pass with a paper to follow.
NEVER_DEFERRED = frozenset({"fire", "civil-defence", "lightning"})


@dataclass(frozen=True, slots=True)
class Term:
    """A value with its unit."""

    value: int
    unit: str


@dataclass(frozen=True, slots=True)
class Secondary:
    """A secondary paper of an item that may follow: within how many working days, what happens when it does not."""

    item: str
    paper: str
    days: int
    consequence: str


@dataclass(frozen=True, slots=True)
class Facility:
    """A facility shared by several buildings, what has to be there, and the code of the body that confirms it."""

    code: str
    name: str
    asks: str
    department: str


@dataclass(frozen=True, slots=True)
class SurveyKind:
    """One of the surveys that the joint survey merges, and the code of the body that uses it."""

    code: str
    name: str
    department: str


def term(code: str, on: dt.date, package: str = ANY) -> Term:
    """Return a value on a day: that of the package, else the general one."""
    rows = [row for row in in_force("acceptance_terms.tsv", on) if row["code"] == code]
    row = next((row for row in rows if row["package"] == package), None)
    row = row or next(row for row in rows if row["package"] == ANY)
    return Term(int(row["value"]), row["unit"])


def timetable(on: dt.date, package: str = ANY) -> dict[str, int]:
    """Return the working days of each step: those of the package, 1+4+3+1 where none is given."""
    return {step: term(step, on, package).value for step in STEPS}


def not_involved(on: dt.date, package: str) -> dict[str, str]:
    """Return the items that a package does not involve, each with its reason."""
    return {row["item"]: row["reason"] for row in in_force("acceptance_scope.tsv", on) if row["package"] == package}


def secondary_papers(item: str, on: dt.date) -> list[Secondary]:
    """Return the papers of an item that may follow the conclusion; none for what concerns life and safety."""
    if item in NEVER_DEFERRED:
        return []
    cap = term("make_up_cap", on).value
    return [
        Secondary(item, row["paper"], min(int(row["days"]), cap), row["consequence"])
        for row in in_force("acceptance_make_ups.tsv", on) if row["item"] == item
    ]


@dataclass(frozen=True, slots=True)
class TickRule:
    """When what was checked during the works counts at the acceptance of an item (过程已核).

    `needs_all`: every card that ticks was passed, else one is enough. `days`: for so many calendar days, 0 for ever.
    `records`: the department may take it over instead of looking again (验收免核); else it is only told.
    """

    needs_all: bool
    days: int
    records: bool


def tick_rule(item: str, on: dt.date) -> TickRule:
    """Return the rule of an item on a day: its own, else the general one."""
    rows = {row["item"]: row for row in in_force("acceptance_ticks.tsv", on)}
    row = rows.get(item) or rows[ANY]
    return TickRule(row["needs"] == "all", int(row["days"]), row["records"] == "yes")


def facilities(on: dt.date) -> list[Facility]:
    """Return what a phase or a building needs that is accepted by itself."""
    return [
        Facility(row["code"], row["name"], row["asks"], row["department"])
        for row in in_force("shared_facilities.tsv", on)
    ]


def survey_kinds(on: dt.date) -> list[SurveyKind]:
    """Return the surveys that one joint survey merges."""
    return [SurveyKind(row["code"], row["name"], row["department"]) for row in in_force("survey_kinds.tsv", on)]


def area_tone(difference: float, permitted: float, on: dt.date) -> str:
    """Return good, warn or bad for a difference of areas (m²), by its share of the permitted area."""
    if not permitted:
        return "plain"
    share = abs(difference) / permitted * 1000
    if share > term("area_over", on).value:
        return "bad"
    return "warn" if share > term("area_watch", on).value else "good"
