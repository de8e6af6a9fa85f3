"""The agency desk of the demonstration: agreements signed and offered, orders, a step up, a 陪办, a hand-over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from agency.desk_states import ORDER_MINE, AgreementState, OrderState
from agency.models import Agent, Assignment, WorkOrder
from agency.services import accompanying, agreements, desk_sweeps, escalating, leaves, order_log, orders
from agency.services.accompanying import Friction
from agency.states import AssignmentRole
from gaige.demo.moments import later, person, user
from projects import timing, workdays
from projects.models import Organisation, Project, User
from projects.states import ProjectStatus, Role, Stage

#: So many calendar days before the end of the demonstration it begins.
DAYS_AGO = 11
SIGNED, OFFERED = 6, 1
MOST_NOTES = 6


def agency_desk() -> Iterator[dt.datetime]:
    """Six owners sign, one is asked to; the agents accept, note, wait, take one thing up, walk one matter along."""
    found = list(_projects()[: SIGNED + OFFERED])
    for project in found:
        agreements.ask_for_agent(project.pk, by=_lead(project), contact=str(_lead(project)), wish="请代办报建手续")
        agreements.offer_agreement(project.pk, by=user("dispatcher"))
    yield later(0, 14.5)
    signed = [
        agreements.sign_agreement(row.pk, by=_lead(row.project))
        for project in found[:SIGNED]
        for row in project.agreements.filter(state=AgreementState.OFFERED).select_related("project")
    ]
    yield later(0, 15.5)
    for row in signed:
        for agent in _agents(row.project):
            orders.take_all(by=agent, project_id=row.project_id)
    yield later(1, 10)
    held = [order for order in (_held(row.project) for row in signed) if order is not None]
    for order in held:
        order.refresh_from_db()
        if order.state in (OrderState.DONE, OrderState.CLOSED):
            continue
        _note(order, "phone", "建设单位 项目部", "说明本事项要的材料和时间", "三天内备齐材料", 3)
    yield later(1, 15)
    if held:
        yield from _take_up(held[0])
    if held[1:]:
        _wait_and_walk(held[1])
    _mark(found)
    _leave()
    yield later(0, 16)


def morning() -> None:
    """Each morning the agents accept what was offered the day before and note the orders that were silent for long."""
    offered = WorkOrder.objects.filter(state=OrderState.WAITING, agent__isnull=False)
    for agent in Agent.objects.filter(orders__in=offered).distinct().select_related("user").order_by("pk"):
        orders.take_all(by=agent.user)
    for order in desk_sweeps.silent().select_related("agent__user").order_by("pk")[:MOST_NOTES]:
        _note(order, "message", "建设单位 项目部", "核对材料准备进度，缺的已列给企业")
    desk_sweeps.sweep_desk()


def _projects() -> list[Project]:
    served = Assignment.objects.filter(role=AssignmentRole.SERVICE_AGENT, ended_at=None).values("project")
    rows = Project.objects.filter(
        pk__in=served,
        status=ProjectStatus.ACTIVE,
        stage__in=[Stage.PLANNING, Stage.PERMIT],
        enrolment__isnull=False,
        cases__state="draft",
    )
    return list(rows.distinct().select_related("owner").order_by("pk"))


def _lead(project: Project) -> User:
    return person(project.owner_id, Role.OWNER_LEAD)


def _agents(project: Project) -> list[User]:
    offered = WorkOrder.objects.filter(project=project, state="waiting", agent__isnull=False).select_related(
        "agent__user"
    )
    return list({order.agent.user_id: order.agent.user for order in offered if order.agent}.values())


def _held(project: Project) -> WorkOrder | None:
    rows = WorkOrder.objects.held().filter(project=project).select_related("agent__user", "case__lead", "project")
    return rows.filter(case__state="draft").order_by("-pk").first() or rows.order_by("-pk").first()


def _note(order: WorkOrder, channel: str, who: str, fact: str, promise: str = "", days: int = 0) -> None:
    on = workdays.due_date(timing.today(), days) if promise else None
    order_log.write_log(
        order.pk, by=_of(order), channel=channel, who=who, fact=fact, promise=promise, promised_on=on, next_check=on
    )


def _of(order: WorkOrder) -> User:
    found: User = order.agent.user if order.agent else user("agent")
    return found


def _take_up(order: WorkOrder) -> Iterator[dt.datetime]:
    """The first step has its days without an answer; the second waits for a decision."""
    body = order.case.lead if order.case else Organisation.objects.get(code="housing")
    order.refresh_from_db()
    if order.state not in ORDER_MINE:
        return
    orders.start_order(order.pk, by=_of(order))
    escalating.escalate(
        order.pk,
        by=_of(order),
        body=body,
        question="申报前的技术口径两处说法不一，请明确以哪一处为准",
        tried="已电话三次、到窗口当面问过一次，两位经办答复不同",
    )
    yield later(3, 9.5)
    order.refresh_from_db()
    if order.state != OrderState.ESCALATED:
        return
    escalating.escalate(
        order.pk,
        by=_of(order),
        question="申报前的技术口径以哪一处为准，请牵头部门定",
        tried="受理部门 2 个工作日没有答复，再次电话催过",
    )


def _wait_and_walk(order: WorkOrder) -> None:
    project = order.project
    order.refresh_from_db()
    if order.state in ORDER_MINE:
        orders.wait_for(order.pk, by=_of(order), what="补齐加盖公章的授权书")
    bodies = {body.code: body for body in Organisation.objects.filter(code__in=["housing", "approval-bureau"])}
    accompanying.write_accompaniment(
        project.pk,
        by=user("dispatcher"),
        on=timing.today(),
        official="李建平",
        post="副区长",
        walked="扫码看进度、窗口取号、接件、材料核对、领取受理通知书",
        good="接件时材料清单一次说清",
        case_id=order.case_id,
        frictions=[
            Friction("取号后要再去另一层楼复印", "在接件窗口旁设自助复印", bodies["approval-bureau"]),
            Friction("图纸目录要按两种格式各做一份", "统一成一种目录格式", bodies["housing"]),
        ],
    )


def _mark(found: list[Project]) -> None:
    for project, kind, note in zip(
        found, ("follow", "care", "watch"), ("", "建设资金分两期到位，第二期时间未定", ""), strict=False
    ):
        accompanying.toggle_mark(project.pk, kind=kind, by=user("dispatcher"), note=note)


def _leave() -> None:
    """One agent goes on leave, the other covers; the sheets wait for the signature."""
    away, cover = Agent.objects.get(user__username="agent"), Agent.objects.get(user__username="agent2")
    today = timing.today()
    leaves.enter_leave(
        away.pk,
        since=workdays.due_date(today, 5),
        until=workdays.due_date(today, 9),
        reason="年休",
        by=user("dispatcher"),
        cover_id=cover.pk,
    )
