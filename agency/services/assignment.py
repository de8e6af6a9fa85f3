"""Who becomes 项目长 and 服务专员: a proposal with reasons, and the confirmation. Free of charge by law."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Q

from agency import rules
from agency.models import Agent, Assignment
from agency.states import AssignmentRole
from packages.models import Enrolment
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Involvement, Project
from projects.services.involvement import end_involvement, involve
from projects.states import InvolvementRole, ProjectStatus, Stage

if TYPE_CHECKING:
    from projects.models import User

PROPOSED = 3
INVOLVEMENT = {
    AssignmentRole.LEAD_OFFICER: InvolvementRole.LEAD_OFFICER,
    AssignmentRole.SERVICE_AGENT: InvolvementRole.SERVICE_AGENT,
}
#: Assignments of projects that run; a full desk is measured by them.
LIVE = Q(assignments__ended_at=None, assignments__project__status=ProjectStatus.ACTIVE) & ~Q(
    assignments__project__stage=Stage.DELIVERED
)
NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One person for one role: score from 0 to 1 and the reasons in words."""

    agent: Agent
    score: Decimal
    reasons: tuple[str, ...]


class _Bench:
    """Everybody who may be proposed, and what the rule knows about them and the projects. Six queries, always."""

    def __init__(self, projects: Sequence[Project]) -> None:
        pks = [project.pk for project in projects]
        owners = {project.owner_id for project in projects}
        self.agents = list(
            Agent.objects.filter(is_on_duty=True, user__is_active=True)
            .annotate(load=Count("assignments", filter=LIVE, distinct=True), last=Max("assignments__assigned_at"))
            .select_related("user").prefetch_related("regions", "conflicts").order_by("pk")
        )
        self.packages = dict(
            Enrolment.objects.filter(project__in=pks).values_list("project_id", "package_version__package__code")
        )
        self.served: dict[int, set[tuple[int, int]]] = defaultdict(set)
        for owner, project, agent in (
            Assignment.objects.filter(project__owner__in=owners)
            .values_list("project__owner_id", "project_id", "agent_id").distinct()
        ):
            self.served[owner].add((agent, project))
        self.held = {
            (project, role): agent
            for project, role, agent in Assignment.objects.filter(project__in=pks, ended_at=None)
            .values_list("project_id", "role", "agent_id")
        }

    def candidates(self, project: Project, role: str) -> list[Agent]:
        """Return who passes the hard filters: able, in the district, not in conflict, below the cap, one role only."""
        code = project.region.code
        districts = {code, f"{code[:4]}00", f"{code[:2]}0000"}
        others = {self.held.get((project.pk, other)) for other in AssignmentRole if other != role}
        return [
            agent for agent in self.agents
            if (agent.can_lead if role == AssignmentRole.LEAD_OFFICER else agent.can_serve)
            and agent.pk not in others
            and _load(agent) < agent.load_cap
            and any(region.code in districts for region in agent.regions.all())
            and all(body.pk != project.owner_id for body in agent.conflicts.all())
        ]

    def score(self, agent: Agent, project: Project) -> Proposal:
        """Return a person with the score and its reasons, weighted by the setting AGENCY_WEIGHTS."""
        weights = {name: Decimal(str(weight)) for name, weight in settings.AGENCY_WEIGHTS.items()}
        reasons, score = [], Decimal(0)
        if (package := self.packages.get(project.pk)) and package in agent.specialties:
            score += weights["specialty"]
            reasons.append("熟悉这类套餐")
        own = any(region.code == project.region.code for region in agent.regions.all())
        score += weights["district"] * (1 if own else Decimal("0.5"))
        reasons.append(f"负责{project.region.name}片区" if own else "负责上级片区，可跨区支援")
        score += weights["load"] * (1 - Decimal(_load(agent)) / agent.load_cap)
        reasons.append(f"在手 {_load(agent)} 个项目，上限 {agent.load_cap}")
        if any(who == agent.pk and where != project.pk for who, where in self.served[project.owner_id]):
            score += weights["continuity"]
            reasons.append("服务过该建设单位")
        return Proposal(agent, score.quantize(Decimal("0.001"), ROUND_HALF_UP), tuple(reasons))

    def ranked(self, project: Project, role: str) -> list[Proposal]:
        """Return all candidates, the best first; of equals who was assigned longest ago."""
        proposals = [self.score(agent, project) for agent in self.candidates(project, role)]
        proposals.sort(key=lambda p: (-p.score, getattr(p.agent, "last", None) or NEVER, p.agent.pk))
        return proposals


def _load(agent: Agent) -> int:
    return int(getattr(agent, "load", 0))


def propose_many(
    projects: Sequence[Project], roles: Iterable[str] = tuple(AssignmentRole), *, most: int | None = PROPOSED
) -> dict[tuple[int, str], list[Proposal]]:
    """Return up to `most` people (None: all who may be chosen) per project and role, the best first, with the reasons.

    Reads only, in a number of queries that does not depend on the number of projects. Score: specialty, district, free
    load, continuity (our own rule, docs/agency.md); of equals the one who was assigned longest ago comes first.
    """
    bench = _Bench(projects)
    return {
        (project.pk, str(role)): bench.ranked(project, role)[:most] for project in projects for role in roles
    }


def propose(project: Project, role: str) -> list[Proposal]:
    """Return up to three people for one role of one project, the best first, each with the reasons. Reads only."""
    return propose_many([project], [role])[project.pk, str(role)]


@transaction.atomic
def assign(
    project_id: int, *, role: str, agent_id: int, by: User, override_reason: str = "", at: dt.datetime | None = None
) -> Assignment:
    """Confirm a person for a role and return the assignment; the same person again is a no-op.

    Effects: the earlier assignment of the role ends, the new one begins, both in `Involvement`; event
    `agency.assigned`. A person who was not proposed needs a reason. Errors: unknown role, not a candidate (off duty,
    other district, conflict, full), one person in both roles. Source: handbook §10 (D15).
    """
    project = lock_project(project_id)
    require(rules.can_assign, by, project)
    if role not in AssignmentRole.values:
        raise DomainError("unknown_role", "请选择项目长或服务专员。")
    open_ones = Assignment.objects.filter(project=project, ended_at=None).select_related("agent__user")
    held = {assignment.role: assignment for assignment in open_ones}
    current = held.get(role)
    if current and current.agent_id == agent_id:
        return current
    if any(assignment.agent_id == agent_id for assignment in held.values()):
        raise DomainError("both_roles", "此人已是本项目的另一身份，项目长和服务专员须由两个人担任。")
    chosen = _choose(project, role, agent_id, override_reason)
    if current:
        _end(current, project, by=by, at=at)
    assignment = Assignment.objects.create(
        project=project, role=role, agent=chosen.agent, score=chosen.score, reasons=list(chosen.reasons),
        override_reason=override_reason.strip(), assigned_by=by, assigned_at=at or timing.now(),
    )
    involve(project, role=INVOLVEMENT[AssignmentRole(role)], user=chosen.agent.user, by=by, at=at)
    record(
        "agency.assigned", subject=project, project=project, by=by, at=at,
        summary=f"{assignment.get_role_display()}：{chosen.agent.user}",
        data={"role": role, "agent": agent_id, "score": str(chosen.score), "override_reason": override_reason.strip()},
    )
    return assignment


def _choose(project: Project, role: str, agent_id: int, reason: str) -> Proposal:
    """Return the chosen person with the score; who is not among the first three needs a reason."""
    ranked = propose_many([project], [role], most=None)[project.pk, role]
    place = next((n for n, proposal in enumerate(ranked) if proposal.agent.pk == agent_id), None)
    if place is None:
        raise DomainError("not_a_candidate", "此人不在岗、不在片区、须回避或在手项目已满，请从名单中另选一人。")
    if place >= PROPOSED and not reason.strip():
        raise DomainError("override_reason", "改派建议名单以外的人，要写明理由。")
    return ranked[place]


def _end(assignment: Assignment, project: Project, *, by: User, at: dt.datetime | None) -> None:
    """End an assignment of the locked project together with the involvement that it opened."""
    assignment.ended_at = at or timing.now()
    assignment.save(update_fields=["ended_at"])
    for involvement in Involvement.objects.filter(
        project=project, user=assignment.agent.user, role=INVOLVEMENT[AssignmentRole(assignment.role)], until=None,
    ).select_related("user"):
        involvement.project = project
        end_involvement(involvement, by=by, reason="改派", at=at)
