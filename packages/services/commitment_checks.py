"""Whether a commitment was kept: the end of its term, the report, the check, the breach (handbook §5.5)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from archives.models import DocumentKind
from archives.services.filing import file_upload
from archives.states import PaperKind
from packages import promise_rules
from packages.models import Commitment, CommitmentCheck, MatterCase
from packages.services import paperwork
from packages.services.committing import EVIDENCE_KIND, lock_commitment, tell_step, void_commitments
from packages.services.timekeeping import start_owner_clock
from packages.states import CheckResult, CommitmentState
from projects import clocks, timing
from projects.back_entry import check_follows, counted_at
from projects.clock_states import ClockKind, ClockState
from projects.errors import DomainError, require
from projects.quoting import quoted
from projects.services.issues import answer_issue, reject_issue, verify_issue, waive_issue
from projects.states import ISSUE_OPEN, IssueState

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from projects.models import User


def due_commitments(day: dt.date) -> QuerySet[Commitment]:
    """Return the commitments whose term ended before a day."""
    ended = Q(state__in=[CommitmentState.PERFORMING, CommitmentState.OVERDUE], due_on__lt=day)
    running = Q(issue__clock__state=ClockState.RUNNING)
    return Commitment.objects.filter(ended & running)


@transaction.atomic
def end_term(commitment_id: int) -> bool:
    """The term of a commitment is over: a drawn one (or one that was late) is to be checked, another counts as kept.

    Return whether something was done; a second call does nothing. Source: our own proposal (docs/promises.md).
    """
    commitment = lock_commitment(commitment_id)
    issue = commitment.issue
    if issue is None or issue.clock is None or commitment.state not in (
        CommitmentState.PERFORMING, CommitmentState.OVERDUE
    ):
        return False
    if not clocks.read_clock(issue.clock).overdue:
        return False
    if commitment.is_sampled or commitment.state == CommitmentState.OVERDUE:
        _call_check(commitment, "履行期满，待核查", by=None, at=None)
        return True
    old = commitment.state
    commitment.keep()
    commitment.closed_at, commitment.answer = timing.now(), f"期满，未列入核查（核查比例 {commitment.rate}%）"
    commitment.save()
    answer_issue(issue, answer=commitment.answer, by=None)
    verify_issue(issue, by=None)
    clocks.stop_clock(issue.clock)
    tell_step(commitment, "kept", f"承诺期满：{commitment.case.matter.name}，未列入核查", old, by=None, at=None)
    return True


@transaction.atomic
def report_kept(commitment_id: int, *, by: User, note: str, at: dt.datetime | None = None) -> Commitment:
    """The enterprise says that it keeps what it promised; the department then checks. Twice changes nothing.

    Raises `NotAllowed`, `DomainError` (`note_missing`).
    """
    commitment = lock_commitment(commitment_id)
    if commitment.state == CommitmentState.TO_CHECK:
        return commitment
    require(promise_rules.can_report_kept, by, commitment)
    if not note.strip():
        raise DomainError("note_missing", "请写明怎样达到承诺的条件。")
    if commitment.issue is not None:
        answer_issue(commitment.issue, answer=note.strip()[:500], by=by, at=at)
    _call_check(commitment, "企业报告已履约，待核查", by=by, at=at)
    return commitment


def _call_check(commitment: Commitment, words: str, *, by: User | None, at: dt.datetime | None) -> None:
    old = commitment.state
    commitment.call_check()
    commitment.save()
    if commitment.issue is not None and commitment.issue.clock is not None:
        clocks.stop_clock(commitment.issue.clock, counted_at(at))
    tell_step(commitment, "check_due", f"{words}：{commitment.case.matter.name}", old, by=by, at=at)


@transaction.atomic
def record_check(  # noqa: PLR0913 - one argument per field of the record
    commitment_id: int, *, by: User, result: str, note: str, uploaded: UploadedFile[Any] | None = None,
    days: int | None = None, at: dt.datetime | None = None,
) -> Commitment:
    """Record a check with its evidence: 已履约, 尚未履约 (a last term of `days`), or 违诺.

    Effects in order: the evidence is filed, `CommitmentCheck`, transition, issue item and clock, event
    `commitment.checked`; a breach: 违诺认定通知书. Raises `NotAllowed`, `DomainError` (`check_result`, `note_missing`,
    `upload_missing`, `check_again`).
    """
    commitment = lock_commitment(commitment_id)
    require(promise_rules.can_check_commitment, by, commitment)
    if result not in CheckResult.values:
        raise DomainError("check_result", "请选择核查结果：已履约、尚未履约或违诺。")
    if not note.strip():
        raise DomainError("note_missing", "请写明核查的时间、方式和看到的情况。")
    if uploaded is None:
        raise DomainError("upload_missing", "请附核查的佐证（现场照片、检测报告或记录）。")
    if result == CheckResult.LATE and commitment.checks.filter(result=CheckResult.LATE).exists():
        raise DomainError("check_again", "已经给过一次限期，请认定为已履约或违诺。")
    check_follows(at, commitment)
    moment = at or timing.now()
    kind = DocumentKind.objects.get(slug=EVIDENCE_KIND)
    document = file_upload(
        commitment.case.project, uploaded=uploaded, kind=kind, title=f"承诺核查：{commitment.case.matter.name}",
        source=commitment.case, by=by, at=at,
    )
    CommitmentCheck.objects.create(
        commitment=commitment, result=result, note=note.strip()[:500], evidence=document.versions.latest("version"),
        checked_by=by, checked_at=moment,
    )
    old = commitment.state
    if commitment.state != CommitmentState.TO_CHECK:
        _call_check(commitment, "部门提前核查", by=by, at=at)
        old = commitment.state
    _conclude_check(commitment, result, note.strip(), days, by=by, moment=moment)
    commitment.save()
    said = f"承诺核查：{commitment.case.matter.name}，{CheckResult(result).label}"
    tell_step(commitment, "checked", said, old, by=by, at=at, result=result)
    if commitment.state == CommitmentState.BREACHED:
        _breach_notice(commitment, note.strip(), by=by, at=moment)
    return commitment


def _conclude_check(
    commitment: Commitment, result: str, note: str, days: int | None, *, by: User, moment: dt.datetime
) -> None:
    issue = commitment.issue
    if issue is not None and issue.state != IssueState.SUBMITTED:
        answer_issue(issue, answer=f"部门核查：{note}"[:500], by=by, at=moment)
    if result == CheckResult.KEPT:
        commitment.keep()
        commitment.closed_at, commitment.answer = moment, "核查已履约"
        if issue is not None:
            verify_issue(issue, by=by, at=moment)
        return
    if issue is not None:
        reject_issue(issue, reason=note[:200], by=by, at=moment)
    if result == CheckResult.LATE:
        commitment.fall_late()
        clock = start_owner_clock(
            ClockKind.COMMITMENT, days=days or settings.COMMITMENT_LAST_TERM_DAYS, project=commitment.case.project,
            label=f"限期履行承诺：{commitment.case.matter.name}", at=counted_at(moment),
        )
        commitment.due_on = clock.due_on
        if issue is not None:
            issue.clock, issue.due_on = clock, clock.due_on
            issue.save(update_fields=["clock", "due_on"])
        return
    commitment.breach()


def _breach_notice(commitment: Commitment, note: str, *, by: User, at: dt.datetime) -> None:
    case = commitment.case
    paperwork.write(
        PaperKind.BREACH_NOTICE, case.project, subject=case, issuer=case.lead, by=by, at=at,
        what=f"{quoted(case.matter.name)}的承诺经核查认定为违诺", do="可以向出具部门说明情况；部门将依法处理",
        when="收到本通知后可以随时说明",
        paragraphs=[
            f"经核查，你单位就{quoted(case.matter.name)}（{case.number}）作出的承诺没有履行。核查情况：{note}",
            f"承诺书写明的后果：{'；'.join(commitment.terms['consequences'])}。", paperwork.remedies(),
        ],
    )


@transaction.atomic
def close_breach(commitment_id: int, *, by: User, answer: str, at: dt.datetime | None = None) -> Commitment:
    """The chief says what followed from a breach other than a revocation (e.g. made good, nothing to revoke).

    Event `commitment.breach_closed`; the issue item is waived with that answer. Twice changes nothing. Raises
    `NotAllowed`, `DomainError` (`note_missing`).
    """
    commitment = lock_commitment(commitment_id)
    if commitment.state == CommitmentState.BREACHED and commitment.closed_at is not None:
        return commitment
    require(promise_rules.can_close_breach, by, commitment)
    if not answer.strip():
        raise DomainError("note_missing", "请写明对违诺怎样处理和理由。")
    check_follows(at, commitment)
    _close(commitment, answer.strip(), by=by, at=at)
    return commitment


def _close(commitment: Commitment, answer: str, *, by: User | None, at: dt.datetime | None) -> None:
    commitment.closed_at, commitment.answer = at or timing.now(), answer[:300]
    commitment.save()
    if commitment.issue is not None and commitment.issue.state in ISSUE_OPEN:
        waive_issue(commitment.issue, reason=answer[:200], by=by, at=at)
    said = f"违诺处理：{commitment.case.matter.name}，{answer}"
    tell_step(commitment, "breach_closed", said, commitment.state, by=by, at=at)


def follow_revocation(case: MatterCase, *, by: User | None, at: dt.datetime | None = None) -> None:
    """The decision of a locked case was revoked: its breach is dealt with, what else was promised lapses."""
    void_commitments(case, reason="决定已撤销", by=by, at=at)
    for pk in case.commitments.filter(state=CommitmentState.BREACHED, closed_at=None).values_list("pk", flat=True):
        _close(lock_commitment(pk), "决定已撤销", by=by, at=at)
