"""What an enterprise owes, project by project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from packages.models import Application, MatterCase
from packages.queries import Todo
from packages.states import CaseState, Handling
from packages.waiting import CASE_LABEL, Draft, drafts_of
from projects.models import IssueItem, Project
from projects.states import ISSUE_WITH_OWNER, IssueKind
from projects.waiting import Waiting, waiting_for

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser

OWNER, DEBT_RANK, NEXT_RANK, MOST_PROJECTS = "建设单位", 1, 9, 50


@dataclass(frozen=True, slots=True)
class Debt:
    """One thing to do, with its matter and the basis on which it is asked."""

    todo: Todo
    matter: str
    basis: str


@dataclass(frozen=True, slots=True)
class Owing:
    """One project and what its owner has to do."""

    project: Project
    debts: tuple[Debt, ...]
    to_return: tuple[int, ...]


def by_project(todos: Iterable[Todo], user: Person) -> list[Owing]:
    """The to-dos by project, in the order in which the most urgent of each stands; last the answers to hand in."""
    rows = list(todos)
    cases = MatterCase.objects.filter(pk__in=[todo.case_id for todo in rows if todo.case_id])
    issues = IssueItem.objects.filter(pk__in=[todo.issue_id for todo in rows if todo.issue_id])
    names, bases = dict(cases.values_list("pk", "matter__name")), dict(issues.values_list("pk", "basis"))
    groups: dict[int, list[Debt]] = {}
    projects: dict[int, Project] = {}
    returns = answered(user)
    for todo in rows:
        debt = Debt(todo, names.get(todo.case_id or 0, ""), bases.get(todo.issue_id or 0, ""))
        groups.setdefault(todo.project.pk, []).append(debt)
        projects[todo.project.pk] = todo.project
    for application in returns:
        groups.setdefault(application.project_id, [])
        projects[application.project_id] = application.project
    return [
        Owing(projects[pk], tuple(debts), tuple(found.pk for found in returns if found.project_id == pk))
        for pk, debts in groups.items()
    ]


@dataclass(frozen=True, slots=True)
class Step:
    """What an enterprise may do next in one project: the sentence, how it goes on, where."""

    project: Project
    waiting: Waiting
    url: str


def next_steps(user: Person, *, shown: Iterable[int] = ()) -> list[Step]:
    """What the user's open projects wait for from the owner, beside the debts of the projects in `shown`.

    Matters that can be applied for now, works done elsewhere, the joint acceptance. Bounded; a fixed number of queries.
    """
    told = set(shown)
    projects = list(
        Project.objects.visible_to(user).active().select_related("owner", "centre").order_by("-pk")[:MOST_PROJECTS]
    )
    by_pk = {project.pk: project for project in projects}
    drafts = drafts_of(projects)
    steps = []
    for pk, rows in waiting_for(projects).items():
        mine = [row for row in rows if row.role == OWNER and not (row.rank == DEBT_RANK and pk in told)]
        if not any(row.rank == NEXT_RANK for row in mine):
            mine += _ready(by_pk[pk], drafts.get(pk, []))
        steps += [Step(by_pk[pk], row, row.url or reverse("projects:detail", args=[pk])) for row in mine]
    return steps


def _ready(project: Project, drafts: Iterable[Draft]) -> list[Waiting]:
    """What could be applied for beside what already runs: not what the project waits for, but what the owner may do."""
    names = [draft.name for draft in drafts if draft.is_ready and draft.handling == Handling.REVIEW]
    if not names:
        return []
    more = f"等 {len(names)} 项" if len(names) > 1 else ""
    return [
        Waiting(
            project_id=project.pk, rank=NEXT_RANK, role=OWNER, person=project.owner.name, verb="申报",
            what=f"“{names[0]}”{more}", auto="现在即可申报，不必等在办的事项",
            url=reverse("packages:apply", args=[project.pk]),
        )
    ]


def answered(user: Person) -> list[Application]:
    """Applications whose told faults are all answered and that only have to be handed back."""
    waiting = Application.objects.visible_to(user).filter(cases__state=CaseState.CORRECTING).distinct()
    found = {application.pk: application for application in waiting.select_related("project").order_by("pk")}
    cases = dict(
        MatterCase.objects.filter(application__in=list(found), state=CaseState.CORRECTING).values_list(
            "pk", "application_id"
        )
    )
    owed = IssueItem.objects.filter(
        subject_type=CASE_LABEL, subject_key__in=[str(pk) for pk in cases], kind=IssueKind.CORRECTION,
        state__in=ISSUE_WITH_OWNER,
    )
    for key in owed.values_list("subject_key", flat=True):
        found.pop(cases[int(key)] or 0, None)
    return list(found.values())
