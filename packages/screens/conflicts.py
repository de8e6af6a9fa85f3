"""Opinions side by side: who says what on which clause, and where they pull in different directions."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from packages.standing import Standing
from packages.states import OpinionVerdict

NOISE = re.compile(r"[\s《》〈〉（）()“”\"'、，,。.;；:：第条款项-]+")


@dataclass(slots=True)
class Clause:
    """What is said on one clause, by verdict; `name` is the clause in the words of the first who named it."""

    name: str
    said: dict[str, list[Standing]] = field(default_factory=lambda: defaultdict(list))

    @property
    def against(self) -> list[Standing]:
        """Who disagrees on it."""
        return self.said[OpinionVerdict.DISAGREE]

    @property
    def conditional(self) -> list[Standing]:
        """Who agrees under a condition that stands on it."""
        return self.said[OpinionVerdict.CONDITIONAL]

    @property
    def agreeing(self) -> list[Standing]:
        """Who agrees and names it."""
        return self.said[OpinionVerdict.AGREE]

    @property
    def is_conflict(self) -> bool:
        """Whether those who name it do not say the same, or ask for different changes."""
        demands = {one.remedy for one in (*self.against, *self.conditional)}
        return len([group for group in self.said.values() if group]) > 1 or len(demands) > 1


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The opinions of a case that demand something, by clause, beside those that consent."""

    clauses: tuple[Clause, ...]
    consenting: tuple[Standing, ...]

    @property
    def is_conflict(self) -> bool:
        """Whether somebody disagrees while another consents, or two demands on one clause differ."""
        against = any(clause.against for clause in self.clauses)
        others = bool(self.consenting) or any(clause.conditional for clause in self.clauses)
        return (against and others) or any(clause.is_conflict for clause in self.clauses)


def clause_key(basis: str) -> str:
    """Return a clause without the signs in which two people write it differently."""
    return NOISE.sub("", unicodedata.normalize("NFKC", basis)).casefold()


def side_by_side(standing: Sequence[Standing]) -> SideBySide:
    """Return what stands, by the clause that it names; consents without a demand of their own stand apart."""
    demanding = {OpinionVerdict.DISAGREE, OpinionVerdict.CONDITIONAL}
    clauses: dict[str, Clause] = {}
    for one in standing:
        if one.verdict in demanding:
            clause = clauses.setdefault(clause_key(one.basis), Clause(one.basis))
            clause.said[one.verdict].append(one)
    consenting = []
    for one in standing:
        if one.verdict in demanding:
            continue
        key = clause_key(one.basis)
        if one.verdict == OpinionVerdict.AGREE and key in clauses:
            clauses[key].said[one.verdict].append(one)
        else:
            consenting.append(one)
    return SideBySide(tuple(clauses.values()), tuple(consenting))
