"""Small tables of the rules that steps on a case follow, with effective dates: read once a process from the catalogue.

`vague_words.tsv` words that say nothing, `notice_reasons.tsv` why a case may be told faults again, `special_kinds.tsv`
how long a special procedure may take. Most values are proposals of this portal: docs/acts.md says where to change them.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from packages.facts import CATALOG
from projects import timing


@dataclass(frozen=True, slots=True)
class Dated:
    """A rule that holds from a day until another."""

    since: dt.date
    until: dt.date | None

    def holds(self, day: dt.date) -> bool:
        """Return whether the rule holds on that day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class VagueWord(Dated):
    """A word that does not say what to change, the compounds in which it is fine, and what to ask for instead."""

    word: str
    fine_in: tuple[str, ...]
    ask: str


@dataclass(frozen=True, slots=True)
class NoticeReason(Dated):
    """Why a case may be told faults a second time; `other` asks for words."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class SpecialRule(Dated):
    """How long a special procedure of one kind may take at most, and the basis that is offered (may be empty)."""

    kind: str
    longest_days: int
    basis: str


def dated_rows(name: str) -> Iterator[tuple[dict[str, str], Dated]]:
    """Yield the rows of a table of the catalogue with the days on which each holds."""
    with (CATALOG / name).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            until = dt.date.fromisoformat(row["until"]) if row["until"] else None
            yield row, Dated(dt.date.fromisoformat(row["since"]), until)


@lru_cache(maxsize=1)
def _all_words() -> tuple[VagueWord, ...]:
    return tuple(
        VagueWord(when.since, when.until, row["word"], tuple(filter(None, row["fine_in"].split("|"))), row["ask"])
        for row, when in dated_rows("vague_words.tsv")
    )


@lru_cache(maxsize=1)
def _all_reasons() -> tuple[NoticeReason, ...]:
    return tuple(
        NoticeReason(when.since, when.until, row["code"], row["name"]) for row, when in dated_rows("notice_reasons.tsv")
    )


@lru_cache(maxsize=1)
def _all_specials() -> tuple[SpecialRule, ...]:
    return tuple(
        SpecialRule(when.since, when.until, row["kind"], int(row["longest_days"]), row["basis"])
        for row, when in dated_rows("special_kinds.tsv")
    )


def words_today() -> list[VagueWord]:
    """Return the vague words that hold today, in the order of the table."""
    return [row for row in _all_words() if row.holds(timing.today())]


def reasons_today() -> dict[str, str]:
    """Return the reasons for a second notice that may be given today: code to name."""
    return {row.code: row.name for row in _all_reasons() if row.holds(timing.today())}


def reason_name(code: str) -> str:
    """Return the name of a reason, also of one that may no longer be given."""
    return next((row.name for row in _all_reasons() if row.code == code), code)


def special_rule(kind: str) -> SpecialRule | None:
    """Return the rule of a kind of special procedure that holds today, or None."""
    return next((row for row in _all_specials() if row.kind == kind and row.holds(timing.today())), None)
