"""Rules of utilities, tender steps and fees, with effective dates: data of the catalogue's folder.

`utilities.tsv`, `utility_terms.tsv`, `tender_steps.tsv`, `fees.tsv`, read once a process. Most of these values are not
settled for the place: docs/utilities.md says where each comes from. A record copies what holds on its day.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from packages.facts import CATALOG, split


@dataclass(frozen=True, slots=True)
class Utility:
    """A utility of the joint form: who supplies, what is asked, in how many steps and working days."""

    code: str
    name: str
    body: str
    matter: str
    need: str
    unit: str
    steps: int
    limit: int
    is_works_counted: bool
    is_outside_free: bool
    is_temporary: bool

    @property
    def label(self) -> str:
        """What the form asks: 日用水量（立方米/日）."""
        return f"{self.need}（{self.unit}）"

    @property
    def promise(self) -> str:
        """What is promised: 1 个环节、6 个工作日."""
        more = "" if self.is_works_counted else "，外线施工和行政审批另计"
        free = "，红线外不收费" if self.is_outside_free else ""
        return f"{self.steps} 个环节、{self.limit} 个工作日{more}{free}"


@dataclass(frozen=True, slots=True)
class StepRule:
    """A step of a tender: how many calendar days after the one before at the earliest, how long it is public."""

    order: int
    code: str
    name: str
    state: str
    after_days: int
    publicity_days: int
    needs_evidence: bool
    closes: tuple[str, ...]
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class FeeRule:
    """A fee that a matter of the plan brings; the basis is told only where it is confirmed."""

    code: str
    matter: str
    name: str
    payee: str
    formula: str
    basis: str
    is_confirmed: bool


@lru_cache(maxsize=32)
def _rows(name: str) -> tuple[dict[str, str], ...]:
    with (CATALOG / name).open(encoding="utf-8") as lines:
        return tuple(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def in_force(name: str, on: dt.date) -> Iterator[dict[str, str]]:
    """Return the rows of a dated file of the catalogue's folder that hold on a day, in the order of the file."""
    day = on.isoformat()
    for row in _rows(name):
        if row["valid_from"] <= day and (not row["valid_until"] or day <= row["valid_until"]):
            yield row


def utilities(on: dt.date) -> tuple[Utility, ...]:
    """Return the utilities of the form on a day, in the order of the file."""
    return tuple(
        Utility(
            row["code"], row["name"], row["body"], row["matter_code"], row["need"], row["unit"], int(row["steps"]),
            int(row["limit_days"]), row["works_counted"] == "yes", row["outside_free"] == "yes",
            row["temporary"] == "yes",
        )
        for row in in_force("utilities.tsv", on)
    )


def term(code: str, on: dt.date) -> int:
    """Return a term of the joint application in working days: reply, survey, confirm."""
    return next(int(row["days"]) for row in in_force("utility_terms.tsv", on) if row["code"] == code)


def tender_steps(on: dt.date) -> tuple[StepRule, ...]:
    """Return the steps of a tender on a day, in order."""
    return tuple(
        StepRule(
            int(row["order"]), row["code"], row["name"], row["state"], int(row["after_days"]),
            int(row["publicity_days"]), row["evidence"] == "yes", split(row["closes"]), row["confirmed"] == "yes",
        )
        for row in in_force("tender_steps.tsv", on)
    )


def fee_rules(on: dt.date) -> tuple[FeeRule, ...]:
    """Return the fees of matters on a day, in the order of the file."""
    return tuple(
        FeeRule(
            row["code"], row["matter_code"], row["name"], row["payee"], row["formula"], row["basis"],
            row["confirmed"] == "yes",
        )
        for row in in_force("fees.tsv", on)
    )
