"""联合研判: a round is opened, every department scores its own factors (handbook §3).

Silence is never read as a level: the factor stays 未评, the maturity 待定, and the page names whom it waits for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from archives.models import DocumentKind, DocumentVersion
from archives.services.filing import file_upload
from archives.states import Visibility
from packages import appraisal_data as data
from packages import appraisal_rule, pool_rules
from packages.appraisal_states import Cause, Factor, PoolState
from packages.choices import ReviewRole
from packages.models import Appraisal, FactorScore, JointSession, PoolEntry, ReviewTask
from packages.services.appraisal_pool import convener_of, lock_entry, move
from packages.states import TASK_OPEN, SessionKind, SessionState
from projects import clocks, timing
from projects.clock_states import ClockKind
from projects.errors import DomainError, require
from projects.events import Telling, latest_of, record, record_all, told_by
from projects.models import Organisation, Project, User
from projects.services.involvement import involve_bodies
from projects.states import InvolvementRole

EVIDENCE_KIND = "appraisal-evidence"
TOP = 3


@dataclass(frozen=True, slots=True)
class Given:
    """What a department says of a factor; `evidence` is a version of the archive or a new upload."""

    level: int
    reason: str
    is_na: bool = False
    evidence: DocumentVersion | UploadedFile[Any] | None = None


# Opening -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_round(
    entry_id: int, *, by: User | None, cause: str = "", note: str = "", factors: Collection[str] = (),
    at: dt.datetime | None = None,
) -> Appraisal:
    """Open a round of appraisal: every department of its factors is asked at once, with a clock of its own.

    `factors` narrows the round to some of them; what was scored before stands for the others. Effects in order:
    session and round, a task per department from now, the departments are involved, events `session.opened`,
    `task.invited`, `pool.appraising`. While a round runs it is returned. Raises `NotAllowed`, `DomainError`
    (`pool_state`, `body_missing`, `policy_missing`).
    """
    entry = lock_entry(entry_id)
    running = data.open_round_of(entry)
    if running is not None:
        return running
    require(pool_rules.can_open_round, by, entry)
    if entry.state not in (PoolState.WAITING, PoolState.APPRAISED):
        raise DomainError(
            "pool_state", f"项目现在是“{entry.get_state_display()}”，不能发起研判。", latest=told_by(latest_of(entry))
        )
    first = not entry.appraisals.filter(signed_at__isnull=False).exists()
    cause = cause or (Cause.FIRST if first else Cause.ASKED)
    return begin_round(entry, cause, note, () if first else factors, by=by, at=at)


def begin_round(
    entry: PoolEntry, cause: str, note: str, factors: Collection[str], *, by: User | None, at: dt.datetime | None
) -> Appraisal:
    """Open a round of a locked entry that may have one; see `open_round`."""
    moment, project = at or timing.now(), entry.project
    day = timing.business_day(moment)
    table, content = data.content_now()
    asked = _asked(content, project, factors, day)
    number = JointSession.objects.filter(project=project, kind=SessionKind.APPRAISAL).count() + 1
    session = JointSession.objects.create(
        kind=SessionKind.APPRAISAL, project=project, round=number, lead=convener_of(project), opened_at=moment,
        state=SessionState.REVIEWING, pushed_at=moment, merge_days=0, change_note=note.strip()[:500],
    )
    made = Appraisal.objects.create(
        session=session, entry=entry, cause=cause, note=note.strip()[:300], table=table,
        package=data.package_of(project), opened_by=by,
        asked=[[factor, body.pk] for factor, bodies in asked for body in bodies],
    )
    entry.again, entry.asleep_on = [], None
    move(
        entry, "begin", "pool.appraising", f"第 {number} 轮联合研判：{made.get_cause_display()}", by=by, at=at,
        round=number, cause=cause,
    )
    days, _ = appraisal_rule.term(content, "score", day)
    _invite(session, asked, days, by=by, at=at, moment=moment)
    return made


def _asked(
    content: appraisal_rule.Content, project: Project, factors: Collection[str], day: dt.date
) -> list[tuple[str, list[Organisation]]]:
    wanted = [one for one in appraisal_rule.factors_of(content, project.investment, day)
              if not factors or one.code in factors]
    codes = {code for one in wanted for code in one.departments}
    bodies = {body.code: body for body in Organisation.objects.filter(code__in=codes)}
    if missing := codes - set(bodies):
        raise DomainError("body_missing", f"评分部门 {'、'.join(sorted(missing))} 没有登记，请管理员载入目录。")
    return [(one.code, [bodies[code] for code in one.departments]) for one in wanted]


def _invite(
    session: JointSession, asked: Sequence[tuple[str, list[Organisation]]], days: int, *, by: User | None,
    at: dt.datetime | None, moment: dt.datetime,
) -> None:
    """One task per department, however many factors it scores."""
    project = session.project
    factors: dict[int, list[str]] = {}
    bodies = {body.pk: body for _, some in asked for body in some}
    for factor, some in asked:
        for body in some:
            factors.setdefault(body.pk, []).append(str(Factor(factor).label))
    running = clocks.start_clocks([
        clocks.build_clock(
            kind=ClockKind.REVIEW, limit=days, on=moment, project=project,
            label=f"{bodies[pk].label}研判评分",
        ) for pk in factors
    ])
    tasks = ReviewTask.objects.bulk_create([
        ReviewTask(
            session=session, organisation=bodies[pk], role=ReviewRole.JOINT, days=days, scope_note="、".join(names),
            clock=clock, due_on=clock.due_on, pushed_at=moment,
        ) for (pk, names), clock in zip(factors.items(), running, strict=True)
    ])
    involved = involve_bodies(
        project, role=InvolvementRole.REVIEWER, organisations=list(bodies.values()), at=at
    )
    opened = Telling(
        "session.opened", session, summary=f"第 {session.round} 轮联合研判，{len(tasks)} 个部门评分",
        data={"state": ["", session.state], "round": session.round},
    )
    invited = [
        Telling(
            "task.invited", task, summary=f"请{task.organisation.label}评分：{task.scope_note}",
            data={"state": ["", task.state], "days": task.days, "due_on": str(task.due_on)},
        ) for task in tasks
    ]
    record_all([opened, *invited, *involved], project=project, by=by, at=at)


# Scoring -------------------------------------------------------------------------------------------------------------


def lock_round(appraisal_id: int) -> Appraisal:
    """Return a round, locked with its project, entry and session. Raises `Appraisal.DoesNotExist`."""
    entry_id = Appraisal.objects.values_list("entry_id", flat=True).get(pk=appraisal_id)
    entry = lock_entry(entry_id)
    found: Appraisal = Appraisal.objects.select_for_update(of=("self",)).select_related("table").get(pk=appraisal_id)
    session = JointSession.objects.select_for_update(of=("self",)).select_related("lead").get(pk=found.session_id)
    session.project = entry.project
    found.session, found.entry = session, entry
    return found


@transaction.atomic
def score_factors(
    task_id: int, *, by: User, scores: Mapping[str, Given], at: dt.datetime | None = None
) -> list[FactorScore]:
    """Score factors for a department, all of its task or some of them; once each in a round.

    Effects in order: the evidence is filed, a score per factor, event `appraisal.scored`; with the last factor the task
    is answered (event `task.answered`, its clock stops); with the last task the round waits for the chair (汇总). The
    same scores again change nothing. Raises `NotAllowed`, `DomainError` (`round_closed`, `factor`, `level`, `reason`,
    `evidence`, `scored`, that of the upload).
    """
    appraisal_id = Appraisal.objects.values_list("pk", flat=True).get(session__tasks=task_id)
    appraisal = lock_round(appraisal_id)
    task = ReviewTask.objects.select_for_update(of=("self",)).select_related("organisation", "clock").get(pk=task_id)
    task.session = appraisal.session
    known = {score.factor: score for score in task.scores.select_related("given_by")}
    if scores and all(_same(known.get(factor), given) for factor, given in scores.items()):
        return [known[factor] for factor in scores]
    _still_open(appraisal)
    require(pool_rules.can_score, by, task)
    if not scores:
        raise DomainError("factor", "请至少给一项要素评分。")
    moment = at or timing.now()
    made = [_score(appraisal, task, factor, given, known, by=by, at=moment) for factor, given in scores.items()]
    record(
        "appraisal.scored", subject=task, project=appraisal.session.project, by=by, at=at,
        summary=f"{task.organisation.label}评分：" + "，".join(f"{row}" for row in made),
        data={row.factor: row.level for row in made},
    )
    mine = {factor for factor, body in appraisal.asked if body == task.organisation_id}
    if mine <= {*known, *scores}:
        _answered(appraisal, task, by=by, at=at, moment=moment)
    return made


def _still_open(appraisal: Appraisal) -> None:
    session = appraisal.session
    if session.state != SessionState.REVIEWING:
        raise DomainError(
            "round_closed", f"第 {session.round} 轮研判评分已结束，不能再评；情况有变化的，请提请复评。",
            latest=told_by(latest_of(session)),
        )


def _same(score: FactorScore | None, given: Given) -> bool:
    return score is not None and (score.level, score.is_na, score.reason) == (
        TOP if given.is_na else given.level, given.is_na, given.reason.strip()[:500]
    )


def _score(
    appraisal: Appraisal, task: ReviewTask, factor: str, given: Given, known: Mapping[str, FactorScore], *, by: User,
    at: dt.datetime,
) -> FactorScore:
    _check(appraisal, task, factor, given, known)
    return FactorScore.objects.create(
        appraisal=appraisal, task=task, factor=factor, organisation=task.organisation,
        level=TOP if given.is_na else given.level, is_na=given.is_na, reason=given.reason.strip()[:500],
        evidence=_evidence(appraisal, task, factor, given, by=by, at=at), given_by=by, given_at=at,
        is_late=clocks.read_clock(task.clock).overdue,
    )


def _check(
    appraisal: Appraisal, task: ReviewTask, factor: str, given: Given, known: Mapping[str, FactorScore]
) -> None:
    word = Factor(factor).label if factor in Factor.values else factor
    if [factor, task.organisation_id] not in appraisal.asked:
        others = Organisation.objects.filter(pk__in=[body for code, body in appraisal.asked if code == factor])
        names = "、".join(body.label for body in others) or "本轮没有请任何部门"
        raise DomainError("factor", f"“{word}”由{names}评分，{task.organisation.label}不能评。")
    if factor in known:
        old = known[factor]
        raise DomainError(
            "scored", f"“{word}”本轮已由{old.given_by}评为 {old.level}（{old.reason}），一轮只评一次；"
            "情况有变化的，请提请复评。",
        )
    if not given.is_na and given.level not in appraisal_rule.LEVELS:
        raise DomainError("level", f"“{word}”的水平为 0 至 3。")
    if not given.reason.strip():
        raise DomainError("reason", f"请写明“{word}”的情况{'为什么不涉及' if given.is_na else ''}。")


def _evidence(
    appraisal: Appraisal, task: ReviewTask, factor: str, given: Given, *, by: User, at: dt.datetime
) -> DocumentVersion | None:
    project = appraisal.session.project
    if isinstance(given.evidence, DocumentVersion):
        if given.evidence.document.project_id != project.pk:
            raise DomainError("evidence", "佐证文件不属于本项目，请重新选择。")
        return given.evidence
    if given.evidence is not None:
        document = file_upload(
            project, uploaded=given.evidence, kind=DocumentKind.objects.get(slug=EVIDENCE_KIND),
            title=f"{Factor(factor).label}佐证（{task.organisation.label}）", source=task, by=by,
            visibility=Visibility.OFFICE, at=at,
        )
        return document.versions.order_by("-version")[0]
    levels = appraisal_rule.levels_of(appraisal.table.content, factor, timing.business_day(at))
    if not given.is_na and levels[given.level].needs_evidence:
        raise DomainError(
            "evidence", f"“{Factor(factor).label}”评为“{levels[given.level].word}”须有佐证，请选择档案文件或上传。"
        )
    return None


def _answered(
    appraisal: Appraisal, task: ReviewTask, *, by: User, at: dt.datetime | None, moment: dt.datetime
) -> None:
    session = appraisal.session
    old = task.state
    task.answer()
    task.handler, task.closed_at = by, moment
    task.save()
    clocks.stop_clock(task.clock, moment)
    record(
        "task.answered", subject=task, project=session.project, by=by, at=at,
        summary=f"{task.organisation.label}评分完成", data={"state": [old, task.state]},
    )
    if not session.tasks.filter(state__in=TASK_OPEN).exists():
        begin_signing(session, "评分已齐，请主持人签署研判意见", by=by, at=at)


def begin_signing(session: JointSession, summary: str, *, by: User | None, at: dt.datetime | None) -> None:
    """Nobody is left to score: the round of a locked session waits for the chair (汇总)."""
    old = session.state
    session.begin_merging()
    session.save()
    record(
        "session.merging", subject=session, project=session.project, by=by, at=at, summary=summary,
        data={"state": [old, session.state]},
    )


# Again ---------------------------------------------------------------------------------------------------------------


@transaction.atomic
def reappraise(
    entry_id: int, *, cause: str, factors: Collection[str] = (), note: str = "", at: dt.datetime | None = None
) -> Appraisal | None:
    """Appraise a project again: a gap was closed, or its days are over. None where that is not the time.

    While a round runs that has these factors scored already, they are kept for the next one.
    """
    entry = lock_entry(entry_id)
    running = data.open_round_of(entry)
    if running is not None:
        scored = set(running.scores.values_list("factor", flat=True))
        asked = {factor for factor, _ in running.asked}
        late = (set(factors) & scored) | (set(factors) - asked)
        if late - set(entry.again):
            entry.again = sorted({*entry.again, *late})
            entry.save(update_fields=["again"])
        return None
    if entry.state != PoolState.APPRAISED or not entry.project.is_open:
        return None
    return begin_round(entry, cause, note, factors, by=None, at=at)

