"""What major projects give to the apps below: on whom a project waits for its tickets and after its start."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.urls import reverse

from agency import major_data
from agency.major_states import TICKET_OPEN, TicketState
from agency.models import ResourceTicket, StartCheck
from agency.services.majors import unasked
from packages import ripe_guards
from projects import glance, timing, waiting, workdays
from projects.clock_states import Light
from projects.models import Organisation
from projects.waiting import Waiting

if TYPE_CHECKING:
    from projects.models import Project

TICKETS, STARTS = "agency.tickets", "agency.starts"
RANK = 4
CENTRE_WORD, AGENT_WORD = "中心主任", "服务专员"


def who_acts(ticket: ResourceTicket) -> str:
    """Return the role that has the next step of a ticket."""
    if ticket.state in (TicketState.UNMEASURED, TicketState.MEASURED):
        return AGENT_WORD
    if ticket.state == TicketState.APPLIED:
        return CENTRE_WORD
    body = Organisation.objects.filter(code=major_data.kind_of(ticket.kind).department).first()
    return body.label if body else "指标主管部门"


VERBS = {
    TicketState.UNMEASURED: "测算", TicketState.MEASURED: "申请", TicketState.APPLIED: "平衡",
    TicketState.BALANCED: "落实",
}


def tickets_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield one row per ticket that is not secured. Two queries."""
    bodies = {body.code: body.label for body in Organisation.objects.filter(
        code__in={kind.department for kind in major_data.resource_kinds()}
    )}
    found = ResourceTicket.objects.filter(project__in=[project.pk for project in projects], state__in=TICKET_OPEN)
    today = timing.today()
    soon = dt.timedelta(days=major_data.term("soon"))
    for ticket in found.order_by("pk"):
        role = AGENT_WORD if ticket.state in (TicketState.UNMEASURED, TicketState.MEASURED) else CENTRE_WORD
        if ticket.state == TicketState.BALANCED:
            role = bodies.get(major_data.kind_of(ticket.kind).department, "指标主管部门")
        since = timing.business_day(ticket.changed_at)
        light = Light.RED if ticket.needed_by < today else (
            Light.YELLOW if ticket.needed_by - today <= soon else Light.GREEN
        )
        yield Waiting(
            project_id=ticket.project_id, rank=RANK, role=role, verb=VERBS[TicketState(ticket.state)],
            what=f"{ticket}（{timing.spoken(ticket.needed_by)}前需要）", since=since,
            days=workdays.workdays_between(since, today), due_on=ticket.needed_by, light=light,
            url=reverse("agency:major", args=[ticket.project_id]), auto="到期未落实的列入指挥调度",
        )


def starts_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield one row per look after a start that is due. One query."""
    today = timing.today()
    found = StartCheck.objects.filter(
        entry__project__in=[project.pk for project in projects], checked_at=None, due_on__lte=today
    )
    for check in found.select_related("entry").order_by("pk"):
        yield Waiting(
            project_id=check.entry.project_id, rank=RANK, role=AGENT_WORD, verb="到场核查",
            what=f"开工后 {check.days} 日的施工情况",
            since=check.due_on, days=workdays.workdays_between(check.due_on, today), due_on=check.due_on,
            light=Light.RED if check.due_on < today else Light.YELLOW,
            url=reverse("agency:batch", args=[check.entry.batch_id]), auto="逾期未核的列入指挥调度",
        )


glance.register(TICKETS, lambda ids: ResourceTicket.objects.filter(project__in=ids, state__in=TICKET_OPEN))
glance.register(
    STARTS, lambda ids: StartCheck.objects.filter(entry__project__in=ids, checked_at=None, due_on__lte=timing.today()),
    project="entry__project_id",
)
waiting.register("agency.tickets", tickets_waiting, place=TICKETS)
waiting.register("agency.starts", starts_waiting, place=STARTS)
ripe_guards.register("agency.tickets", unasked)
