"""A case that ends without a decision: not taken, refused at intake, withdrawn by the owner, recalled by the body.

The matter may be applied for again: a fresh draft takes its place, and papers stay in the archive.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from archives.states import PaperKind
from packages import rules
from packages.models import JointSession, MatterCase, ReviewTask
from packages.services import paperwork
from packages.services.drafts import renew_draft
from packages.services.locking import expect, lock_case
from packages.services.settling import waive_open
from packages.services.timekeeping import end_clocks, sync_due
from packages.states import CASE_OPEN, TASK_OPEN, CaseState, SessionState, TaskState
from projects import clocks, timing
from projects.errors import DomainError, require
from projects.events import record
from projects.models import User
from projects.status_codes import StatusCode


@transaction.atomic
def refuse_intake(
    case_id: int, *, by: User, reason: str, basis: str, referral: str = "", not_ours: bool = False,
    at: dt.datetime | None = None,
) -> MatterCase:
    """Refuse at the window: 不受理 (`not_ours`: no permit needed, another body's matter) or 不予受理 (still deficient).

    Effects in order: clocks stop, what was owed is waived, transition, event 4 or 5, a fresh draft, 不受理回执 or
    不予受理决定书 with reason, basis and remedies. Raises `NotAllowed`, `DomainError` (`case_state`, `reason`).
    Source: 行政许可法 32(1)(1)(2), 32(2).
    """
    case = lock_case(case_id)
    expect(case, CaseState.RECEIVED, verb="退件")
    require(rules.can_refuse, by, case)
    if not reason.strip() or not basis.strip():
        raise DomainError("reason", "退件须写明理由和依据，请补充后再提交。")
    old = case.state
    if not_ours:
        case.not_take()
        code, kind, word = StatusCode.NOT_TAKEN, PaperKind.NOT_TAKEN, "不受理"
    else:
        case.refuse_intake()
        code, kind, word = StatusCode.REFUSED_INTAKE, PaperKind.REFUSED_INTAKE, "不予受理"
    moment = _close(case, reason=word, by=by, at=at, cancel=False)
    record(
        "case.not_taken" if not_ours else "case.refused_intake", subject=case, project=case.project, by=by, at=at,
        status_code=code, summary=f"{word}：{case.matter.name}，{reason.strip()}",
        data={"state": [old, case.state], "basis": basis.strip(), "referral": referral.strip()},
    )
    renew_draft(case, by=by, at=at)
    said = f"理由：{reason.strip()}。依据：{basis.strip()}。"
    paragraphs = [f"你单位申请的“{case.matter.name}”（{case.number}），经审查{word}。{said}"]
    if referral.strip():
        paragraphs.append(f"请向{referral.strip()}提出申请。")
    paperwork.write(
        kind, case.project, subject=case, issuer=case.project.centre, by=by, at=moment,
        what=f"“{case.matter.name}”{word}",
        do=f"向{referral.strip()}申请" if referral.strip() else "补正后可以重新申报", when="随时可以重新申报",
        paragraphs=paragraphs, legal=["《行政许可法》第三十二条", paperwork.remedies()],
    )
    return case


@transaction.atomic
def withdraw_case(case_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> MatterCase:
    """Withdraw a case before its decision, at the owner's wish (撤件).

    Effects in order: clocks are cancelled, open reviews end, what was owed is waived, transition, event 2, a fresh
    draft. Papers stay in the archive and may be used again. Raises `NotAllowed`, `DomainError` (`case_state`,
    `reason`). Source: handbook §2.2 (e).
    """
    case = lock_case(case_id)
    expect(case, *CASE_OPEN, verb="撤件")
    require(rules.can_withdraw, by, case)
    if not reason.strip():
        raise DomainError("reason", "撤件须写明原因，请补充后再提交。")
    old = case.state
    case.withdraw()
    _close(case, reason="撤件", by=by, at=at, cancel=True)
    record(
        "case.withdrawn", subject=case, project=case.project, by=by, at=at, status_code=StatusCode.WITHDRAWN,
        summary=f"撤件：{case.matter.name}，{reason.strip()}", data={"state": [old, case.state]},
        on_behalf_of=case.project.owner.name,
    )
    renew_draft(case, by=by, at=at)
    return case


@transaction.atomic
def recall_case(case_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> MatterCase:
    """The lead department takes back its step, e.g. when a correction never came (撤回, event 14).

    Effects as a withdrawal. Raises `NotAllowed`, `DomainError` (`case_state`, `reason`).
    """
    case = lock_case(case_id)
    expect(case, CaseState.IN_REVIEW, CaseState.CORRECTING, verb="撤回")
    require(rules.can_recall, by, case)
    if case.accepted_at is None:
        raise DomainError("case_state", f"“{case.matter.name}”还没有受理，请按不予受理处理。")
    if not reason.strip():
        raise DomainError("reason", "撤回须写明理由，请补充后再提交。")
    old = case.state
    case.recall()
    _close(case, reason="撤回", by=by, at=at, cancel=True)
    record(
        "case.recalled", subject=case, project=case.project, by=by, at=at, status_code=StatusCode.RECALLED,
        summary=f"撤回：{case.matter.name}，{reason.strip()}", data={"state": [old, case.state]},
    )
    renew_draft(case, by=by, at=at)
    return case


def _close(case: MatterCase, *, reason: str, by: User, at: dt.datetime | None, cancel: bool) -> dt.datetime:
    """End what runs for a case that has just left its open states, and save it; return the moment."""
    moment = at or timing.now()
    end_clocks(case, moment, cancel=cancel)
    end_sessions(case, by=by, at=at)
    waive_open(case, reason=reason, by=by, at=at)
    case.ended_at, case.state_before_pause, case.special_kind = moment, "", ""
    sync_due(case, save=False)
    case.save()
    return moment


def end_sessions(case: MatterCase, *, by: User | None, at: dt.datetime | None) -> None:
    """End the joint reviews of a case that are not merged, with their open tasks."""
    open_states = [SessionState.REVIEWING, SessionState.MERGING]
    sessions = JointSession.objects.select_for_update(of=("self",)).filter(case=case, state__in=open_states)
    for session in sessions.order_by("pk"):
        session.case, session.project = case, case.project
        close_tasks(session, by=by, at=at)
        old = session.state
        session.close()
        session.save()
        record(
            "session.closed", subject=session, project=case.project, by=by, at=at, summary=f"联合审查终止：{case}",
            data={"state": [old, session.state]},
        )


def close_tasks(session: JointSession, *, by: User | None, at: dt.datetime | None) -> None:
    """Close the tasks of a session that nobody answered; their clocks are cancelled."""
    moment = at or timing.now()
    found = ReviewTask.objects.select_for_update(of=("self",)).select_related("organisation", "clock")
    for task in found.filter(session=session, state__in=[*TASK_OPEN, TaskState.NO_OPINION]).order_by("pk"):
        task.session = session
        old = task.state
        task.close()
        task.closed_at = moment
        task.save()
        clocks.cancel_clock(task.clock, moment)
        record(
            "task.closed", subject=task, project=session.project, by=by, at=at,
            summary=f"{task.organisation}的审查任务终止", data={"state": [old, task.state]},
        )
