"""Which papers an archive needs by when, beyond what the plan itself brings: rules per package and moment, with dates.

Data of the catalogue's folder (`archive_rules.tsv`), read once a process; docs/archive.md says where it comes from. A
rule asks the facts of the project in the catalogue's language; one whose facts are not answered asks for nothing yet.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from packages.conditions import evaluate
from packages.facts import CATALOG, split
from projects import timing
from projects.states import Stage

FILE = "archive_rules.tsv"
EVERY, OWNER, CENTRE = "*", "owner", "centre"
ORDER = (Stage.PLANNING, Stage.PERMIT, Stage.ACCEPTANCE, Stage.DELIVERED)
#: moment -> its word, and the stage from which on the paper is missing rather than to come.
MOMENTS: dict[str, tuple[str, str]] = {
    "permit": ("报建前必备", Stage.PERMIT),
    "works": ("开工前必备", Stage.ACCEPTANCE),
    "acceptance": ("竣工前必备", Stage.ACCEPTANCE),
    "transfer": ("移交前必备", Stage.DELIVERED),
}


@dataclass(frozen=True, slots=True)
class ArchiveRule:
    """A paper that archives of a package (or of all) need by a moment, and who brings it."""

    package: str
    kind: str
    name: str
    doc_class: str
    moment: str
    owed_by: str
    rule: str
    since: dt.date
    until: dt.date | None
    #: Papers of another kind that hold it too: (kind, matter that it has to come from).
    also: tuple[tuple[str, str], ...] = ()

    def applies(self, package: str, facts: Mapping[str, Any], today: dt.date) -> bool:
        """Return whether a project of this package and these facts needs it today."""
        in_force = self.since <= today and (self.until is None or today <= self.until)
        return in_force and self.package in (EVERY, package) and evaluate(self.rule, facts) is True

    def is_due(self, stage: str) -> bool:
        """Return whether a project in this stage should have it already."""
        return ORDER.index(Stage(stage)) >= ORDER.index(Stage(MOMENTS[self.moment][1]))


@lru_cache(maxsize=1)
def all_rules() -> tuple[ArchiveRule, ...]:
    """Return every rule of the table. Raises `ValueError` for a moment that is not known."""
    found = []
    with (CATALOG / FILE).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["moment"] not in MOMENTS:
                raise ValueError(f"{FILE}: {row['moment']} is no moment")
            found.append(ArchiveRule(
                row["package"], row["kind"], row["name_zh"], row["class"], row["moment"], row["owed_by"], row["rule"],
                dt.date.fromisoformat(row["since"]), dt.date.fromisoformat(row["until"]) if row["until"] else None,
                tuple(_pair(one) for one in split(row["also"])),
            ))
    return tuple(found)


def _pair(text: str) -> tuple[str, str]:
    """`award-contract@bid-construct`: a paper of this kind that comes from this matter."""
    kind, _, matter = text.partition("@")
    return kind, matter


def rules_for(package: str, facts: Mapping[str, Any]) -> Iterator[ArchiveRule]:
    """Yield the rules that hold today for a package and facts, in the order of the table."""
    today = timing.today()
    for rule in all_rules():
        if rule.applies(package, facts, today):
            yield rule
