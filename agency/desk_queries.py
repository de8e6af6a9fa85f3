"""Page-sized reads of orders, escalations and agreements. Each has a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q

from agency import desk_data as data
from agency import desk_rules as may
from agency.assigning_rule import plain
from agency.desk_providers import order_waiting
from agency.desk_states import (
    ORDER_OPEN,
    ORDER_WAITS,
    TONES,
    AgreementState,
    EscalationState,
    HandOverState,
    MarkKind,
    OrderState,
)
from agency.models import (
    Agent,
    AgentLeave,
    Agreement,
    Escalation,
    HandOver,
    OrderLog,
    ProjectMark,
    WorkOrder,
    WorkOrderQuerySet,
)
from agency.queries import desk_agents
from agency.services.bench import away_on, loads, off_duty
from agency.services.escalating import next_level
from agency.services.order_paper import sheet_of
from projects import timing, workdays
from projects.access import access_of
from projects.models import IssueItem, Project
from projects.paging import as_key
from projects.states import ISSUE_OPEN, IssueKind, ProjectStatus, Role

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from agency.services.evaluating import AgentRow
    from archives.models import Paper
    from projects.errors import Verdict
    from projects.models import User
    from projects.waiting import Waiting

SHOWN, CARDS, PAGE = 30, 12, 20
CALENDAR_DAYS = 10
LEVELS = ("waiting", "taken", "doing", "waiting_owner", "waiting_dept", "escalated")
SEEN = ("project__owner", "agent__user", "case__matter", "waits_body")


# Rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order as lists show it: its state, what is next, and why it stands where it stands."""

    order: WorkOrder
    next_words: str
    next_tone: str
    can_take: bool = False
    late_days: int = 0

    @property
    def tone(self) -> str:
        """The colour of the state."""
        return TONES.get(self.order.state, "")


def order_rows(orders: Iterable[WorkOrder], mine: frozenset[int] = frozenset()) -> list[OrderRow]:
    """Return rows with the words of what is next. No query of its own."""
    today, now = timing.today(), timing.now()
    return [
        OrderRow(
            order, *_next(order, today, now), can_take=order.state == OrderState.WAITING and order.agent_id in mine,
            late_days=_late_days(order, today),
        )
        for order in orders
    ]


def _late_days(order: WorkOrder, today: dt.date) -> int:
    """Return by how many working days an open order is behind its planned day; 0 is not."""
    if order.state not in ORDER_OPEN or order.due_on is None or order.due_on >= today:
        return 0
    return max(1, workdays.workdays_between(order.due_on, today))


def late_count(user: User, filters: Mapping[str, str]) -> int:
    """Return how many open orders are behind their planned day, narrowed as the board is. One query."""
    return found_orders(user, {**filters, "late": "1"}).count()


def _when(text: str) -> str:
    """Return a moment that was kept as text (2026-11-24 09:00, local) as lists of the day say it."""
    return timing.spoken_moment(dt.datetime.fromisoformat(text))


def _to_accept(order: WorkOrder, today: dt.date, now: dt.datetime) -> tuple[str, str]:
    if order.accept_by is None:
        return "等代办调度派单", "bad"
    if order.project.status != ProjectStatus.ACTIVE:
        return f"项目{order.project.get_status_display()}，接单时限停计", ""
    moment = order.accept_by.astimezone(timing.BUSINESS_ZONE)
    words = f"{moment:%H:%M}" if moment.date() == today else timing.spoken_moment(moment)
    return (f"{words} 前接单", "warn") if order.accept_by >= now else ("已过接单时限，将派下一人", "bad")


def _next(order: WorkOrder, today: dt.date, now: dt.datetime) -> tuple[str, str]:
    """Return what is next for an order in words, with a tone."""
    if order.state == OrderState.WAITING:
        return _to_accept(order, today, now)
    if order.state in (OrderState.DONE, OrderState.CLOSED):
        return order.close_reason, ""
    if order.next_check is None:
        return "记一笔跟办", "warn"
    day = timing.written(order.next_check) if order.next_check.year != today.year else timing.spoken(order.next_check)
    if order.next_check < today:
        return f"{day}应核查，已过", "bad"
    return ("今天核查", "warn") if order.next_check == today else (f"{day}核查", "")


# The agent's own page ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Mine:
    """What an agent finds in the morning: to accept, to do today, to wait for, to sign."""

    offered: list[OrderRow] = field(default_factory=list)
    today: list[OrderRow] = field(default_factory=list)
    later: list[OrderRow] = field(default_factory=list)
    promises: list[OrderLog] = field(default_factory=list)
    packs: list[HandOver] = field(default_factory=list)
    covering: list[AgentLeave] = field(default_factory=list)
    lacking: list[Project] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    is_agent: bool = True


def mine(user: User) -> Mine:
    """Return the start page of an agent. Nine queries, whatever there is."""
    keys, day = may.acting_for(user), timing.today()
    if not keys:
        return Mine(is_agent=False)
    orders = WorkOrder.objects.open().filter(agent__in=keys)
    counts = dict(orders.order_by().values_list("state").annotate(number=Count("pk")))
    due = Q(next_check__lte=day) | Q(next_check=None) | Q(state=OrderState.TAKEN, planned_on__lte=day)
    offered = orders.filter(state=OrderState.WAITING).select_related(*SEEN).order_by("accept_by", "pk")
    held = orders.exclude(state=OrderState.WAITING).select_related(*SEEN)
    lines = OrderLog.objects.filter(
        order__agent__in=keys, order__state__in=ORDER_OPEN, promised_on__lte=day, kept_at=None
    ).exclude(promise="")
    signed = Agreement.objects.filter(project=OuterRef("pk"), state__in=[AgreementState.OFFERED, AgreementState.SIGNED])
    projects = (
        Project.objects.active()
        .filter(assignments__agent__in=keys, assignments__ended_at=None, assignments__role="service_agent")
        .filter(~Exists(signed))
    )
    return Mine(
        offered=order_rows(offered[:SHOWN], keys),
        today=order_rows(held.filter(due).order_by("next_check", "pk")[:SHOWN], keys),
        later=order_rows(held.exclude(due).order_by("next_check", "pk")[:SHOWN], keys),
        promises=list(lines.select_related("order__project").order_by("promised_on", "pk")[:SHOWN]),
        packs=_packs(user),
        covering=list(AgentLeave.objects.on(day).filter(cover__user=user).select_related("agent__user")),
        lacking=list(projects.select_related("owner").order_by("pk")[:SHOWN]),
        counts=counts,
    )


def _packs(user: User) -> list[HandOver]:
    rows = HandOver.objects.filter(to_agent__user=user, state=HandOverState.PREPARED).select_related(
        "from_agent__user", "project"
    )
    found: dict[str, HandOver] = {}
    for row in rows.order_by("pk"):
        found.setdefault(row.pack, row)
    return list(found.values())


# Board and calendar -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """One state of the board."""

    state: str
    label: str
    tone: str
    count: int
    rows: list[OrderRow]


@dataclass(frozen=True, slots=True)
class Day:
    """One working day of the calendar: checks, planned starts, promises that fall due."""

    day: dt.date
    is_today: bool
    checks: list[WorkOrder]
    starts: list[WorkOrder]
    promises: list[OrderLog]


def found_orders(user: User, filters: Mapping[str, str]) -> WorkOrderQuerySet:
    """Return the orders that a person may see, narrowed: `agent` (a key, `me`), `mark`, `q`, `late` (the open ones)."""
    orders = WorkOrder.objects.visible_to(user)
    who = filters.get("agent", "")
    if who == "me":
        orders = orders.filter(agent__in=may.acting_for(user))
    elif (key := as_key(who)) is not None:
        orders = orders.filter(agent=key)
    elif who == "none":
        orders = orders.filter(agent=None)
    if filters.get("late"):
        orders = orders.open().filter(due_on__lt=timing.today())
    if (mark := filters.get("mark", "")) in MarkKind.values:
        marked = ProjectMark.objects.filter(project=OuterRef("project"), kind=mark, cleared_at=None)
        orders = orders.filter(Exists(marked))
    if text := filters.get("q", "").strip():
        orders = orders.filter(Q(title__icontains=text) | Q(project__name__icontains=text) | Q(number__startswith=text))
    return orders


def board(user: User, filters: Mapping[str, str]) -> list[Column]:
    """Return the open states with their orders, those that are checked first on top. Seven queries."""
    orders, keys = found_orders(user, filters), may.acting_for(user)
    counts = dict(orders.open().order_by().values_list("state").annotate(number=Count("pk")))
    return [
        Column(
            state,
            str(OrderState(state).label),
            TONES[OrderState(state)],
            counts.get(state, 0),
            order_rows(_top(orders, state), keys) if counts.get(state) else [],
        )
        for state in LEVELS
    ]


def _top(orders: QuerySet[WorkOrder], state: str) -> QuerySet[WorkOrder]:
    order = "accept_by" if state == OrderState.WAITING else "next_check"
    return orders.filter(state=state).select_related(*SEEN).order_by(order, "pk")[:CARDS]


def calendar(user: User, filters: Mapping[str, str]) -> list[Day]:
    """Return the next working days, what is late on the first. Three queries."""
    orders, today = found_orders(user, filters).open().select_related("project", "agent__user"), timing.today()
    first = workdays.next_workday(today)
    days = [workdays.due_date(first, n) for n in range(CALENDAR_DAYS)]
    last = days[-1]
    found = {day: Day(day, day == today, [], [], []) for day in days}

    def place(day: dt.date) -> Day:
        return found[max(first, workdays.next_workday(day))]

    for order in orders.filter(next_check__lte=last).order_by("next_check", "pk")[:300]:
        place(order.next_check or today).checks.append(order)
    planned = orders.filter(planned_on__lte=last, planned_on__gte=today, state=OrderState.TAKEN)
    for order in planned.order_by("planned_on", "pk")[:300]:
        place(order.planned_on or today).starts.append(order)
    lines = OrderLog.objects.filter(order__in=found_orders(user, filters).open(), promised_on__lte=last, kept_at=None)
    for line in lines.exclude(promise="").select_related("order__project").order_by("promised_on", "pk")[:300]:
        place(line.promised_on or today).promises.append(line)
    return list(found.values())


def people(user: User) -> list[Agent]:
    """Return the agents of the desk and those who serve a region of it; nobody for who keeps no desk. One query."""
    if not access_of(user).has(*may.DESK):
        return []
    return list(desk_agents(user))


def evaluated(rows: Sequence[AgentRow], user: User) -> list[AgentRow]:
    """Return the rows that a person may read: of the own centre and below it, or the own one. One query."""
    roles = (*may.DESK, Role.SUPERVISOR)
    seen = set(may.kept_by(user, *roles).filter(agent__in=[row.agent.pk for row in rows]).values_list("pk", flat=True))
    return [row for row in rows if row.agent.user_id in seen | {user.pk}]


# One order ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One order with its log, its escalations and what may be done."""

    order: WorkOrder
    row: OrderRow
    logs: list[OrderLog]
    steps: list[Escalation]
    acts: list[tuple[str, str, Verdict, str]]
    waiting: Waiting | None
    can_log: Verdict
    passed: list[tuple[str, str, str]]
    next_level: int
    too_early: str
    sheet: Paper | None = None
    can_issue: Verdict | None = None


def order_page(order: WorkOrder, user: User) -> OrderPage:
    """Return what the page of an order shows."""
    names = (
        dict(Agent.objects.filter(pk__in=[one["agent"] for one in order.passed]).values_list("pk", "user__name"))
        if order.passed
        else {}
    )
    level, early = next_level(order)
    return OrderPage(
        order,
        order_rows([order])[0],
        list(order.logs.select_related("by")[:100]),
        list(order.escalations.select_related("body", "raised_by", "paper").order_by("pk")),
        _acts(order, user),
        order_waiting(order),
        may.can_log(user, order),
        [(names.get(one["agent"], "—"), _when(one["at"]), one["why"]) for one in order.passed],
        level,
        early,
        sheet_of(order),
        may.can_issue_sheet(user, order),
    )


def _acts(order: WorkOrder, user: User) -> list[tuple[str, str, Verdict, str]]:
    """Return what may be done with an order, each with its address and key: F2 goes on, the others have digits."""
    if order.state == OrderState.WAITING:
        take = may.can_take(user, order)
        return [
            ("接单", "agency:take", take, "F2"),
            ("不能接", "agency:refuse", take, "1"),
            ("派给别人", "agency:give", may.can_give(user, order), "2"),
        ]
    if order.state not in ORDER_OPEN:
        return []
    work = may.can_work(user, order)
    begin = "开始办理" if order.state == OrderState.TAKEN else "等到了，继续办"
    start = [(begin, "agency:start", work, "F2")] if order.state in (OrderState.TAKEN, *ORDER_WAITS) else []
    return [
        *start,
        ("等企业、等部门", "agency:wait", work, "1"),
        ("升级", "agency:escalate", may.can_escalate(user, order), "2"),
        ("已完成", "agency:finish", may.can_finish(user, order), "3"),
        ("关闭", "agency:close", may.can_close(user, order), "4"),
    ]


# Escalations --------------------------------------------------------------------------------------------------------


def escalations(user: User, which: str) -> QuerySet[Escalation]:
    """Return the steps of a list: `open` (the most urgent first), `stuck`, `all`."""
    rows = Escalation.objects.visible_to(user).select_related("project", "order__agent__user", "body")
    if which == "all":
        return rows.order_by("-pk")
    rows = rows.filter(state=EscalationState.OPEN)
    if which == "stuck":
        rows = rows.filter(due_on__lt=timing.today())
    return rows.order_by("due_on", "pk")


# Friction, leave, packs -------------------------------------------------------------------------------------------


def frictions(user: User) -> QuerySet[IssueItem]:
    """Return the friction points of projects that a person of the office may see, the open ones first."""
    if not access_of(user).is_office:
        return IssueItem.objects.none()
    rows = IssueItem.objects.filter(kind=IssueKind.FRICTION, project__in=Project.objects.visible_to(user))
    return rows.select_related("project", "debtor_organisation").order_by("-pk")


def friction_counts(rows: QuerySet[IssueItem]) -> dict[str, int]:
    """Return how many are open, late, and gone. One query."""
    is_open = Q(state__in=ISSUE_OPEN)
    return rows.order_by().aggregate(
        open=Count("pk", filter=is_open),
        late=Count("pk", filter=is_open & Q(due_on__lt=timing.today())),
        gone=Count("pk", filter=Q(state="verified")),
    )


def pack_sheets(pack: str, user: User) -> Sequence[HandOver]:
    """Return the sheets of a pack that a person may see, by project."""
    rows = HandOver.objects.visible_to(user).filter(pack=pack)
    return list(
        rows.select_related("project__owner", "from_agent__user", "to_agent__user", "paper").order_by("project_id")
    )


def leaves_of(agent: Agent) -> list[AgentLeave]:
    """Return the leaves of an agent, the newest first."""
    return list(agent.leaves.select_related("cover__user")[:10])


def load_of(agent: Agent) -> tuple[str, int]:
    """Return the load of an agent in points and the running projects."""
    load, number = loads(timing.today()).get(agent.pk, (Decimal(0), 0))
    return plain(load), number


def away_words(agent: Agent) -> str:
    """Return why an agent is not there today; empty where he is."""
    today = timing.today()
    return off_duty(agent, away_on(today), today)


def few() -> int:
    """Return below how many projects nobody is evaluated."""
    return data.number("few")
