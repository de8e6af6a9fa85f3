"""Leave: nobody proposes who is away; the cover sees and does the work for these days, with a sheet per project."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction

from agency import desk_rules as may
from agency.desk_states import HandOverState
from agency.models import Agent, AgentLeave, HandOver
from agency.services.assignment import INVOLVEMENT, lend
from agency.services.handing_over import cancel_sheet, parts_of, prepare_pack
from agency.states import AssignmentRole
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.services.cover import end_cover

if TYPE_CHECKING:
    from projects.models import Organisation, User


def _known_leave(
    agent: Agent, since: dt.date, until: dt.date, cover_id: int | None, today: dt.date
) -> AgentLeave | None:
    """Return the leave of these days with this cover when it stands already. Raises `DomainError`."""
    if until < since or until < today:
        raise DomainError("dates", "请假的止日不能早于起日，也不能早于今天，请改正。")
    standing = AgentLeave.objects.filter(cancelled_at=None, since__lte=until, until__gte=since)
    for known in standing.filter(agent=agent):
        if (known.since, known.until, known.cover_id) == (since, until, cover_id):
            return known
        span = f"{timing.spoken(known.since)}至{timing.spoken(known.until)}"
        raise DomainError("overlap", f"这段时间已登记请假（{span}），请先销假。")
    if cover_id is not None and standing.filter(agent=cover_id).exists():
        raise DomainError("cover_away", "代班人员这段时间也请假，请另选一人。")
    return None


def _body_of(agent: Agent) -> Organisation | None:
    """Return the body in whose chain of events the leave is told."""
    first = agent.user.memberships.posts().select_related("organisation").order_by("pk").first()
    return first.organisation if first is not None else None


@transaction.atomic
def enter_leave(
    agent_id: int,
    *,
    since: dt.date,
    until: dt.date,
    reason: str,
    by: User,
    cover_id: int | None = None,
    at: dt.datetime | None = None,
) -> tuple[AgentLeave, list[HandOver]]:
    """Enter a leave: nobody proposes him; the cover sees and does his work for these days, with a sheet per project.

    Without a cover his offered orders are passed on. Event `agency.leave_entered` in the chain of the centre. The same
    leave again is the one that stands. Raises `NotAllowed`, `DomainError` (`dates`, `overlap`, `cover_away`,
    `not_fit`).
    """
    agent = Agent.objects.select_for_update(of=("self",)).select_related("user").get(pk=agent_id)
    require(may.can_keep_agents, by, agent)
    moment = at or timing.now()
    known = _known_leave(agent, since, until, cover_id, timing.business_day(moment))
    if known is not None:
        return known, []
    leave = AgentLeave.objects.create(
        agent=agent,
        since=since,
        until=until,
        reason=reason.strip() or "请假",
        cover_id=cover_id,
        entered_by=by,
        entered_at=moment,
    )
    sheets: list[HandOver] = []
    if cover_id is not None and parts_of(agent):
        sheets = prepare_pack(
            agent_id,
            to_id=cover_id,
            by=by,
            reason=f"{leave.reason}，{timing.spoken(since)}至{timing.spoken(until)}代班",
            until=until,
            at=moment,
        )
        for sheet in sheets:
            lend(sheet.project, leave, INVOLVEMENT[AssignmentRole(sheet.role)], by=by, at=moment)
    span = f"{timing.spoken(since)}至{timing.spoken(until)}"
    record(
        "agency.leave_entered",
        subject=leave,
        organisation=_body_of(leave.agent),
        by=by,
        at=moment,
        summary=f"{agent.user}请假，{span}{f'，{leave.cover}代班' if cover_id else ''}",
        data={"agent": agent.pk, "cover": cover_id},
    )
    return leave, sheets


@transaction.atomic
def cancel_leave(leave_id: int, *, by: User, at: dt.datetime | None = None) -> AgentLeave:
    """Back early: the cover's access ends, sheets nobody signed are void. Twice is once. Raises `NotAllowed`."""
    leave = AgentLeave.objects.select_for_update(of=("self",)).select_related("agent__user").get(pk=leave_id)
    require(may.can_keep_agents, by, leave.agent)
    if leave.cancelled_at is not None:
        return leave
    moment = at or timing.now()
    leave.cancelled_at = moment
    leave.save(update_fields=["cancelled_at"])
    if leave.cover is not None:
        for project_id, role in parts_of(leave.agent):
            project = lock_project(project_id)
            end_cover(project, user=leave.cover.user, role=INVOLVEMENT[AssignmentRole(role)], until=leave.until)
        waiting = HandOver.objects.filter(
            from_agent=leave.agent, to_agent=leave.cover, until=leave.until, state=HandOverState.PREPARED
        )
        for pk in waiting.order_by("project_id").values_list("pk", flat=True):
            cancel_sheet(pk, by=by, at=at)
    record(
        "agency.leave_cancelled",
        subject=leave,
        organisation=_body_of(leave.agent),
        by=by,
        at=moment,
        summary=f"{leave.agent.user}销假",
        data={"agent": leave.agent_id},
    )
    return leave
