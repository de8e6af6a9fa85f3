"""A case that ends without a decision: not taken, refused at intake, recalled by the body, or never corrected.

A case that its owner takes back is `packages.services.withdrawing`.

The matter may be applied for again: a fresh draft takes its place, and papers stay in the archive.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from archives.states import PaperKind
from packages import rules
from packages.models import MatterCase
from packages.services import act_papers, paperwork
from packages.services.back_entry import check_moment
from packages.services.closing import close_case, end_sessions
from packages.services.concluding import conclude
from packages.services.correction import correction_clock, end_correction
from packages.services.drafts import renew_draft
from packages.services.locking import expect, lock_case
from packages.states import CaseState, Outcome
from packages.verdict_words import words_of
from projects import clocks
from projects.errors import DomainError, require
from projects.events import record
from projects.models import User
from projects.quoting import quoted
from projects.status_codes import StatusCode

#: What the department may choose where a correction never came.
OVERDUE_CHOICES = ("recall", "fail")
#: What the window writes in the place of another body where nobody grants the matter (行政许可法 32(1)(1)).
NO_PERMIT = "依法不需"


@transaction.atomic
def refuse_intake(
    case_id: int, *, by: User, reason: str, basis: str, referral: str = "", not_ours: bool = False,
    at: dt.datetime | None = None,
) -> MatterCase:
    """Refuse at the window: 不受理 (`not_ours`: no permit needed, another body's matter) or 不予受理 (still deficient).

    Effects in order: clocks stop, what was owed is waived, transition, event 4 or 5, a fresh draft, 不受理回执 or
    不予受理决定书 with reason, basis and remedies, 退件回执. A completion that never came is ended first (event 7),
    once its time is over. Raises `NotAllowed`, `DomainError` (`case_state`, `reason`, `correction_runs`, those
    of `check_moment`). Source: 行政许可法 32(1)(1)(2), 32(2).
    """
    case = lock_case(case_id)
    expect(case, CaseState.RECEIVED, CaseState.CORRECTING, verb="作出不予受理决定")
    require(rules.can_refuse, by, case)
    check_moment(case, at)
    if not reason.strip() or not basis.strip():
        raise DomainError("reason", "不予受理、不受理须写明理由和依据，请补充后再提交。")
    if case.state == CaseState.CORRECTING:
        if case.accepted_at is not None:
            name, refused = quoted(case.matter.name), words_of(case.matter).refused
            raise DomainError("case_state", f"{name}已经受理，逾期未补正的由牵头部门撤回或{refused}。")
        _never_corrected(case, at)
        end_correction(case, by=by, at=at, returned=False)
    old = case.state
    if not_ours:
        case.not_take()
        code, kind, word = StatusCode.NOT_TAKEN, PaperKind.NOT_TAKEN, "不受理"
    else:
        case.refuse_intake()
        code, kind, word = StatusCode.REFUSED_INTAKE, PaperKind.REFUSED_INTAKE, "不予受理"
    moment = close_case(case, reason=word, by=by, at=at, cancel=False)
    record(
        "case.not_taken" if not_ours else "case.refused_intake", subject=case, project=case.project, by=by, at=at,
        status_code=code, summary=f"{word}：{case.matter.name}，{reason.strip()}",
        data={"state": [old, case.state], "basis": basis.strip(), "referral": referral.strip()},
    )
    renew_draft(case, by=by, at=at)
    said = f"理由：{reason.strip().rstrip('。')}。依据：{basis.strip().rstrip('。')}。"
    paragraphs = [f"你单位申请的{quoted(case.matter.name)}（{case.number}），经审查{word}。{said}"]
    if NO_PERMIT in referral:
        paragraphs.append(f"{quoted(case.matter.name)}依法不需要取得行政许可，不用申请。")
    elif referral.strip():
        paragraphs.append(f"请向{referral.strip()}提出申请。")
    do, when = _ahead(referral.strip(), not_ours=not_ours)
    paperwork.write(
        kind, case.project, subject=case, issuer=case.project.centre, by=by, at=moment,
        what=f"{quoted(case.matter.name)}{word}：{reason.strip()}", do=do, when=when,
        paragraphs=paragraphs, legal=["依据：《行政许可法》第三十二条。", paperwork.remedies()],
    )
    act_papers.return_receipt(case, by=by, at=moment)
    return case


def _ahead(referral: str, *, not_ours: bool) -> tuple[str, str]:
    """Return what the applicant does next and from when: nothing, ask another body, or apply again when mended."""
    if not_ours and (not referral or NO_PERMIT in referral):
        return "不用申报这一事项", "自收到本回执起"
    if referral:
        return f"向{referral}申请", "随时可以向它申请"
    return "按理由改好后重新申报", act_papers.AGAIN


@transaction.atomic
def recall_case(case_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> MatterCase:
    """The lead department takes back its step (撤回, event 14).

    Effects in order: clocks are cancelled, open reviews end, what was owed is waived, transition, event 14, a fresh
    draft, 撤回说明. Of a case that waits for a correction only once its time is over (`close_overdue`). Raises
    `NotAllowed`, `DomainError` (`case_state`, `reason`, `correction_runs`).
    """
    case = lock_case(case_id)
    expect(case, CaseState.IN_REVIEW, CaseState.CORRECTING, verb="撤回")
    require(rules.can_recall, by, case)
    check_moment(case, at)
    if case.state == CaseState.CORRECTING:
        _never_corrected(case, at)
    return _recall(case, by=by, reason=_said(reason, "撤回"), at=at)


def _recall(case: MatterCase, *, by: User, reason: str, at: dt.datetime | None) -> MatterCase:
    if case.accepted_at is None:
        raise DomainError("case_state", f"{quoted(case.matter.name)}还没有受理，请按不予受理处理。")
    old = case.state
    case.recall()
    moment = close_case(case, reason="撤回", by=by, at=at, cancel=True)
    record(
        "case.recalled", subject=case, project=case.project, by=by, at=at, status_code=StatusCode.RECALLED,
        summary=f"撤回：{case.matter.name}，{reason}", data={"state": [old, case.state]},
    )
    renew_draft(case, by=by, at=at)
    act_papers.recall(case, reason, by=by, at=moment)
    return case


@transaction.atomic
def close_overdue(
    case_id: int, *, by: User, choice: str, reason: str, at: dt.datetime | None = None
) -> MatterCase:
    """End a case whose correction never came, by the department's choice: 撤回 or 不予许可.

    `choice`: `recall` (event 14) or `fail` (event 13). Before the acceptance a completion that never came is refused
    at the window (`refuse_intake`). Effects in order: event 7 (期满未交回), the clocks run again, then those of the
    recall or of the decision. Raises `NotAllowed`, `DomainError` (`case_state`, `choice`, `reason`,
    `correction_runs`). Source: Appendix D (overdue correction).
    """
    case = lock_case(case_id)
    expect(case, CaseState.CORRECTING, verb="按逾期未补正处理")
    require(rules.can_close_overdue, by, case)
    check_moment(case, at)
    if case.accepted_at is None:
        raise DomainError("case_state", f"{quoted(case.matter.name)}还没有受理，补全逾期的请按不予受理处理。")
    refused = words_of(case.matter).refused
    if choice not in OVERDUE_CHOICES:
        raise DomainError("choice", f"请选择撤回或{refused}。")
    said = _said(reason, "部门撤回" if choice == "recall" else refused)
    _never_corrected(case, at)
    end_correction(case, by=by, at=at, returned=False)
    if choice == "recall":
        return _recall(case, by=by, reason=said, at=at)
    end_sessions(case, by=by, at=at)
    return conclude(case, outcome=Outcome.FAIL, note=said, by=by, at=at)


def _said(reason: str, verb: str) -> str:
    if not reason.strip():
        raise DomainError("reason", f"{verb}须写明理由，请补充后再提交。")
    return reason.strip()


def _never_corrected(case: MatterCase, at: dt.datetime | None) -> None:
    """Refuse while the owner still had time to correct at that moment."""
    clock = correction_clock(case)
    if clock is not None and not clocks.read_clock(clock, at).overdue:
        term = f"{quoted(case.matter.name)}的{case.fault_word}期限到{paperwork.day(clock.due_on)}"
        raise DomainError("correction_runs", f"{term}，期满未交回才能这样处理。")
