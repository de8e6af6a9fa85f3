"""The one-stop page: one number, each part with whom it waits for, who holds up the rest, the set of papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archives.models import Paper
from packages import drawing_rules, policy
from packages.drawing_providers import sets_waiting
from packages.drawing_states import OneStopState
from packages.models import MaterialItem, OneStop, OneStopPart
from packages.next_steps import OWNER_WORD
from packages.services import one_stop, policies
from packages.services.one_stop import Wanted
from packages.states import CASE_ENDED, CASE_PASSED, TONES, CaseState, MaterialState
from packages.waiting import case_readings, case_waiting
from projects import timing, workdays
from projects.clocks import Reading, read_clock
from projects.errors import Verdict
from projects.models import Clock, Party, Project, User
from projects.quoting import quoted
from projects.states import PartyRole
from projects.waiting import Waiting


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of the set."""

    part: OneStopPart
    reading: Reading
    waiting: Waiting | None
    late: int
    missing: int
    holds_up: tuple[str, ...]
    paper: Paper | None

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES[self.part.case.state]

    @property
    def note(self) -> str:
        """What it waits for, in one sentence."""
        if self.waiting is not None:
            return self.waiting.sentence
        if self.part.case.state == CaseState.DRAFT:
            return f"还缺材料 {self.missing} 件，补齐后提交。" if self.missing else "材料已齐，等待提交。"
        return ""


@dataclass(frozen=True, slots=True)
class PermitPage:
    """Everything the page shows."""

    project: Project
    one: OneStop | None
    wanted: tuple[Wanted, ...]
    limit: int
    lines: tuple[PartLine, ...]
    reading: Reading
    form: tuple[tuple[str, str], ...]
    issue: Verdict | None
    blockers: tuple[PartLine, ...]
    waiting: tuple[Waiting, ...] = ()

    @property
    def is_granted(self) -> bool:
        """Whether every part was granted before: there is nothing to apply for."""
        return self.one is None and bool(self.wanted) and all(part.is_earlier for part in self.wanted)

    @property
    def is_applied_for(self) -> bool:
        """Whether the permit itself was applied for without the set: nothing can be folded into it any more."""
        main = [part.case.state for part in self.wanted if part.is_main]
        return self.one is None and bool(main) and CaseState.DRAFT not in main

    @property
    def done(self) -> int:
        """How many parts are granted."""
        return sum(line.part.case.state in CASE_PASSED for line in self.lines)

    @property
    def is_ready(self) -> bool:
        """Whether the set can go out."""
        return bool(self.lines) and self.done == len(self.lines)


def permit_page(project: Project, user: User) -> PermitPage:
    """The page for this user; GET writes nothing."""
    one = one_stop.live_one(project)
    if one is None:
        table = policies.find_table(policy.ONE_STOP)
        wanted = one_stop.parts_for(project, table, timing.today()) if table else []
        limit = one_stop.limit_of([part.case for part in wanted if not part.is_earlier])
        return PermitPage(project, None, tuple(wanted), limit, (), read_clock(None), (), None, ())
    lines = part_lines(one)
    clock = Clock.objects.with_pauses().filter(pk=one.clock_id or 0).first()
    return PermitPage(
        project, one, (), one.limit, tuple(lines), read_clock(clock), tuple(one_stop.form_pairs(one)),
        drawing_rules.can_issue_set(user, one), _blockers(one, lines), _awaited(one, lines),
    )


def _blockers(one: OneStop, lines: Sequence[PartLine]) -> tuple[PartLine, ...]:
    """Which parts are late or needed by others; nobody holds anybody up before the application is handed in."""
    if one.application.submitted_at is None:
        return ()
    return tuple(line for line in lines if line.part.case.state not in CASE_PASSED and (line.late or line.holds_up))


def _awaited(one: OneStop, lines: Sequence[PartLine]) -> tuple[Waiting, ...]:
    """On whom the set waits: who has a part, the owner for what is not handed in, at last who issues it. One query."""
    if one.state != OneStopState.RUNNING:
        return ()
    rows = [line.waiting for line in lines if line.waiting is not None]
    drafts = [line for line in lines if line.part.case.state == CaseState.DRAFT]
    if drafts:
        rows.append(_on_the_owner(one, drafts))
    return tuple(sorted(rows, key=lambda row: row.sort_key) or sets_waiting([one.project]))


def _on_the_owner(one: OneStop, drafts: Sequence[PartLine]) -> Waiting:
    """What the owner has not handed in yet, as one line whatever the number of parts."""
    first, missing = drafts[0].part.case, sum(line.missing for line in drafts)
    what = quoted(first.matter.name) + (f"等 {len(drafts)} 项" if len(drafts) > 1 else "")
    since = timing.business_day(one.opened_at)
    return Waiting(
        project_id=one.project_id, rank=1, role=OWNER_WORD, person=one.project.owner.name, since=since,
        days=workdays.workdays_between(since, timing.today()), verb="补齐" if missing else "提交",
        what=f"{what}还缺的 {missing} 件材料" if missing else what, case_id=first.pk,
    )


def part_lines(one: OneStop) -> list[PartLine]:
    """The parts with whom each waits for; what a part holds up are the parts that need it decided first."""
    parts = one_stop.parts_of(one)
    cases = [part.case for part in parts]
    waiting, readings = case_waiting(cases), case_readings(cases)
    papers = one_stop.papers_of(parts)
    missing: dict[int, int] = {}
    lacking = MaterialItem.objects.filter(case__in=cases, state=MaterialState.MISSING)
    for case_id in lacking.values_list("case", flat=True):
        missing[case_id] = missing.get(case_id, 0) + 1
    needed = _needed(parts)
    return [
        PartLine(
            part, readings[part.case_id], waiting.get(part.case_id), one_stop.days_late(part.case),
            missing.get(part.case_id, 0),
            () if part.case.state in CASE_ENDED else needed.get(part.case.matter.matter_id, ()),
            papers.get(part.case_id),
        )
        for part in parts
    ]


def _needed(parts: list[OneStopPart]) -> dict[int, tuple[str, ...]]:
    """By matter the names of the parts that cannot be granted before it."""
    from packages.models import MatterPrerequisite

    by_version = {part.case.matter_id: part.case for part in parts}
    rows = MatterPrerequisite.objects.filter(version__in=list(by_version)).values_list("version_id", "matter_id")
    found: dict[int, tuple[str, ...]] = {}
    for version_id, matter_id in rows:
        case = by_version[version_id]
        if case.state not in CASE_PASSED:
            found[matter_id] = (*found.get(matter_id, ()), case.matter.name)
    return found


def known_answers(project: Project) -> dict[str, str]:
    """What the form need not ask: contractor and supervisor of the project."""
    words = {PartyRole.CONTRACTOR: "contractor", PartyRole.SUPERVISOR: "supervisor"}
    rows = Party.objects.filter(project=project, role__in=list(words)).select_related("organisation").order_by("pk")
    return {words[PartyRole(row.role)]: row.organisation.name for row in rows}
