"""What the desk does by itself: ends terms, passes orders on, reminds of empty logs, tells of stuck steps."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.urls import reverse

from agency import desk_data as data
from agency.desk_states import ORDER_HELD, EscalationState, OrderState
from agency.models import AgentLeave, Escalation, WorkOrder
from agency.services import agreements, escalating, orders
from agency.services.bench import away_on
from agency.services.order_telling import tell_offers
from agency.services.telling import tell
from projects import timing, workdays
from projects.jobs import each
from projects.models import JobRun
from projects.quoting import quoted
from projects.states import ProjectStatus

if TYPE_CHECKING:
    from projects.models import User


def unaccepted(at: dt.datetime | None = None) -> QuerySet[WorkOrder]:
    """Return the orders whose agent has let the time pass, or is away without a cover; not while the project rests."""
    moment = at or timing.now()
    away = AgentLeave.objects.on(timing.business_day(moment)).filter(cover=None).values("agent_id")
    late = Q(accept_by__lt=moment) | Q(agent__in=away)
    return WorkOrder.objects.filter(
        late, state=OrderState.WAITING, agent__isnull=False, project__status=ProjectStatus.ACTIVE
    )


def silent(at: dt.datetime | None = None) -> QuerySet[WorkOrder]:
    """Return the accepted orders without a line in the log for too long, not reminded of since.

    Orders of a project that rests are left in peace; while something was escalated, its step has a clock of its own.
    """
    day = timing.business_day(at or timing.now())
    edge = workdays.due_date(day, -data.number("silence", day))
    moment = timing.start_of_day(edge + dt.timedelta(days=1))
    states = [state for state in ORDER_HELD if state != OrderState.ESCALATED]
    quiet = Q(last_log_on__lte=edge) | Q(last_log_on=None, taken_at__lt=moment)
    told = Q(silent_on=None) | Q(silent_on__lte=edge)
    return WorkOrder.objects.filter(
        quiet,
        told,
        Q(next_check=None) | Q(next_check__lte=day),
        state__in=states,
        project__status=ProjectStatus.ACTIVE,
    )


def stuck(at: dt.datetime | None = None) -> QuerySet[Escalation]:
    """Return the steps that have had their days without a decision and were not told of."""
    day = timing.business_day(at or timing.now())
    return Escalation.objects.filter(state=EscalationState.OPEN, due_on__lt=day, told_on=None)


def sweep_desk(at: dt.datetime | None = None, run: JobRun | None = None) -> int:
    """Do all four; return how many rows were touched. One that fails is told in the run; the rest go on."""
    run = run or JobRun(job="sweep_desk")
    done = each(run, agreements.expired(at), partial(agreements.expire_agreement, at=at))
    done += each(run, unaccepted(at), partial(pass_on_of, at=at), column="project_id")
    done += each(run, silent(at), partial(remind_silent, at=at))
    return done + each(run, stuck(at), partial(escalating.tell_stuck, at=at))


@transaction.atomic
def pass_on_of(project_id: int, *, at: dt.datetime | None = None) -> int:
    """Pass on what nobody accepted in time of one project (`orders.pass_on`); how many. Each agent is told once."""
    moment = at or timing.now()
    passed: list[WorkOrder] = []
    keys = list(unaccepted(moment).filter(project=project_id).order_by("pk").values_list("pk", flat=True))
    done = sum(orders.pass_on(key, at=moment, passed=passed) for key in keys)
    tell_offers(passed, moment)
    return done


@transaction.atomic
def remind_silent(order_id: int, *, at: dt.datetime | None = None) -> bool:
    """Remind the agent (on a leave his cover) of an order with an empty log, once per silence; whether it was new."""
    if not silent(at).filter(pk=order_id).exists():
        return False
    order, moment = orders.lock_order(order_id), at or timing.now()
    day = timing.business_day(moment)
    WorkOrder.objects.filter(pk=order_id).update(silent_on=day, silences=F("silences") + 1)
    since = order.last_log_on or timing.business_day(order.taken_at or order.offered_at)
    tell(
        _people(order, day),
        f"{order.project.name}{quoted(order.title)}已 {workdays.workdays_between(since, day)} 个工作日没有记跟办",
        project=order.project,
        url=reverse("agency:order", args=[order.pk]),
        why="您经办的工单",
        kind="urge",
        at=moment,
    )
    return True


def _people(order: WorkOrder, day: dt.date) -> list[User]:
    if order.agent is None:
        return []
    leave = away_on(day).get(order.agent_id or 0)
    return [leave.cover.user] if leave is not None and leave.cover else [order.agent.user]
