"""Who becomes 项目长 and 服务专员: a proposal with reasons, and the confirmation. Free of charge by law."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from agency import desk_data as data
from agency import rules
from agency.desk_states import AgreementState
from agency.models import Agent, AgentLeave, Agreement, Assignment, WorkOrder
from agency.services.bench import Bench
from agency.states import AssignmentRole
from packages.rules import ADVISE_ONLY
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Involvement, Project
from projects.services.cover import involve_until
from projects.services.involvement import end_involvement, involve
from projects.states import InvolvementRole

if TYPE_CHECKING:
    from projects.models import User

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


def propose_many(
    projects: Sequence[Project], roles: Iterable[str] = tuple(AssignmentRole), *, most: int | None = 0
) -> dict[tuple[int, str], list[Proposal]]:
    """Return the people proposed (`most` None: all who may be chosen) per project and role, the best first.

    Reads only, in a number of queries that does not depend on the number of projects. Score: specialty, district, free
    load, continuity (our own rule, docs/agency.md); of equals the one who was assigned longest ago.
    """
    bench = Bench(projects)
    cut = data.number("proposed", bench.day) if most == 0 else most
    return {
        (project.pk, str(role)): [
            Proposal(bench.agents[one.key], one.score, one.reasons) for one in bench.ranked(project, str(role))[:cut]
        ]
        for project in projects for role in roles
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
    on leave, other district, conflict, reviews the project, full), one person in both roles, and `hand_over_first`
    where the one who has it holds accepted orders: these go by a signed sheet. Source: handbook §10 (D15).
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
    if current and WorkOrder.objects.held().filter(project=project, agent=current.agent_id).exists():
        raise DomainError(
            "hand_over_first", f"{current.agent.user}手上还有本项目已接的工单，请先办交接单，接收人签收后自动改派。"
        )
    if current:
        end_assignment(current, project, by=by, at=at)
    assignment = Assignment.objects.create(
        project=project, role=role, agent=chosen.agent, score=chosen.score, reasons=list(chosen.reasons),
        override_reason=override_reason.strip(), assigned_by=by, assigned_at=at or timing.now(),
    )
    open_to(project, chosen.agent, role, by=by, at=at)
    record(
        "agency.assigned", subject=project, project=project, by=by, at=at,
        summary=f"{assignment.get_role_display()}：{chosen.agent.user}",
        data={"role": role, "agent": agent_id, "score": str(chosen.score), "override_reason": override_reason.strip()},
    )
    return assignment


def powers_of(project: Project) -> list[str]:
    """Return what the agents of a project may do for the owner now; empty where no agreement was ever signed.

    As the agreement in force says; once it has ended they advise and file nothing, whoever takes their place.
    """
    closed = (AgreementState.SIGNED, AgreementState.ENDED)
    last = Agreement.objects.filter(project=project, state__in=closed).order_by("-pk").first()
    if last is None:
        return []
    return list(last.powers) if last.state == AgreementState.SIGNED else ADVISE_ONLY


def open_to(project: Project, agent: Agent, role: str, *, by: User | None, at: dt.datetime | None) -> None:
    """Open the locked project to an agent, and to whoever covers for him on a leave that is known already."""
    part = INVOLVEMENT[AssignmentRole(role)]
    involve(project, role=part, user=agent.user, powers=powers_of(project), by=by, at=at)
    today = timing.business_day(at or timing.now())
    for leave in AgentLeave.objects.filter(agent=agent, until__gte=today, cancelled_at=None).select_related("cover"):
        if leave.cover:
            lend(project, leave, part, by=by, at=at)


def lend(project: Project, leave: AgentLeave, part: str, *, by: User | None, at: dt.datetime | None) -> None:
    """Open the locked project to the cover of a leave, for its days; it ends by itself."""
    if leave.cover is not None:
        involve_until(
            project, user=leave.cover.user, role=part, since=leave.since, until=leave.until, powers=powers_of(project),
            by=by, at=at,
        )


def _choose(project: Project, role: str, agent_id: int, reason: str) -> Proposal:
    """Return the chosen person with the score; who is not among the first three needs a reason."""
    ranked = propose_many([project], [role], most=None)[project.pk, role]
    place = next((n for n, proposal in enumerate(ranked) if proposal.agent.pk == agent_id), None)
    if place is None:
        why = Bench([project]).why_not(project, role, agent_id)
        raise DomainError("not_a_candidate", f"不能指派：{why or '此人没有登记为代办人员'}。请从名单中另选一人。")
    if place >= data.number("proposed") and not reason.strip():
        raise DomainError("override_reason", "改派建议名单以外的人，要写明理由。")
    return ranked[place]


def end_assignment(assignment: Assignment, project: Project, *, by: User, at: dt.datetime | None) -> None:
    """End an assignment of the locked project together with the involvement that it opened."""
    assignment.ended_at = at or timing.now()
    assignment.save(update_fields=["ended_at"])
    for involvement in Involvement.objects.filter(
        project=project, user=assignment.agent.user, role=INVOLVEMENT[AssignmentRole(assignment.role)], until=None,
    ).select_related("user"):
        involvement.project = project
        end_involvement(involvement, by=by, reason="改派", at=at)
