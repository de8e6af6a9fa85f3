"""The chair signs the opinion of a round: maturity and grade beside what the rule says (handbook §3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from packages import appraisal_data as data
from packages import appraisal_rule, pool_rules, ripe_guards
from packages.appraisal_states import Cause, Factor, Grade, Maturity
from packages.models import Appraisal, JointSession, PoolEntry, ReviewTask
from packages.services.appraisal_gaps import follow_levels
from packages.services.appraisal_papers import issue_papers
from packages.services.appraisal_pool import move
from packages.services.appraisal_rounds import begin_round, begin_signing, lock_round
from packages.services.closing import close_tasks
from packages.states import TASK_OPEN, SessionState
from projects import clocks, timing
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Project, User


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the chair signs. An empty maturity or grade is that of the rule; another one needs its reason."""

    text: str
    maturity: str = ""
    override_reason: str = ""
    ticks: Collection[str] = ()
    grade: str = ""
    grade_reason: str = ""
    settled: Mapping[str, int] = field(default_factory=dict)


@transaction.atomic
def sign_opinion(
    appraisal_id: int, *, by: User, conclusion: Conclusion, at: dt.datetime | None = None
) -> Appraisal:
    """Sign the opinion of a round: maturity, grade, gaps.

    While a department has not scored, only after its days are over; its factor stays 未评, 成熟 cannot be signed, and
    it is asked again in the next round at once. Effects in order: unanswered tasks close; the session is concluded;
    the entry takes maturity and grade, the next appraisal is due; event `appraisal.signed`; gaps are raised and those
    that are filled close; 联合研判意见书, 部门责任清单, 项目评价卡; a round for who was silent and for gaps that closed
    meanwhile. A second call returns what was signed. Raises `NotAllowed`, `DomainError` (`round_closed`, `unscored`,
    `text`, `disputed`, `silent`, `override_reason`, `grade_reason`,
    `resources`).
    """
    appraisal = lock_round(appraisal_id)
    if appraisal.signed_at is not None:
        return appraisal
    session, entry, project = appraisal.session, appraisal.entry, appraisal.session.project
    if session.state not in (SessionState.REVIEWING, SessionState.MERGING):
        raise DomainError("round_closed", f"第 {session.round} 轮研判已终止，不能签署。")
    require(pool_rules.can_sign, by, appraisal)
    moment = at or timing.now()
    day = timing.business_day(moment)
    silent = _silent(session)
    standings = data.standings_of(entry)
    _conclude(appraisal, standings, conclusion, silent, project, day)
    appraisal.silent = [row.organisation_id for row in silent]
    appraisal.signed_by, appraisal.signed_at, appraisal.text = by, moment, conclusion.text.strip()
    appraisal.save()
    close_tasks(session, by=by, at=at)
    if session.state == SessionState.REVIEWING:
        begin_signing(session, "评分期限已过，主持人签署研判意见", by=by, at=at)
    old = session.state
    session.conclude_pass()
    session.merged_at, session.merged_by, session.merged_text = moment, by, appraisal.text
    session.save()
    _take_over(entry, appraisal, day)
    move(
        entry, "conclude", "pool.appraised",
        f"研判结论：{appraisal.get_maturity_display()}，{appraisal.get_grade_display()}", by=by, at=at,
        maturity=appraisal.maturity, grade=appraisal.grade,
    )
    record(
        "appraisal.signed", subject=session, project=project, by=by, at=at,
        summary=f"签署第 {session.round} 轮联合研判意见：{appraisal.get_maturity_display()}",
        data={
            "state": [old, session.state], "machine": appraisal.machine, "maturity": appraisal.maturity,
            "grade": appraisal.grade,
        },
    )
    follow_levels(appraisal, by=by, at=at)
    issue_papers(appraisal, standings, by=by, at=moment)
    _next_round(appraisal, at=at)
    return appraisal


def _silent(session: JointSession) -> list[ReviewTask]:
    """The departments that have not scored; refused while one of them has time left."""
    found = list(session.tasks.filter(state__in=TASK_OPEN).select_related("organisation", "clock").order_by("pk"))
    early = [task for task in found if not clocks.read_clock(task.clock).overdue]
    if early:
        names = "；".join(
            f"{task.organisation.label}还没有评{task.scope_note}，{timing.written(task.due_on)}到期"
            for task in early if task.due_on
        ) or "评分时钟暂停"
        raise DomainError("unscored", f"{names}。评分齐全或到期后才能签署。")
    return found


def _conclude(
    appraisal: Appraisal, standings: Sequence[data.Standing], conclusion: Conclusion, silent: Sequence[ReviewTask],
    project: Project, day: dt.date,
) -> None:
    """Put on the row what the rule says and what the chair says; refuse what does not hold."""
    if not conclusion.text.strip():
        raise DomainError("text", "请写明研判意见后再签署。")
    open_ones = {
        factor: rows for factor, rows in data.disputed(standings).items() if factor not in conclusion.settled
    }
    if open_ones:
        names = "；".join(
            f"{Factor(factor).label}：" + "，".join(f"{row.organisation.label}评 {row.level}" for row in rows)
            for factor, rows in open_ones.items()
        )
        raise DomainError("disputed", f"部门评分不一致，请裁定后签署。{names}。")
    content = appraisal.table.content
    appraisal.settled = {factor: int(level) for factor, level in conclusion.settled.items()}
    appraisal.levels = data.levels_of(standings, appraisal.settled)
    derived = data.derive(content, appraisal.package, appraisal.levels, project, day)
    appraisal.machine, appraisal.reasons = derived.maturity, list(derived.reasons)
    appraisal.maturity = conclusion.maturity or derived.maturity
    if silent and appraisal.maturity == Maturity.READY:
        names = "、".join(task.organisation.label for task in silent)
        raise DomainError("silent", f"{names}未评分，不能认定为成熟；未评的要素转入下一轮补评。")
    appraisal.override_reason = _differs(
        "override_reason", appraisal.maturity, derived.maturity, conclusion.override_reason,
        f"规则判定为“{Maturity(derived.maturity).label}”，改为“{Maturity(appraisal.maturity).label}”",
    )
    weight = appraisal_rule.weigh(
        content, investment=float(project.total_investment) if project.total_investment is not None else None,
        opening_on=appraisal.entry.opening_on, ticks=conclusion.ticks, day=day,
    )
    appraisal.importance, appraisal.urgency, appraisal.marks = weight.importance, weight.urgency, list(weight.hits)
    appraisal.machine_grade, appraisal.grade = weight.grade, conclusion.grade or weight.grade
    appraisal.grade_reason = _differs(
        "grade_reason", appraisal.grade, weight.grade, conclusion.grade_reason,
        f"规则等级为“{Grade(weight.grade).label}”，改为“{Grade(appraisal.grade).label}”",
    )
    if (appraisal.maturity, appraisal.grade) == (Maturity.READY, Grade.A) and (why := ripe_guards.against(project)):
        raise DomainError("resources", f"不能认定为成熟并列为急重：{why}")


def _differs(code: str, final: str, machine: str, reason: str, words: str) -> str:
    if final == machine:
        return ""
    if not reason.strip():
        raise DomainError(code, f"{words}，须写明理由。")
    return reason.strip()[:300]


def _take_over(entry: PoolEntry, appraisal: Appraisal, day: dt.date) -> None:
    days, _ = appraisal_rule.term(appraisal.table.content, "again", day)
    entry.maturity, entry.grade, entry.appraised_at = appraisal.maturity, appraisal.grade, appraisal.signed_at
    entry.next_on = day + dt.timedelta(days=days)


def _next_round(appraisal: Appraisal, *, at: dt.datetime | None) -> None:
    """Ask again who was silent, and the departments of gaps that closed while the round ran."""
    entry = appraisal.entry
    factors = {factor for factor, body in appraisal.asked if body in appraisal.silent} | set(entry.again)
    if factors:
        cause = Cause.SILENT if appraisal.silent else Cause.GAP
        begin_round(entry, cause, "", sorted(factors), by=None, at=at)
