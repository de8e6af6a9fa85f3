"""What the joint acceptance gives to the apps below: whom it waits for, its sheet on the project page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q
from django.urls import reverse

from acceptance import joint_providers, rules, scanning
from acceptance.models import AcceptanceApplication, AcceptanceItem
from acceptance.services.application import JOINT_MATTER
from acceptance.states import ACCEPTANCE_OPEN, TONES, AcceptanceState, ItemState, Scope
from packages.waiting import cases_of
from projects import gathering, glance, owing, panels, timing, waiting, workdays
from projects.access import access_of
from projects.kinds import objects_for
from projects.models import IssueItem, Project, WorkUnit
from projects.one_page import once
from projects.owing import Debt, Person, light_until
from projects.reading import read_clock
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, IssueKind, Stage
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from projects.models import User

#: The owner puts right what was told: on the site, or in the papers.
PUTTING_RIGHT = (AcceptanceState.RECTIFYING, AcceptanceState.DOC_RECTIFYING)
#: So many faults are named in a to-do.
SHOWN = 3
OWNER, PLACE, UNITS = "建设单位", "acceptance.applications", "acceptance.default_units"
#: state -> (rank, what is awaited, verb); the body follows from the state.
AWAITED: dict[str, tuple[int, str, str]] = {
    AcceptanceState.APPLIED: (3, "联合验收申请的受理", "作出"),
    AcceptanceState.DOC_REVIEW: (3, "现场验收日期", "约定"),
    AcceptanceState.DOC_RECTIFYING: (1, "联合验收资料整改", "完成"),
    AcceptanceState.SITE: (3, "现场验收结果", "填写"),
    AcceptanceState.RECTIFYING: (1, "联合验收整改", "完成"),
    AcceptanceState.RECHECK: (3, "整改复核", "完成"),
    AcceptanceState.MERGING: (3, "竣工联合验收意见书", "出具"),
}


def awaited(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Yield one row per open acceptance. Three queries, whatever the number of projects."""
    by_pk = {project.pk: project for project in projects}
    found = gathering.rows_of(PLACE, projects, ACCEPTANCE_OPEN)
    told = faults_told(found)
    for acceptance in found:
        row = _row(acceptance, by_pk[acceptance.project_id])
        yield _by_the_list(row, acceptance, told[acceptance.pk]) if told.get(acceptance.pk) else row


def faults_told(acceptances: Iterable[AcceptanceApplication]) -> dict[int, list[IssueItem]]:
    """Return the faults that were told of those that are put right now. No query where none is, else one."""
    items = {str(i.pk): one.pk for one in acceptances if one.state in PUTTING_RIGHT for i in one.items.all()}
    found: dict[int, list[IssueItem]] = {}
    if items:
        rows = IssueItem.objects.filter(
            subject_type=AcceptanceItem._meta.label, subject_key__in=list(items), state__in=list(ISSUE_OPEN),
            due_on__isnull=False, kind__in=[IssueKind.RECTIFICATION, IssueKind.CORRECTION],
        )
        for issue in rows.order_by("pk"):
            found.setdefault(items[issue.subject_key], []).append(issue)
    return found


def _by_the_list(row: Waiting, acceptance: AcceptanceApplication, told: Sequence[IssueItem]) -> Waiting:
    """The owner's own days: since the faults were told, until the day that the list names. The clock stands still."""
    due_on = min(issue.due_on for issue in told if issue.due_on is not None)
    pauses = acceptance.clock.pauses.all() if acceptance.clock is not None else []
    begun = (timing.business_day(pause.started_at) for pause in pauses if pause.ended_at is None)
    since = next(begun, row.since) or timing.today()
    return replace(
        row, since=since, days=workdays.workdays_between(since, timing.today()), due_on=due_on, clock_id=None,
        limit=workdays.workdays_between(since, due_on), light=light_until(due_on), is_provisional=False,
    )


def _row(acceptance: AcceptanceApplication, project: Project) -> Waiting:
    rank, what, verb = AWAITED[acceptance.state]
    reading = read_clock(acceptance.clock) if acceptance.clock else None
    since = timing.business_day(acceptance.list_issued_at or acceptance.accepted_at or acceptance.applied_at)
    owner_names = acceptance.state == AcceptanceState.SITE and rules.is_owners_turn(acceptance)
    unplanned = acceptance.state == AcceptanceState.SITE and (visit := rules.visit_of(acceptance)) is not None and (
        visit.planned_on is None
    )
    if unplanned:
        what, verb = "现场验收日期", "选定" if owner_names else "另约"
    with_owner = owner_names or acceptance.state in {AcceptanceState.RECTIFYING, AcceptanceState.DOC_RECTIFYING} or (
        acceptance.state == AcceptanceState.APPLIED and acceptance.application is not None
        and acceptance.application.submitted_at is None
    )
    if with_owner and acceptance.state == AcceptanceState.APPLIED:
        what, verb = "联合验收申报材料", "提交"
    body = _body(acceptance, with_owner=with_owner)
    if unplanned and not owner_names:
        body = acceptance.lead.label
    return Waiting(
        project_id=project.pk, rank=1 if with_owner else rank, role=body,
        verb=verb,
        what=what, since=since,
        days=workdays.workdays_between(since, timing.today()), limit=reading.limit if reading else None,
        due_on=reading.due_on if reading and not reading.paused else None,
        light=reading.light if reading else "none", is_provisional=bool(reading and reading.provisional),
        auto="整改期间不计时，逾期由牵头部门转不通过" if with_owner else "到期不作默认，亮红灯并提醒牵头部门",
        url=reverse("acceptance:detail", args=[acceptance.pk]), clock_id=reading.clock_id if reading else None,
    )


def debts(_user: Person, projects: Sequence[Project]) -> Iterable[Debt]:
    """Yield what the owner has to do in a joint acceptance: hand in its papers, be there, put right what was found."""
    open_ones = [project for project in projects if project.is_open]
    for acceptance in gathering.rows_of(PLACE, open_ones, ACCEPTANCE_OPEN):
        visit = rules.visit_of(acceptance) if acceptance.state == AcceptanceState.SITE else None
        if visit is not None and visit.planned_on is not None and visit.held_on is None:
            yield Debt(
                acceptance.project_id, "现场验收", f"{timing.spoken(visit.planned_on)}现场验收，请组织参建单位到场",
                reverse("acceptance:detail", args=[acceptance.pk]), "看验收",
                detail=f"各部门同一天到场，{acceptance.lead.label}牵头", why="当天不便的，可以在验收页改期",
                due_on=visit.planned_on, is_meeting=True,
            )
    told = {
        reverse("acceptance:detail", args=[pk]): rows
        for pk, rows in faults_told(gathering.rows_of(PLACE, open_ones, ACCEPTANCE_OPEN)).items()
    }
    for row in awaited(open_ones):
        if row.role == OWNER:
            yield _debt(row, told.get(row.url, []))


def _debt(row: Waiting, told: Sequence[IssueItem]) -> Debt:
    """What the owner has to do; of a list what is still to be answered, or that it is to be handed back."""
    chip = "整改" if "整改" in row.what else "联合验收"
    title, detail, label = f"{row.verb}{row.what}", row.auto, "去办理"
    owed = [issue.what for issue in told if issue.state in ISSUE_WITH_OWNER]
    if owed:
        detail = "；".join(owed[:SHOWN]) + (f"等 {len(owed)} 处" if len(owed) > SHOWN else "")
    elif told:
        title, detail = f"{row.what.removeprefix('联合验收')}已逐条答好，请提交", "提交后部门才开始核查"
        label = "去提交"
    return Debt(
        row.project_id, chip, title, row.url, label, detail=detail, due_on=row.due_on, is_provisional=row.is_provisional
    )


def ways_of_person(_person: User, user: User) -> list[panels.Action]:
    """The joint acceptances that wait for a department of this user: to be seen on site, checked again, concluded."""
    bodies = {body.pk: body.label for body in access_of(user).organisations}
    mine = Q(lead__in=list(bodies)) | Q(items__organisation__in=list(bodies))

    def found(person: User) -> QuerySet[Project]:
        open_ones = AcceptanceApplication.objects.visible_to(person).filter(mine, state__in=ACCEPTANCE_OPEN)
        return Project.objects.filter(pk__in=open_ones.values("project"))

    projects = {project.pk: project for project in objects_for(user, "projects in acceptance", found)}
    return [
        panels.Action(f"{projects[row.project_id].name}：{row.verb}{row.what}", row.url)
        for row in sorted(awaited(list(projects.values())), key=lambda row: row.due_on or timing.today())
        if set(row.role.split("、")) & set(bodies.values())
    ]


def _body(acceptance: AcceptanceApplication, *, with_owner: bool) -> str:
    if with_owner:
        return OWNER
    if acceptance.state == AcceptanceState.APPLIED:
        return "综合窗口"
    wanted = {AcceptanceState.SITE: ItemState.PENDING, AcceptanceState.RECHECK: ItemState.RECTIFYING}
    state = wanted.get(AcceptanceState(acceptance.state))
    bodies = [i.organisation.label for i in acceptance.items.all() if i.is_gate and i.state == state] if state else []
    return "、".join(dict.fromkeys(bodies)) or acceptance.lead.label


def _has_joint_opinion(project: Project) -> bool:
    """Return whether the plan has a joint opinion; the minimal packages have none."""
    return any(case.matter.matter.code == JOINT_MATTER for case in cases_of(project))


def acceptances_of(project: Project) -> list[AcceptanceApplication]:
    """Return the acceptance applications of a project, the newest first, with their items. Read once a page."""
    return once(("acceptances", project.pk), lambda: gathering.rows_of(PLACE, [project]))


def _applications(projects: Sequence[Project]) -> QuerySet[AcceptanceApplication]:
    """The applications of projects, the newest first, with their items."""
    items = AcceptanceItem.objects.select_related("organisation").order_by("pk")
    found = AcceptanceApplication.objects.filter(project__in=projects)
    related = found.select_related("lead", "clock", "application", "visit")
    return related.prefetch_related(Prefetch("items", items), "clock__pauses").order_by("-pk")


def acceptance_panel(project: Project, request: HttpRequest) -> panels.Panel | None:
    """Return the sheet 联合验收 once the project is in its acceptance stage or has an application."""
    found = next(iter(acceptances_of(project)), None)
    if found is None and not (project.stage == Stage.ACCEPTANCE and _has_joint_opinion(project)):
        return None
    unit = next(iter(gathering.rows_of(UNITS, [project])), None)
    if unit is not None:
        unit.project = project
    items: list[AcceptanceItem] = list(found.items.all()) if found else []
    whole = next((one for one in acceptances_of(project) if one.scope == Scope.PROJECT), None)
    may_apply = unit is not None and (whole is None or whole.state == AcceptanceState.FAILED)
    return panels.Panel(
        "acceptance/_panel.html",
        {
            "project": project, "acceptance": found, "items": items, "unit": unit,
            "tone": TONES.get(found.state, "plain") if found else "none",
            "good": sum(i.state in {ItemState.PASSED, ItemState.RECHECKED} for i in items),
            "can_apply": rules.can_apply(request.user, unit) if unit and may_apply else None,
            "apply": "重新申请联合验收" if whole else "申请联合验收",
        },
    )


glance.register(PLACE, lambda ids: AcceptanceApplication.objects.filter(project__in=ids), word="state")
gathering.register(PLACE, _applications, place=PLACE)
gathering.register(
    UNITS, lambda projects: WorkUnit.objects.filter(project__in=projects, is_default=True).order_by("pk")
)
waiting.register("acceptance", awaited, place=PLACE, among=ACCEPTANCE_OPEN)
owing.register("acceptance", debts)
panels.register("acceptance", 30, acceptance_panel)
panels.register_ways("projects.User", ways_of_person)
scanning.register()
joint_providers.register()
