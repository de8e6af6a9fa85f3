"""The situation questions of one project: what is asked now, what is proposed and why, what is still open.

The answers travel in the address of the page in the notation of `packages.facts`, so nothing is stored before the
clerk confirms, and going back in the browser goes back in the answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from packages.facts import (
    Fact,
    FactError,
    FactFault,
    FactKind,
    Facts,
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
#: So many matters are named that an answer adds.
NAMED = 3
#: Questions that only make sense once another is answered.
WAITS_FOR = {"pipeline_length": "pipeline_project", "pipeline": "pipeline_project"}
#: Optional questions that stand below another, whose answer they prove.
BESIDE = {"height": "storeys"}


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
class Adds:
    """What one answer adds to the plan, or takes away: matters, working days, papers to hand in."""

    matters: int
    days: int
    papers: int
    names: tuple[str, ...] = ()
    package: str = ""
    left: int = 0

    @property
    def words(self) -> str:
        """加 2 项、3 日、4 件; before the package is settled which one follows, or how many are left."""
        if self.package:
            return f"适用“{self.package}”"
        if self.left:
            return f"余 {self.left} 类套餐"
        rows = ((self.matters, "项事项"), (self.days, "日"), (self.papers, "件材料"))
        told = [f"{'加' if number > 0 else '减'} {abs(number)} {unit}" for number, unit in rows if number]
        return "，".join(told) or "不增加"


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
    revision: int = 0

    @property
    def package(self) -> PackageVersion | None:
        """The package that these answers lead to."""
        return self.proposal.package_version

    @property
    def is_complete(self) -> bool:
        """Whether the package is settled, nothing is open and no answers clash."""
        return self.package is not None and not self.open and not self.faults

    @property
    def asks_choices(self) -> bool:
        """Whether one press may answer the rest of this page with no: numbers and lists of choices are not."""
        return any(fact.kind is FactKind.YES_NO for fact in self.asked)

    @property
    def leaves_choices(self) -> bool:
        """Whether one press may answer the rest with no: never what decides the package."""
        return self.plan is not None and any(fact.kind is FactKind.YES_NO for fact in self.open)


def sheet(project: Project, notation: str | None, section: str = "") -> Sheet:
    """The page for these answers; without any, those of the enrolment or what the registration already knows."""
    enrolment = Enrolment.objects.filter(project=project).select_related("package_version__package").first()
    faults: list[FactFault] = []
    facts = known_at_first(project, enrolment)
    if notation is not None:
        try:
            facts = known_at_first(project, None) | parse_facts(notation)
        except FactError as error:
            faults = error.faults
    proposal, plan, asked_open = _open(project, facts, enrolment)
    faults += contradictions(facts, project.investment)
    current, asked = _asked(plan, proposal, facts, asked_open, section)
    return Sheet(
        facts, format_facts(facts), current, asked, _sections(plan, facts, asked_open, current), _answers(facts),
        proposal, plan, asked_open, tuple(faults), enrolment is not None, enrolment.revision if enrolment else 0,
    )


def effects(project: Project, page: Sheet, facts: Facts, fact: Fact) -> dict[str, Adds]:
    """What each answer to a question adds, as the planner computes it, against the question being open.

    `facts` are what is answered so far. A number and a combined choice are told for the answer that was given, below
    the key `said`. A plan costs some two milliseconds.
    """
    before = _outlook(project, page, {name: value for name, value in facts.items() if name != fact.name})
    said = facts.get(fact.name)
    answers: list[FactValue] = [] if said is None else [said]
    if said is None and fact.kind in (FactKind.YES_NO, FactKind.ONE):
        answers = list(fact.values)
    return {_key(answer): _adds(before, _outlook(project, page, {**facts, fact.name: answer})) for answer in answers}


def effect_lines(project: Project, page: Sheet, facts: Facts) -> dict[str, tuple[bool, str]]:
    """What stands below each question: what its answer adds, or what each would; and whether it is answered."""
    lines = {}
    for fact in page.asked:
        adds = effects(project, page, facts, fact)
        said = facts.get(fact.name)
        if said is not None:
            chosen = adds[_key(said)]
            named = "、".join(chosen.names[:NAMED]) + ("等" if len(chosen.names) > NAMED else "")
            lines[fact.name] = (True, f"{chosen.words}：{named}" if named else chosen.words)
        else:
            labels = dict(fact.choices) if adds else {}
            lines[fact.name] = (False, "；".join(f"{labels[value]}：{row.words}" for value, row in adds.items()))
    return lines


def _key(answer: FactValue) -> str:
    return answer if isinstance(answer, str) else "said"


def _outlook(project: Project, page: Sheet, facts: Facts) -> tuple[PlanView | None, Proposal | None]:
    """The plan with these answers on the package that stands, else which packages are possible."""
    if page.package is not None:
        return build_plan(page.package, facts), None
    return None, propose_package(facts, project.investment)


def _adds(
    before: tuple[PlanView | None, Proposal | None], after: tuple[PlanView | None, Proposal | None]
) -> Adds:
    (old, _), (new, proposal) = before, after
    if old is None or new is None:
        fits = proposal.package_version.name if proposal and proposal.package_version else ""
        return Adds(0, 0, 0, package=fits, left=0 if fits or proposal is None else len(proposal.possible))
    names = tuple(matter.name for matter in new.matters if matter.code not in old.codes)
    return Adds(
        len(new.matters) - len(old.matters), new.promise.total - old.promise.total, new.after - old.after, names
    )


def known_at_first(project: Project, enrolment: Enrolment | None) -> dict[str, FactValue]:
    """The answers before anybody has asked: those confirmed before, and the investment of the registration."""
    facts: dict[str, FactValue] = dict(enrolment.facts) if enrolment else {}
    if project.total_investment is not None:
        facts.setdefault("total_investment", float(project.total_investment))
    return facts


def _open(
    project: Project, facts: dict[str, FactValue], enrolment: Enrolment | None
) -> tuple[Proposal, PlanView | None, tuple[Fact, ...]]:
    """The proposal, the plan once a package is settled, and what is open: first for the package, then for the plan.

    An enrolled project stays on the version of its package, which asks what that version asked.
    """
    proposal = propose_package(facts, project.investment)
    held, found = enrolment.package_version if enrolment else None, proposal.package_version
    if held is not None and found is not None and held.package_id == found.package_id:
        proposal = replace(proposal, package_version=held)
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
        return section, _with_beside(f for f in whole if f in still_open or f.name in facts)
    if plan is None:
        return DECIDES, _with_beside(still_open[:PER_PAGE])
    group = still_open[0].group if still_open else ""
    return group, _with_beside([fact for fact in still_open if fact.group == group][:PER_PAGE])


def _with_beside(asked: Iterable[Fact]) -> tuple[Fact, ...]:
    """The questions of a page, each followed by the optional one that stands below it."""
    known = vocabulary()
    return tuple(
        one for fact in asked for one in (fact, *(known[name] for name in [BESIDE.get(fact.name)] if name))
    )


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
    enrolment = Enrolment.objects.filter(project=project).select_related("package_version__package").first()
    for _ in range(ROUNDS):
        filled = answer_no(facts, _open(project, facts, enrolment)[2])
        if filled == facts:
            break
        facts = filled
    return facts
