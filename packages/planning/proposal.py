"""Which package fits a project, and why: the scopes of all packages over the facts, told in Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from packages.conditions import explain, supports
from packages.facts import Fact, Facts, vocabulary
from packages.models import PackageVersion
from packages.planning.build import build_plan, in_order, open_names
from packages.planning.definition import PackageDefinition
from packages.planning.from_rows import definition_of


class Fit(StrEnum):
    """Whether a scope holds."""

    FITS = "fits"
    OPEN = "open"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A package, whether it fits, and the answers that decide it."""

    code: str
    name: str
    scope_text: str
    fit: Fit
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """The proposed package, or None while answers are missing; all candidates; why; and what is still to be asked."""

    package_version: PackageVersion | None
    candidates: tuple[Candidate, ...]
    reasons: tuple[str, ...]
    questions: tuple[Fact, ...]

    @property
    def possible(self) -> list[Candidate]:
        """The packages that are not yet excluded."""
        return [candidate for candidate in self.candidates if candidate.fit is not Fit.OUT]


def propose_package(facts: Facts, investment: str | None = None) -> Proposal:
    """The published package whose scope holds for these facts, with readable reasons.

    Among the packages of one kind of investment exactly one fits once the questions are answered; without the
    investment two may remain, and then none is proposed.
    """
    published = PackageVersion.objects.published().select_related("package").order_by("package__order")
    versions = list(published.filter(investment=investment) if investment else published)
    candidates = tuple(candidate(definition_of(version), facts) for version in versions)
    pairs = list(zip(versions, candidates, strict=True))
    fitting = [pair for pair in pairs if pair[1].fit is Fit.FITS]
    is_settled = bool(investment) or all(c.fit is not Fit.OPEN for c in candidates)
    if len(fitting) == 1 and is_settled:
        version, found = fitting[0]
        return Proposal(version, candidates, (f"投资类型：{version.get_investment_display()}", *found.reasons), ())
    names = {name for v in versions for name in open_names(definition_of(v).scope, facts)}
    return Proposal(None, candidates, (), in_order(names))


def candidate(definition: PackageDefinition, facts: Facts) -> Candidate:
    """How one package stands to the facts."""
    result = definition.scope.holds(facts)
    fit = Fit.OPEN if result is None else Fit.FITS if result else Fit.OUT
    reasons = [] if result is None else [explain(test, facts) for test in supports(definition.scope, facts)]
    return Candidate(definition.code, definition.name, definition.scope_text, fit, tuple(dict.fromkeys(reasons)))


def choose(
    packages: Mapping[str, PackageDefinition], facts: Facts, investment: str = ""
) -> tuple[PackageDefinition | None, list[str]]:
    """The package for a set of facts, and the codes of those that fit or may still fit.

    The scope decides. Without the investment a government and a social package fit alike; then the answers tell:
    the package whose rules ask for everything that was answered and leave nothing open is the one meant.
    """
    considered = [p for p in packages.values() if not investment or p.investment == investment]
    fitting = [p for p in considered if p.scope.holds(facts)]
    if len(fitting) > 1:
        fitting = _closest(packages, fitting, facts) or fitting
    if len(fitting) == 1:
        return fitting[0], [fitting[0].code]
    return None, [p.code for p in fitting or considered if p.scope.holds(facts) is not False]


def _closest(
    packages: Mapping[str, PackageDefinition], fitting: Iterable[PackageDefinition], facts: Facts
) -> list[PackageDefinition]:
    complete = [p for p in fitting if not build_plan(p, facts).questions]
    if len(complete) < 2:  # noqa: PLR2004 - one or none is left
        return complete
    exact = [p for p in complete if not idle(packages, p, facts)]
    return exact if len(exact) == 1 else complete


def idle(packages: Mapping[str, PackageDefinition], chosen: PackageDefinition, facts: Facts) -> set[str]:
    """Answers that nothing asks for: no rule of the package, no body of its plan, no scope of its investment."""
    asked: set[str] = set()
    for other in packages.values():
        if other.investment == chosen.investment:
            asked |= open_names(other.scope, {})
    for row in chosen.rows:
        asked |= open_names(row.rule, {})
    for matter in build_plan(chosen, facts).matters:
        for review in matter.definition.reviews:
            asked |= open_names(review.rule, {})
    return {name for name in facts if name not in asked and not vocabulary()[name].is_optional}
