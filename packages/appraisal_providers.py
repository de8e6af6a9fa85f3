"""What the pool gives to the kernel: on whom a project waits in its appraisal, its sheet on the project page."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.db.models import Prefetch
from django.urls import reverse

from packages import pool_rules
from packages.appraisal_states import GAP_TONES, GAP_WORDS, POOL_SHOWN, TONES, Factor, Maturity, PoolState
from packages.consultation_data import due
from packages.models import Gap, JointSession, PoolEntry, ReviewTask
from packages.states import SESSION_OPEN, TASK_OPEN, SessionKind, SessionState
from projects import gathering, glance, panels, timing, waiting, workdays
from projects.access import access_of
from projects.clock_states import Light
from projects.clocks import read_clock
from projects.models import Organisation
from projects.one_page import once
from projects.panels import JointFact, Panel
from projects.states import ISSUE_OPEN, IssueState
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from projects.clocks import Reading
    from projects.models import Project

POOL, GAPS, ROUNDS, CONVENER = "packages.pool", "packages.gaps", "packages.rounds", "packages.convener"
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
    entries: list[PoolEntry] = gathering.rows_of(POOL, projects, AMONG)
    if not entries:
        return
    first = by_pk[entries[0].project_id]
    who = next(iter(gathering.rows_of(CONVENER, [first])), None) or first.centre
    sessions = _sessions([by_pk[entry.project_id] for entry in entries if entry.state == PoolState.APPRAISING])
    gaps = _gaps([by_pk[entry.project_id] for entry in entries if entry.state == PoolState.APPRAISED])
    for entry in entries:
        project = by_pk[entry.project_id]
        name = who.label if who.pk != project.centre_id else project.centre.label
        if entry.state == PoolState.APPRAISING:
            yield from _of_round(entry, name, sessions.get(project.pk))
        elif entry.state == PoolState.APPRAISED:
            yield from _of_gaps(entry, name, gaps[project.pk])
        else:
            yield _of_convener(entry, name)


def _sessions(projects: Sequence[Project]) -> dict[int, JointSession]:
    """The open rounds of these projects by project."""
    return {session.project_id: session for session in gathering.rows_of(ROUNDS, projects)}


def _gaps(projects: Sequence[Project]) -> dict[int, list[Gap]]:
    found: dict[int, list[Gap]] = defaultdict(list)
    for gap in gathering.rows_of(GAPS, projects):
        found[gap.issue.project_id].append(gap)
    return found


def _open_rounds(projects: Sequence[Project]) -> QuerySet[JointSession]:
    """Open rounds with the tasks that are open."""
    tasks = ReviewTask.objects.filter(state__in=TASK_OPEN).select_related("organisation", "clock").prefetch_related(
        "clock__pauses"
    )
    found = JointSession.objects.filter(project__in=projects, kind=SessionKind.APPRAISAL, state__in=SESSION_OPEN)
    return found.prefetch_related(Prefetch("tasks", tasks.order_by("pk"), to_attr="asked")).order_by("pk")


def _open_gaps(projects: Sequence[Project]) -> QuerySet[Gap]:
    found = Gap.objects.filter(issue__project__in=projects, issue__state__in=list(ISSUE_OPEN))
    related = found.select_related("issue__debtor_organisation", "issue__clock")
    return related.prefetch_related("issue__clock__pauses").order_by("pk")


def _page(entry: PoolEntry) -> str:
    return reverse("packages:appraisal", args=[entry.project_id])


def _days(since: dt.date) -> int:
    return workdays.workdays_between(since, timing.today())


def _of_round(
    entry: PoolEntry, convener: str, session: JointSession | None
) -> Iterable[Waiting]:
    if session is not None and session.state == SessionState.REVIEWING:
        for task in session.asked:  # type: ignore[attr-defined]
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
        until = due("call", entry.changed_at) if ripe else None
        yield Waiting(
            project_id=entry.project_id, rank=4, role=convener, verb="召集" if ripe else "发起",
            what="联合会商" if ripe else "复评", since=since, days=_days(since), url=_page(entry), due_on=until,
            light=_light(until), auto="项目已成熟，可以会商" if ripe else _again_words(entry),
        )


def _light(until: dt.date | None) -> Light:
    """How a day without a clock stands: nothing, still time, the last day, over."""
    today = timing.today()
    if until is None:
        return Light.NONE
    return Light.RED if until < today else Light.YELLOW if until == today else Light.GREEN


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
    found: PoolEntry | None = next(iter(once(("pool", project.pk), lambda: gathering.rows_of(POOL, [project]))), None)
    if found is not None:
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
    entry = entry_of(project)
    if entry is None:
        may = pool_rules.may_enter(request.user, project)
        return Panel("packages/_panel_pool.html", {"project": project, "entry": None}, "side") if may else None
    gaps: list[Gap] = gathering.rows_of(GAPS, [project])
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
    gathering.register(
        POOL, lambda projects: PoolEntry.objects.filter(project__in=projects, state__in=shown).order_by("pk"),
        place=POOL,
    )
    gathering.register(GAPS, _open_gaps, place=POOL)
    gathering.register(ROUNDS, _open_rounds, place=POOL, among=[PoolState.APPRAISING])
    gathering.register(
        CONVENER, lambda _: Organisation.objects.filter(code=pool_rules.CONVENER).order_by("pk"), place=POOL
    )
    waiting.register(POOL, appraisal_waiting, place=POOL, among=list(AMONG))
    panels.register("packages.pool", 15, appraisal_panel)
