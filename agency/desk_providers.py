"""What the desk gives to the kernel: where an agent, a signature, a step up is waited for; what the owner may sign."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse

from agency import subjects
from agency.desk_states import (
    ORDER_MINE,
    ORDER_OPEN,
    ORDER_WAITS,
    AgreementState,
    EscalationState,
    HandOverState,
    Level,
    OrderState,
)
from agency.models import AgentLeave, Agreement, Escalation, HandOver, WorkOrder
from agency.services.escalating import asked
from agency.subjects import Subject
from packages.next_steps import OWNER_WORD
from packages.states import CaseState
from packages.waiting import case_waiting
from projects import glance, owing, timing, waiting, workdays
from projects.clock_states import Light
from projects.owing import Debt, Person
from projects.quoting import quoted
from projects.states import ProjectStatus
from projects.waiting import Waiting

if TYPE_CHECKING:
    from projects.models import Clock, Project

PLACE, STEPS = "agency.desk", "agency.escalations"
AGENT_WORD = "代办专员"
ASKED = (AgreementState.REQUESTED, AgreementState.OFFERED)


def desk_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield on whom agreements, orders, escalations and hand-overs wait. Five queries at most."""
    by_pk, today = {project.pk: project for project in projects}, timing.today()
    seen = glance.glance(projects)
    words = {word for project in projects for word in seen.words(PLACE, project.pk)}
    if words & set(ASKED):
        yield from _agreements(by_pk, today)
    if words & set(ORDER_OPEN):
        yield from _orders(by_pk, today)
    if any(seen.has(STEPS, project.pk) for project in projects):
        yield from _steps(by_pk, today)
    if HandOverState.PREPARED in words:
        yield from _sheets(by_pk, today)


def _agreements(by_pk: dict[int, Project], today: dt.date) -> Iterable[Waiting]:
    rows = Agreement.objects.filter(project__in=list(by_pk), state__in=ASKED).order_by("pk")
    for row in rows:
        project = by_pk[row.project_id]
        since = row.offered_at or row.requested_at
        common = _since(since, today)
        url = reverse("agency:project", args=[row.project_id])
        if row.state == AgreementState.OFFERED:
            yield Waiting(
                row.project_id,
                8,
                OWNER_WORD,
                "代办委托协议（自愿、免费）",
                person=project.owner.name,
                verb="签订",
                auto="不签也照常办事",
                url=url,
                **common,
            )
        else:
            yield Waiting(
                row.project_id,
                6,
                "代办调度",
                "代办委托协议",
                verb="拟定",
                auto="一直等到拟好协议为止",
                url=url,
                **common,
            )


def _orders(by_pk: dict[int, Project], today: dt.date) -> Iterable[Waiting]:
    """Yield a line per project and person of what is to be accepted and done, and one per order that waits."""
    cover = AgentLeave.objects.on(today).filter(agent=OuterRef("agent")).values("cover__user__name")[:1]
    rows = WorkOrder.objects.open().filter(project__in=list(by_pk)).annotate(cover_name=Subquery(cover))
    grouped: dict[tuple[int, str, str], list[WorkOrder]] = defaultdict(list)
    for row in rows.select_related("agent__user", "waits_body", "case").order_by("pk"):
        who = _doer(row, getattr(row, "cover_name", ""))
        if row.state == OrderState.WAITING or (row.state in ORDER_MINE and not _is_begun(row)):
            grouped[row.project_id, _part(row), who].append(row)
        elif row.state in ORDER_WAITS and not _is_begun(row):
            yield _waits(row, by_pk[row.project_id], who, today)
    for (project, kind, who), orders in grouped.items():
        yield _told(project, kind, who, orders, today)


def _doer(row: WorkOrder, cover: str | None) -> str:
    """Return who does an order: its agent, or whoever covers for him (刘另（代陈专））."""
    who = str(row.agent.user) if row.agent else ""
    return f"{cover}（代{who}）" if cover else who


def _part(row: WorkOrder) -> str:
    """Return what an order that is with the agency waits for: to be given to somebody, accepted, done."""
    if row.state != OrderState.WAITING:
        return "do"
    return "take" if row.agent_id else "give"


def _is_begun(row: WorkOrder) -> bool:
    """Whether the matter of an order is in hand, so that its case says on whom it waits."""
    return row.case is not None and row.case.state != CaseState.DRAFT


def order_waiting(row: WorkOrder) -> Waiting | None:
    """Return on whom one order waits: who is to accept or do it, who was asked one step up, on whom its case waits.

    None where the order is over or the project does not run; what is left after the delivery is told of. The office
    reads it: what is waited for stands as the agent wrote it.
    """
    if row.state not in ORDER_OPEN or row.project.status != ProjectStatus.ACTIVE:
        return None
    today = timing.today()
    step = Escalation.objects.open().filter(order=row).select_related("body", "order").first()
    if row.state == OrderState.ESCALATED and step is not None:
        return _step(step, today)
    found = case_waiting([row.case]).get(row.case.pk) if row.case is not None else None
    if row.state != OrderState.WAITING and found is not None:
        return found
    leave = AgentLeave.objects.on(today).filter(agent=row.agent_id).select_related("cover__user").first()
    who = _doer(row, str(leave.cover.user) if leave is not None and leave.cover else "")
    if row.state in ORDER_WAITS:
        return replace(_waits(row, row.project, who, today), what=row.waits_what)
    return _told(row.project_id, _part(row), who, [row], today)


def _told(project: int, kind: str, who: str, orders: Sequence[WorkOrder], today: dt.date) -> Waiting:
    first, number = orders[0], len(orders)
    names = "、".join(quoted(order.title) for order in orders[:2]) + (f"等 {number} 个事项" if number > 2 else "")  # noqa: PLR2004
    url = reverse("agency:project", args=[project])
    if kind == "give":
        return Waiting(
            project,
            4,
            "代办调度",
            f"{names}的工单",
            verb="派",
            auto="没有在岗且未满的代办人员，一直等到代办调度派单为止",
            url=url,
            light=Light.RED,
            **_since(first.offered_at, today),
        )
    if kind == "take":
        by = min(order.accept_by for order in orders if order.accept_by) if any(o.accept_by for o in orders) else None
        due = timing.business_day(by) if by else None
        return Waiting(
            project,
            4,
            AGENT_WORD,
            f"{names}的工单",
            person=who,
            verb="接",
            due_on=due,
            auto="逾时不接，自动派给下一人",
            url=url,
            light=Light.YELLOW if due else Light.NONE,
            **_since(first.offered_at, today),
        )
    begun = min(order.taken_at for order in orders if order.taken_at) if any(o.taken_at for o in orders) else None
    return Waiting(
        project,
        7,
        AGENT_WORD,
        names,
        person=who,
        verb="代办",
        auto="由代办专员按计划申报",
        url=url,
        **_since(begun, today),
    )


def _waits(row: WorkOrder, project: Project, who: str, today: dt.date) -> Waiting:
    body = row.waits_body
    owner = body is None
    return Waiting(
        row.project_id,
        1 if owner else 3,
        OWNER_WORD if body is None else body.label,
        f"{quoted(row.title)}所需的材料或答复",
        person=project.owner.name if owner else "",
        since=row.waits_since,
        days=workdays.workdays_between(row.waits_since, today) if row.waits_since else 0,
        verb="提供",
        auto=f"由{AGENT_WORD}{who}催办",
        url=reverse("agency:project", args=[row.project_id]),
    )


def _steps(by_pk: dict[int, Project], today: dt.date) -> Iterable[Waiting]:
    rows = Escalation.objects.open().filter(project__in=list(by_pk)).select_related("body", "order").order_by("pk")
    for row in rows:
        yield _step(row, today)


def _step(row: Escalation, today: dt.date) -> Waiting:
    role = row.body.label if row.level < Level.JOINT else str(row.get_level_display())
    left = (row.due_on - today).days if row.due_on else None
    light = Light.NONE if left is None else Light.RED if left < 0 else Light.YELLOW if left <= 1 else Light.GREEN
    return Waiting(
        row.project_id,
        3,
        role,
        f"{quoted(row.order.title)}的升级事项",
        due_on=row.due_on,
        light=light,
        clock_id=row.clock_id,
        auto="到期未答复，可升到上一级，并报中心主任" if row.due_on else "由专题会定",
        url=reverse("agency:escalation", args=[row.pk]),
        **_since(row.raised_at, today),
    )


def _sheets(by_pk: dict[int, Project], today: dt.date) -> Iterable[Waiting]:
    rows = HandOver.objects.filter(project__in=list(by_pk), state=HandOverState.PREPARED).select_related(
        "to_agent__user"
    )
    for row in rows.order_by("pk"):
        yield Waiting(
            row.project_id,
            6,
            AGENT_WORD,
            "交接单",
            person=str(row.to_agent.user),
            verb="签收",
            auto="签收前仍由移交人办理",
            url=reverse("agency:pack", args=[row.pack]),
            **_since(row.prepared_at, today),
        )


def _since(moment: dt.datetime | None, today: dt.date) -> dict[str, Any]:
    if moment is None:
        return {}
    since = timing.business_day(moment)
    return {"since": since, "days": workdays.workdays_between(since, today)}


def debts(user: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield the agreements that the owner may sign; what an order waits for from the owner is owed."""
    from agency.desk_rules import can_sign

    seen = glance.glance(projects)
    offered = seen.only(PLACE, projects, {AgreementState.OFFERED})
    if offered:
        rows = Agreement.objects.filter(project__in=offered, state=AgreementState.OFFERED).select_related(
            "project__owner"
        )
        for row in rows.order_by("pk"):
            verdict = can_sign(user, row)
            yield Debt(
                row.project_id,
                "代办",
                "签订代办委托协议（免费，可随时终止）",
                reverse("agency:agreement_sign", args=[row.pk]),
                "去签订",
                detail=f"委托 {len(row.matters)} 个事项",
                why="代办自愿、无偿",
                is_offer=True,
                blocked="" if verdict else verdict.reason,
            )
    waits = seen.only(PLACE, projects, {OrderState.WAITING_OWNER})
    if waits:
        orders = WorkOrder.objects.filter(project__in=waits, state=OrderState.WAITING_OWNER).select_related("case")
        for order in orders.order_by("pk"):
            if order.case is None or order.case.state == CaseState.DRAFT:
                yield Debt(
                    order.project_id,
                    "代办",
                    f"{order.waits_what}（{order.title}）",
                    reverse("agency:project", args=[order.project_id]),
                    "看服务专员",
                    why="服务专员在等贵单位办这件事",
                )


def order_of(clock: Clock) -> Subject | None:
    """Return what the ladder says of the hours in which an order is accepted: to whom it is offered, or who covers."""
    order = WorkOrder.objects.filter(clock=clock).select_related("agent__user").first()
    if order is None or order.agent is None:
        return None
    leave = AgentLeave.objects.on(timing.today()).filter(agent=order.agent_id, cover__isnull=False).first()
    who = leave.cover.user if leave is not None and leave.cover else order.agent.user
    return Subject(f"工单{quoted(order.title)}接单", reverse("agency:order", args=[order.pk]), [who], "工单派给您")


def step_of(clock: Clock) -> Subject | None:
    """Return what the ladder says of the days of an escalation: the people of the body that was asked."""
    step = Escalation.objects.filter(clock=clock).select_related("body", "order").first()
    if step is None:
        return None
    url = reverse("agency:escalation", args=[step.pk])
    return Subject(f"升级“{step.question}”答复", url, asked(step), "请贵单位答复升级事项", body=step.body)


subjects.register(order_of, WorkOrder)
subjects.register(step_of, Escalation)
glance.register(
    PLACE,
    lambda ids: Agreement.objects.filter(project__in=ids, state__in=[*ASKED, AgreementState.SIGNED]),
    lambda ids: WorkOrder.objects.open().filter(project__in=ids),
    lambda ids: HandOver.objects.filter(project__in=ids, state=HandOverState.PREPARED),
    word="state",
)
glance.register(STEPS, lambda ids: Escalation.objects.filter(project__in=ids, state=EscalationState.OPEN))
waiting.register(PLACE, desk_waiting)
owing.register(PLACE, debts)
