"""Joint review (联合审查): every department answers beside the file it judged; the lead merges what they say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from archives.models import DocumentVersion
from archives.states import PaperKind, Visibility
from packages import review_rules
from packages.choices import ReviewRole
from packages.models import JointSession, JudgedVersion, MatterCase, Opinion, ReviewTask
from packages.review_terms import terms_of
from packages.services import late_entries, paperwork
from packages.services.back_entry import check_task_moment
from packages.services.locking import expect, lock_session, lock_task, moved_on
from packages.services.rounds import begin_review, open_joint_review, push_session, reconsult
from packages.services.silence import apply_tacit, begin_merging_when_done
from packages.services.timekeeping import end_referral
from packages.standing import Standing, current_versions, standing_opinions
from packages.states import TASK_OPEN, CaseState, OpinionVerdict, SessionState, TaskState
from projects import clocks, timing
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.events import latest_of, record, told_by
from projects.models import User
from projects.quoting import quoted
from projects.services.issues import raise_issue
from projects.states import IssueKind
from projects.workdays import workdays_between

__all__ = [
    "apply_tacit",
    "begin_review",
    "check_words",
    "give_opinion",
    "give_same_opinion",
    "merge_session",
    "open_joint_review",
    "open_task",
    "push_session",
    "raise_condition",
    "reconsult",
]

WITH_CONDITION = (OpinionVerdict.DISAGREE, OpinionVerdict.CONDITIONAL)
#: What may be said of several matters of one application in the same words.
SAME_WORDS = (OpinionVerdict.AGREE, OpinionVerdict.NOT_INVOLVED)


# Answering -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_task(task_id: int, *, by: User, at: dt.datetime | None = None) -> ReviewTask:
    """A person of the department takes a task up (签收): handler, event `task.opened`. A second call changes nothing.

    Raises `NotAllowed`.
    """
    task = lock_task(task_id)
    require(review_rules.can_open_task, by, task)
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
def give_opinion(  # noqa: PLR0913 - one argument per column of the answer
    task_id: int, *, by: User, verdict: str, reason: str, basis: str = "", remedy: str = "",
    seen: Sequence[int] | None = None, files: Sequence[int] | None = None, at: dt.datetime | None = None,
) -> Opinion:
    """Answer for a department: 同意, 不涉及, 不同意, 有条件同意 (the last two with basis and remedy).

    `seen` are the file versions that lay before the person: when one of them has been replaced since, the answer is
    refused until the current one was seen. `files` are the documents that the opinion judges (default: all of the
    case). An empty basis of a consent is that of the matter in the catalogue. Effects in order: opinion (late after
    its time, without effect once silence had its consequence), the versions it judged, transition, clock stops, event
    `task.answered`; a condition becomes an owed commitment; the session goes on to 汇总 when nobody is left. Raises
    `NotAllowed`, `DomainError` (`task_state` with who was faster, `verdict`, `reason`, `remedy`, `superseded`,
    `files`). Source: handbook §6.3.
    """
    task = lock_task(task_id)
    if task.role == ReviewRole.LEAD:
        raise DomainError("task_lead", "牵头部门的意见在汇总时给出，请到汇总页面办理。")
    _answerable(task)
    require(review_rules.can_give_opinion, by, task)
    check_words(verdict, reason, basis, remedy)
    check_task_moment(task, at)
    judged = _judged(task, seen, files)
    missed = task.state == TaskState.NO_OPINION
    late, doubted = late_entries.late_opinion(task, at)
    opinion = _answer(
        task, by=by, verdict=verdict, reason=reason, basis=basis or _basis(task), remedy=remedy,
        is_late=missed or late, at=at, has_effect=not missed,
    )
    if doubted and not missed:
        late_entries.doubt_opinion(opinion, doubted, by=by)
    JudgedVersion.objects.bulk_create([JudgedVersion(opinion=opinion, version=version) for version in judged])
    if verdict == OpinionVerdict.CONDITIONAL and opinion.has_effect:
        raise_condition(task, reason=reason, basis=basis, remedy=remedy, by=by, at=at)
    begin_merging_when_done(task.session, by=by, at=at)
    return opinion


@transaction.atomic
def give_same_opinion(
    task_ids: Sequence[int], *, by: User, verdict: str, reason: str, at: dt.datetime | None = None
) -> list[Opinion]:
    """Say 同意 or 不涉及 in the same words on several tasks of one project, all or none.

    Raises `NotAllowed`, `DomainError`: those of `give_opinion`, `same_words`, `no_tasks`.
    """
    if verdict not in SAME_WORDS:
        raise DomainError("same_words", "批量答复只用于同意或不涉及；其他意见要逐件写明依据和怎么改。")
    ids = sorted(set(task_ids))
    projects = set(ReviewTask.objects.filter(pk__in=ids).values_list("session__project_id", flat=True))
    if len(projects) != 1:
        raise DomainError("no_tasks", "请选择同一个项目的一件或几件意见。")
    return [give_opinion(pk, by=by, verdict=verdict, reason=reason, at=at) for pk in ids]


def raise_condition(
    task: ReviewTask, *, reason: str, basis: str, remedy: str, by: User, at: dt.datetime | None
) -> None:
    """A condition of a department becomes a commitment that the owner owes to it."""
    case = task.session.case
    if case is None:
        return
    raise_issue(
        case.project, kind=IssueKind.COMMITMENT, subject=case, what=f"{task.organisation.label}：{reason}"[:300],
        basis=basis[:300], how_to_fix=remedy[:500], debtor=case.project.owner, by=by,
        raised_for=task.organisation, at=at,
    )


def _judged(task: ReviewTask, seen: Sequence[int] | None, files: Sequence[int] | None) -> list[DocumentVersion]:
    """Return the versions that the opinion judges; refuse when another one than the current lay before the person."""
    case = task.session.case
    if case is None:
        return []
    current = current_versions(case)
    if seen is not None:
        fresh = [version for version in current if version.pk not in set(seen)]
        if fresh:
            names = "、".join(f"《{version.document.title}》现为第 {version.version} 版" for version in fresh)
            raise DomainError("superseded", f"文件已换版：{names}。请看过当前版本，核对意见后再次提交。")
    if files is None or not current:
        return current
    judged = [version for version in current if version.document_id in set(files)]
    if not judged:
        raise DomainError("files", "请至少勾选一份意见所针对的文件。")
    return judged


def _basis(task: ReviewTask) -> str:
    """The basis of an opinion that names none: what the matter itself stands on."""
    case = task.session.case
    given = case.matter.legal_basis if case else ""
    return given or f"本部门审查内容：{task.scope_note or (case.matter.name if case else '')}"


def _answerable(task: ReviewTask) -> None:
    if task.state in (*TASK_OPEN, TaskState.NO_OPINION):
        return
    message = f"{task.organisation.label}的这项意见已是“{TaskState(task.state).label}”，不能再答复。"
    raise DomainError("task_state", message, latest=told_by(latest_of(task)))


def check_words(verdict: str, reason: str, basis: str, remedy: str) -> None:
    """Refuse an opinion without its words. Raises `DomainError` (`verdict`, `reason`, `remedy`)."""
    if verdict not in OpinionVerdict.values:
        raise DomainError("verdict", "请选择意见：同意、不同意、有条件同意或不涉及。")
    if not reason.strip():
        raise DomainError("reason", "请写明理由后再提交。")
    if verdict in WITH_CONDITION and not (basis.strip() and remedy.strip()):
        raise DomainError("remedy", f"{OpinionVerdict(verdict).label}须写明依据和怎么改，请补充后再提交。")


def _answer(
    task: ReviewTask, *, by: User, verdict: str, reason: str, basis: str, remedy: str, is_late: bool,
    at: dt.datetime | None, has_effect: bool = True,
) -> Opinion:
    moment = at or timing.now()
    opinion = Opinion.objects.create(
        task=task, verdict=verdict, reason=reason.strip()[:1000], basis=basis.strip()[:300],
        remedy=remedy.strip()[:1000], given_by=by, given_at=moment, is_late=is_late, has_effect=has_effect,
        is_late_disclaimer=verdict == OpinionVerdict.NOT_INVOLVED and _took_long(task, moment),
    )
    old = task.state
    task.answer()
    task.handler, task.closed_at = task.handler or by, moment
    end_referral(task, moment)
    task.save()
    clocks.stop_clock(task.clock, moment)
    late = "（逾期）" if is_late else ""
    record(
        "task.answered", subject=task, project=task.session.project, by=by, at=at,
        summary=f"{task.organisation.label}{late}已答复：{task.session.case}",
        data={
            "state": [old, task.state], "verdict": verdict, "late": is_late, "effect": has_effect,
            "late_disclaimer": opinion.is_late_disclaimer,
        },
    )
    return opinion


def _took_long(task: ReviewTask, moment: dt.datetime) -> bool:
    """Whether 不涉及 came after the days in which a body is expected to find that out."""
    case = task.session.case
    if case is None:
        return False
    days = workdays_between(timing.business_day(task.pushed_at), timing.business_day(moment))
    return days > terms_of(case.matter).disclaim


# Merging -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def merge_session(
    session_id: int, *, by: User, passed: bool, text: str, confirmed: bool = False, at: dt.datetime | None = None
) -> JointSession:
    """The lead department merges the opinions: it can be granted, or it cannot.

    `confirmed`: the lead has checked that files which were replaced after an opinion do not touch it. Effects in
    order: the lead's task is answered, transition, event `session.merged`, 联合审查意见书 (where others than the lead
    were asked). Raises `NotAllowed`, `DomainError`: `session_state`, `case_state`, `text`, `disagree` (a joint
    department's 不同意 stands: names it and its remedy), `outdated` (an opinion judged a replaced file).
    """
    session = lock_session(session_id)
    case = session.case
    if case is None or session.state != SessionState.MERGING:
        raise moved_on(session, "汇总")
    expect(case, CaseState.IN_REVIEW, verb="汇总")
    require(review_rules.can_merge, by, session)
    if not text.strip():
        raise DomainError("text", "请写明汇总意见后再提交。")
    standing = standing_opinions(case)
    if passed:
        _nobody_blocks(standing)
        _nothing_outdated(standing, confirmed=confirmed)
    check_follows(at, session)
    _answer_lead(session, by=by, passed=passed, text=text, at=at)
    old = session.state
    session.conclude_pass() if passed else session.conclude_fail()
    session.merged_at, session.merged_by, session.merged_text = at or timing.now(), by, text.strip()
    session.save()
    outdated = [one.opinion.pk for one in standing if one.outdated]
    record(
        "session.merged", subject=session, project=case.project, by=by, at=at,
        summary=f"联合审查{session.get_state_display()}：{case.matter.name}",
        data={"state": [old, session.state]} | ({"outdated_confirmed": outdated} if passed and outdated else {}),
    )
    _opinion_paper(session, case, by=by, at=at or timing.now())
    return session


def _nobody_blocks(standing: Sequence[Standing]) -> None:
    against = [one for one in standing if one.blocks]
    if against:
        names = "；".join(f"{one.name}不同意（怎么改：{one.remedy}）" for one in against)
        raise DomainError("disagree", f"{names}。请发整改意见、召开联审会，改好后再次征求意见，或汇总为不通过。")


def _nothing_outdated(standing: Sequence[Standing], *, confirmed: bool) -> None:
    old = [one for one in standing if one.outdated]
    if old and not confirmed:
        names = "；".join(f"{one.name}：{'、'.join(one.outdated)}" for one in old)
        raise DomainError(
            "outdated", f"以下意见审的文件已换版：{names}。请再次征求意见，或确认修改与其意见无关后提交。"
        )


def _answer_lead(session: JointSession, *, by: User, passed: bool, text: str, at: dt.datetime | None) -> None:
    tasks = ReviewTask.objects.select_for_update(of=("self",)).select_related("organisation", "clock", "handler")
    task = tasks.filter(session=session, role=ReviewRole.LEAD, state__in=TASK_OPEN).first()
    if task is None:
        return
    task.session = session
    check_task_moment(task, at)
    late, doubted = late_entries.late_opinion(task, at)
    case = session.case
    basis = case.matter.legal_basis[:300] if case else ""
    opinion = _answer(
        task, by=by, verdict=OpinionVerdict.AGREE if passed else OpinionVerdict.DISAGREE, reason=text,
        basis=basis or "联合审查汇总", remedy="" if passed else text,
        is_late=late, at=at,
    )
    if doubted:
        late_entries.doubt_opinion(opinion, doubted, by=by)


def _opinion_paper(session: JointSession, case: MatterCase, *, by: User, at: dt.datetime) -> None:
    found = ReviewTask.objects.filter(session__case=case).exclude(state=TaskState.CLOSED)
    newest: dict[int, ReviewTask] = {}
    found = found.select_related("organisation", "opinion", "supplement", "session")
    for task in found.order_by("session__round", "pk"):
        newest[task.organisation_id] = task
    tasks = sorted(newest.values(), key=lambda task: task.role != ReviewRole.LEAD)
    if not any(task.role != ReviewRole.LEAD for task in tasks):
        return
    standing = {one.opinion.pk: one for one in standing_opinions(case)}
    paperwork.write(
        PaperKind.REVIEW_OPINION, case.project, subject=session, issuer=case.lead, by=by, at=at,
        what=f"{quoted(case.matter.name)}联合审查{session.get_state_display()}", do="等待牵头部门作出决定",
        when="以受理通知书载明的日期为准", paragraphs=[session.merged_text], visibility=Visibility.OFFICE,
        table={
            "head": ["部门", "角色", "意见", "理由", "条件或修改办法"],
            "rows": [_row(task, standing) for task in tasks],
        },
    )


def _row(task: ReviewTask, standing: dict[int, Standing]) -> list[str]:
    opinion: Opinion | None = getattr(task, "opinion", None)
    role = str(ReviewRole(task.role).label)
    if opinion is None:
        return [task.organisation.name, role, str(TaskState(task.state).label), "", ""]
    one = standing.get(opinion.pk)
    word = str(OpinionVerdict(one.verdict if one else opinion.verdict).label)
    marks = [
        ("超时默认", task.state in {TaskState.TACIT, TaskState.SUPPLEMENTED}), ("联审会后", bool(one and one.seat)),
        ("逾期答复，不计入汇总", not opinion.has_effect), ("所审文件已换版", bool(one and one.outdated)),
    ]
    said = "、".join(mark for mark, holds in marks if holds)
    reason = one.reason if one else opinion.reason
    supplement = getattr(task, "supplement", None)
    if supplement is not None:
        reason += f"（补充意见：{supplement.text}）"
    verdict = f"{word}（{said}）" if said else word
    return [task.organisation.name, role, verdict, reason, one.remedy if one else opinion.remedy]
