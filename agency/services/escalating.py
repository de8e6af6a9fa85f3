"""升级: five steps, each with its working days; what was tried must be told, and a decision names owner and day.

What one can solve oneself is not pushed up: a step is open to the next only when its time is over, when its body says
that it cannot, or when what it decided was not done by its day.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from agency import desk_data as data
from agency import desk_rules as may
from agency.desk_states import EscalationState, Level, OrderState
from agency.models import Escalation, WorkOrder
from agency.recipients import above, people_at
from agency.services import orders
from agency.services.telling import tell
from archives.states import PaperKind, Visibility
from packages.services import paperwork
from projects import timing
from projects.back_entry import check_follows, counted_at
from projects.clock_states import ClockKind
from projects.clocks import start_clock, stop_clock
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.states import InvolvementRole, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archives.models import Paper
    from projects.models import User


def next_level(order: WorkOrder) -> tuple[int, str]:
    """Return the step that comes next for an order, and why it may not be taken yet (empty: it may)."""
    last = Escalation.objects.filter(order=order).exclude(state=EscalationState.DROPPED).order_by("-pk").first()
    if last is None:
        return int(Level.OWN), ""
    following = min(last.level + 1, int(Level.MAYOR))
    name = last.get_level_display()
    today = timing.today()
    if last.state == EscalationState.OPEN:
        if last.level == Level.MAYOR:
            return following, "已在市长专题会，没有更高一级。"
        if last.due_on is None or today <= last.due_on:
            until = f"（{timing.spoken(last.due_on)}前答复）" if last.due_on else ""
            return following, f"{quoted(name)}还在办{until}，能在本级解决的不得上推。"
        return following, ""
    if last.state == EscalationState.DECIDED and last.owed_on is not None and today <= last.owed_on:
        until = f"{timing.spoken(last.owed_on)}前"
        return following, f"{quoted(name)}已决定，{last.owner}{until}落实，先等落实。"
    return following, ""


def too_high(user: User, order: WorkOrder, level: int) -> str:
    """Return why a person may not take an order up to a step (empty: that far he may)."""
    highest = may.highest_level(user, order.project)
    return f"您可以升级到第 {highest} 级，再往上请代办调度或中心主任升级。" if level > highest else ""


def level_words(level: int) -> str:
    """Return the name of a step."""
    return str(Level(level).label)


@transaction.atomic
def escalate(
    order_id: int,
    *,
    by: User,
    question: str,
    tried: str,
    body: Organisation | None = None,
    can_not: bool = False,
    at: dt.datetime | None = None,
) -> Escalation:
    """Take a thing one step up: what is asked, what was tried; the order is 已升级 and a clock of the step runs.

    `can_not`: the body of the running step says itself that it cannot solve it. Effects: the step before is 已上报,
    升级报告 (for the office), event `agency.escalated`, its people are told. Raises `NotAllowed`, `DomainError`
    (`tried_missing`, `too_early`, `too_high`, `no_body`).
    """
    order, moment = orders.lock_order(order_id), at or timing.now()
    running = Escalation.objects.filter(order=order, state=EscalationState.OPEN).select_related("clock").first()
    if not (can_not and running is not None and may.can_decide(by, running)):
        require(may.can_escalate, by, order)
        can_not = False
    if not question.strip() or not tried.strip():
        raise DomainError("tried_missing", "请写明要解决什么、已经怎么办过；没有办过的不升级。")
    level, early = next_level(order)
    if early and not can_not:
        raise DomainError("too_early", early)
    if not can_not and (high := too_high(by, order, level)):
        raise DomainError("too_high", high)
    target = _body(order, level, body)
    involve(order.project, role=InvolvementRole.REVIEWER, organisation=target, by=by, at=moment)
    previous = (
        running or Escalation.objects.filter(order=order).exclude(state=EscalationState.DROPPED).order_by("-pk").first()
    )
    if running is not None:
        _push(running, order, by=by, at=moment)
    step = _open(
        order, level, target, previous=previous, question=question.strip(), tried=tried.strip(), by=by, at=moment
    )
    step.paper = _report(step, by=by, at=moment)
    step.save(update_fields=["paper"])
    record(
        "agency.escalated",
        subject=step,
        project=order.project,
        by=by,
        at=moment,
        summary=f"升级到{step.get_level_display()}（{target.label}）：{step.question}"[:300],
        data={"state": ["", step.state], "level": level, "order": order.pk},
    )
    _mark(order, by=by, at=moment)
    _tell_asked(step, order, at=moment)
    return step


def _tell_asked(step: Escalation, order: WorkOrder, *, at: dt.datetime) -> None:
    """Tell who has to answer."""
    words = f"{quoted(order.title)}升级到{step.get_level_display()}：{step.question}"
    _tell(asked(step), step, words, why="请贵单位答复升级事项", kind="ask", at=at)


def _tell(
    people: Sequence[User], step: Escalation, words: str, *, why: str, kind: str, at: dt.datetime, url: str = ""
) -> None:
    """Tell people of a step; the message leads to it, or to `url`."""
    project, page = step.project, url or reverse("agency:escalation", args=[step.pk])
    tell(people, f"{project.name}{words}", project=project, url=page, why=why, kind=kind, at=at)


def _open(
    order: WorkOrder,
    level: int,
    body: Organisation,
    *,
    previous: Escalation | None,
    question: str,
    tried: str,
    by: User,
    at: dt.datetime,
) -> Escalation:
    """Create the step with the clock of its budget."""
    days = data.budget(level)
    clock = (
        start_clock(kind=ClockKind.REPLY, limit=days, on=at, project=order.project, label=f"升级{quoted(order.title)}")
        if days
        else None
    )
    return Escalation.objects.create(
        project=order.project,
        order=order,
        level=level,
        body=body,
        previous=previous,
        question=question,
        tried=tried,
        clock=clock,
        due_on=clock.due_on if clock else None,
        raised_by=by,
        raised_at=at,
    )


def _mark(order: WorkOrder, *, by: User, at: dt.datetime) -> None:
    """Say of the order that it is 已升级, once."""
    if order.state == OrderState.ESCALATED:
        return
    before = order.state
    order.escalate()
    order.save()
    record(
        "agency.order_escalated",
        subject=order,
        project=order.project,
        by=by,
        at=at,
        summary=f"工单{quoted(order.title)}已升级",
        data={"state": [before, order.state]},
    )


def _body(order: WorkOrder, level: int, body: Organisation | None) -> Organisation:
    if level >= Level.JOINT:
        centre: Organisation = order.project.centre
        return centre
    found: Organisation | None = body or order.waits_body or (order.case.lead if order.case else None)
    if level == Level.LEAD and order.case is not None:
        found = order.case.lead
    if found is None:
        raise DomainError("no_body", "请选择由哪个单位答复。")
    return found


def asked(step: Escalation) -> Sequence[User]:
    """Return who is asked at a step: the people of the body, above the first step its head.

    Whoever raised it does not decide it: where that is the only director, 工改办 is asked.
    """
    if step.level >= Level.JOINT:
        directors = [one for one in people_at(step.body_id, Role.DIRECTOR) if one.pk != step.raised_by_id]
        return directors or above(step.body_id)
    return people_at(step.body_id, *may.STAFF) if step.level == Level.OWN else people_at(step.body_id, Role.CHIEF)


def _push(step: Escalation, order: WorkOrder, *, by: User, at: dt.datetime) -> None:
    step.project = order.project
    step.push()
    step.save()
    if step.clock is not None:
        stop_clock(step.clock, at)
    record(
        "agency.escalation_pushed",
        subject=step,
        project=order.project,
        by=by,
        at=at,
        summary=f"{step.get_level_display()}未解决，继续上报",
        data={"state": [EscalationState.OPEN, step.state]},
    )


@transaction.atomic
def decide(
    escalation_id: int, *, by: User, decision: str, owner: str, owed_on: dt.date, at: dt.datetime | None = None
) -> Escalation:
    """Decide a step: what is done, by whom, until when. The order goes on; its next check is that day.

    Event `agency.escalation_decided`. Twice is once. Raises `NotAllowed`, `DomainError` (`decision_missing`, `day`).
    """
    step, moment = _lock(escalation_id), at or timing.now()
    if step.state == EscalationState.DECIDED:
        return step
    require(may.can_decide, by, step)
    if not decision.strip() or not owner.strip():
        raise DomainError("decision_missing", "请写明决定、由谁落实。")
    check_follows(at, step)
    if owed_on < timing.business_day(moment):
        raise DomainError("day", "落实期限不能早于今天。")
    step.decide()
    step.decision, step.owner, step.owed_on = decision.strip(), owner.strip(), owed_on
    step.decided_by, step.decided_at = by, moment
    step.save()
    if step.clock is not None:
        stop_clock(step.clock, counted_at(at))
    record(
        "agency.escalation_decided",
        subject=step,
        project=step.project,
        by=by,
        at=moment,
        summary=f"{step.get_level_display()}决定：{step.decision}，{step.owner}{timing.spoken(owed_on)}前落实"[:300],
        data={"state": [EscalationState.OPEN, step.state]},
    )
    order = _go_on(step, owed_on, by=by, at=moment)
    people, page = [order.agent.user] if order.agent else [], reverse("agency:order", args=[order.pk])
    words = f"{quoted(order.title)}升级已决定：{step.decision}"
    _tell(people, step, words, why="您经办的工单", kind="result", at=moment, url=page)
    return step


def _go_on(step: Escalation, owed_on: dt.date, *, by: User, at: dt.datetime) -> WorkOrder:
    """Return the order of a decided step, locked; when it waited for the decision it goes on, checked on that day."""
    order = orders.lock_order(step.order_id)
    if order.state == OrderState.ESCALATED:
        order.settle()
        order.next_check = owed_on
        order.save()
        record(
            "agency.order_settled",
            subject=order,
            project=order.project,
            by=by,
            at=at,
            summary=f"工单{quoted(order.title)}升级已有决定",
            data={"state": [OrderState.ESCALATED, order.state]},
        )
    return order


@transaction.atomic
def tell_stuck(escalation_id: int, *, at: dt.datetime | None = None) -> bool:
    """Tell the head of the centre and the agent, once, that a step has had its days; whether that was new."""
    step, moment = _lock(escalation_id), at or timing.now()
    today = timing.business_day(moment)
    if step.state != EscalationState.OPEN or step.told_on or step.due_on is None or step.due_on >= today:
        return False
    step.told_on = today
    step.save(update_fields=["told_on"])
    people = [*people_at(step.project.centre_id, Role.DIRECTOR)]
    agent = step.order.agent
    if agent is not None:
        people.append(agent.user)
    words = f"升级卡在{step.get_level_display()}，{timing.spoken(step.due_on)}已到期"
    _tell(people, step, words, why="升级到期没有答复", kind="urge", at=moment)
    return True


def _lock(escalation_id: int) -> Escalation:
    project = lock_project(Escalation.objects.filter(pk=escalation_id).values("project_id")[:1])
    step: Escalation = (
        Escalation.objects.select_for_update(of=("self",))
        .select_related("body", "clock", "order__agent__user")
        .get(pk=escalation_id)
    )
    step.project = project
    return step


def _report(step: Escalation, *, by: User, at: dt.datetime) -> Paper:
    order, due = step.order, f"{paperwork.day(step.due_on)}前答复" if step.due_on else "由专题会定"
    earlier = Escalation.objects.filter(order=order).exclude(pk=step.pk).order_by("pk").select_related("body")
    rows = [
        [one.get_level_display(), one.body.label, one.question, one.tried, one.decision or one.get_state_display()]
        for one in [*earlier, step]
    ]
    return paperwork.write(
        PaperKind.ESCALATION_REPORT,
        order.project,
        subject=step,
        issuer=order.project.centre,
        by=by,
        at=at,
        what=f"{quoted(order.title)}{step.question}",
        do="给出决定，写明落实人和日期",
        when=due,
        paragraphs=[
            f"工单 {order.number}，现升级到第 {step.level} 级“{step.get_level_display()}”，由{step.body.label}答复。",
            f"已经办过：{step.tried}",
            "能在本级解决的不得上推；答复须写明决定、落实人和日期。",
        ],
        table={"caption": "升级经过", "head": ["级别", "单位", "要解决什么", "已经怎么办过", "结果"], "rows": rows},
        addressee=step.body.label,
        visibility=Visibility.OFFICE,
    )
