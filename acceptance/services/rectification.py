"""After the visit: the owner answers with evidence, the department re-checks, what is overdue is escalated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from acceptance import supervision_data as data
from acceptance import supervision_rules as may
from acceptance.models import Finding, Inspection
from acceptance.services.evidence import file_evidence
from acceptance.services.inspecting import close, findings_of
from acceptance.services.inspections import lock_inspection, move
from acceptance.supervision_states import InspectionState
from projects import timing
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.services.issues import answer_issue, missed_by_agent, reject_issue, verify_issue
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, IssueState

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from projects.models import User

EVIDENCE_SLUG = "inspection-evidence"


def lock_finding(finding_id: int) -> Finding:
    """Return a fault, locked with its project and inspection. Raises `Finding.DoesNotExist`."""
    pk = Finding.objects.values_list("line__unit__inspection_id", flat=True).get(pk=finding_id)
    row = lock_inspection(pk)
    finding = Finding.objects.select_for_update(of=("self",)).select_related(
        "issue", "line__unit__organisation"
    ).get(pk=finding_id)
    finding.line.unit.inspection = row
    finding.issue.project = row.project
    return finding


@transaction.atomic
def answer_finding(
    finding_id: int, *, by: User, answer: str, uploaded: Sequence[UploadedFile[Any]], at: dt.datetime | None = None
) -> Finding:
    """The owner answers one fault with its photographs; the last answer hands the whole list back (待复核).

    Twice changes nothing. Raises `NotAllowed`, `DomainError` (`answer`, `upload_missing`, those of an upload).
    """
    finding = lock_finding(finding_id)
    row = finding.line.unit.inspection
    if finding.issue.state == IssueState.SUBMITTED:
        return finding
    require(may.can_answer, by, finding)
    if not answer.strip():
        raise DomainError("answer", "请写明怎么改的。")
    if not uploaded:
        raise DomainError("upload_missing", "请附整改后的照片或文件。")
    title = f"整改：{finding.issue.what[:60]}"
    file_evidence(finding.issue, uploaded, slug=EVIDENCE_SLUG, title=title, source=finding.line, by=by, at=at)
    answer_issue(finding.issue, answer=answer.strip()[:500], by=by, at=at)
    if not findings_of(row).filter(issue__state__in=ISSUE_WITH_OWNER).exists():
        old = row.state
        row.hand_back()
        row.answered_at = at or timing.now()
        move(row, old, "answered", f"{row.title}整改已全部答复，等待复核", by=by, at=at)
    return finding


@transaction.atomic
def recheck_finding(
    finding_id: int, *, by: User, holds: bool, note: str = "", on_site: bool = False, at: dt.datetime | None = None
) -> Finding:
    """The department re-checks one fault at its desk or at the site.

    When all are re-checked the inspection closes, or goes back to the owner with what did not hold and a new last day.
    Raises `NotAllowed`, `DomainError` (`reason_missing`).
    """
    finding = lock_finding(finding_id)
    row = finding.line.unit.inspection
    if finding.issue.state == IssueState.VERIFIED and holds:
        return finding
    require(may.can_recheck, by, finding)
    if not holds and not note.strip():
        raise DomainError("reason_missing", "复核不通过要写明哪里还没有改到位。")
    check_follows(at, finding.issue)
    way = "现场复核" if on_site else "书面复核"
    if holds:
        verify_issue(finding.issue, by=by, at=at)
    else:
        again = data.due("again", at or timing.now())  # never sooner than what was first allowed
        finding.issue.due_on = max(finding.issue.due_on or again, again)
        reject_issue(finding.issue, reason=f"{way}：{note.strip()}"[:200], by=by, at=at)
    if not findings_of(row).filter(issue__state=IssueState.SUBMITTED).exists():
        _settle(row, by=by, at=at)
    return finding


def _settle(row: Inspection, *, by: User, at: dt.datetime | None) -> None:
    owed = [one.issue.due_on for one in findings_of(row).filter(issue__state__in=ISSUE_OPEN) if one.issue.due_on]
    if not owed:
        close(row, by=by, at=at)
        return
    old = row.state
    row.due_on = max(owed)
    row.return_to_owner()
    move(row, old, "returned", f"{row.title}复核未全部通过，{timing.written(row.due_on)}前继续整改", by=by, at=at)


@transaction.atomic
def escalate(inspection_id: int) -> bool:
    """Escalate one inspection of which a fault is overdue by its own day; return whether it was.

    Works that were stopped are due before the rest of the list: what is overdue is told, not the day of the whole list.
    Event `inspection.escalated`.
    """
    row = lock_inspection(inspection_id)
    if row.state != InspectionState.RECTIFYING:
        return False
    late = [one.issue for one in findings_of(row).filter(_late())]
    if not late:
        return False
    old = row.state
    row.escalate()
    day = min(issue.due_on for issue in late)
    move(row, old, "escalated", f"{row.title}整改逾期（{timing.written(day)}），升级处理", by=None, at=None,
         by_agent=missed_by_agent(late))
    return True


def _late() -> Q:
    """Faults that the owner owes and whose own last day has passed."""
    return Q(issue__state__in=list(ISSUE_WITH_OWNER), issue__due_on__lt=timing.today())


def overdue() -> Any:
    """Return the inspections of which a fault is overdue."""
    late = Finding.objects.filter(_late()).values("line__unit__inspection")
    return Inspection.objects.filter(state=InspectionState.RECTIFYING, pk__in=late)
