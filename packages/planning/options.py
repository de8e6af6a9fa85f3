"""Options of a plan (办理方式): 桩基先行, 告知承诺, 容缺, 区域评估, 多评合一, 免于审图. Pure.

`plan_options.tsv` says what each is called, what it brings and what it risks. Three of them are facts (情形) and change
which matters apply; the others change how the rows of a plan are handled. None lengthens a row, so that a plan with an
option on is never later, unless a matter comes with it (the permit of the piling itself is beside the steps).
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from packages.choices import MaterialSource
from packages.facts import CATALOG, Facts, FactValue, vocabulary
from packages.planning.applying import ASSESSING, ONE_BOOK
from packages.planning.definition import MaterialLine, RowDefinition
from packages.planning.terms import term
from projects import timing

if TYPE_CHECKING:
    from packages.planning.definition import PackageDefinition

COMMITMENT, DEFERRAL, BOOK = "commitment", "deferral", "one_book"
PILING, REGIONAL, NO_REVIEW = "piling_first", "regional", "no_review"
#: Options that are no facts: kept beside the facts, told to `build_plan`.
ROW_OPTIONS = frozenset({COMMITMENT, DEFERRAL, BOOK})
#: An application is made in any case; the rest of a committed matter's papers may be committed.
FORM_WORDS = ("申请表", "申请书", "申请", "登记表")


@dataclass(frozen=True, slots=True)
class Option:
    """A switch: its name, the facts it sets, the matter it is about, what it brings, what it risks and who bears it."""

    code: str
    name: str
    facts: tuple[tuple[str, str], ...]
    matter: str
    gain: str
    risk: str
    bearer: str


@lru_cache(maxsize=1)
def options() -> Mapping[str, Option]:
    """All options by code, in the order of the file."""
    with (CATALOG / "plan_options.tsv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {row["code"]: _option(row) for row in rows}


def _option(row: Mapping[str, str]) -> Option:
    return Option(
        row["code"], row["name_zh"], tuple(_facts(row["facts"])), row["matter"], row["gain_zh"], row["risk_zh"],
        row["risk_bearer"],
    )


def _facts(cell: str) -> Iterable[tuple[str, str]]:
    for part in filter(None, cell.split(";")):
        name, _, value = part.partition("=")
        stem = name.removesuffix("*")
        yield from ((fact, value) for fact in vocabulary() if fact == name or (stem != name and fact.startswith(stem)))


def taken(facts: Facts, chosen: Iterable[str], package: PackageDefinition) -> frozenset[str]:
    """The options that a plan with these facts and these row options has on."""
    on = {code for code in chosen if code in ROW_OPTIONS}
    for option in options().values():
        asked = asked_facts(option, package)
        if asked and all(facts.get(name) == value for name, value in asked):
            on.add(option.code)
    return frozenset(on)


def asked_facts(option: Option, package: PackageDefinition) -> list[tuple[str, str]]:
    """The facts of an option that the rules of a package ask for."""
    from packages.planning.build import questions_of

    names = {fact.name for fact in questions_of(package)}
    return [(name, value) for name, value in option.facts if name in names]


def switched(facts: Facts, on: Iterable[str], package: PackageDefinition) -> dict[str, FactValue]:
    """The facts when exactly these options are on. What neither was nor becomes an option keeps its answer."""
    wanted, before = set(on), taken(facts, (), package)
    changed: dict[str, FactValue] = dict(facts)
    for option in options().values():
        if (option.code in wanted) == (option.code in before):
            continue
        for name, value in asked_facts(option, package):
            changed[name] = value if option.code in wanted else _off(name)
    return changed


def _off(name: str) -> str:
    """The value of a fact without the option: no, or drawings sent to review."""
    return "full" if name == "drawing_review" else "no"


# What the row options do ---------------------------------------------------------------------------------------------


def with_options(row: RowDefinition, chosen: frozenset[str]) -> RowDefinition:
    """A row as the chosen options have it: fewer days, papers replaced."""
    today = timing.business_day(timing.now())
    if COMMITMENT in chosen and row.matter.commitment_allowed:
        row = _committed(row, today)
    if BOOK in chosen and row.matter.code == ASSESSING:
        row = _shortened(row, term("one_book_days", today))
    if DEFERRAL in chosen and any(may_follow(line, row) for line in row.matter.materials):
        row = _shortened(row, days_with_deferral(row.promised_days, today))
    return row


def days_with_deferral(days: int, on: dt.date) -> int:
    """The promise of a matter of which a paper follows: so many days less as the data say, a day at least."""
    less = term("deferral_less", on)
    return max(1, days - less) if less and days else days


def _committed(row: RowDefinition, today: dt.date) -> RowDefinition:
    lines = tuple(_commit(line) for line in row.matter.materials)
    shorter = _shortened(row, term("commitment_days", today))
    return replace(shorter, matter=replace(row.matter, materials=lines), committed=True)


def _shortened(row: RowDefinition, days: int) -> RowDefinition:
    entry = row.entry
    return replace(
        row, promised_days=min(row.promised_days, days),
        entry=replace(entry, days=min(entry.days, days), road_days=min(entry.road_days, days)),
    )


def _commit(line: MaterialLine) -> MaterialLine:
    """A line that the applicant would hand in is replaced by the commitment; the application itself is made."""
    if line.source != MaterialSource.APPLICANT or line.from_matters or any(w in line.name for w in FORM_WORDS):
        return line
    return replace(line, source=MaterialSource.COMMITMENT)


def may_follow(line: MaterialLine, row: RowDefinition) -> bool:
    """Whether a paper may be handed in later (容缺)."""
    return row.matter.deferral_allowed and line.deferral_days is not None


__all__ = [
    "BOOK", "COMMITMENT", "DEFERRAL", "NO_REVIEW", "ONE_BOOK", "PILING", "REGIONAL", "ROW_OPTIONS", "Option",
    "asked_facts", "days_with_deferral", "may_follow", "options", "switched", "taken", "with_options",
]
