"""交接: a sheet per project made from the log and the waiting sentence, signed by who takes over; leave and its cover.

A sheet with `until` is cover for a leave: access opens at once and ends by itself, the signature says that it was read.
Without, the signature moves the role and the open orders (D15).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.urls import reverse

from agency import desk_rules as may
from agency.assigning_rule import why_not
from agency.desk_states import EscalationState, HandOverState
from agency.models import Agent, Assignment, Escalation, HandOver, OrderLog, ProjectMark, WorkOrder
from agency.services.assignment import end_assignment, open_to
from agency.services.bench import LIVE, Bench
from agency.services.telling import tell
from agency.states import AssignmentRole
from archives.states import PaperKind, Visibility
from packages.services import paperwork
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Project
from projects.waiting import waiting_on

if TYPE_CHECKING:
    from archives.models import Paper
    from projects.models import User

NEXT_ACTIONS, LAST_LINES, CALLERS, TITLES = 3, 5, 6, 2


# Sheets -----------------------------------------------------------------------------------------------------------


def parts_of(agent: Agent) -> list[tuple[int, str]]:
    """Return project and role of everything that an agent has in hand, by project."""
    live = Assignment.objects.filter(LIVE, agent=agent).order_by("project_id")
    held = dict(live.values_list("project_id", "role"))
    for project in WorkOrder.objects.open().filter(agent=agent).values_list("project_id", flat=True):
        held.setdefault(project, AssignmentRole.SERVICE_AGENT.value)
    return sorted(held.items())


@transaction.atomic
def prepare_pack(
    agent_id: int,
    *,
    to_id: int,
    by: User,
    reason: str,
    until: dt.date | None = None,
    projects: Sequence[int] | None = None,
    at: dt.datetime | None = None,
) -> list[HandOver]:
    """Draw up one sheet per project of an agent for another one; they share a pack and wait for the signature.

    A project for which a sheet waits already keeps it; a cover leaves out the projects that it may not take.
    Event `agency.hand_over_prepared` in each project. Raises
    `NotAllowed`, `DomainError` (`reason_missing`, `same_person`, `nothing`, `not_fit` naming the projects).
    """
    agent = Agent.objects.select_related("user").get(pk=agent_id)
    other = Agent.objects.select_related("user").get(pk=to_id)
    require(may.can_hand_over, by, agent)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明交接的事由。")
    if agent == other:
        raise DomainError("same_person", "接收人不能是移交人自己。")
    wanted = [(pk, role) for pk, role in parts_of(agent) if projects is None or pk in projects]
    if not wanted:
        raise DomainError("nothing", f"{agent.user}没有在手的项目，不用交接。")
    rows = [(lock_project(pk), role) for pk, role in wanted]
    faults = _faults(rows, other)
    if faults and (until is None or len(faults) == len(rows)):
        raise DomainError("not_fit", _told(faults, other))
    rows = [row for row in rows if row[0].pk not in faults]
    pack, moment = uuid.uuid4().hex, at or timing.now()
    waiting = set(
        HandOver.objects.filter(project__in=[project for project, _ in rows], state=HandOverState.PREPARED).values_list(
            "project_id", "role"
        )
    )
    sheets = [
        _prepare(project, role, agent, other, pack=pack, by=by, reason=reason.strip(), until=until, at=moment)
        for project, role in rows
        if (project.pk, role) not in waiting
    ]
    if sheets:
        tell(
            [other.user],
            f"{agent.user}向您移交 {len(sheets)} 个项目，请看交接单并签收",
            project=sheets[0].project,
            url=reverse("agency:pack", args=[pack]),
            why="您是交接的接收人",
            kind="assigned",
            at=moment,
        )
    return sheets


def takers(agent: Agent, others: Iterable[Agent]) -> list[Agent]:
    """Return who of these active agents may take over at least one project of an agent; all where he has none."""
    parts = parts_of(agent)
    known = Project.objects.in_bulk([pk for pk, _ in parts])
    rows = [(known[pk], role) for pk, role in parts]
    bench = Bench(list(known.values()))
    return [other for other in others if not rows or len(_faults_on(bench, rows, other)) < len(rows)]


def _faults(rows: Sequence[tuple[Project, str]], other: Agent) -> dict[int, tuple[str, str]]:
    """Return by project why somebody cannot take it over (name, words); his own load does not count."""
    return _faults_on(Bench([project for project, _ in rows]), rows, other)


def _faults_on(bench: Bench, rows: Sequence[tuple[Project, str]], other: Agent) -> dict[int, tuple[str, str]]:
    who = next((one for one in bench.people if one.key == other.pk), None)
    if who is None:
        raise DomainError("not_fit", f"{other.user}的账号已停用，请另选接收人。")
    who.load = Decimal(0)
    said = {project.pk: (project.name, why_not(who, bench.need(project, role), bench.terms)) for project, role in rows}
    return {pk: fault for pk, fault in said.items() if fault[1]}


def _told(faults: dict[int, tuple[str, str]], other: Agent) -> str:
    found: dict[str, list[str]] = {}
    for name, words in faults.values():
        found.setdefault(words, []).append(name)
    told = "；".join(f"{words}（{'、'.join(names)}）" for words, names in found.items())
    return f"{other.user}不能接：{told}。请另选接收人，或分项目交接。"


def _prepare(
    project: Project,
    role: str,
    agent: Agent,
    other: Agent,
    *,
    pack: str,
    by: User,
    reason: str,
    until: dt.date | None,
    at: dt.datetime,
) -> HandOver:
    sheet = HandOver.objects.create(
        project=project,
        pack=pack,
        role=role,
        from_agent=agent,
        to_agent=other,
        reason=reason,
        until=until,
        content=content_of(project, agent),
        prepared_by=by,
        prepared_at=at,
    )
    record(
        "agency.hand_over_prepared",
        subject=sheet,
        project=project,
        by=by,
        at=at,
        summary=f"交接单：{agent.user} → {other.user}{'（代班）' if until else ''}",
        data={"state": ["", sheet.state], "from": agent.pk, "to": other.pk},
    )
    return sheet


def content_of(project: Project, agent: Agent) -> dict[str, Any]:
    """Return what a sheet says: where it stands, what was promised, whom to call, the next three things, the log."""
    orders = list(
        WorkOrder.objects.open().filter(project=project, agent=agent).select_related("waits_body").order_by("pk")
    )
    lines = list(OrderLog.objects.filter(order__project=project).select_related("order", "by").order_by("-pk")[:50])
    today = timing.today()
    promises = sorted(
        (line.promised_on, line.who, line.promise)
        for line in lines
        if line.promised_on and line.promise and line.kept_at is None
    )
    waits = [row.sentence for row in waiting_on(project)][:3] if project.is_open else []
    marks = ProjectMark.objects.filter(project=project, cleared_at=None)
    steps = Escalation.objects.filter(project=project, state=EscalationState.OPEN).select_related("body")
    return {
        "stage": str(project.get_stage_display()),
        "waits": waits,
        "orders": [
            [
                row.title,
                str(row.get_state_display()),
                row.waits_what,
                _day(row.next_check, today) if row.next_check else "",
            ]
            for row in orders
        ],
        "promises": [[_day(on, today), who, promise, "已过期" if on < today else ""] for on, who, promise in promises],
        "call": _callers(lines),
        "next": _next(orders, promises, waits, today),
        "marks": [str(mark) for mark in marks],
        "escalations": [f"{step.get_level_display()}（{step.body.label}）：{step.question}" for step in steps],
        "log": list(dict.fromkeys(f"{line}" for line in lines))[:LAST_LINES],
    }


def _day(on: dt.date, today: dt.date) -> str:
    """Return a day as month and day, with its year where that is another one."""
    return timing.spoken(on) if on.year == today.year else timing.written(on)


def _callers(lines: Sequence[OrderLog]) -> list[str]:
    """Return with whom the agent spoke and how, each once, with the matters it was about."""
    found: dict[str, dict[str, None]] = {}
    for line in lines:
        found.setdefault(f"{line.who}（{line.get_channel_display()}）", {})[line.order.title] = None
    return [
        f"{who}：{'、'.join(list(titles)[:TITLES])}{f'等 {len(titles)} 项' if len(titles) > TITLES else ''}"
        for who, titles in list(found.items())[:CALLERS]
    ]


def _next(
    orders: Sequence[WorkOrder], promises: Sequence[tuple[dt.date, str, str]], waits: Sequence[str], today: dt.date
) -> list[str]:
    """Return the next three things: promises and checks that fall due, orders not begun, what it waits for."""
    due = [(on, f"{_day(on, today)}找{who}兑现：{promise}") for on, who, promise in promises]
    due += [
        (row.next_check, f"{_day(row.next_check, today)}核查 {row.title}")
        for row in orders
        if row.next_check is not None
    ]
    found = [words for _, words in sorted(due)]
    found += [f"接单：{row.title}" for row in orders if row.taken_at is None]
    found += [f"盯住{words.removeprefix('正在等').removesuffix('。')}" for words in waits]
    return found[:NEXT_ACTIONS]


@transaction.atomic
def sign_pack(pack: str, *, by: User, at: dt.datetime | None = None) -> list[HandOver]:
    """Who takes over signs every sheet of a pack that waits for him; twice changes nothing. Raises `NotAllowed`."""
    waiting = HandOver.objects.filter(pack=pack, state=HandOverState.PREPARED).order_by("project_id")
    return [sign_sheet(pk, by=by, at=at) for pk in waiting.values_list("pk", flat=True)]


@transaction.atomic
def sign_sheet(sheet_id: int, *, by: User, at: dt.datetime | None = None) -> HandOver:
    """Sign for one project: the numbered 交接单; unless it is cover, the role and the open orders become one's own.

    Event `agency.handed_over`. Twice is once. Raises `NotAllowed`.
    """
    sheet, moment = _lock(sheet_id), at or timing.now()
    if sheet.state == HandOverState.SIGNED and sheet.to_agent.user_id == by.pk:
        return sheet
    require(may.can_sign_hand_over, by, sheet)
    sheet.sign()
    sheet.signed_at = moment
    sheet.paper = _write(sheet, by=by, at=moment)
    sheet.save()
    record(
        "agency.handed_over",
        subject=sheet,
        project=sheet.project,
        by=by,
        at=moment,
        summary=f"{sheet.from_agent.user}的工作由{sheet.to_agent.user}签收{'（代班）' if sheet.until else ''}",
        data={"state": [HandOverState.PREPARED, sheet.state], "paper": sheet.paper.pk},
    )
    if sheet.until is None:
        _move(sheet, by=by, at=moment)
    return sheet


def _move(sheet: HandOver, *, by: User, at: dt.datetime) -> None:
    from agency.services.orders import release

    project = sheet.project
    current = (
        Assignment.objects.filter(project=project, role=sheet.role, agent=sheet.from_agent, ended_at=None)
        .select_related("agent__user")
        .first()
    )
    if current is not None:
        end_assignment(current, project, by=by, at=at)
        Assignment.objects.create(
            project=project,
            role=sheet.role,
            agent=sheet.to_agent,
            score=Decimal(0),
            reasons=[f"接{sheet.from_agent.user}的交接单"],
            override_reason=sheet.reason,
            assigned_by=sheet.prepared_by,
            assigned_at=at,
        )
    open_to(project, sheet.to_agent, sheet.role, by=by, at=at)
    WorkOrder.objects.open().filter(project=project, agent=sheet.from_agent).update(agent=sheet.to_agent)
    release(project, sheet.from_agent, by=by, at=at)


@transaction.atomic
def cancel_sheet(sheet_id: int, *, by: User, at: dt.datetime | None = None) -> HandOver:
    """Take a sheet back. Event `agency.hand_over_cancelled`. Twice is once. Raises `NotAllowed`."""
    sheet = _lock(sheet_id)
    if sheet.state == HandOverState.CANCELLED:
        return sheet
    require(may.can_cancel_hand_over, by, sheet)
    sheet.cancel()
    sheet.save()
    record(
        "agency.hand_over_cancelled",
        subject=sheet,
        project=sheet.project,
        by=by,
        at=at,
        summary="交接单作废",
        data={"state": [HandOverState.PREPARED, sheet.state]},
    )
    return sheet


def _lock(sheet_id: int) -> HandOver:
    project = lock_project(HandOver.objects.filter(pk=sheet_id).values("project_id")[:1])
    sheet: HandOver = (
        HandOver.objects.select_for_update(of=("self",))
        .select_related("from_agent__user", "to_agent__user")
        .get(pk=sheet_id)
    )
    sheet.project = project
    return sheet


def _write(sheet: HandOver, *, by: User, at: dt.datetime) -> Paper:
    said, until = sheet.content, f"，代班至{paperwork.day(sheet.until)}" if sheet.until else ""
    tables = [
        {"caption": caption, "head": head, "rows": said[key]}
        for key, caption, head in (
            ("orders", "在手工单", ["事项", "状态", "在等什么", "下次核查"]),
            ("promises", "答应过的事", ["日期", "对象", "承诺", "备注"]),
        )
        if said[key]
    ]
    paragraphs = [
        f"移交人{sheet.from_agent.user}，接收人{sheet.to_agent.user}，事由：{sheet.reason}。",
        f"到哪一步：{said['stage']}。{''.join(said['waits'])}",
        f"接下来三件事：{'；'.join(said['next']) or '没有'}。",
    ]
    paragraphs += [f"找谁：{'；'.join(said['call'])}。"] if said["call"] else []
    paragraphs += [f"盯关跟：{'；'.join(said['marks'])}。"] if said["marks"] else []
    paragraphs += [f"升级中：{'；'.join(said['escalations'])}。"] if said["escalations"] else []
    return paperwork.write(
        PaperKind.HAND_OVER,
        sheet.project,
        subject=sheet,
        issuer=sheet.project.centre,
        by=by,
        at=at,
        what=f"{sheet.get_role_display()}由{sheet.from_agent.user}交接给{sheet.to_agent.user}{until}",
        do=said["next"][0] if said["next"] else "继续跟办",
        when="签收之日起",
        paragraphs=paragraphs,
        tables=tables,
        addressee=str(sheet.to_agent.user),
        signers=[
            f"移交人：{sheet.from_agent.user}",
            f"接收人：{by}（在门户签收）",
            f"签收日期：{paperwork.day(timing.business_day(at))}",
        ],
        visibility=Visibility.OFFICE,
    )
