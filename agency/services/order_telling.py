"""Who is told of work orders that are offered: each agent once for all of a project, without anybody the desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.urls import reverse

from agency import desk_data as data
from agency import desk_rules as may
from agency.recipients import people_at
from agency.services.bench import away_on
from agency.services.telling import tell
from projects import timing
from projects.quoting import quoted

if TYPE_CHECKING:
    from agency.models import Agent, WorkOrder
    from projects.models import User


def tell_offers(offered: Iterable[WorkOrder], at: dt.datetime) -> None:
    """Tell of orders of one project to whom they are offered now, one message each; the desk of what nobody is for."""
    by_agent: dict[int | None, list[WorkOrder]] = {}
    for order in offered:
        by_agent.setdefault(order.agent_id, []).append(order)
    for orders in by_agent.values():
        if (agent := orders[0].agent) is not None:
            _tell_agent(orders, agent, at)
        else:
            _tell_desk(orders, at)


def _named(orders: Sequence[WorkOrder]) -> str:
    return quoted(orders[0].title) if len(orders) == 1 else f"的 {len(orders)} 张工单"


def _tell_agent(made: Sequence[WorkOrder], agent: Agent, at: dt.datetime) -> None:
    first = made[0]
    hours = data.number("accept")
    tell(
        _people_of(agent, at),
        f"{first.project.name}{_named(made)}待接，请在 {hours} 个工作小时内接单",
        project=first.project,
        url=reverse("agency:mine"),
        why="工单派给您",
        kind="assigned",
        at=at,
    )


def _people_of(agent: Agent, at: dt.datetime) -> list[User]:
    leave = away_on(timing.business_day(at)).get(agent.pk)
    return [leave.cover.user] if leave is not None and leave.cover else [agent.user]


def _tell_desk(made: Sequence[WorkOrder], at: dt.datetime) -> None:
    order = made[0]
    name = quoted(order.title) if len(made) == 1 else f" {len(made)} 张"
    tell(
        people_at(order.project.centre_id, *may.DESK),
        f"{order.project.name}工单{name}没有可派的人，请派单",
        project=order.project,
        url=reverse("agency:order", args=[order.pk]),
        why="没有在岗且未满的代办人员",
        kind="assigned",
        at=at,
    )
