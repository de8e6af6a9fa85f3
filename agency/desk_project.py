"""代办 of one project on a page: who, agreement, orders, marks, accompanied walks, hand-overs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agency import desk_rules as may
from agency.desk_queries import SEEN, OrderRow, frictions, order_rows
from agency.desk_states import AGREEMENT_LIVE, MARK_WORDS, MarkKind, Power
from agency.models import Accompaniment, AgentLeave, Agreement, Assignment, HandOver, ProjectMark, WorkOrder
from projects import timing
from projects.access import access_of

if TYPE_CHECKING:
    from projects.models import IssueItem, Project, User


@dataclass(frozen=True, slots=True)
class ProjectDesk:
    """代办 of one project: who, agreement, orders, marks, accompanied walks, hand-overs."""

    people: list[Assignment]
    agreements: list[Agreement]
    orders: list[OrderRow]
    marks: list[tuple[str, str, ProjectMark | None]]
    walks: list[Accompaniment]
    frictions: list[IssueItem]
    sheets: list[HandOver]
    is_office: bool
    cover: dict[int, AgentLeave]

    @property
    def live(self) -> Agreement | None:
        """The agreement that is asked for, offered or signed."""
        return next((row for row in self.agreements if row.state in AGREEMENT_LIVE), None)


def project_desk(project: Project, user: User) -> ProjectDesk:
    """Return the page 代办 of a project; the owner reads people, agreement and where the orders stand."""
    office = access_of(user).is_office
    held = Assignment.objects.filter(project=project, ended_at=None).select_related("agent__user").order_by("role")
    rows = list(held)
    away = AgentLeave.objects.on(timing.today()).filter(agent__in=[row.agent_id for row in rows])
    agreements = Agreement.objects.filter(project=project).select_related("paper", "signed_by", "offered_by")
    orders = WorkOrder.objects.filter(project=project).select_related(*SEEN).order_by("case__package_row__order", "pk")
    return ProjectDesk(
        people=rows,
        agreements=list(agreements[:5]),
        orders=order_rows(orders[:60], may.acting_for(user)),
        marks=project_marks(project) if office else [],
        walks=list(Accompaniment.objects.filter(project=project).select_related("case__matter")) if office else [],
        frictions=list(frictions(user).filter(project=project)) if office else [],
        sheets=list(
            HandOver.objects.filter(project=project).select_related("from_agent__user", "to_agent__user", "paper")[:5]
        )
        if office
        else [],
        is_office=office,
        cover={row.agent_id: row for row in away.select_related("cover__user")},
    )


def project_marks(project: Project) -> list[tuple[str, str, ProjectMark | None]]:
    """Return the three toggles of a project: kind, words, and the mark that is set."""
    held = {
        row.kind: row for row in ProjectMark.objects.filter(project=project, cleared_at=None).select_related("set_by")
    }
    return [(kind.value, MARK_WORDS[kind], held.get(kind.value)) for kind in MarkKind]


def power_words(agreement: Agreement) -> list[str]:
    """Return what the agent may do, in words."""
    return [str(Power(power).label) for power in agreement.powers if power in Power.values]
