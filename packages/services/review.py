"""Joint review (联合审查): every department concerned is asked at once, each with its own days; the lead merges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from archives.states import PaperKind, Visibility
from packages import floor, rules
from packages.choices import ReviewRole
from packages.models import Enrolment, JointSession, MatterCase, Opinion, ReviewDef, ReviewTask
from packages.planning.build import build_plan
from packages.services import paperwork
from packages.services.ending import close_tasks
from packages.services.locking import expect, lock_case, lock_session, lock_task
from packages.services.silence import apply_tacit, begin_merging_when_done
from packages.services.timekeeping import sync_due
from packages.states import TASK_OPEN, CaseState, Handling, OpinionVerdict, SessionKind, SessionState, TaskState
from projects import clocks, timing
from projects.clock_states import ClockKind
from projects.errors import DomainError, require
from projects.events import latest_of, record, told_by
from projects.models import Organisation, User
from projects.services.involvement import involve
from projects.services.issues import raise_issue
from projects.states import InvolvementRole, IssueKind
from projects.status_codes import StatusCode

__all__ = [
    "apply_tacit",
    "begin_review",
    "disagreeing",
    "give_opinion",
    "merge_session",
    "open_joint_review",
    "open_task",
    "reconsult",
]

WITH_CONDITION = (OpinionVerdict.DISAGREE, OpinionVerdict.CONDITIONAL)


@dataclass(frozen=True, slots=True)
class Part:
    """One body that is asked."""

    organisation: Organisation
    role: str
    days: int
    tacit: bool
    note: str
    definition_id: int | None


# Opening -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_joint_review(case_id: int, at: dt.datetime | None = None) -> JointSession | None:
    """Open the joint review of an accepted case; return its session, or None where none is held.

    None is held for a case that the joint acceptance carries, and for 即办 (no opinion is asked): both only go on to
    部门办理中. Effects in order: event 8 with the transition; session; per department whose rule holds a task with its
    own clock from now (never backdated), the department is involved; events `session.opened`, `task.invited`.
    Idempotent: a case that is not 已受理 any more returns the session it has. Source: handbook §6.3; standards §9.1.
    """
    case = lock_case(case_id)
    if case.state != CaseState.ACCEPTED:
        return JointSession.objects.filter(case=case, kind=SessionKind.REVIEW).order_by("-round").first()
    begin_review(case, by=None, at=at)
    if case.handling == Handling.ACCEPTANCE or case.promised_days == 0:
        return None
    return _open_session(case, _parts(case), number=1, by=None, at=at)


def begin_review(case: MatterCase, *, by: User | None, at: dt.datetime | None) -> None:
    """Move a locked accepted case to 部门办理中 (event 8)."""
    old = case.state
    case.open_review()
    sync_due(case, save=False)
    case.save()
    record(
        "case.review_started", subject=case, project=case.project, by=by, at=at,
        status_code=StatusCode.REVIEW_STARTED, summary=f"部门开始办理：{case.matter.name}",
        data={"state": [old, case.state]},
    )


def _parts(case: MatterCase) -> list[Part]:
    """Return the bodies that take part in this project, the lead first; there is always a lead."""
    taking = _taking_part(case)
    defs = ReviewDef.objects.filter(version=case.matter).select_related("organisation").order_by("order")
    code = case.matter.matter.code
    parts = [
        Part(
            row.organisation, row.role, row.days,
            row.tacit and floor.may_be_tacit(code, row.organisation.kind, row.organisation.code, row.role, row.rule),
            row.note, row.pk,
        )
        for row in defs if taking is None or row.pk in taking
    ]
    lead = [part for part in parts if part.role == ReviewRole.LEAD]
    if not lead:
        lead = [Part(case.lead, ReviewRole.LEAD, case.promised_days, tacit=False, note="", definition_id=None)]
    return lead + [part for part in parts if part.role != ReviewRole.LEAD]


def _taking_part(case: MatterCase) -> set[int | None] | None:
    """Return the catalogue rows whose rule holds (or cannot be decided: then the body is asked); None means all."""
    enrolment = Enrolment.objects.select_related("package_version__package").filter(project=case.project).first()
    if enrolment is None:
        return None
    plan = build_plan(enrolment.package_version, enrolment.facts)
    for view in plan.matters:
        if view.version_pk == case.matter_id:
            return {review.pk for review in view.reviews}
    return None


def _open_session(
    case: MatterCase, parts: Sequence[Part], *, number: int, by: User | None, at: dt.datetime | None
) -> JointSession:
    moment = at or timing.now()
    session = JointSession.objects.create(
        kind=SessionKind.REVIEW, project=case.project, case=case, round=number, lead=case.lead, opened_at=moment
    )
    record(
        "session.opened", subject=session, project=case.project, by=by, at=at,
        summary=f"联合审查：{case.matter.name}，{len(parts)} 个部门",
        data={"state": ["", session.state], "round": number},
    )
    for part in parts:
        _invite(session, part, by=by, at=at, moment=moment)
    begin_merging_when_done(session, by=by, at=at)
    return session


def _invite(
    session: JointSession, part: Part, *, by: User | None, at: dt.datetime | None, moment: dt.datetime
) -> None:
    case = session.case
    name = case.matter.name if case else ""
    clock = clocks.start_clock(
        kind=ClockKind.REVIEW, limit=part.days, on=moment, project=session.project,
        label=f"{part.organisation.label} {name}"[:200],
    )
    task = ReviewTask.objects.create(
        session=session, organisation=part.organisation, definition_id=part.definition_id, role=part.role,
        days=part.days, is_tacit_allowed=part.tacit, scope_note=part.note[:300], clock=clock, due_on=clock.due_on,
        pushed_at=moment,
    )
    record(
        "task.invited", subject=task, project=session.project, by=by, at=at,
        summary=f"请{part.organisation.label}答复：{name}",
        data={"state": ["", task.state], "role": part.role, "days": part.days, "due_on": str(clock.due_on)},
    )
    involve(session.project, role=InvolvementRole.REVIEWER, organisation=part.organisation, by=by, at=at)


# Answering -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_task(task_id: int, *, by: User, at: dt.datetime | None = None) -> ReviewTask:
    """A person of the department takes a task up (签收): handler, event `task.opened`. A second call changes nothing.

    Raises `NotAllowed`.
    """
    task = lock_task(task_id)
    require(rules.can_open_task, by, task)
    if task.state != TaskState.INVITED:
        return task
    old = task.state
    task.open()
    task.handler, task.opened_at = by, at or timing.now()
    task.save()
    record(
        "task.opened", subject=task, project=task.session.project, by=by, at=at,
        summary=f"{task.organisation.label}签收：{task.session.case}", data={"state": [old, task.state]},
    )
    return task


@transaction.atomic
def give_opinion(
    task_id: int, *, by: User, verdict: str, reason: str, basis: str = "", remedy: str = "",
    at: dt.datetime | None = None,
) -> Opinion:
    """Answer for a department: 同意, 不涉及 (with reason), 不同意, 有条件同意 (with basis and remedy too).

    Effects in order: opinion (marked late after its time), transition, clock stops, event `task.answered`; a condition
    becomes an owed commitment; the session goes on to 汇总 when nobody is left. Raises `NotAllowed`, `DomainError`
    (`task_state` with who was faster, `verdict`, `reason`, `remedy`). Source: handbook §6.3.
    """
    task = lock_task(task_id)
    if task.role == ReviewRole.LEAD:
        raise DomainError("task_lead", "牵头部门的意见在汇总时给出，请到汇总页面办理。")
    _answerable(task)
    require(rules.can_give_opinion, by, task)
    _check_words(verdict, reason, basis, remedy)
    is_late = task.state == TaskState.NO_OPINION or clocks.read_clock(task.clock).overdue
    opinion = _answer(
        task, by=by, verdict=verdict, reason=reason, basis=basis, remedy=remedy, is_late=is_late, at=at
    )
    case = task.session.case
    if verdict == OpinionVerdict.CONDITIONAL and case is not None:
        raise_issue(
            case.project, kind=IssueKind.COMMITMENT, subject=case, what=f"{task.organisation.label}：{reason}"[:300],
            basis=basis[:300], how_to_fix=remedy[:500], debtor=case.project.owner, by=by,
            raised_for=task.organisation, at=at,
        )
    begin_merging_when_done(task.session, by=by, at=at)
    return opinion


def _answerable(task: ReviewTask) -> None:
    if task.state in (*TASK_OPEN, TaskState.NO_OPINION):
        return
    message = f"{task.organisation.label}的这项意见已是“{TaskState(task.state).label}”，不能再答复。"
    raise DomainError("task_state", message, latest=told_by(latest_of(task)))


def _check_words(verdict: str, reason: str, basis: str, remedy: str) -> None:
    if verdict not in OpinionVerdict.values:
        raise DomainError("verdict", "请选择意见：同意、不同意、有条件同意或不涉及。")
    if not reason.strip():
        raise DomainError("reason", "请写明理由后再提交。")
    if verdict in WITH_CONDITION and not (basis.strip() and remedy.strip()):
        raise DomainError("remedy", f"{OpinionVerdict(verdict).label}须写明依据和怎么改，请补充后再提交。")


def _answer(
    task: ReviewTask, *, by: User, verdict: str, reason: str, basis: str, remedy: str, is_late: bool,
    at: dt.datetime | None,
) -> Opinion:
    moment = at or timing.now()
    opinion = Opinion.objects.create(
        task=task, verdict=verdict, reason=reason.strip()[:1000], basis=basis.strip()[:300],
        remedy=remedy.strip()[:1000], given_by=by, given_at=moment, is_late=is_late,
    )
    old = task.state
    task.answer()
    task.handler, task.closed_at = task.handler or by, moment
    task.save()
    clocks.stop_clock(task.clock, moment)
    late = "（逾期）" if is_late else ""
    record(
        "task.answered", subject=task, project=task.session.project, by=by, at=at,
        summary=f"{task.organisation.label}{late}已答复：{task.session.case}",
        data={"state": [old, task.state], "verdict": verdict, "late": is_late},
    )
    return opinion


# Merging -----------------------------------------------------------------------------------------------------------


def disagreeing(case: MatterCase) -> list[Opinion]:
    """Return the opinions 不同意 that stand: of each joint department the newest over all rounds."""
    found = Opinion.objects.filter(task__session__case=case).exclude(task__role=ReviewRole.LEAD)
    newest: dict[int, Opinion] = {}
    for opinion in found.select_related("task__organisation").order_by("task__session__round", "pk"):
        newest[opinion.task.organisation_id] = opinion
    return [o for o in newest.values() if o.verdict == OpinionVerdict.DISAGREE and o.task.role == ReviewRole.JOINT]


@transaction.atomic
def merge_session(
    session_id: int, *, by: User, passed: bool, text: str, at: dt.datetime | None = None
) -> JointSession:
    """The lead department merges the opinions: it can be granted, or it cannot.

    Effects in order: the lead's task is answered, silent consulted bodies are closed, transition, event
    `session.merged`, 联合审查意见书 (where others than the lead were asked). Raises `NotAllowed`, `DomainError`:
    `session_state`, `case_state`, `text`, `disagree` (a joint department's 不同意 stands: names it and its remedy).
    """
    session = lock_session(session_id)
    case = session.case
    if case is None or session.state != SessionState.MERGING:
        word = SessionState(session.state).label
        raise DomainError("session_state", f"联合审查现在是“{word}”，不能汇总。", latest=told_by(latest_of(session)))
    expect(case, CaseState.IN_REVIEW, verb="汇总")
    require(rules.can_merge, by, session)
    if not text.strip():
        raise DomainError("text", "请写明汇总意见后再提交。")
    if passed:
        _nobody_disagrees(case)
    _answer_lead(session, by=by, passed=passed, text=text, at=at)
    old = session.state
    session.conclude_pass() if passed else session.conclude_fail()
    session.merged_at, session.merged_by, session.merged_text = at or timing.now(), by, text.strip()
    session.save()
    record(
        "session.merged", subject=session, project=case.project, by=by, at=at,
        summary=f"联合审查{session.get_state_display()}：{case.matter.name}", data={"state": [old, session.state]},
    )
    _opinion_paper(session, case, by=by, at=at or timing.now())
    return session


def _nobody_disagrees(case: MatterCase) -> None:
    standing = disagreeing(case)
    if standing:
        names = "；".join(f"{o.task.organisation.label}不同意（怎么改：{o.remedy}）" for o in standing)
        raise DomainError("disagree", f"{names}。请按意见修改后再次征求意见，或汇总为不通过。")


def _answer_lead(session: JointSession, *, by: User, passed: bool, text: str, at: dt.datetime | None) -> None:
    tasks = ReviewTask.objects.select_for_update(of=("self",)).select_related("organisation", "clock", "handler")
    task = tasks.filter(session=session, role=ReviewRole.LEAD, state__in=TASK_OPEN).first()
    if task is None:
        return
    task.session = session
    case = session.case
    basis = case.matter.legal_basis[:300] if case else ""
    _answer(
        task, by=by, verdict=OpinionVerdict.AGREE if passed else OpinionVerdict.DISAGREE, reason=text,
        basis=basis or "联合审查汇总", remedy="" if passed else text,
        is_late=clocks.read_clock(task.clock).overdue, at=at,
    )


def _opinion_paper(session: JointSession, case: MatterCase, *, by: User, at: dt.datetime) -> None:
    tasks = list(session.tasks.select_related("organisation", "opinion").order_by("pk"))
    if not any(task.role != ReviewRole.LEAD for task in tasks):
        return
    paperwork.write(
        PaperKind.REVIEW_OPINION, case.project, subject=session, issuer=case.lead, by=by, at=at,
        what=f"“{case.matter.name}”联合审查{session.get_state_display()}", do="等待牵头部门作出决定",
        when="以受理通知书载明的日期为准", paragraphs=[session.merged_text], visibility=Visibility.OFFICE,
        table={"head": ["部门", "角色", "意见", "理由", "条件或修改办法"], "rows": [_row(task) for task in tasks]},
    )


def _row(task: ReviewTask) -> list[str]:
    opinion = getattr(task, "opinion", None)
    role = str(ReviewRole(task.role).label)
    if opinion is None:
        return [task.organisation.name, role, str(TaskState(task.state).label), "", ""]
    verdict = opinion.get_verdict_display() + ("（超时默认）" if task.state == TaskState.TACIT else "")
    return [task.organisation.name, role, verdict, opinion.reason, opinion.remedy]


@transaction.atomic
def reconsult(task_id: int, *, by: User, note: str, at: dt.datetime | None = None) -> JointSession:
    """Ask the departments that disagreed once more, after the plans were changed: a new round with only them.

    Effects in order: the round that is being merged ends (`session.closed`), a new one opens. Opinions of the others
    stand. Raises `NotAllowed`, `DomainError` (`session_state`, `no_disagreement`, `note`).
    """
    task = lock_task(task_id)
    session = lock_session(task.session_id)
    case = session.case
    if case is None or session.state != SessionState.MERGING:
        raise DomainError("session_state", f"联合审查现在是“{SessionState(session.state).label}”，不能再次征求意见。")
    expect(case, CaseState.IN_REVIEW, verb="再次征求意见")
    require(rules.can_merge, by, session)
    if not note.strip():
        raise DomainError("note", "请写明作了哪些修改，再请部门答复。")
    asked = [opinion.task for opinion in disagreeing(case)]
    if not asked:
        raise DomainError("no_disagreement", "没有部门不同意，可以直接汇总。")
    close_tasks(session, by=by, at=at)
    old = session.state
    session.close()
    session.merged_text = note.strip()
    session.save()
    record(
        "session.closed", subject=session, project=case.project, by=by, at=at,
        summary=f"第 {session.round} 轮审查结束，再次征求意见：{note.strip()}"[:300],
        data={"state": [old, session.state]},
    )
    lead = [part for part in _parts(case) if part.role == ReviewRole.LEAD]
    return _open_session(case, lead + list(_again(asked)), number=session.round + 1, by=by, at=at)


def _again(tasks: Iterable[ReviewTask]) -> Iterable[Part]:
    for task in tasks:
        yield Part(
            task.organisation, task.role, task.days, task.is_tacit_allowed, task.scope_note, task.definition_id
        )
