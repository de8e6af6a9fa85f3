"""What stands beside the cases and wants the director: escalations, slips, tickets, starts that nobody looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Aggregate, CharField, Count, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from agency import major_data
from agency.cockpit.reach import Reach
from agency.major_states import TICKET_OPEN
from agency.models import Assignment, ChaseSlip, Escalation, ResourceTicket, StartCheck
from agency.states import AssignmentRole
from projects import timing
from projects.models import Project
from projects.states import ProjectStatus, Stage


def escalations(reach: Reach) -> QuerySet[Escalation]:
    """Return the escalations that wait for a decision."""
    return Escalation.objects.open().filter(project__in=reach.projects)


def stuck(reach: Reach) -> QuerySet[Escalation]:
    """Return those whose day for a decision is over."""
    return escalations(reach).filter(due_on__lt=timing.today())


def slips(reach: Reach) -> QuerySet[ChaseSlip]:
    """Return the chase slips that are not closed."""
    return ChaseSlip.objects.open().filter(project__in=reach.projects)


def late_slips(reach: Reach) -> QuerySet[ChaseSlip]:
    """Return those that were not answered in time."""
    return slips(reach).filter(due_on__lt=timing.today(), answered_at=None)


def unassigned(reach: Reach) -> QuerySet[Project]:
    """Return the running projects that lack 项目长 or 服务专员."""
    held = Assignment.objects.filter(project=OuterRef("pk"), ended_at=None)
    lacking = Q()
    for role in AssignmentRole.values:
        lacking |= ~Q(Exists(held.filter(role=role)))
    running = reach.projects.filter(status=ProjectStatus.ACTIVE).exclude(stage=Stage.DELIVERED)
    return running.filter(lacking)


def pressing_tickets(reach: Reach) -> QuerySet[ResourceTicket]:
    """Return the tickets that are needed soon and are not secured."""
    until = timing.today() + dt.timedelta(days=major_data.term("soon"))
    return ResourceTicket.objects.filter(
        project__in=reach.projects, project__status=ProjectStatus.ACTIVE, state__in=TICKET_OPEN, needed_by__lte=until
    )


def late_checks(reach: Reach) -> QuerySet[StartCheck]:
    """Return the looks after a start that are due and were not taken."""
    return StartCheck.objects.filter(
        entry__project__in=reach.projects, checked_at=None, due_on__lt=timing.today()
    )


def false_starts(reach: Reach) -> QuerySet[StartCheck]:
    """Return the looks that found no works."""
    return StartCheck.objects.filter(entry__project__in=reach.projects, is_working=False)


#: Key of a list -> (what is on screen, what it counts).
OTHERS: dict[str, tuple[str, str]] = {
    "stuck": ("卡住的升级", "升级事项过了答复期限，还没有决定"),
    "escalations": ("未决升级", "升级事项等待决定"),
    "slips": ("未销督办单", "已下达、还没有销号的督办单"),
    "late-slips": ("逾期未回的督办单", "过了回复期限、还没有回复的督办单"),
    "unassigned": ("缺项目长或服务专员", "在办项目还没有配齐项目长和服务专员"),
    "tickets": ("临近需要的资源指标", "需要时间已近、还没有落实的资源指标"),
    "late-checks": ("逾期未核的开工", "开工后核查已到期，还没有人到场"),
    "false-starts": ("开工后没有施工", "开工后核查发现没有真正施工"),
}
SOURCES = {
    "stuck": stuck, "escalations": escalations, "slips": slips, "late-slips": late_slips, "unassigned": unassigned,
    "tickets": pressing_tickets, "late-checks": late_checks, "false-starts": false_starts,
}


Counted = Mapping[tuple[str, str], int]


def part(
    rows: QuerySet[Any, Any], of: str, key: Combinable | None = None, count: Aggregate | None = None
) -> QuerySet[Any, Any]:
    """Return a part of a query that counts many things: (what, key, how many)."""
    text = CharField()
    named = rows.order_by().annotate(of=Value(of, text), at=Cast(key, text) if key is not None else Value("", text))
    grouped = named.values("of", "at").annotate(n=count or Count("pk", distinct=True))
    found: QuerySet[Any, Any] = grouped.values_list("of", "at", "n")
    return found


def counted(parts: Sequence[QuerySet[Any, Any]]) -> Counted:
    """Count all parts. One query."""
    return {(of, key): int(number or 0) for of, key, number in parts[0].union(*parts[1:], all=True)}


def parts_of(reach: Reach) -> list[QuerySet[Any, Any]]:
    """Return what counts all of them."""
    return [part(source(reach), key) for key, source in SOURCES.items()]


def others(reach: Reach, known: Counted | None = None) -> Mapping[str, int]:
    """Return how many there are of each; `known` when they were counted together with other things."""
    found = counted(parts_of(reach)) if known is None else known
    return {key: found.get((key, ""), 0) for key in SOURCES}


