"""工单: issued from the plan one per matter, offered to an agent, accepted in time or passed on, worked, ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db import transaction

from agency import desk_data as data
from agency import desk_rules as may
from agency.desk_states import ORDER_WAITS, EscalationState, OrderState
from agency.models import Agent, Agreement, Assignment, Escalation, WorkOrder
from agency.services.assignment import open_to
from agency.services.bench import Bench, away_on, off_duty
from agency.services.order_telling import tell_offers
from agency.states import AssignmentRole
from packages.models import MatterCase
from packages.planning.schedule import schedule_of
from packages.states import CASE_ENDED
from projects import timing, workdays
from projects.back_entry import check_follows
from projects.clock_states import ClockKind, ClockUnit
from projects.clocks import cancel_clock, start_clock, stop_clock
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation, Project
from projects.numbering import take_number
from projects.quoting import quoted
from projects.reading import measure_clock, pauses_of
from projects.services.involvement import end_involvement
from projects.states import InvolvementRole, ProjectStatus, Stage

if TYPE_CHECKING:
    from projects.models import User

STAGES = [Stage.PLANNING, Stage.PERMIT, Stage.ACCEPTANCE]
SERVICE = AssignmentRole.SERVICE_AGENT


# Issuing --------------------------------------------------------------------------------------------------------


def issue_orders(agreement: Agreement, *, by: User | None, at: dt.datetime) -> list[WorkOrder]:
    """Issue an order for each open matter of a signed agreement whose stage has begun and that never had one.

    In the locked project. The orders are offered to its 服务专员, or where he is away to the next by the rule.
    """
    project = agreement.project
    begun = STAGES[: STAGES.index(Stage(project.stage)) + 1] if project.stage in STAGES else STAGES
    cases = MatterCase.objects.filter(project=project, stage__in=begun).exclude(state__in=CASE_ENDED)
    cases = cases.exclude(work_orders__agreement=agreement).select_related("matter__matter")
    named = {code for code, _ in agreement.matters}
    wanted = [
        case
        for case in cases.order_by("package_row__order", "pk")
        if agreement.is_all or case.matter.matter.code in named
    ]
    if not wanted:
        return []
    days = {row.code: (row.earliest_start, row.earliest_finish) for row in schedule_of(project).rows}
    agent = _first_agent(project, at)
    made = []
    for case in wanted:
        planned, due = days.get(case.matter.matter.code, (None, None))
        year, serial = take_number(project.centre, "工单", year=timing.business_day(at).year)
        order = WorkOrder(
            project=project,
            case=case,
            agreement=agreement,
            number=f"〔{year}〕工单第{serial:06d}号",
            title=case.matter.name,
            stage=case.stage,
            planned_on=planned,
            due_on=due,
            offered_at=at,
        )
        made.append(_offer(order, agent, by=by, at=at, kind="issued"))
    tell_offers(made, at)
    return made


def _first_agent(project: Project, at: dt.datetime, passed: Sequence[int] = ()) -> Agent | None:
    """Return who is offered an order: the 服务专员 of the project when he is there or covered for, else by the rule."""
    day = timing.business_day(at)
    held = Assignment.objects.filter(project=project, role=SERVICE, ended_at=None).select_related("agent__user").first()
    leaves = away_on(day)
    if held is not None and held.agent.user.is_active and held.agent_id not in passed:
        leave = leaves.get(held.agent_id)
        if not off_duty(held.agent, leaves, day) or (leave is not None and leave.cover_id):
            return held.agent
    bench = Bench([project], day=day)
    found = (one.key for one in bench.ranked(project, SERVICE) if one.key not in passed)
    key = next((key for key in found if held is None or key != held.agent_id), None)
    return bench.agents[key] if key is not None else None


def _offer(order: WorkOrder, agent: Agent | None, *, by: User | None, at: dt.datetime, kind: str) -> WorkOrder:
    """Offer an order of the locked project to an agent (None: it waits for the dispatcher) with a clock of hours."""
    project, fresh = order.project, order.pk is None
    if order.clock is not None:
        cancel_clock(order.clock, at)
    order.agent, order.offered_at, order.clock, order.accept_by = agent, at, None, None
    if agent is not None:
        order.clock = start_clock(
            kind=ClockKind.WORK_ORDER,
            limit=data.number("accept"),
            unit=ClockUnit.WORKING_HOUR,
            on=at,
            project=project,
            label=f"接单{quoted(order.title)}",
        )
        order.accept_by = accept_due(order, at)
        open_to(project, agent, SERVICE, by=by, at=at)
    order.save()
    words = f"派给{agent.user}" if agent else "没有可派的人，等代办调度"
    told = {"state": ["", order.state]} if fresh else {}
    record(
        f"agency.order_{kind}",
        subject=order,
        project=project,
        by=by,
        at=at,
        summary=f"工单{quoted(order.title)}{words}",
        data={**told, "agent": agent.pk if agent else None},
    )
    return order


def accept_due(order: WorkOrder, at: dt.datetime) -> dt.datetime | None:
    """Return until when an offered order may be accepted, by its clock: it stands while the project is suspended."""
    return measure_clock(order.clock, pauses_of(order.clock), at).due if order.clock is not None else None


# Accepting and passing on -----------------------------------------------------------------------------------------


@transaction.atomic
def take_order(order_id: int, *, by: User, at: dt.datetime | None = None) -> WorkOrder:
    """Accept an order: 已接, its clock stops, the first check is due, not before its matter begins by the plan.

    Event `agency.order_taken`.

    The same person again changes nothing. An order whose matter has ended meanwhile is closed with that reason.
    Raises `NotAllowed`.
    """
    order, moment = lock_order(order_id), at or timing.now()
    if order.state == OrderState.TAKEN and order.agent_id in may.acting_for(by):
        return order
    require(may.can_take, by, order)
    if order.case is not None and order.case.state in CASE_ENDED:
        return shut(order, by=by, reason=f"事项{order.case.get_state_display()}", at=moment)
    if order.clock is not None:
        stop_clock(order.clock, moment)
    today = timing.business_day(moment)
    order.taken_at, order.next_check = moment, max(check_day(today), order.planned_on or today)
    return _move(order, "take", "taken", "已接", by=by, at=moment)


@transaction.atomic
def take_all(*, by: User, project_id: int | None = None, at: dt.datetime | None = None) -> list[WorkOrder]:
    """Accept everything that is offered to a person (in one project), in the order of the projects; return it."""
    mine = WorkOrder.objects.filter(state=OrderState.WAITING, agent__in=may.acting_for(by))
    if project_id is not None:
        mine = mine.filter(project=project_id)
    keys = list(mine.order_by("project_id", "pk").values_list("pk", flat=True))
    return [take_order(pk, by=by, at=at) for pk in keys]


@transaction.atomic
def refuse_order(order_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> WorkOrder:
    """The agent cannot take it and says why: it goes to the next at once. Raises `NotAllowed`, `DomainError`."""
    order, moment = lock_order(order_id), at or timing.now()
    require(may.can_take, by, order)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明不能接单的理由。")
    _pass(order, by=by, at=moment, why=reason.strip())
    tell_offers([order], moment)
    return order


@transaction.atomic
def pass_on(order_id: int, *, at: dt.datetime | None = None, passed: list[WorkOrder] | None = None) -> bool:
    """Pass an order that was not accepted in time to the next agent by the rule; whether it was passed.

    Without anybody left it waits for the dispatcher. Event `agency.order_passed`. An order of a matter that has ended
    is closed instead; while the project is suspended it stays where it is. Who has it now is told, or it is added to
    `passed` and the caller tells of all together (`tell_offers`).
    """
    order, moment = lock_order(order_id), at or timing.now()
    if order.state != OrderState.WAITING or order.agent is None or order.project.status != ProjectStatus.ACTIVE:
        return False
    if order.case is not None and order.case.state in CASE_ENDED:
        shut(order, by=None, reason=f"事项{order.case.get_state_display()}", at=moment)
        return True
    leave = away_on(timing.business_day(moment)).get(order.agent.pk)
    away = leave is not None and leave.cover_id is None
    due = accept_due(order, moment)
    if not away and (due is None or due >= moment):
        return False
    _pass(order, by=None, at=moment, why="请假" if away else "未在时限内接单")
    if passed is None:
        tell_offers([order], moment)
    else:
        passed.append(order)
    return True


def _pass(order: WorkOrder, *, by: User | None, at: dt.datetime, why: str) -> WorkOrder:
    old = order.agent
    when = f"{at.astimezone(timing.BUSINESS_ZONE):%Y-%m-%d %H:%M}"
    order.passed = [*order.passed, {"agent": old.pk if old else None, "at": when, "why": why}]
    following = _first_agent(order.project, at, [row["agent"] for row in order.passed])
    _offer(order, following, by=by, at=at, kind="passed")
    if old is not None:
        release(order.project, old, by=by, at=at)
    return order


@transaction.atomic
def give_order(order_id: int, *, agent_id: int, by: User, reason: str, at: dt.datetime | None = None) -> WorkOrder:
    """The desk gives an order that waits to somebody who is there, with a reason. Event `agency.order_given`.

    Raises `NotAllowed`, `DomainError` (`reason_missing`, `not_there`). The same person again changes nothing.
    """
    order, moment = lock_order(order_id), at or timing.now()
    require(may.can_give, by, order)
    if order.agent_id == agent_id:
        return order
    if not reason.strip():
        raise DomainError("reason_missing", "请写明为什么派给这个人。")
    agent = Agent.objects.select_related("user").prefetch_related("conflicts").get(pk=agent_id)
    day = timing.business_day(moment)
    bench = Bench([order.project], day=day)
    needs = bench.need(order.project, SERVICE)
    away = off_duty(agent, away_on(day), day)
    if away or not agent.user.is_active:
        raise DomainError("not_there", f"{agent.user}{away or '账号已停用'}，请另派一人。")
    if agent_id in needs.reviewing or any(body.pk == order.project.owner_id for body in agent.conflicts.all()):
        raise DomainError("conflict", f"{agent.user}须回避本项目，请另派一人。")
    old = order.agent
    _offer(order, agent, by=by, at=moment, kind="given")
    if old is not None:
        release(order.project, old, by=by, at=moment)
    tell_offers([order], moment)
    return order


def release(project: Project, agent: Agent, *, by: User | None, at: dt.datetime | None) -> None:
    """Close the locked project to an agent who holds no role and no open order of it any more."""
    if Assignment.objects.filter(project=project, agent=agent, ended_at=None).exists():
        return
    if WorkOrder.objects.open().filter(project=project, agent=agent).exists():
        return
    parts = (InvolvementRole.SERVICE_AGENT, InvolvementRole.LEAD_OFFICER)
    rows = project.involvements.filter(user_id=agent.user_id, role__in=parts, until=None).select_related("user")
    for row in rows:
        row.project = project
        end_involvement(row, by=by, reason="没有在手工单", at=at)


# Working --------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_order(order_id: int, *, by: User | None, at: dt.datetime | None = None) -> WorkOrder:
    """The agent is at it. Event `agency.order_started`. Twice is once. Raises `NotAllowed`."""
    order, moment = lock_order(order_id), at or timing.now()
    if order.state == OrderState.DOING:
        return order
    require(may.can_work, by, order)
    order.waits_what, order.waits_body, order.waits_since = "", None, None
    return _move(order, "start", "started", "办理中", by=by, at=moment)


@transaction.atomic
def wait_for(
    order_id: int, *, by: User, what: str, body: Organisation | None = None, at: dt.datetime | None = None
) -> WorkOrder:
    """It waits: for a department (`body`), else for the owner, for something named. Event `agency.order_waits`.

    Raises `NotAllowed`, `DomainError` (`what_missing`).
    """
    order, moment = lock_order(order_id), at or timing.now()
    require(may.can_work, by, order)
    if not what.strip():
        raise DomainError("what_missing", "请写明在等什么。")
    return rest(order, by=by, what=what.strip(), body=body, at=moment)


def rest(order: WorkOrder, *, by: User | None, what: str, body: Organisation | None, at: dt.datetime) -> WorkOrder:
    """The locked order waits for a department or the owner; the same again changes nothing."""
    target = OrderState.WAITING_DEPT if body else OrderState.WAITING_OWNER
    if order.state == target and order.waits_what == what and order.waits_body == body:
        return order
    order.waits_what, order.waits_body, order.waits_since = what, body, timing.business_day(at)
    if order.state == target:
        order.save()
        return order
    who = body.label if body else "企业"
    return _move(order, "wait_dept" if body else "wait_owner", "waits", f"等{who}{what}", by=by, at=at)


@transaction.atomic
def finish_order(order_id: int, *, by: User, note: str = "", at: dt.datetime | None = None) -> WorkOrder:
    """The agent has done what there was to do. Event `agency.order_done`. Twice is once. Raises `NotAllowed`."""
    order, moment = lock_order(order_id), at or timing.now()
    if order.state == OrderState.DONE:
        return order
    require(may.can_finish, by, order)
    check_follows(at, order)
    return complete(order, by=by, note=note.strip(), at=moment)


def complete(order: WorkOrder, *, by: User | None, note: str = "", at: dt.datetime) -> WorkOrder:
    """End the locked order well: its clock and its escalation end with it."""
    order.done_at, order.next_check = at, None
    _end_around(order, by=by, at=at)
    done = _move(order, "finish", "done", f"已完成{'，' + note if note else ''}", by=by, at=at)
    if order.agent is not None:
        release(order.project, order.agent, by=by, at=at)
    return done


@transaction.atomic
def close_order(order_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> WorkOrder:
    """Close an order with the reason. Event `agency.order_closed`; twice is once. Raises `DomainError`."""
    order, moment = lock_order(order_id), at or timing.now()
    if order.state == OrderState.CLOSED:
        return order
    require(may.can_close, by, order)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明关闭的原因。")
    return shut(order, by=by, reason=reason.strip(), at=moment)


def shut(order: WorkOrder, *, by: User | None, reason: str, at: dt.datetime) -> WorkOrder:
    """Close the locked order: its clock and its escalation end with it."""
    order.closed_at, order.close_reason, order.next_check = at, reason[:200], None
    _end_around(order, by=by, at=at)
    shut_one = _move(order, "close", "closed", f"关闭：{reason}", by=by, at=at)
    if order.agent is not None:
        release(order.project, order.agent, by=by, at=at)
    return shut_one


def _end_around(order: WorkOrder, *, by: User | None, at: dt.datetime) -> None:
    if order.clock is not None and order.state == OrderState.WAITING:
        cancel_clock(order.clock, at)
    for step in Escalation.objects.filter(order=order, state=EscalationState.OPEN).select_related("clock"):
        step.project = order.project
        step.drop()
        step.save()
        if step.clock is not None:
            cancel_clock(step.clock, at)
        record(
            "agency.escalation_dropped",
            subject=step,
            project=order.project,
            by=by,
            at=at,
            summary=f"升级撤回：{step.question}"[:300],
            data={"state": [EscalationState.OPEN, step.state]},
        )


def check_day(today: dt.date) -> dt.date:
    """Return the day of the next check where nobody names one."""
    return workdays.due_date(today, data.number("next-check"))


# Locks and moves --------------------------------------------------------------------------------------------------


def lock_order(order_id: int) -> WorkOrder:
    """Return the order, locked with its project. Raises `Project.DoesNotExist`."""
    project = lock_project(WorkOrder.objects.filter(pk=order_id).values("project_id")[:1])
    order: WorkOrder = (
        WorkOrder.objects.select_for_update(of=("self",))
        .select_related("agent__user", "case__matter", "case__lead", "clock", "waits_body", "agreement__paper")
        .get(pk=order_id)
    )
    order.project = project
    return order


def open_orders(project: Project) -> Iterable[WorkOrder]:
    """Yield the open orders of the locked project, locked."""
    rows = WorkOrder.objects.select_for_update(of=("self",)).open().filter(project=project).order_by("pk")
    for order in rows.select_related("agent__user", "case__matter", "case__lead", "clock", "waits_body"):
        order.project = project
        yield order


def _move(order: WorkOrder, step: str, kind: str, words: str, *, by: User | None, at: dt.datetime) -> WorkOrder:
    before = order.state
    getattr(order, step)()
    if order.state not in ORDER_WAITS:
        order.waits_what, order.waits_body, order.waits_since = "", None, None
    if before == OrderState.TAKEN and order.state in (OrderState.DOING, *ORDER_WAITS):  # also before its planned day
        soon = check_day(timing.business_day(at))
        order.next_check = min(order.next_check or soon, soon)
    order.save()
    record(
        f"agency.order_{kind}",
        subject=order,
        project=order.project,
        by=by,
        at=at,
        summary=f"工单{quoted(order.title)}{words}"[:300],
        data={"state": [before, order.state]},
    )
    return order
