"""The enterprise's pages of an application: what may be filed, the checklist on a telephone, the faults one by one."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q

from archives.models import IssueEvidence, Paper
from archives.services.papers import papers_of
from packages import queries, rules
from packages.models import Application, Commitment, MaterialItem, MatterCase
from packages.owed_papers import is_owed, owed_papers
from packages.same_faults import fault_word, merge_same
from packages.screens.checklist import ways
from packages.states import (
    CASE_OPEN,
    MATERIAL_MET,
    TONES,
    ApplicationState,
    CaseState,
    CommitmentState,
    MaterialState,
)
from packages.waiting import CASE_LABEL
from projects import timing
from projects.access import access_of
from projects.clocks import Reading, read_clock
from projects.errors import Verdict, refuse
from projects.models import IssueItem
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, IssueKind
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from archives.models import DocumentVersion
    from projects.models import Organisation, Project, User

    Person = User | AnonymousUser

#: What a person of an enterprise may choose for a line beside uploading it.
OTHER_WAYS = (MaterialState.DEFERRED, MaterialState.COMMITTED)
LISTED = 20


def is_for(user: Person, project: Project) -> bool:
    """Whether the asker reads the pages of the enterprise and not those of the window."""
    return access_of(user).is_enterprise and rules.is_owner(user, project)


# One application -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One material that the enterprise sees."""

    item: MaterialItem
    editable: Verdict
    ways: tuple[tuple[str, str, Verdict], ...]
    error: str
    typed: str

    @property
    def is_met(self) -> bool:
        """Whether the enterprise has nothing to bring: what a department brings is not asked of it."""
        return self.item.state in (*MATERIAL_MET, MaterialState.AWAITED)

    @property
    def is_owed(self) -> bool:
        """容缺 in an application already handed in: the paper is owed, and handing it in is the one thing to do."""
        return is_owed(self.item)

    @property
    def brought_by(self) -> str:
        """Which department brings it, and how."""
        item = self.item
        how = item.get_supply_display().removeprefix("部门")
        return f"由{item.supplier.label}{how}，您不用提交" if item.supplier else ""

    @property
    def is_free(self) -> bool:
        """免提交: whether nobody had to bring it."""
        return self.item.state in MATERIAL_MET and self.item.is_automatic

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES.get(self.item.state, "plain")

    @property
    def stamp(self) -> str:
        """Which state of the line the page shows: another person's change in between is told before it is replaced."""
        return stamp_of(self.item)

    @property
    def saved(self) -> str:
        """Who saved it when."""
        item = self.item
        if item.changed_at is None or item.changed_by is None:
            return ""
        return f"{item.changed_by} {timing.spoken_moment(item.changed_at)} 保存"


def stamp_of(item: MaterialItem) -> str:
    """Return the mark of the state of a line."""
    return f"{item.state}:{item.document_id or 0}"


@dataclass(frozen=True, slots=True)
class CaseLines:
    """One matter of the application with its lines."""

    case: MatterCase
    lines: tuple[Line, ...]
    reading: Reading
    waiting: Waiting | None

    @property
    def open(self) -> list[Line]:
        """Lines that the enterprise brings."""
        return [line for line in self.lines if not line.is_free]

    @property
    def free(self) -> list[Line]:
        """Lines that nobody has to bring."""
        return [line for line in self.lines if line.is_free]

    @property
    def missing(self) -> list[Line]:
        """Lines that are not met."""
        return [line for line in self.lines if not line.is_met]


@dataclass(frozen=True, slots=True)
class FilingPage:
    """The page of an application as the enterprise reads it."""

    application: Application
    state: ApplicationState
    cases: tuple[CaseLines, ...]
    papers: tuple[Paper, ...]
    submit: Verdict
    told: int
    answered: int
    unsigned: tuple[Commitment, ...]
    """Commitments of its cases that wait for the signature of the enterprise."""

    @property
    def state_word(self) -> str:
        """The word of its state."""
        return queries.application_word(self.state, [entry.case for entry in self.cases])

    @property
    def is_draft(self) -> bool:
        """Whether it is not handed in yet."""
        return self.application.submitted_at is None

    @property
    def lines(self) -> list[Line]:
        """All lines."""
        return [line for entry in self.cases for line in entry.lines]

    @property
    def missing(self) -> list[Line]:
        """Lines that are not met."""
        return [line for line in self.lines if not line.is_met]

    @property
    def owed(self) -> int:
        """How many deferred papers are still to be brought, also when everything is decided (容缺)."""
        return sum(line.is_owed for line in self.lines)

    @property
    def met(self) -> int:
        """How many lines are met; a paper that is still owed is none of them."""
        return len(self.lines) - len(self.missing) - self.owed

    @property
    def share(self) -> str:
        """How much of the checklist is met, of a hundred."""
        return f"{100 * self.met / len(self.lines):.0f}" if self.lines else "100"

    @property
    def free(self) -> int:
        """How many lines nobody has to bring."""
        return sum(line.is_free for line in self.lines)

    @property
    def saved_at(self) -> dt.datetime | None:
        """When it was last saved."""
        stamps = [line.item.changed_at for line in self.lines if line.item.changed_at]
        return max(stamps, default=self.application.opened_at)

    @property
    def is_correcting(self) -> bool:
        """Whether faults wait to be answered."""
        return self.told > 0


def filing_page(
    application: Application, user: User, *, wrong: int = 0, error: str = "", typed: str = ""
) -> FilingPage:
    """Return the page of an application; `wrong` is the line whose change was refused, `error` why."""
    lists = queries.checklist(application)
    cases = [entry.case for entry in lists]
    waiting, readings = queries.case_waiting(cases), queries.case_readings(cases)
    changers = {
        item.pk: item for item in MaterialItem.objects.filter(case__in=cases).select_related("changed_by")
        .only("pk", "changed_by__name", "changed_by__username")
    }
    for entry in lists:
        for item in entry.items:
            item.changed_by = changers[item.pk].changed_by
    entries = tuple(
        CaseLines(
            entry.case,
            tuple(
                _line(item, user, error=error if item.pk == wrong else "", typed=typed if item.pk == wrong else "")
                for item in entry.items
            ),
            readings[entry.case.pk], waiting.get(entry.case.pk),
        )
        for entry in lists
    )
    faults = faults_of(cases)
    found = [*papers_of(application), *(papers_of(*cases) if cases else [])]
    return FilingPage(
        application, queries.application_state(application, cases), entries, tuple(found),
        rules.can_receive(user, application), len(faults), sum(row.state not in ISSUE_WITH_OWNER for row in faults),
        tuple(Commitment.objects.filter(
            case__in=cases, state=CommitmentState.OFFERED, signed_at=None
        ).select_related("case__matter").order_by("pk")),
    )


def _line(item: MaterialItem, user: User, *, error: str, typed: str) -> Line:
    editable = rules.can_set_material(user, item)
    others = tuple(way[:3] for way in ways(item, window=False) if way[0] in OTHER_WAYS) if editable else ()
    return Line(item, editable, others, error, typed)


def changed_meanwhile(item: MaterialItem, stamp: str) -> str:
    """Return who has changed a line since the page was shown, as a sentence; empty when nobody has."""
    if not stamp or stamp_of(item) == stamp:
        return ""
    who = item.changed_by or "系统"
    when = (item.changed_at or timing.now()).astimezone(timing.BUSINESS_ZONE)
    return f"{who} {when:%H:%M} 已改为“{item.get_state_display()}”，您的没有保存。看一下，确实要换就再交一次。"


# The faults of a notice ----------------------------------------------------------------------------------------------


def faults_of(cases: Sequence[MatterCase]) -> list[IssueItem]:
    """Return the told faults of cases that are out for correction: those whose clock still runs against the owner."""
    keys = [str(case.pk) for case in cases if case.state in {CaseState.CORRECTING, CaseState.SUSPENDED}]
    found = IssueItem.objects.filter(
        subject_type=CASE_LABEL, subject_key__in=keys, kind=IssueKind.CORRECTION, state__in=ISSUE_OPEN
    )
    rows = found.select_related("clock", "raised_for", "project").prefetch_related("clock__pauses").order_by("pk")
    return [row for row in rows if row.clock is not None and row.clock.is_live]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault with its answer."""

    number: int
    issue: IssueItem
    matter: str
    evidence: tuple[DocumentVersion, ...]
    error: str
    typed: str

    @property
    def is_answered(self) -> bool:
        """Whether an answer is saved."""
        return self.issue.state not in ISSUE_WITH_OWNER

    @property
    def answer(self) -> str:
        """What stands in the field: what was typed, else what is saved."""
        return self.typed or self.issue.answer


@dataclass(frozen=True, slots=True)
class CorrectPage:
    """The page on which the faults of an application are answered one by one."""

    application: Application
    faults: tuple[Fault, ...]
    reading: Reading | None
    clock_id: int | None
    may: Verdict
    missing: int
    word: str

    @property
    def answered(self) -> int:
        """How many are answered."""
        return sum(fault.is_answered for fault in self.faults)

    @property
    def share(self) -> str:
        """How many of a hundred are answered."""
        return f"{100 * self.answered / len(self.faults):.0f}" if self.faults else "100"

    @property
    def left(self) -> int:
        """How many are not answered."""
        return len(self.faults) - self.answered

    @property
    def give_back(self) -> Verdict:
        """Whether everything can be handed back now."""
        if not self.may:
            return self.may
        return self.may if not self.left else refuse(f"还有 {self.left} 处没有答，全部答好后再交回")


def correct_page(
    application: Application, user: User, *, wrong: int = 0, error: str = "", typed: str = ""
) -> CorrectPage:
    """Return the faults of an application, those of all its cases in the order of the notice."""
    cases = list(application.cases.select_related("matter").order_by("pk"))
    names = {str(case.pk): case.matter.name for case in cases}
    issues = faults_of(cases)
    evidence: dict[int, list[DocumentVersion]] = defaultdict(list)
    rows = IssueEvidence.objects.filter(issue__in=issues).select_related("version").order_by("pk")
    for row in rows:
        evidence[row.issue_id].append(row.version)
    faults = tuple(
        Fault(
            number, issue, matters, tuple(evidence[issue.pk]),
            error if issue.pk == wrong else "", typed if issue.pk == wrong else "",
        )
        for number, (issue, matters) in enumerate(merge_same(issues, names), start=1)
    )
    clock = issues[0].clock if issues else None
    missing = MaterialItem.objects.filter(
        case__in=[case for case in cases if case.state == CaseState.CORRECTING], state=MaterialState.MISSING
    ).count()
    return CorrectPage(
        application, faults, read_clock(clock) if clock else None, clock.pk if clock else None,
        rules.can_return_corrected(user, application), missing,
        fault_word(case for case in cases if str(case.pk) in {issue.subject_key for issue in issues}),
    )


def next_fault(page: CorrectPage, after: int) -> str:
    """Return the anchor of the next fault without an answer, or of the foot of the page."""
    later = [fault for fault in page.faults if not fault.is_answered]
    chosen = next((fault for fault in later if fault.issue.pk > after), later[0] if later else None)
    return f"f{chosen.issue.pk}" if chosen else "foot"


# The matters on the project page -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StageFold:
    """The matters of one stage as the enterprise reads them: what runs stands open, the rest is folded."""

    stage: queries.StageRows
    is_current: bool

    @property
    def running(self) -> list[queries.MatterRow]:
        """What is being handled."""
        return [row for row in self.stage.rows if row.case.state in CASE_OPEN]

    @property
    def ready(self) -> list[queries.MatterRow]:
        """What may be applied for or done now."""
        return [row for row in self.stage.rows if row.is_ready]

    @property
    def later(self) -> list[queries.MatterRow]:
        """What waits for another matter."""
        return [row for row in self.stage.rows if row.case.state == CaseState.DRAFT and not row.is_ready]

    @property
    def finished(self) -> list[queries.MatterRow]:
        """What is decided."""
        done = [row for row in self.stage.rows if row.case.state not in (CaseState.DRAFT, *CASE_OPEN)]
        return done + list(self.stage.ended)

    @property
    def is_open(self) -> bool:
        """Whether the stage is unfolded: it runs, or is the one that the project stands in."""
        return bool(self.running) or (self.is_current and self.stage.done < self.stage.total)


def stage_folds(project: Project, stages: Sequence[queries.StageRows]) -> list[StageFold]:
    """Return the stages that have matters."""
    return [StageFold(stage, stage.stage == project.stage) for stage in stages if stage.total or stage.ended]


# All applications ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filed:
    """One application in the list of the enterprise."""

    application: Application
    word: str
    names: list[str]
    owed: int


def filings(
    user: User, body: Organisation | None, *, drafts: bool, before: int | None = None
) -> tuple[list[Filed], int | None]:
    """Return the enterprise's drafts, or a page of what was handed in (newest first) and the key of the next page."""
    access = access_of(user)
    ids = access.by_role.get("owner_lead", frozenset()) | access.by_role.get("owner_staff", frozenset())
    found = Application.objects.filter(
        Q(submitted_at=None, cases__isnull=False) if drafts else Q(submitted_at__isnull=False),
        project__owner_id__in=ids & {body.pk} if body else ids,
    ).distinct()
    if before:
        found = found.filter(pk__lt=before)
    named = Prefetch("cases", queryset=MatterCase.objects.select_related("matter").order_by("pk"))
    rows = list(
        found.select_related("project", "opened_by").prefetch_related(named)
        .order_by("-pk")[: LISTED + 1]
    )
    owed = owed_papers([row.pk for row in rows])
    listed = [
        Filed(
            row, queries.application_word(queries.application_state(row, cases), cases),
            [case.matter.name for case in cases], owed.get(row.pk, 0),
        )
        for row, cases in ((row, list(row.cases.all())) for row in rows[:LISTED])
    ]
    return listed, rows[LISTED - 1].pk if len(rows) > LISTED else None
