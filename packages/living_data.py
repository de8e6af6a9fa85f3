"""Which papers run out, and by which rule: kinds of conditional permits and of letters in lieu, with effective dates.

Data of the catalogue's folder (`living_permits.tsv`, `letter_rules.tsv`, `letter_fields.tsv`), read once a process.
Places differ, and most of these rules are not settled anywhere: docs/letters.md says where each value comes from. A
paper copies what holds on its day, so that a later change moves nothing that was issued.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from packages.facts import CATALOG, split
from projects.counting import months_after


@dataclass(frozen=True, slots=True)
class PermitKind:
    """A kind of conditional permit. `matter` is the matter whose grant issues it; without one a chief issues it."""

    code: str
    name: str
    matter: str
    phase: int
    is_works: bool
    months: int
    scope: str
    excludes: str
    formal: tuple[str, ...]
    not_for: tuple[str, ...]
    not_inherited: tuple[str, ...]
    supervisor: str
    inspection: str
    paper: str
    since: dt.date
    until: dt.date | None
    source: str

    @property
    def length(self) -> str:
        """How long a permit of this kind holds, in words."""
        return f"{self.months} 个月"

    def last_day(self, first: dt.date) -> dt.date:
        """The last day on which a permit of this day holds."""
        return months_after(first, self.months)


@dataclass(frozen=True, slots=True)
class LetterField:
    """A fact that a letter states and that the formal certificate is compared with. `tolerance` is in percent."""

    key: str
    name: str
    source: str
    unit: str
    is_material: bool
    tolerance: float


@dataclass(frozen=True, slots=True)
class LetterRule:
    """A kind of letter: what it stands for, which matters may take it for which kinds of documents, how long."""

    code: str
    name: str
    matter: str
    stands_for: str
    kinds: tuple[str, ...]
    usable_by: tuple[str, ...]
    days: int
    formal: tuple[str, ...]
    fields: tuple[LetterField, ...]
    since: dt.date
    until: dt.date | None
    source: str

    @property
    def length(self) -> str:
        """How long a letter of this kind holds, in words."""
        return f"{self.days} 日"

    def last_day(self, first: dt.date) -> dt.date:
        """The last day on which a letter of this day holds."""
        return first + dt.timedelta(days=self.days)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (CATALOG / name).open(encoding="utf-8") as lines:
        yield from csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)


def _days(row: dict[str, str]) -> tuple[dt.date, dt.date | None]:
    until = row["valid_until"]
    return dt.date.fromisoformat(row["valid_from"]), dt.date.fromisoformat(until) if until else None


@lru_cache(maxsize=1)
def permit_kinds() -> tuple[PermitKind, ...]:
    """Return every kind of conditional permit, in the order of the file."""
    found = []
    for row in _rows("living_permits.tsv"):
        since, until = _days(row)
        found.append(PermitKind(
            code=row["code"], name=row["name"], matter=row["matter_code"], phase=int(row["phase"]),
            is_works=row["works"] == "yes", months=int(row["months"] or settings.CONDITIONAL_PERMIT_MONTHS),
            scope=row["scope"], excludes=row["excludes"], formal=split(row["formal_matters"]),
            not_for=split(row["not_for"]), not_inherited=split(row["not_inherited"]), supervisor=row["supervisor"],
            inspection=row["inspection"], paper=row["paper"], since=since, until=until,
            source=row["source"],
        ))
    return tuple(found)


@lru_cache(maxsize=1)
def letter_rules() -> tuple[LetterRule, ...]:
    """Return every kind of letter with its fields, in the order of the file."""
    fields: dict[str, list[LetterField]] = {}
    for row in _rows("letter_fields.tsv"):
        fields.setdefault(row["letter_code"], []).append(LetterField(
            row["key"], row["name"], row["source"], row["unit"], row["material"] == "yes", float(row["tolerance"] or 0)
        ))
    found = []
    for row in _rows("letter_rules.tsv"):
        since, until = _days(row)
        found.append(LetterRule(
            code=row["code"], name=row["name"], matter=row["matter_code"], stands_for=row["stands_for"],
            kinds=split(row["kinds"]), usable_by=split(row["usable_by"]),
            days=int(row["valid_days"] or settings.LETTER_DAYS), formal=split(row["converted_by"]),
            fields=tuple(fields.get(row["code"], ())), since=since, until=until, source=row["source"],
        ))
    return tuple(found)


def permit_kind(code: str, on: dt.date) -> PermitKind | None:
    """Return the kind of this code that is in force on a day."""
    return next((kind for kind in permit_kinds() if kind.code == code and _holds(kind, on)), None)


def permit_kind_of(matter: str, on: dt.date) -> PermitKind | None:
    """Return the kind of permit that the grant of a matter issues on a day."""
    return next((kind for kind in permit_kinds() if kind.matter == matter and _holds(kind, on)), None)


def prepermit_kinds(matter: str, on: dt.date) -> list[PermitKind]:
    """Return the kinds that a chief may issue ahead of this matter (预许可)."""
    return [kind for kind in permit_kinds() if not kind.matter and matter in kind.formal and _holds(kind, on)]


def prepermit_choices(matter: str, on: dt.date) -> list[tuple[PermitKind, bool]]:
    """Return every kind that was ever issued ahead of this matter and whether it holds on a day, those that hold first.

    One that holds no more serves an earlier time that is keyed in later; of a kind changed since, today's words stand.
    """
    ever = [kind for kind in permit_kinds() if not kind.matter and matter in kind.formal and kind.since <= on]
    known: dict[str, tuple[PermitKind, bool]] = {}
    for kind in sorted(ever, key=lambda one: (not _holds(one, on), -one.since.toordinal())):
        known.setdefault(kind.code, (kind, _holds(kind, on)))
    return list(known.values())


def letter_rule(code: str) -> LetterRule | None:
    """Return the rule of a kind of letter."""
    return next((rule for rule in letter_rules() if rule.code == code), None)


def letter_rule_of(matter: str, on: dt.date) -> LetterRule | None:
    """Return the kind of letter that the grant of a matter issues on a day."""
    return next((rule for rule in letter_rules() if rule.matter == matter and _holds(rule, on)), None)


def _holds(rule: PermitKind | LetterRule, on: dt.date) -> bool:
    return rule.since <= on and (rule.until is None or on <= rule.until)


def letter_kinds() -> frozenset[str]:
    """Slugs of the document kinds that some letter may stand in for."""
    return frozenset(slug for rule in letter_rules() for slug in rule.kinds)


def formal_matters() -> frozenset[str]:
    """Codes of the matters that convert some living paper."""
    permits = {code for kind in permit_kinds() for code in kind.formal}
    return frozenset(permits | {code for rule in letter_rules() for code in rule.formal})
