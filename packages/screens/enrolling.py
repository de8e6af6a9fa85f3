"""The situation questions of one project: what is asked now, what is proposed and why, what is still open.

The answers travel in the address of the page in the notation of `packages.facts`, so nothing is stored before the
clerk confirms, and going back in the browser goes back in the answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packages.facts import (
    Fact,
    FactError,
    FactFault,
    FactKind,
    FactValue,
    contradictions,
    format_facts,
    parse_facts,
    vocabulary,
)
from packages.models import Enrolment, PackageVersion
from packages.planning.build import PlanView, build_plan, questions_of
from packages.planning.proposal import Proposal, propose_package
from projects.models import Project

#: Questions on one page; the clerk sees them without scrolling.
PER_PAGE = 8
#: The section that comes before the groups of the vocabulary: what decides the package.
DECIDES = "套餐"
ROUNDS = 12
#: Questions that only make sense once another is answered.
WAITS_FOR = {"pipeline_length": "pipeline_project", "pipeline": "pipeline_project"}


@dataclass(frozen=True, slots=True)
class Section:
    """A group of questions: how many are open, how many answered."""

    name: str
    open: int
    answered: int
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it is read back."""

    group: str
    label: str
    said: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything the page of the situation questions shows."""

    facts: dict[str, FactValue]
    notation: str
    section: str
    asked: tuple[Fact, ...]
    sections: tuple[Section, ...]
    answers: tuple[Answer, ...]
    proposal: Proposal
    plan: PlanView | None
    open: tuple[Fact, ...]
    faults: tuple[FactFault, ...]
    enrolled: bool

    @property
    def package(self) -> PackageVersion | None:
        """The package that these answers lead to."""
        return self.proposal.package_version

    @property
    def is_complete(self) -> bool:
        """Whether the package is settled, nothing is open and no answers clash."""
        return self.package is not None and not self.open and not self.faults

    @property
    def leaves_choices(self) -> bool:
        """Whether one press may answer the rest with no: never what decides the package."""
        return self.plan is not None and any(fact.kind is FactKind.YES_NO for fact in self.open)


def sheet(project: Project, notation: str | None, section: str = "") -> Sheet:
    """The page for these answers; without any, those of the enrolment or what the registration already knows."""
    enrolment = Enrolment.objects.filter(project=project).select_related("package_version").first()
    faults: list[FactFault] = []
    facts = known_at_first(project, enrolment)
    if notation is not None:
        try:
            facts = known_at_first(project, None) | parse_facts(notation)
        except FactError as error:
            faults = error.faults
    proposal, plan, asked_open = _open(project, facts)
    faults += contradictions(facts, project.investment)
    current, asked = _asked(plan, proposal, facts, asked_open, section)
    return Sheet(
        facts, format_facts(facts), current, asked, _sections(plan, facts, asked_open, current), _answers(facts),
        proposal, plan, asked_open, tuple(faults), enrolment is not None,
    )


def known_at_first(project: Project, enrolment: Enrolment | None) -> dict[str, FactValue]:
    """The answers before anybody has asked: those confirmed before, and the investment of the registration."""
    facts: dict[str, FactValue] = dict(enrolment.facts) if enrolment else {}
    if project.total_investment is not None:
        facts.setdefault("total_investment", float(project.total_investment))
    return facts


def _open(project: Project, facts: dict[str, FactValue]) -> tuple[Proposal, PlanView | None, tuple[Fact, ...]]:
    """The proposal, the plan once a package is settled, and what is open: first for the package, then for the plan."""
    proposal = propose_package(facts, project.investment)
    plan = build_plan(proposal.package_version, facts) if proposal.package_version else None
    questions = plan.questions if plan else proposal.questions
    names = {fact.name for fact in questions}
    asked = [fact for fact in questions if fact.asked_of != "reserved" and WAITS_FOR.get(fact.name) not in names]
    return proposal, plan, tuple(asked)


def _asked(
    plan: PlanView | None, proposal: Proposal, facts: dict[str, FactValue], still_open: tuple[Fact, ...], section: str
) -> tuple[str, tuple[Fact, ...]]:
    """The section shown and its questions: a chosen one whole, for changes; else the next open ones."""
    if section and plan is not None and proposal.package_version is not None:
        whole = [f for f in questions_of(proposal.package_version) if f.group == section]
        return section, tuple(f for f in whole if f in still_open or f.name in facts)
    if plan is None:
        return DECIDES, still_open[:PER_PAGE]
    group = still_open[0].group if still_open else ""
    return group, tuple(fact for fact in still_open if fact.group == group)[:PER_PAGE]


def _sections(
    plan: PlanView | None, facts: dict[str, FactValue], still_open: tuple[Fact, ...], current: str
) -> tuple[Section, ...]:
    """The groups with their counters; before the package is settled only what decides it."""
    if plan is None:
        return (Section(DECIDES, len(still_open), 0, "", is_current=True),)
    named = [fact for fact in vocabulary().values() if fact.name in facts or fact in still_open]
    groups = list(dict.fromkeys(fact.group for fact in named))
    return tuple(
        Section(
            group, sum(fact.group == group for fact in still_open),
            sum(vocabulary()[name].group == group for name in facts), group, is_current=group == current,
        )
        for group in groups
    )


def _answers(facts: dict[str, FactValue]) -> tuple[Answer, ...]:
    return tuple(
        Answer(fact.group, fact.label, fact.show(facts[name])) for name, fact in vocabulary().items() if name in facts
    )


def answer_no(facts: dict[str, FactValue], asked: Iterable[Fact]) -> dict[str, FactValue]:
    """The facts with every unanswered yes/no as no; numbers and choices stay open."""
    open_ones = [fact.name for fact in asked if fact.kind is FactKind.YES_NO and fact.name not in facts]
    return {**facts, **dict.fromkeys(open_ones, "no")}


def answer_all_no(project: Project, facts: dict[str, FactValue]) -> dict[str, FactValue]:
    """The same for whatever is open now and becomes open by that."""
    for _ in range(ROUNDS):
        filled = answer_no(facts, _open(project, facts)[2])
        if filled == facts:
            break
        facts = filled
    return facts
