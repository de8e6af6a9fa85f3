"""The register of agents: who may do what where, on which days, up to which load, whom he keeps away from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from agency import desk_rules as may
from agency.models import Agent
from projects.access import access_of
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Membership, Organisation, Region
from projects.states import Role

if TYPE_CHECKING:
    from projects.models import User

WEEK = range(1, 8)


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """What is kept of an agent."""

    regions: Sequence[Region]
    specialties: Sequence[str]
    duty_days: Sequence[int]
    load_cap: int
    can_lead: bool
    can_serve: bool
    is_on_duty: bool
    conflicts: Sequence[Organisation] = ()


@transaction.atomic
def save_agent(user_id: int, entry: AgentEntry, *, by: User, at: dt.datetime | None = None) -> Agent:
    """Enter a person as an agent, or change what is kept of one. Event `agency.agent_kept` in the chain of the centre.

    Raises `NotAllowed`, `DomainError` (`no_role`, `no_region`, `no_days`, `cap`, `no_part`).
    """
    require(may.can_keep_agents, by, Agent(user_id=user_id))
    post = Membership.objects.posts().filter(user=user_id, role=Role.AGENT).select_related("organisation").first()
    if post is None:
        raise DomainError("no_role", "先在人员管理里给此人“代办专员”的岗位。")
    if not entry.regions:
        raise DomainError("no_region", "请至少选择一个片区。")
    if not entry.duty_days or not set(entry.duty_days) <= set(WEEK):
        raise DomainError("no_days", "请选择值班日。")
    if entry.load_cap < 1:
        raise DomainError("cap", "负荷上限至少 1 分。")
    if not (entry.can_lead or entry.can_serve):
        raise DomainError("no_part", "请选择可任项目长或服务专员。")
    agent = Agent.objects.select_for_update().filter(user=user_id).first() or Agent(user_id=user_id)
    before = (agent.load_cap, agent.is_on_duty) if agent.pk else None
    agent.specialties, agent.duty_days = sorted(set(entry.specialties)), sorted(set(entry.duty_days))
    agent.load_cap, agent.can_lead, agent.can_serve = entry.load_cap, entry.can_lead, entry.can_serve
    agent.is_on_duty = entry.is_on_duty
    agent.save()
    agent.regions.set(entry.regions)
    agent.conflicts.set(entry.conflicts)
    record(
        "agency.agent_kept",
        subject=agent,
        organisation=post.organisation,
        by=by,
        at=at,
        summary=f"代办人员{agent.user}：上限 {agent.load_cap} 分，{'在岗' if agent.is_on_duty else '不在岗'}",
        data={"before": before, "now": [agent.load_cap, agent.is_on_duty]},
    )
    return agent


def eligible(user: User) -> list[User]:
    """Return the people of the user's centres who hold the post of an agent and are not in the register."""
    access = access_of(user)
    centres = {pk for role in may.DESK for pk in access.by_role.get(role, ())}
    posts = Membership.objects.posts().filter(
        role=Role.AGENT, organisation__in=centres, user__agent=None, user__is_active=True
    )
    return [post.user for post in posts.select_related("user").order_by("pk")]
