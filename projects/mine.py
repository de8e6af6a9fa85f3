"""我的项目: one card per project with its stage, on whom it waits, what the enterprise owes, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from projects import owing
from projects.access import OWNER_ROLES, access_of
from projects.kinds import kind_of, objects_for, rows_for
from projects.models import Organisation, Project
from projects.one_page import one_page
from projects.owing import Debt
from projects.paging import KeyPage, cut_page, key_page
from projects.queries import find_projects
from projects.states import Stage
from projects.waiting import Waiting, waiting_for

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import User
    from projects.models.project import ProjectQuerySet

PAGE, SHOWN, MOST = 12, 3, 200
STAGES = (Stage.PLANNING, Stage.PERMIT, Stage.ACCEPTANCE)


@dataclass(frozen=True, slots=True)
class Card:
    """One project as its owner reads it."""

    project: Project
    waiting: list[Waiting]
    debts: list[Debt]

    @property
    def owed(self) -> list[Debt]:
        """What has to be done."""
        return [debt for debt in self.debts if not debt.is_offer]

    @property
    def shown(self) -> list[Debt]:
        """What has to be done, as much as fits on a card."""
        return self.owed[:SHOWN]

    @property
    def more(self) -> int:
        """How many of them do not fit."""
        return len(self.owed) - len(self.shown)

    @property
    def offer(self) -> Debt | None:
        """The first thing that may be done next."""
        return next((debt for debt in self.debts if debt.is_offer), None)

    @property
    def first(self) -> Waiting | None:
        """What the project waits for first, of others: what the owner owes stands by itself."""
        return next((row for row in self.waiting if row.role != "建设单位"), None)

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The three stages with their state: done, now, todo."""
        if self.project.stage == Stage.DELIVERED:
            return [(str(stage.label), "done") for stage in STAGES]
        at = STAGES.index(Stage(self.project.stage))
        return [
            (str(stage.label), "done" if n < at else "now" if n == at else "todo") for n, stage in enumerate(STAGES)
        ]


@dataclass(frozen=True, slots=True)
class MinePage:
    """The cards of one page."""

    cards: list[Card]
    before: int | None
    after: int | None
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """How many projects there are in all stages."""
        return sum(self.counts.values())


def own_projects(user: User, body_id: int) -> ProjectQuerySet:
    """Return the projects that the person acts for: of one enterprise, or (0) of all that the person works for."""
    ids = _own_bodies(user)
    found: ProjectQuerySet = Project.objects.select_related("owner", "centre", "region")
    return found.filter(owner_id__in=ids & {body_id} if body_id else ids)


def _own_bodies(user: User) -> set[int]:
    access = access_of(user)
    return {pk for role in OWNER_ROLES for pk in access.by_role.get(role, ())}


def mine(
    user: User, body: Organisation | None, *, text: str = "", stage: str = "", after: int | None = None,
    before: int | None = None,
) -> MinePage:
    """Return one page of cards, the newest project first. The number of queries does not depend on how many.

    With one enterprise chosen its own projects; otherwise everything that the person may see.
    """
    body_id = kind_of(user).place(body.pk) if body else 0

    def of(person: User) -> QuerySet[Project]:
        if body_id:
            return own_projects(person, body_id)
        return Project.objects.visible_to(person).select_related("owner", "centre")

    def by_stage(found: QuerySet[Project]) -> QuerySet[Project, tuple[str, int]]:
        return found.order_by().values_list("stage").annotate(number=Count("pk"))

    def staged(found: QuerySet[Project]) -> QuerySet[Project]:
        return found.filter(stage=stage) if stage in Stage.values else found

    if text.strip() or after is not None or before is not None:
        found = find_projects(own_projects(user, body.pk) if body else of(user), text)
        number = dict(by_stage(found))
        page: KeyPage[Project] = key_page(staged(found), sort="-pk", size=PAGE, after=after, before=before)
    else:
        number = dict(rows_for(user, ("own projects by stage", body_id), lambda person: by_stage(of(person))))
        key = "own projects", body_id, stage if stage in Stage.values else ""
        page = cut_page(objects_for(user, key, lambda person: staged(of(person)).order_by("-pk")[:PAGE + 1]), PAGE)
    counts: dict[str, int] = dict.fromkeys(Stage.values, 0) | number
    ids = _own_bodies(user)
    with one_page():
        waits = waiting_for(page.rows)
        debts = owing.debts_of(user, [project for project in page.rows if project.owner_id in ids])
    cards = [Card(project, waits[project.pk], debts.get(project.pk, [])) for project in page.rows]
    return MinePage(cards, page.before, page.after, counts)


@dataclass(frozen=True, slots=True)
class DebtLine:
    """One debt with its project, for a list over all projects."""

    project: Project
    debt: Debt


def all_debts(user: User, body: Organisation | None) -> list[DebtLine]:
    """Return everything that the person's enterprises owe and may do in projects that run, the most pressing first."""
    body_id = kind_of(user).place(body.pk) if body else 0
    projects = objects_for(
        user, ("own running projects", body_id), lambda one: own_projects(one, body_id).active().order_by("-pk")[:MOST]
    )
    by_pk = {project.pk: project for project in projects}
    with one_page():
        found = owing.debts_of(user, projects)
    rows = [DebtLine(by_pk[pk], debt) for pk, debts in found.items() for debt in debts]
    return sorted(rows, key=lambda row: row.debt.sort_key)


def owed_in(user: User, project: Project) -> list[Debt]:
    """Return what the owner owes and may do in one project; nothing for others than its owner."""
    if not access_of(user).has_at(project.owner_id, *OWNER_ROLES):
        return []
    return owing.debts_of(user, [project])[project.pk]
