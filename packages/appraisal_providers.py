"""What the pool gives to the kernel: on whom a project waits in its appraisal, its sheet on the project page."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.urls import reverse

from packages.appraisal_states import GAP_TONES, GAP_WORDS, POOL_SHOWN, TONES, Factor, Maturity, PoolState
from packages.models import Gap, JointSession, PoolEntry, ReviewTask
from packages.services.appraisal_pool import convener_of
from packages.states import SESSION_OPEN, TASK_OPEN, SessionKind, SessionState
from projects import glance, panels, timing, waiting, workdays
from projects.access import access_of
from projects.clock_states import Light
from projects.clocks import read_clock
from projects.one_page import once
from projects.panels import JointFact, Panel
from projects.states import ISSUE_OPEN, IssueState
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.http import HttpRequest

    from projects.clocks import Reading
    from projects.models import Project

POOL = "packages.pool"
AMONG = (PoolState.ENTERED, PoolState.WAITING, PoolState.APPRAISING, PoolState.APPRAISED, PoolState.RESTING)
#: What a gap waits for, by the state of its issue; the verb of the lead, else of the convener.
LEAD_VERBS = {
    IssueState.OPEN: "认领", IssueState.CLAIMED: "补齐", IssueState.DOING: "补齐", IssueState.REJECTED: "补齐",
}


def appraisal_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return on whom projects in the pool wait: their departments by name, their convener, their chair.

    Five queries at most, whatever the number of projects.
    """
    by_pk = {project.pk: project for project in projects}
    entries = list(PoolEntry.objects.filter(project__in=by_pk.keys(), state__in=AMONG).order_by("pk"))
    if not entries:
        return
    who = convener_of(by_pk[entries[0].project_id])
    tasks, sessions = _asked(entries)
    gaps = _gaps(entries)
    for entry in entries:
        project = by_pk[entry.project_id]
        name = who.label if who.pk != project.centre_id else project.centre.label
        if entry.state == PoolState.APPRAISING:
            yield from _of_round(entry, name, sessions.get(project.pk), tasks[project.pk])
        elif entry.state == PoolState.APPRAISED:
            yield from _of_gaps(entry, name, gaps[project.pk])
        else:
            yield _of_convener(entry, name)


def _asked(entries: Sequence[PoolEntry]) -> tuple[dict[int, list[ReviewTask]], dict[int, JointSession]]:
    running = [entry.project_id for entry in entries if entry.state == PoolState.APPRAISING]
    tasks: dict[int, list[ReviewTask]] = defaultdict(list)
    if not running:
        return tasks, {}
    found = JointSession.objects.filter(
        project__in=running, kind=SessionKind.APPRAISAL, state__in=SESSION_OPEN
    )
    sessions = {session.project_id: session for session in found}
    asked = ReviewTask.objects.filter(session__in=sessions.values(), state__in=TASK_OPEN)
    asked = asked.select_related("organisation", "clock", "session").prefetch_related("clock__pauses")
    for task in asked.order_by("pk"):
        tasks[task.session.project_id].append(task)
    return tasks, sessions


def _gaps(entries: Sequence[PoolEntry]) -> dict[int, list[Gap]]:
    found: dict[int, list[Gap]] = defaultdict(list)
    done = [entry.project_id for entry in entries if entry.state == PoolState.APPRAISED]
    if not done:
        return found
    rows = Gap.objects.filter(issue__project__in=done, issue__state__in=list(ISSUE_OPEN))
    for gap in rows.select_related("issue__debtor_organisation", "issue__clock").prefetch_related(
        "issue__clock__pauses"
    ).order_by("pk"):
        found[gap.issue.project_id].append(gap)
    return found


def _page(entry: PoolEntry) -> str:
    return reverse("packages:appraisal", args=[entry.project_id])


def _days(since: dt.date) -> int:
    return workdays.workdays_between(since, timing.today())


def _of_round(
    entry: PoolEntry, convener: str, session: JointSession | None, tasks: Sequence[ReviewTask]
) -> Iterable[Waiting]:
    if session is not None and session.state == SessionState.REVIEWING:
        for task in tasks:
            reading = read_clock(task.clock, pauses=list(task.clock.pauses.all()))
            yield Waiting(
                project_id=entry.project_id, rank=3, role=task.organisation.label, verb="评分",
                what=f"联合研判的{task.scope_note}", since=reading.started_on, days=reading.used, limit=reading.limit,
                due_on=reading.due_on, is_provisional=reading.provisional, light=reading.light,
                auto="未评的要素不推定，成熟度待定", url=reverse("packages:appraisal_score", args=[task.pk]),
                clock_id=task.clock_id,
            )
        return
    since = timing.business_day(entry.changed_at)
    yield Waiting(
        project_id=entry.project_id, rank=3, role=f"{convener}研判会主持人", verb="签署", what="联合研判意见",
        since=since, days=_days(since), url=_page(entry), auto="签署后出具研判意见书和责任清单",
    )


def _of_gaps(entry: PoolEntry, convener: str, gaps: Sequence[Gap]) -> Iterable[Waiting]:
    for gap in gaps:
        issue = gap.issue
        verb = LEAD_VERBS.get(IssueState(issue.state))
        reading = read_clock(issue.clock, pauses=list(issue.clock.pauses.all())) if issue.clock and verb else None
        since = timing.business_day(gap.claimed_at or issue.raised_at)
        yield Waiting(
            project_id=entry.project_id, rank=3, role=issue.debtor_organisation.label if verb else convener,
            person=gap.responsible if verb else "", verb=verb or "核实", what=f"{Factor(gap.factor).label}缺口",
            since=since, days=reading.used if reading else _days(since), limit=reading.limit if reading else None,
            due_on=reading.due_on if reading else None, is_provisional=bool(reading and reading.provisional),
            light=reading.light if reading else Light.NONE, url=reverse("packages:gap", args=[gap.pk]),
            auto="补齐后复评" if verb else "核实后复评", clock_id=issue.clock_id if reading else None,
        )
    if not gaps:
        since = timing.business_day(entry.changed_at)
        ripe = entry.maturity == Maturity.READY
        yield Waiting(
            project_id=entry.project_id, rank=4, role=convener, verb="召集" if ripe else "发起",
            what="联合会商" if ripe else "复评", since=since, days=_days(since), url=_page(entry),
            auto="项目已成熟，可以会商" if ripe else _again_words(entry),
        )


def _again_words(entry: PoolEntry) -> str:
    return f"最迟 {entry.next_on.month}月{entry.next_on.day}日自动复评" if entry.next_on else ""


def _of_convener(entry: PoolEntry, convener: str) -> Waiting:
    verb, what, auto = {
        PoolState.ENTERED: ("认定", "疑似重复项目", "认定后才能研判"),
        PoolState.WAITING: ("发起", "联合研判", "申请直接会商的可以直接召集会商" if entry.is_direct else ""),
        PoolState.RESTING: ("恢复", "暂缓的研判", "暂缓期间不复评"),
    }[PoolState(entry.state)]
    since = timing.business_day(entry.changed_at)
    return Waiting(
        project_id=entry.project_id, rank=4, role=convener, verb=verb, what=what, since=since, days=_days(since),
        auto=auto, url=_page(entry),
    )


def reading_of(gap: Gap) -> Reading | None:
    """The clock of a gap whose pauses are prefetched, while it runs."""
    clock = gap.issue.clock
    return read_clock(clock, pauses=list(clock.pauses.all())) if clock and clock.is_live else None


# The panel -----------------------------------------------------------------------------------------------------------


def entry_of(project: Project) -> PoolEntry | None:
    """Return the entry of a project, read once a page; no query where it is not in the pool."""
    if not glance.glance([project]).has(POOL, project.pk):
        return None
    found: PoolEntry = once(("pool", project.pk), lambda: PoolEntry.objects.get(project=project))
    found.project = project
    return found


def appraisal_joint(project: Project) -> JointFact | None:
    """Return what the stage chain says of the appraisal: the maturity and its day; nothing outside the pool."""
    entry = entry_of(project)
    if entry is None:
        return None
    done = entry.state == PoolState.CONSULTING or entry.maturity == Maturity.READY
    word = str(entry.get_maturity_display()) if entry.appraised_at else str(entry.get_state_display())
    return JointFact(word, entry.appraised_at or entry.entered_at, "done" if done else "now")


def appraisal_panel(project: Project, request: HttpRequest) -> Panel | None:
    """Return the sheet of the appraisal: maturity, priority, gaps. Two queries where the project is in the pool."""
    from packages import pool_rules

    entry = entry_of(project)
    if entry is None:
        may = pool_rules.may_enter(request.user, project)
        return Panel("packages/_panel_pool.html", {"project": project, "entry": None}, "side") if may else None
    gaps = list(
        Gap.objects.filter(issue__project=project, issue__state__in=list(ISSUE_OPEN)).select_related(
            "issue__debtor_organisation"
        ).order_by("pk")
    )
    office = access_of(request.user).is_office
    rows = [(gap, GAP_WORDS[gap.issue.state], GAP_TONES[gap.issue.state]) for gap in gaps]
    return Panel("packages/_panel_pool.html", {
        "project": project, "entry": entry, "gaps": rows, "office": office, "tone": TONES[entry.state],
        "maturity_tone": TONES[entry.maturity], "grade_tone": TONES.get(entry.grade, "none"),
    }, "side")


def register() -> None:
    """Register them (`AppConfig.ready`)."""
    shown = list(POOL_SHOWN)
    glance.register(POOL, lambda ids: PoolEntry.objects.filter(project__in=ids, state__in=shown), word="state")
    waiting.register(POOL, appraisal_waiting, place=POOL, among=list(AMONG))
    panels.register("packages.pool", 15, appraisal_panel)
