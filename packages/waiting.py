"""On whom each case waits, in bulk: seven queries for one project or a hundred (handbook §2.7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.db.models import F, prefetch_related_objects

from packages.case_glance import CaseGlance, Told, look_at
from packages.choices import ReviewRole
from packages.models import MatterCase, ReviewTask
from packages.next_steps import OWNER_WORD, next_steps
from packages.promise_waiting import Hold, holds, promises_waiting
from packages.states import (
    CASE_OPEN,
    SESSION_OPEN,
    TASK_OPEN,
    CaseState,
    Handling,
    SessionState,
    SpecialKind,
)
from projects import gathering, prepared, timing, workdays
from projects.clock_states import PauseKind, TimeOwner
from projects.clocks import NOT_STARTED, Reading, read_clock
from projects.models import IssueItem
from projects.models.time import Clock, ClockPause
from projects.one_page import clocks_by_id, once, seen
from projects.quoting import quoted
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, IssueKind
from projects.waiting import Waiting

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import Project

CASE_LABEL = MatterCase._meta.label
RUNS_ON = "答复前办件照常进行"


@dataclass(slots=True)
class _Facts:
    """What was read for a set of cases, by the keys it is looked up with."""

    clocks: dict[int, Clock]
    pauses: dict[int, list[ClockPause]]
    tasks: dict[int, list[ReviewTask]]
    issues: dict[int, list[IssueItem]]
    told: CaseGlance
    holds: dict[int, Hold]

    def read(self, clock_id: int | None) -> Reading:
        """Read a clock without a query."""
        clock = self.clocks.get(clock_id or 0)
        return NOT_STARTED if clock is None else read_clock(clock, pauses=self.pauses.get(clock.pk, []))

    def with_owner(self, clock_id: int | None) -> ClockPause | None:
        """Return the open pause of a case under review that the owner has to end by a step of its own (a signature)."""
        found = (row for row in self.pauses.get(clock_id or 0, []) if row.ended_at is None)
        return next((row for row in found if (row.kind, row.owner) == (PauseKind.OTHER, TimeOwner.APPLICANT)), None)


def case_waiting(cases: Sequence[MatterCase]) -> dict[int, Waiting]:
    """Return for each open case (received to decision) on whom it waits. The number of queries is fixed."""
    open_ones = [case for case in cases if case.state in CASE_OPEN]

    def read() -> dict[int, Waiting]:
        facts = _gather(open_ones)
        return {case.pk: _of_case(case, facts) for case in open_ones} | _followed(open_ones)

    return once(("waits", frozenset(case.pk for case in open_ones)), read)


def round_waiting(case: MatterCase) -> list[Waiting]:
    """Return every department that has not answered about a case, the first due first; else on whom the case waits."""
    if case.state not in CASE_OPEN:
        return []
    facts = _gather([case])
    first = _of_case(case, facts)
    asked = [task for task in facts.tasks.get(case.pk, []) if task.role != ReviewRole.LEAD]
    if first.task_id not in {task.pk for task in asked}:
        return [first]
    return [_on_department(case, task, facts) for task in asked]


def _followed(cases: Sequence[MatterCase]) -> dict[int, Waiting]:
    """Cases that follow a joint utility application wait for whom its lines wait for."""
    if not any(case.handling == Handling.UTILITY for case in cases):
        return {}
    from packages.utility_providers import case_lines  # it stands above this module

    return case_lines(cases)


def cases_of(project: Project) -> list[MatterCase]:
    """Return all cases of a project in the order of the plan, with what its page shows of them. Read once a page."""

    def read() -> list[MatterCase]:
        cases = prepared.rows("packages.cases_of", _in_order_of_the_plan, project.pk)
        for case in cases:
            case.project = project
        return cases

    return once(("cases", project.pk), read)


def _in_order_of_the_plan(project_id: int) -> QuerySet[MatterCase]:
    related = ("matter__matter", "matter__result_kind", "lead", "application", "outside_result")
    found = MatterCase.objects.filter(project=project_id).select_related(*related)
    return found.order_by(F("package_row__order").asc(nulls_last=True), "pk")


def clock_of(case: MatterCase) -> int | None:
    """Return the id of the clock that a list shows for a case: special procedure, intake, or promise."""
    if case.state == CaseState.SUSPENDED and case.special_clock_id:
        return case.special_clock_id
    return case.promised_clock_id or case.intake_clock_id


def case_readings(cases: Sequence[MatterCase]) -> dict[int, Reading]:
    """Return the reading of each case's promised clock (of the intake clock before acceptance). Two queries."""
    project_id = cases[0].project_id if cases else None
    clocks = clocks_by_id((case.promised_clock_id or case.intake_clock_id for case in cases), project_id)
    return {case.pk: read_clock(clocks.get(case.promised_clock_id or case.intake_clock_id or 0)) for case in cases}


def waiting_and_readings(cases: Sequence[MatterCase]) -> tuple[dict[int, Waiting], dict[int, Reading]]:
    """Return both of a list of cases, their clocks read once."""
    shown = {case.pk: case.promised_clock_id or case.intake_clock_id for case in cases}
    open_ones = [case for case in cases if case.state in CASE_OPEN]
    facts = _gather(open_ones, also={pk for pk in shown.values() if pk})
    waits = {case.pk: _of_case(case, facts) for case in open_ones} | _followed(open_ones)
    return waits, {pk: facts.read(of) for pk, of in shown.items()}


# Reading -----------------------------------------------------------------------------------------------------------


def _gather(cases: Sequence[MatterCase], also: Iterable[int] = ()) -> _Facts:
    running = [case.pk for case in cases if case.state == CaseState.IN_REVIEW]
    tasks: dict[int, list[ReviewTask]] = defaultdict(list)
    for task in _tasks(running, cases):
        tasks[task.session.case_id or 0].append(task)
    away = [CaseState.CORRECTING, CaseState.SUSPENDED]
    issues = _issues([str(case.pk) for case in cases if case.state in away], cases)
    page: dict[int, Clock] = seen(("clocks", cases[0].project_id)) or {} if cases else {}
    held = dict(page)
    held |= {clock.pk: clock for case in cases for clock in _joined(case)}
    wanted = {*also, *(pk for case in cases if (pk := clock_of(case)))}
    clocks = {pk: held[pk] for pk in wanted} if wanted <= set(held) else Clock.objects.in_bulk(wanted)
    clocks |= {task.clock_id: task.clock for rows in tasks.values() for task in rows}
    clocks |= {item.clock_id: item.clock for rows in issues.values() for item in rows if item.clock and item.clock_id}
    pauses = {pk: list(page[pk].pauses.all()) for pk in clocks} if set(clocks) <= set(page) else _pauses(clocks)
    received = [case.pk for case in cases if case.state == CaseState.RECEIVED]
    ready = [pk for pk in running if not tasks.get(pk)]
    told = look_at([case.pk for case in cases], received=received, ready=ready, bodies={c.lead_id for c in cases})
    return _Facts(clocks, pauses, tasks, issues, told, holds(cases, told))


def _joined(case: MatterCase) -> Iterable[Clock]:
    """The clocks that were read together with the case."""
    names = ("intake_clock", "promised_clock", "special_clock")
    return [clock for name in names if (clock := case._state.fields_cache.get(name)) is not None]


def _page_of(name: str, cases: Sequence[MatterCase]) -> list[Any] | None:
    """The rows that the page of the cases' one project has read; None elsewhere."""
    return gathering.loaded(name, cases[0].project_id) if len({case.project_id for case in cases}) == 1 else None


def _tasks(running: Sequence[int], cases: Sequence[MatterCase]) -> list[ReviewTask]:
    """Open tasks of the cases under review, those due first."""
    read = _page_of(TASKS, cases)
    if read is not None:
        return [task for task in read if task.session.case_id in running]
    return prepared.rows_among(
        "open tasks of cases", lambda pk: _open_tasks(ReviewTask.objects.filter(session__case_id__in=[pk])), running
    )


def _open_tasks(found: QuerySet[ReviewTask]) -> QuerySet[ReviewTask]:
    found = found.filter(session__state__in=SESSION_OPEN, state__in=TASK_OPEN)
    return found.select_related("session", "organisation", "handler", "clock").order_by("due_on", "pk")


def _open_faults(case_id: int) -> QuerySet[IssueItem]:
    found = IssueItem.objects.filter(subject_type=CASE_LABEL, subject_key__in=[str(case_id)])
    return found.filter(kind=IssueKind.CORRECTION, state__in=ISSUE_OPEN).select_related("clock")


def _issues(keys: Collection[str], cases: Sequence[MatterCase]) -> dict[int, list[IssueItem]]:
    issues: dict[int, list[IssueItem]] = defaultdict(list)
    read = _page_of(ISSUES, cases)
    if read is not None:
        found = [item for item in read if item.kind == IssueKind.CORRECTION and item.subject_key in keys]
    else:
        found = prepared.rows_among("open faults of cases", _open_faults, [int(key) for key in keys])
    for item in sorted(found, key=lambda item: item.pk):
        issues[int(item.subject_key)].append(item)
    return issues


def _told_faults(projects: Sequence[Project]) -> QuerySet[IssueItem]:
    """Faults and deferred papers of cases that are open, those due first."""
    found = IssueItem.objects.filter(
        project__in=projects, subject_type=CASE_LABEL, kind__in=[IssueKind.CORRECTION, IssueKind.DEFERRAL],
        state__in=ISSUE_OPEN,
    )
    return found.select_related("clock").prefetch_related("clock__pauses").order_by("due_on", "pk")


TASKS, ISSUES = "packages.review_tasks", "packages.faults"
gathering.register(TASKS, lambda projects: _open_tasks(ReviewTask.objects.filter(session__case__project__in=projects)))
gathering.register(ISSUES, _told_faults)


def _pauses(clocks: dict[int, Clock]) -> dict[int, list[ClockPause]]:
    pauses: dict[int, list[ClockPause]] = defaultdict(list)
    for pause in ClockPause.objects.filter(clock_id__in=list(clocks)).order_by("started_at", "pk"):
        pauses[pause.clock_id].append(pause)
    return pauses


# One case ----------------------------------------------------------------------------------------------------------


def _of_case(case: MatterCase, facts: _Facts) -> Waiting:
    state = CaseState(case.state)
    asked = facts.told.asked(case.pk)
    if asked is not None and asked.kind == "withdrawal":
        return _on_the_answer(case, asked, facts)
    if state == CaseState.RECEIVED:
        return _at_the_window(case, facts)
    owes = any(item.state in ISSUE_WITH_OWNER for item in facts.issues.get(case.pk, []))
    if state == CaseState.CORRECTING or (state == CaseState.SUSPENDED and owes):
        return _on_the_owner(case, facts)
    if state == CaseState.SUSPENDED:
        return _in_special(case, facts)
    return _in_hand(case, asked, facts)


def _in_hand(case: MatterCase, asked: Told | None, facts: _Facts) -> Waiting:
    """An accepted case that is not away: what was asked for comes before the review."""
    if asked is not None:
        return _on_the_answer(case, asked, facts)
    if case.state == CaseState.ACCEPTED and case.handling != Handling.ACCEPTANCE:
        return _waiting(
            case, facts.read(case.promised_clock_id), rank=4, role=case.lead.label, verb="开始办理",
            what=_quoted(case), auto="系统推送各部门",
        )
    return _in_review(case, facts)


def _quoted(case: MatterCase) -> str:
    return quoted(case.matter.name)


def _waiting(
    case: MatterCase, reading: Reading, *, rank: int, role: str, verb: str, what: str, person: str = "",
    auto: str = "", task_id: int | None = None,
) -> Waiting:
    return Waiting(
        project_id=case.project_id, rank=rank, role=role, person=person, what=what, verb=verb, auto=auto,
        since=reading.started_on, days=reading.used, limit=reading.limit if reading.started_on else None,
        due_on=reading.due_on, is_provisional=reading.provisional, light=reading.light, case_id=case.pk,
        task_id=task_id, clock_id=reading.clock_id,
    )


def _at_the_window(case: MatterCase, facts: _Facts) -> Waiting:
    reading = facts.read(case.intake_clock_id)
    if (hold := facts.holds.get(case.pk)) is not None:
        return _on_hold(case, hold, reading)
    auto = "今日不处理即视为受理" if reading.remaining <= 0 else "到期未处理即视为受理（自接件之日起）"
    return _waiting(
        case, reading, rank=3, role=f"{case.project.centre.label}窗口", verb="受理", what=_quoted(case), auto=auto
    )


def _on_the_owner(case: MatterCase, facts: _Facts) -> Waiting:
    open_items = facts.issues.get(case.pk, [])
    owed = [item for item in open_items if item.state in ISSUE_WITH_OWNER]
    clock_id = open_items[0].clock_id if open_items else None
    reading = facts.read(clock_id)
    also = f"，同时等{case.lead.label}完成{_special(case)}" if case.special_kind else ""
    what = f"{_quoted(case)}的 {len(owed)} 项问题" if owed else f"{_quoted(case)}的{case.fault_word}材料"
    return _waiting(
        case, reading, rank=1, role=OWNER_WORD, person=case.project.owner.name,
        verb=case.fault_word if owed else "交回", what=f"{what}{also}", auto=f"{case.fault_word}期间不计入审批时限",
    )


def _on_the_answer(case: MatterCase, asked: Told, facts: _Facts) -> Waiting:
    """What was asked for waits for somebody's answer; the clock of the case runs on beside it."""
    reading, told = facts.read(clock_of(case)), _since(asked)
    if asked.kind == "withdrawal":
        before = case.accepted_at is None
        role = f"{case.project.centre.label}窗口" if before else case.lead.label
        return replace(_waiting(
            case, reading, rank=2, role=role, verb="答复", what=f"{_quoted(case)}的撤件申请", auto=RUNS_ON,
        ), **told)
    word = f"的{SpecialKind(asked.detail).label}" if asked.kind == "special" else "的延长办理期限"
    role, person = f"{case.lead.label}首席代表", facts.told.other_chief(case.lead_id, asked.body)
    if not person and facts.told.chief(case.lead_id):
        role = f"{case.lead.label}首席代表（提出人除外）"
    if asked.detail == "joint":
        role, person = "工改办", ""
    return replace(_waiting(
        case, reading, rank=2, role=role, person=person, verb="批准", what=f"{_quoted(case)}{word}", auto=RUNS_ON,
    ), **told)


def _since(asked: Told) -> dict[str, Any]:
    """How long the answer is awaited; its day is that of the case, so no limit of its own is told."""
    if asked.at is None:
        return {"since": None}
    since = timing.business_day(asked.at)
    return {"since": since, "days": workdays.workdays_between(since, timing.today()), "limit": None}


def _special(case: MatterCase) -> str:
    return str(SpecialKind(case.special_kind).label) if case.special_kind else "特别程序"


def _in_special(case: MatterCase, facts: _Facts) -> Waiting:
    out = any(one.clock and one.clock.is_live for one in facts.issues.get(case.pk, []))
    also = f"，同时等{OWNER_WORD}交回{case.fault_word}材料" if out else ""
    return _waiting(
        case, facts.read(case.special_clock_id), rank=2, role=case.lead.label,
        person=facts.told.chief(case.lead_id), verb="完成", what=f"{_quoted(case)}的{_special(case)}{also}",
        auto="特别程序期间不计入审批时限",
    )


def _in_review(case: MatterCase, facts: _Facts) -> Waiting:
    if case.handling == Handling.ACCEPTANCE:
        return _waiting(
            case, facts.read(case.promised_clock_id), rank=5, role=case.lead.label, verb="办理",
            what=f"{_quoted(case)}（并入联合验收）", auto="验收结论作出时一并办结",
        )
    away = facts.with_owner(case.promised_clock_id)
    if away is not None:
        return _waiting(
            case, facts.read(case.promised_clock_id), rank=1, role=OWNER_WORD, person=case.project.owner.name,
            verb="办理", what=f"{_quoted(case)}：{away.basis}", auto="期间不计入审批时限",
        )
    tasks = facts.tasks.get(case.pk, [])
    asked = [task for task in tasks if task.role != ReviewRole.LEAD]
    if asked:
        return _on_department(case, asked[0], facts)
    if tasks:
        return _on_lead(case, tasks[0], facts)
    reading = facts.read(case.promised_clock_id)
    if (hold := facts.holds.get(case.pk)) is not None:
        return _on_hold(case, hold, reading)
    return _waiting(
        case, reading, rank=3, role=f"{case.lead.label}首席代表", person=facts.told.chief(case.lead_id),
        verb="决定", what=_quoted(case),
    )


def _on_hold(case: MatterCase, hold: Hold, reading: Reading) -> Waiting:
    """A paper of the government, a deferred paper or a signature holds the case; it has its own clock or the case's."""
    person = case.project.owner.name if hold.is_owner else ""
    return _waiting(
        case, hold.reading or reading, rank=hold.rank, role=hold.role, person=person, verb=hold.verb, what=hold.what,
        auto=hold.auto,
    )


def _on_lead(case: MatterCase, task: ReviewTask, facts: _Facts) -> Waiting:
    """The lead merges; before and between it pushes, confers, or waits for the signatures of others."""
    reading, state = facts.read(task.clock_id), task.session.state
    role, person, auto = case.lead.label, str(task.handler or ""), ""
    verb, what = "汇总", f"{_quoted(case)}的联合审查意见"
    if state == SessionState.PUSHING:
        verb, what, auto = "推送", f"{_quoted(case)}的审查材料", "推送日过后由系统推送各部门"
    elif state == SessionState.CONFERENCE and task.session.waits_for:
        role, person, verb, what = task.session.waits_for, "", "签认", f"{_quoted(case)}的联审会意见"
    elif state == SessionState.CONFERENCE:
        verb, what = "召开", f"{_quoted(case)}的联审会"
    elif state == SessionState.RECTIFYING:
        verb, what, auto = "复核", f"{_quoted(case)}的整改", "系统发起第二轮审查"
    return _waiting(
        case, reading, rank=3, role=role, person=person, verb=verb, what=what, auto=auto, task_id=task.pk
    )


def _on_department(case: MatterCase, task: ReviewTask, facts: _Facts) -> Waiting:
    return _waiting(
        case, facts.read(task.clock_id), rank=3, role=task.organisation.label,
        person=task.sent_to or str(task.handler or ""), verb="答复", what=f"{_quoted(case)}的审查意见",
        auto=silence_words(task), task_id=task.pk,
    )


def silence_words(task: ReviewTask) -> str:
    """Return what happens by itself when the department stays silent."""
    if task.is_tacit_allowed:
        return "到期未答复，按超时默认同意"
    if task.role == ReviewRole.CONSULTED:
        return "到期未答复，记为未提意见"
    return "不适用超时默认，到期未答复亮红灯"


# Whole projects ----------------------------------------------------------------------------------------------------


def project_waiting(projects: Sequence[Project]) -> Iterable[Waiting]:
    """Return what these open projects wait for: open cases, deferred papers, and else the next matters to apply for."""
    prefetch_related_objects(projects, "owner", "centre")
    by_pk = {project.pk: project for project in projects}
    cases = _open_cases(by_pk)
    waiting = case_waiting([case for case in cases if case.handling != Handling.UTILITY])
    yield from _one_for_acceptance([case for case in cases if case.pk in waiting], waiting)
    held = {pk for pk, row in waiting.items() if row.what.startswith("容缺材料")}
    yield from promises_waiting(by_pk, held)
    busy = {case.project_id for case in cases}
    yield from next_steps([project for project in projects if project.pk not in busy])


def _open_cases(by_pk: dict[int, Project]) -> list[MatterCase]:
    """The open cases of these projects; a page that has read the cases of its one project reads none."""
    read = seen(("cases", *by_pk))
    if read is not None:
        return sorted((case for case in read if case.state in CASE_OPEN), key=lambda case: case.pk)
    found = MatterCase.objects.filter(project_id__in=list(by_pk), state__in=CASE_OPEN)
    clocks = ("intake_clock", "promised_clock", "special_clock")
    cases = list(found.select_related("matter", "lead", *clocks).order_by("pk"))
    for case in cases:
        case.project = by_pk[case.project_id]
    return cases


def _one_for_acceptance(cases: Sequence[MatterCase], waiting: dict[int, Waiting]) -> Iterable[Waiting]:
    """The cases that the joint acceptance carries are one line of a project, not eleven."""
    told: set[int] = set()
    for case in cases:
        joint = case.handling == Handling.ACCEPTANCE and case.state in {CaseState.ACCEPTED, CaseState.IN_REVIEW}
        if joint and case.project_id in told:
            continue
        if joint:
            told.add(case.project_id)
        yield waiting[case.pk]
