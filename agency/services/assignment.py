"""Who becomes 项目长 and 服务专员: a proposal with reasons, and the confirmation. Free of charge by law."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from agency import rules
from agency.models import Agent, Assignment
from agency.states import AssignmentRole
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


@dataclass(frozen=True, slots=True)
class Proposal:
    """One person for one role: score from 0 to 1 and the reasons in words."""

    agent: Agent
    score: Decimal
    reasons: tuple[str, ...]


def _candidates(project: Project, role: str) -> list[Agent]:
    """Return who passes the hard filters: on duty, in the district, not in conflict, below the cap."""
    region = project.region
    codes = [region.code, f"{region.code[:4]}00", f"{region.code[:2]}0000"]
    able = Q(can_lead=True) if role == AssignmentRole.LEAD_OFFICER else Q(can_serve=True)
    live = Q(assignments__ended_at=None, assignments__project__status=ProjectStatus.ACTIVE) & ~Q(
        assignments__project__stage=Stage.DELIVERED
    )
    agents = (
        Agent.objects.filter(able, is_on_duty=True, regions__code__in=codes, user__is_active=True)
        .exclude(conflicts=project.owner_id)
        .annotate(load=Count("assignments", filter=live, distinct=True))
        .select_related("user")
        .prefetch_related("regions")
        .distinct()
    )
    return [agent for agent in agents if agent.load < agent.load_cap]


def propose(project: Project, role: str) -> list[Proposal]:
    """Return up to three people, the best first, each with the reasons. Reads only.

    Score: specialty, district, free load, continuity, weighted by the setting AGENCY_WEIGHTS (our own rule,
    docs/agency.md); of equals the one who was assigned longest ago comes first.
    """
    package = _package_code(project)
    before = set(
        Assignment.objects.filter(project__owner_id=project.owner_id).exclude(project=project)
        .values_list("agent_id", flat=True)
    )
    last = dict(Assignment.objects.order_by("assigned_at").values_list("agent_id", "assigned_at"))
    proposals = [_score(agent, project, package, agent.pk in before) for agent in _candidates(project, role)]
    never = dt.datetime.min.replace(tzinfo=dt.UTC)
    proposals.sort(key=lambda p: (-p.score, last.get(p.agent.pk, never), p.agent.pk))
    return proposals[:PROPOSED]


def _package_code(project: Project) -> str:
    from packages.models import Enrolment

    codes = Enrolment.objects.filter(project=project).values_list("package_version__package__code", flat=True)
    return codes.first() or ""


def _score(agent: Agent, project: Project, package: str, knows_owner: bool) -> Proposal:
    weights, reasons = settings.AGENCY_WEIGHTS, []
    score = 0.0
    if package and package in agent.specialties:
        score += weights["specialty"]
        reasons.append("熟悉这类套餐")
    own = any(region.code == project.region.code for region in agent.regions.all())
    score += weights["district"] * (1.0 if own else 0.5)
    reasons.append(f"负责{project.region.name}片区" if own else "负责上级片区，可跨区支援")
    load = getattr(agent, "load", 0)
    score += weights["load"] * (1 - load / agent.load_cap)
    reasons.append(f"在手 {load} 个项目，上限 {agent.load_cap}")
    if knows_owner:
        score += weights["continuity"]
        reasons.append("服务过该建设单位")
    return Proposal(agent, Decimal(f"{score:.3f}"), tuple(reasons))


@transaction.atomic
def assign(
    project_id: int, *, role: str, agent_id: int, by: User, override_reason: str = "", at: dt.datetime | None = None
) -> Assignment:
    """Confirm a person for a role and return the assignment; the same person again is a no-op.

    Effects: the earlier assignment of the role ends, the new one begins, both in `Involvement`; event
    `agency.assigned`. A person who was not proposed needs a reason. Errors: not a candidate, one person in both roles.
    """
    project = lock_project(project_id)
    require(rules.can_assign, by, project)
    current = Assignment.objects.filter(project=project, role=role, ended_at=None).select_related("agent__user").first()
    if current and current.agent_id == agent_id:
        return current
    proposals = {p.agent.pk: p for p in propose(project, role)}
    chosen = proposals.get(agent_id) or _override(project, role, agent_id, override_reason)
    if current:
        _end(current, by=by, at=at)
    assignment = Assignment.objects.create(
        project=project, role=role, agent=chosen.agent, score=chosen.score, reasons=list(chosen.reasons),
        override_reason=override_reason, assigned_by=by, assigned_at=at or timing.now(),
    )
    involve(project, role=INVOLVEMENT[AssignmentRole(role)], user=chosen.agent.user, by=by, at=at)
    record(
        "agency.assigned", subject=project, project=project, by=by, at=at,
        summary=f"{assignment.get_role_display()}：{chosen.agent.user}",
        data={"role": role, "agent": agent_id, "score": str(chosen.score), "override_reason": override_reason},
    )
    return assignment


def _override(project: Project, role: str, agent_id: int, reason: str) -> Proposal:
    agent = next((a for a in _candidates(project, role) if a.pk == agent_id), None)
    if agent is None:
        raise DomainError("not_a_candidate", "此人不在岗、不在片区、须回避或在手项目已满，请从建议名单中选择。")
    if not reason.strip():
        raise DomainError("override_reason", "改派建议名单以外的人，要写明理由。")
    return _score(agent, project, _package_code(project), knows_owner=False)


def _end(assignment: Assignment, *, by: User, at: dt.datetime | None) -> None:
    assignment.ended_at = at or timing.now()
    assignment.save(update_fields=["ended_at"])
    for involvement in Involvement.objects.filter(
        project_id=assignment.project_id, user=assignment.agent.user, role=INVOLVEMENT[AssignmentRole(assignment.role)],
        until=None,
    ).select_related("project", "user"):
        involvement.project = assignment.project
        end_involvement(involvement, by=by, reason="改派", at=at)
