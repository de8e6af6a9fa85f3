"""Page-sized reads of work: the work list, checklists, review sheets, the matters of a project.

Each has a fixed number of queries, whatever the number of rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, QuerySet, prefetch_related_objects
from django.urls import reverse

from packages.choices import MatterStage, ReviewRole
from packages.coded import is_brought
from packages.models import (
    Application,
    ConferenceSeat,
    JointSession,
    MaterialItem,
    MatterCase,
    Referral,
    ReviewTask,
)
from packages.next_steps import CASE_LOST, CONVENED, Draft, drafts_of
from packages.same_faults import fault_word
from packages.standing import outdated_of, seats_of
from packages.states import (
    CASE_ENDED,
    CASE_PASSED,
    MATERIAL_MET,
    TASK_OPEN,
    ApplicationState,
    CaseState,
    Handling,
    SessionKind,
    SessionState,
)
from packages.waiting import CASE_LABEL, case_readings, case_waiting, cases_of, project_waiting, waiting_and_readings
from packages.worklist import WAITS_FOR_BODY, to_decide
from projects import prepared
from projects.access import access_of
from projects.clocks import Reading, read_clock
from projects.models import IssueItem, Project
from projects.quoting import quoted
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser

#: The rest stands on the desk, under what waits for the person.
MOST_TO_DECIDE = 20

__all__ = [
    "CaseChecklist",
    "MatterRow",
    "ReviewRow",
    "ReviewSheet",
    "StageRows",
    "WorkRow",
    "application_state",
    "application_word",
    "case_readings",
    "case_waiting",
    "checklist",
    "drafts_of",
    "issues_of",
    "matter_rows",
    "open_decisions",
    "open_drafts",
    "opinions_of",
    "project_waiting",
    "review_sheet",
    "tasks_waiting",
    "work_rows",
]


#: So many opinions stand on one page of a department.
MOST_TASKS = 50


# The work list of the window and the departments ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One case in a list: what it is, on whom it waits, and its clock."""

    case: MatterCase
    waiting: Waiting | None
    reading: Reading


def work_rows(cases: Sequence[MatterCase]) -> list[WorkRow]:
    """Return the rows of one page of the work list, in their order."""
    waiting, readings = waiting_and_readings(cases)
    return [WorkRow(case, waiting.get(case.pk), readings[case.pk]) for case in cases]


def open_decisions(user: Person) -> list[WorkRow]:
    """Return what waits for the decision of a chief representative, the most urgent first, as much as a page holds."""
    return work_rows(list(to_decide(user)[:MOST_TO_DECIDE]))


# An application ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CaseChecklist:
    """One case of an application with its lines."""

    case: MatterCase
    items: tuple[MaterialItem, ...]

    @property
    def missing(self) -> tuple[MaterialItem, ...]:
        """Lines that are not met."""
        return tuple(item for item in self.items if item.state not in MATERIAL_MET)

    @property
    def is_complete(self) -> bool:
        """Whether every line is met."""
        return not self.missing


def checklist(application: Application) -> list[CaseChecklist]:
    """Return the cases of an application with their lines and the documents that meet them. Two queries."""
    cases = list(
        application.cases.select_related("matter__matter", "lead", "project__centre", "project__owner").order_by("pk")
    )
    lines: dict[int, list[MaterialItem]] = defaultdict(list)
    found = MaterialItem.objects.filter(case__in=cases).select_related("kind", "document", "definition", "supplier")
    for item in found.order_by("case_id", "order"):
        lines[item.case_id].append(item)
    by_pk = {case.pk: case for case in cases}
    for items in lines.values():
        for item in items:
            item.case = by_pk[item.case_id]
    return [CaseChecklist(case, tuple(lines[case.pk])) for case in cases]


def application_state(application: Application, cases: Sequence[MatterCase] | None = None) -> ApplicationState:
    """Return the state of an application, derived from its cases."""
    if application.submitted_at is None:
        return ApplicationState.DRAFT
    states = {case.state for case in (application.cases.all() if cases is None else cases)}
    if CaseState.CORRECTING in states:
        return ApplicationState.CORRECTING
    if CaseState.RECEIVED in states:
        return ApplicationState.RECEIVED
    return ApplicationState.DONE if states <= set(CASE_ENDED) else ApplicationState.RUNNING


def application_word(state: ApplicationState, cases: Iterable[MatterCase]) -> str:
    """Return the word of an application's state; what is waited for is 补全 or 补正, by its cases."""
    if state != ApplicationState.CORRECTING:
        return str(state.label)
    return f"待{fault_word(case for case in cases if case.state == CaseState.CORRECTING)}"


def issues_of(case: MatterCase, *kinds: str) -> QuerySet[IssueItem]:
    """Return the issue items of a case (of these kinds, or all), in the order in which they were raised."""
    found = IssueItem.objects.filter(subject_type=CASE_LABEL, subject_key=str(case.pk))
    if kinds:
        found = found.filter(kind__in=kinds)
    related = ("clock", "debtor_organisation", "raised_for", "raised_by", "deferral", "commitment")
    return found.select_related(*related).order_by("pk")


def open_drafts(project: Project) -> list[tuple[MatterCase, Draft]]:
    """Return the matters of a project that may still be applied for at the window, with what stands before each."""
    drafts = {draft.case_id: draft for draft in drafts_of([project]).get(project.pk, [])}
    cases = MatterCase.objects.filter(pk__in=list(drafts), handling__in=[Handling.REVIEW, Handling.ACCEPTANCE])
    found = cases.select_related("matter__matter", "lead", "application", "package_row").order_by(
        F("package_row__order").asc(nulls_last=True), "pk"
    )
    return [(case, drafts[case.pk]) for case in found]


# Departments ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One task on a sheet, with its clock; beside an opinion its seat at a conference and the files changed since."""

    task: ReviewTask
    reading: Reading
    seat: ConferenceSeat | None = None
    outdated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewSheet:
    """What one application asks of the user's departments."""

    application: Application | None
    project: Project
    rows: tuple[ReviewRow, ...]

    @property
    def asks(self) -> bool:
        """Whether an opinion is asked, which several matters may share; a lead merges each by itself."""
        return any(row.task.role != ReviewRole.LEAD for row in self.rows)


def tasks_waiting(user: Person) -> QuerySet[ReviewTask]:
    """Return what waits for the user's departments, the most urgent first: open tasks, lead tasks to be merged."""
    return _waiting_for_bodies(access_of(user).organisation_ids)


def _waiting_for_bodies(bodies: Collection[int]) -> QuerySet[ReviewTask]:
    mine = ReviewTask.objects.filter(WAITS_FOR_BODY, organisation_id__in=bodies, session__case__isnull=False)
    return mine.order_by("due_on", "pk")


#: What a line of a review sheet shows.
_OF_TASK = (
    "session__case__matter__matter", "session__case__application", "session__case__lead", "session__project__owner",
    "session__lead", "organisation", "handler", "clock",
)


def _tasks_asked(bodies: Collection[int]) -> QuerySet[ReviewTask]:
    return _waiting_for_bodies(bodies).select_related(*_OF_TASK)[:MOST_TASKS]


def _tasks_answered(bodies: Collection[int]) -> QuerySet[ReviewTask]:
    mine = ReviewTask.objects.filter(organisation_id__in=bodies, session__case__isnull=False)
    return mine.exclude(state__in=TASK_OPEN).order_by("-closed_at", "-pk").select_related(*_OF_TASK)[:MOST_TASKS]


def review_sheet(user: Person, *, closed: bool = False) -> list[ReviewSheet]:
    """Return the tasks of the user's departments, one sheet per application, the most urgent sheet first.

    The `MOST_TASKS` most urgent that wait; with `closed` as many that were answered last. The rest is at the desk.
    """
    bodies = sorted(access_of(user).organisation_ids)
    find = _tasks_answered if closed else _tasks_asked
    one = bodies[0] if len(bodies) == 1 else None
    tasks = list(find(bodies)) if one is None else prepared.rows(
        ("tasks of a body", closed), lambda body: find([body]), one
    )
    prefetch_related_objects(tasks, "clock__pauses")
    rows = [ReviewRow(task, read_clock(task.clock)) for task in tasks]
    sheets: dict[tuple[int, int], list[ReviewRow]] = defaultdict(list)
    for row in rows if closed else sorted(rows, key=lambda row: row.reading.paused):  # a limit that rests is not urgent
        session = row.task.session
        sheets[session.project_id, (session.case.application_id if session.case else None) or 0].append(row)
    return [
        ReviewSheet(
            found[0].task.session.case.application if found[0].task.session.case else None,
            found[0].task.session.project, tuple(found),
        )
        for found in sheets.values()
    ]


def open_referrals(user: Person) -> list[tuple[Referral, Reading]]:
    """Return what the departments of the user's units have sent on to them and await, the first due first."""
    rows = prepared.rows_among("open referrals of units", _referrals_to, access_of(user).organisation_ids)
    return [(row, read_clock(row.clock)) for row in rows]


def _referrals_to(unit_id: int) -> QuerySet[Referral]:
    related = ("task__session__case__matter", "task__session__project", "task__organisation", "sent_by", "clock")
    found = Referral.objects.filter(unit_id__in=[unit_id], ended_at=None).select_related(*related)
    return found.prefetch_related("clock__pauses").order_by("clock__due_on", "pk")


def open_scorings(user: Person) -> list[ReviewRow]:
    """Return what the user's departments are asked to score in appraisals, the most urgent first. Two queries."""
    tasks = prepared.rows_among("open scorings of bodies", _scorings_of, access_of(user).organisation_ids)
    return [ReviewRow(task, read_clock(task.clock)) for task in tasks]


def _scorings_of(body_id: int) -> QuerySet[ReviewTask]:
    tasks = ReviewTask.objects.filter(
        organisation_id__in=[body_id], session__kind=SessionKind.APPRAISAL, session__state=SessionState.REVIEWING,
        state__in=TASK_OPEN,
    ).select_related("session__project__owner", "organisation", "clock")
    return tasks.prefetch_related("clock__pauses").order_by("due_on", "pk")


def answered(tasks: QuerySet[ReviewTask]) -> QuerySet[ReviewTask]:
    """Return tasks with what a sheet of answers shows of each."""
    related = ("organisation", "handler", "clock", "opinion__given_by", "opinion__head", "supplement")
    return tasks.select_related(*related).prefetch_related("clock__pauses").order_by("pk")


def opinions_of(session: JointSession) -> list[ReviewRow]:
    """Return the tasks of a session with their opinions and clocks, the lead last. Four queries."""
    tasks = prepared.rows(
        "opinions of a session", lambda pk: answered(ReviewTask.objects.filter(session=pk)), session.pk
    )
    prefetch_related_objects(tasks, "clock__pauses")
    for task in tasks:
        task.session = session
    return review_rows(tasks)


def review_rows(tasks: Iterable[ReviewTask]) -> list[ReviewRow]:
    """Return answered tasks with the seat and the changed files of each opinion, the lead last. Two queries."""
    found = list(tasks)
    opinions = [opinion for task in found if (opinion := getattr(task, "opinion", None)) is not None]
    seats = seats_of(opinions) if opinions else {}
    outdated = outdated_of(opinions) if opinions else {}
    rows = []
    for task in found:
        key = getattr(getattr(task, "opinion", None), "pk", 0)
        rows.append(ReviewRow(task, read_clock(task.clock), seats.get(key), outdated.get(key, ())))
    return sorted(rows, key=lambda row: row.task.role == ReviewRole.LEAD)


# A project -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MatterRow:
    """One matter of a project: its case, clock, on whom it waits, and what stands before it."""

    case: MatterCase
    reading: Reading
    waiting: Waiting | None
    blocked_by: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        """Whether it may be applied for (or done outside) now."""
        return self.case.state == CaseState.DRAFT and not self.blocked_by

    @property
    def note(self) -> str:
        """What the line says beside the state."""
        if self.waiting is not None:
            return self.waiting.sentence
        if self.case.state != CaseState.DRAFT:
            return "已有国家代码，不用申报" if is_brought(self.case) else ""
        if self.blocked_by:
            return f"前置事项未办结：{'、'.join(self.blocked_by)}"
        if self.case.matter.matter.code in CONVENED:
            return f"由{self.case.lead.label}组织，不用企业申报"
        if self.case.handling == Handling.OUTSIDE:
            return "外部办理，办成后登记结果"
        return "随联合验收申请" if self.case.handling == Handling.ACCEPTANCE else "现在即可申报"


@dataclass(frozen=True, slots=True)
class StageRows:
    """The matters of one stage: live ones, and those that ended without success."""

    stage: str
    rows: tuple[MatterRow, ...]
    ended: tuple[MatterRow, ...]

    @property
    def label(self) -> str:
        """Name of the stage."""
        return MatterStage(self.stage).label

    @property
    def done(self) -> int:
        """How many matters are granted."""
        return sum(row.case.state in CASE_PASSED for row in self.rows)

    @property
    def total(self) -> int:
        """How many matters the stage has."""
        return len(self.rows)


def matter_rows(project: Project, user: Person | None = None) -> list[StageRows]:  # noqa: ARG001 - the panel passes it
    """Return the matters of a project by stage in the order of the plan. The number of queries is fixed."""
    cases = cases_of(project)
    waiting, readings = case_waiting(cases), case_readings(cases)
    blocked = {draft.case_id: draft.blocked_by for draft in drafts_of([project]).get(project.pk, [])}
    rows = [MatterRow(case, readings[case.pk], waiting.get(case.pk), blocked.get(case.pk, ())) for case in cases]
    return [
        StageRows(
            stage,
            tuple(row for row in rows if row.case.stage == stage and row.case.state not in CASE_LOST),
            tuple(row for row in rows if row.case.stage == stage and row.case.state in CASE_LOST),
        )
        for stage in MatterStage.values
    ]


# The pool ------------------------------------------------------------------------------------------------------------


def task_words(task: ReviewTask) -> tuple[str, str]:
    """Return what a department is asked, and the page where it answers; the session is read with its kind."""
    if task.session.kind == SessionKind.APPRAISAL:
        return f"联合研判{task.organisation.label}评分", reverse("packages:appraisal_score", args=[task.pk])
    if task.session.case_id is None:
        url = reverse("projects:detail", args=[task.session.project_id])
        return f"{task.session.get_kind_display()}{task.organisation.label}意见", url
    return f"{quoted(task.session.case)}{task.organisation.label}意见", reverse("packages:review", args=[task.pk])
