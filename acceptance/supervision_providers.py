"""What the joint supervision gives to the kernel: on whom a project waits, what the owner owes, the sheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch, Q
from django.urls import reverse

from acceptance import supervision_data as data
from acceptance import supervision_rules as may
from acceptance.models import Finding, Inspection, InspectionUnit
from acceptance.supervision_queries import saved_by
from acceptance.supervision_states import (
    INSPECTION_OPEN,
    INSPECTION_WITH_OWNER,
    FindingKind,
    InspectionState,
    InspectorState,
)
from archives import scanning
from archives.scanning import Errand
from packages.next_steps import OWNER_WORD
from projects import gathering, glance, owing, panels, timing, waiting, workdays
from projects.clock_states import Light
from projects.kinds import objects_for
from projects.owing import Debt, Person
from projects.panels import Panel
from projects.states import ISSUE_WITH_OWNER, IssueState
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from projects.models import Project, User

PLACE, SHOWN = "acceptance.inspections", 8
#: So many faults are named in a to-do.
NAMED = 3
#: So many visits stand among what waits for a person.
MOST = 20


def _inspections(projects: Sequence[Project]) -> QuerySet[Inspection]:
    """The inspections of projects with their departments."""
    units = InspectionUnit.objects.select_related("organisation").order_by("pk")
    rows = Inspection.objects.filter(project__in=projects).select_related("lead").defer("record")
    return rows.prefetch_related(Prefetch("units", units)).order_by("slot_on", "pk")


def inspections_awaited(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return on whom inspections wait. Three queries. A planned one waits for nobody until its notice is near."""
    by_pk = {project.pk: project for project in projects}
    today = timing.today()
    near = today + dt.timedelta(days=data.term("join", today))
    found: list[Inspection] = gathering.rows_of(PLACE, projects, INSPECTION_OPEN)
    rows = [row for row in found if row.state != InspectionState.PLANNED or row.slot_on <= near]
    checking, owed = _rechecking([row.pk for row in rows if row.state == InspectionState.RECHECK]), owed_in(rows)
    for row in rows:
        yield _line(row, by_pk[row.project_id], checking, owed)


def awaited_of(row: Inspection) -> list[Waiting]:
    """Return on whom one inspection waits; nobody before its notice is near and after its end."""
    return list(awaited_among([row]).values())


def awaited_among(rows: Iterable[Inspection]) -> dict[int, Waiting]:
    """Return on whom inspections wait, by inspection, those left out that wait for nobody. Three queries."""
    today = timing.today()
    near = today + dt.timedelta(days=data.term("join", today))
    live = [row for row in rows if row.state in INSPECTION_OPEN]
    live = [row for row in live if row.state != InspectionState.PLANNED or row.slot_on <= near]
    checking, owed = _rechecking([row.pk for row in live if row.state == InspectionState.RECHECK]), owed_in(live)
    return {row.pk: _line(row, row.project, checking, owed) for row in live}


def awaited_from(user: User, project: Project | None = None) -> list[tuple[Inspection, Waiting, str]]:
    """Return the inspections that wait for a department of this person, the nearest day first, and where they are done.

    All, or those of one project. Where: the own checklist while the visit is on, else the page of the visit. Six
    queries at most.
    """
    bodies = {body.pk: body.label for body in may.bodies_of(user)}
    if not bodies:
        return []
    mine = Q(lead__in=list(bodies)) | Q(units__organisation__in=list(bodies))

    def found(among: QuerySet[Inspection]) -> QuerySet[Inspection]:
        open_ones = among.filter(mine, state__in=INSPECTION_OPEN).distinct().defer("record").order_by("slot_on", "pk")
        return open_ones.select_related("project__owner", "lead").prefetch_related("units__organisation")[:MOST]

    rows = list(found(Inspection.objects.filter(project=project))) if project else objects_for(
        user, "inspections awaited", lambda person: found(Inspection.objects.visible_to(person))
    )
    waits = awaited_among(rows)
    return [
        (row, waits[row.pk], _place_of(row, bodies)) for row in rows
        if row.pk in waits and set(bodies.values()) & set(waits[row.pk].role.split("、"))
    ]


def _place_of(row: Inspection, bodies: Collection[int]) -> str:
    own = [unit for unit in row.units.all() if unit.organisation_id in bodies and unit.state == InspectorState.JOINED]
    if row.state == InspectionState.CHECKING and own:
        return reverse("acceptance:inspection_unit", args=[own[0].pk])
    return reverse("acceptance:inspection", args=[row.pk])


def ways_of_person(_person: User, user: User) -> list[panels.Action]:
    """The visits that wait for a department of this user: to be told, held, filled in, recorded, checked again."""
    return [
        panels.Action(f"{row.project.name}：{waits.verb}{waits.what}（{_by_day(waits)}）", url)
        for row, waits, url in awaited_from(user)
    ]


def _by_day(waits: Waiting) -> str:
    return f"{timing.spoken(waits.due_on)}前" if waits.due_on else "尽快"


def own_visits(project: Project, user: User) -> Iterable[Errand]:
    """Yield the visits of a project that wait for the person who scans its code."""
    for _, waits, url in awaited_from(user, project):
        yield Errand(f"{waits.verb}{waits.what}", url, _by_day(waits))


def _line(
    row: Inspection, project: Project, checking: dict[int, list[str]], owed: dict[int, list[Finding]]
) -> Waiting:
    lead = row.lead.label
    still = "、".join(unit.organisation.label for unit in row.units.all() if unit.state == InspectorState.JOINED)
    owner: dict[str, Any] = {"rank": 1, "role": OWNER_WORD, "person": project.owner.name}
    if row.state == InspectionState.PLANNED:
        return _said(row, row.created_at, row.slot_on, rank=5, role=lead, verb="发出", what=f"{row.title}的通知")
    if row.state == InspectionState.NOTIFIED:
        return _said(row, row.notified_at, row.slot_on, rank=3, role=still or lead, verb="到场", what=row.title)
    if row.state == InspectionState.CHECKING:
        due = data.due("record", row.started_at) if row.started_at else None
        if still:
            return _said(row, row.started_at, due, rank=3, role=still, verb="填写", what=f"{row.title}结果")
        return _said(row, row.started_at, due, rank=3, role=lead, verb="出具", what=f"{row.title}记录")
    if row.state == InspectionState.RECHECK:
        due = data.due("recheck", row.answered_at) if row.answered_at else None
        bodies = "、".join(dict.fromkeys(checking.get(row.pk, ()))) or lead
        return _said(row, row.answered_at, due, rank=3, role=bodies, verb="复核", what=f"{row.title}的整改")
    return _said(
        row, row.recorded_at, _nearest(row, owed), **owner, verb="完成", what=f"{row.title}的整改",
        auto="逾期升级处理，记入信用档案",
    )


def owed_in(rows: Iterable[Inspection]) -> dict[int, list[Finding]]:
    """Return the faults that the owner has not answered, the nearest day first, by inspection. One query, or none."""
    found: dict[int, list[Finding]] = {}
    keys = [row.pk for row in rows if row.state in INSPECTION_WITH_OWNER]
    if keys:
        faults = Finding.objects.filter(line__unit__inspection__in=keys, issue__state__in=list(ISSUE_WITH_OWNER))
        for row in faults.select_related("issue", "line__unit").order_by("issue__due_on", "pk"):
            found.setdefault(row.line.unit.inspection_id, []).append(row)
    return found


def _nearest(row: Inspection, owed: dict[int, list[Finding]]) -> dt.date | None:
    """Return the day of the fault that is due first: works that stand still are due before the rest of the list."""
    days = [one.issue.due_on for one in owed.get(row.pk, ()) if one.issue.due_on is not None]
    return min(days, default=row.due_on)


def _faults(owed: Sequence[Finding]) -> str:
    """Return the first faults in words, those that stop the works or are referred marked as such."""
    grave = (FindingKind.STOP, FindingKind.REFER)
    words = [f"{one.get_kind_display()}：{one.issue.what}" if one.kind in grave else one.issue.what for one in owed]
    return "；".join(words[:NAMED]) + (f"等 {len(words)} 处" if len(words) > NAMED else "")


def _rechecking(keys: Sequence[int]) -> dict[int, list[str]]:
    """Return the departments whose faults wait for the re-check, by inspection."""
    found: dict[int, list[str]] = {}
    if not keys:
        return found
    rows = Finding.objects.filter(line__unit__inspection__in=keys, issue__state=IssueState.SUBMITTED)
    for row in rows.select_related("line__unit__organisation").order_by("pk"):
        found.setdefault(row.line.unit.inspection_id, []).append(row.line.unit.organisation.label)
    return found


def _said(row: Inspection, moment: dt.datetime | None, due: dt.date | None, **more: Any) -> Waiting:
    since = timing.business_day(moment) if moment else None
    return Waiting(
        project_id=row.project_id, since=since, days=workdays.workdays_between(since, timing.today()) if since else 0,
        due_on=due, light=_light(due), url=reverse("acceptance:inspection", args=[row.pk]), **more,
    )


def _light(due: dt.date | None) -> str:
    if due is None:
        return Light.NONE
    left = (due - timing.today()).days
    return Light.RED if left < 0 else Light.YELLOW if left <= 1 else Light.GREEN


ON_THE_OWNER = (*INSPECTION_WITH_OWNER, InspectionState.NOTIFIED)


def debts(_: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield the visits that the owner was told of and has to be ready for, and the faults that it has to put right."""
    concerned = glance.glance(projects).only(PLACE, projects, ON_THE_OWNER)
    if not concerned:
        return
    rows = sorted(gathering.rows_of(PLACE, concerned, ON_THE_OWNER), key=lambda one: one.pk)
    owed = owed_in(rows)
    for row in rows:
        if row.state == InspectionState.NOTIFIED:
            if not row.is_unannounced:
                yield _visit(row)
            continue
        late = row.state == InspectionState.ESCALATED
        yield Debt(
            row.project_id, "检查整改", f"完成{row.title}的整改", reverse("acceptance:inspection", args=[row.pk]),
            "去答复", detail=_faults(owed.get(row.pk, ())), why="联合检查记录，逐条答复并附整改后的照片",
            due_on=_nearest(row, owed), tone="bad" if late else "warn",
        )


def _visit(row: Inspection) -> Debt:
    """An announced visit: who comes when and where; its page asks for another day."""
    bodies = "、".join(unit.organisation.label for unit in row.units.all()) or row.lead.label
    hour = f" {row.slot_time:%H:%M}" if row.slot_time else ""
    return Debt(
        row.project_id, "上门检查", f"{timing.spoken(row.slot_on)}{hour} {row.title}，请到场配合",
        reverse("acceptance:inspection", args=[row.pk]), "看检查", detail="，".join(filter(None, (bodies, row.place))),
        why="检查通知书；当天不便的，可以在检查页申请改期", due_on=row.slot_on, is_meeting=True,
    )


def panel(project: Project, _: HttpRequest) -> Panel | None:
    """Return the sheet 联合监管 once a project has inspections."""
    if not glance.glance([project]).has(PLACE, project.pk):
        return None
    rows: list[Inspection] = gathering.rows_of(PLACE, [project])
    shown = [row for row in rows if row.state != InspectionState.CANCELLED]
    return Panel("acceptance/_panel_supervision.html", {
        "project": project, "rows": shown[:SHOWN], "saved": saved_by(rows),
    }, column="side")


glance.register(PLACE, lambda ids: Inspection.objects.filter(project__in=ids), word="state")
gathering.register(PLACE, _inspections, place=PLACE)
waiting.register(PLACE, inspections_awaited, place=PLACE, among=INSPECTION_OPEN)
owing.register(PLACE, debts)
panels.register(PLACE, 29, panel)
panels.register_ways("projects.User", ways_of_person)
scanning.register(PLACE, own_visits)
