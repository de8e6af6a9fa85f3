"""An enterprise changes an answer that it has saved, as long as nothing was handed back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from archives.models import DocumentKind, IssueEvidence
from archives.services.filing import file_upload
from packages import rules
from packages.services.correction import AWAY, EVIDENCE_SLUG, answer_fault
from packages.services.locking import expect, lock_case
from packages.waiting import CASE_LABEL
from projects.errors import DomainError, require
from projects.events import record
from projects.models import IssueItem, User
from projects.states import ISSUE_WITH_OWNER, IssueKind, IssueState

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


@transaction.atomic
def save_answer(
    issue_id: int, *, answer: str, by: User, uploaded: UploadedFile[Any] | None = None, at: dt.datetime | None = None
) -> IssueItem:
    """Answer a told fault, or answer it anew while the clock of its correction still runs.

    The first answer is `answer_fault`. A later one replaces its words, files a new version of the evidence beside the
    old one and tells `issue.answer_changed`; the same words without a file change nothing. Raises `NotAllowed`,
    `DomainError` (`issue_kind`, `case_state`, `answer_missing`, `handed_back`, that of the upload).
    """
    issue = IssueItem.objects.get(pk=issue_id)
    if issue.kind != IssueKind.CORRECTION or issue.subject_type != CASE_LABEL:
        raise DomainError("issue_kind", "这里只答复补正告知的问题。")
    case = lock_case(int(issue.subject_key))
    issue = IssueItem.objects.select_for_update(of=("self",)).select_related("clock").get(pk=issue_id)
    if issue.state in ISSUE_WITH_OWNER:
        return answer_fault(issue_id, answer=answer, by=by, uploaded=uploaded, at=at)
    issue.project = case.project
    require(rules.can_answer_fault, by, issue)
    words = answer.strip()[:500]
    if words == issue.answer and uploaded is None:
        return issue
    expect(case, *AWAY, verb="修改答复")
    if issue.state != IssueState.SUBMITTED or issue.clock is None or not issue.clock.is_live:
        raise DomainError("handed_back", "材料已经交回，答复不能再改；需要更正的请联系窗口。")
    if not words:
        raise DomainError("answer_missing", "请写明怎么改的，再保存。")
    if uploaded is not None:
        document = file_upload(
            case.project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=EVIDENCE_SLUG),
            title=f"{case.fault_word}：{issue.what}"[:200], source=issue,
            source_label=f"{case.matter.name} {case.fault_word}", by=by, at=at,
        )
        version = document.versions.order_by("version").last()
        if version is not None:
            IssueEvidence.objects.get_or_create(issue=issue, version=version)
    issue.answer = words
    issue.save(update_fields=["answer"])
    record(
        "issue.answer_changed", subject=issue, project=case.project, by=by, at=at, summary=f"修改答复：{issue.what}",
    )
    return issue
