"""At the site and after it: results of the items, the one list, rectification, and the one re-check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from django.conf import settings
from django.db import transaction

from acceptance import rules
from acceptance.models import AcceptanceApplication, AcceptanceItem
from acceptance.services.application import lock_acceptance, move, settle_item
from acceptance.services.timekeeping import pause_acceptance, resume_acceptance
from acceptance.states import ITEM_GOOD, AcceptanceState
from archives.models import DocumentKind, IssueEvidence
from archives.paper_kinds import paper_slug
from archives.services.filing import file_upload
from archives.services.papers import issue_paper
from archives.states import PaperKind
from projects import timing, workdays
from projects.errors import DomainError, require
from projects.events import lock_project, subject_of
from projects.models import IssueItem
from projects.services.issues import answer_issue, raise_issue, reject_issue, verify_issue
from projects.states import ISSUE_WITH_OWNER, IssueKind, IssueState

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.db.models import QuerySet

    from projects.models import User

RESULTS = {"passed": "pass_item", "not_involved": "not_involve", "fault": "find_fault"}
EVIDENCE_KIND = "rectification-evidence"


class Fault(TypedDict):
    """One fault that a department found: what, on what basis, how to fix it."""

    what: str
    basis: str
    how_to_fix: str


def issues_of(item: AcceptanceItem) -> QuerySet[IssueItem]:
    """Return the rectification items of one acceptance item."""
    subject_type, subject_key = subject_of(item)
    return IssueItem.objects.filter(subject_type=subject_type, subject_key=subject_key)


def issues_of_acceptance(acceptance: AcceptanceApplication) -> QuerySet[IssueItem]:
    """Return all rectification items of an acceptance, in the order in which they were found."""
    keys = [str(pk) for pk in acceptance.items.values_list("pk", flat=True)]
    return IssueItem.objects.filter(subject_type=AcceptanceItem._meta.label, subject_key__in=keys).order_by("pk")


def _lock_item(item_id: int) -> AcceptanceItem:
    acceptance = lock_acceptance(AcceptanceItem.objects.values_list("acceptance_id", flat=True).get(pk=item_id))
    item = AcceptanceItem.objects.select_for_update(of=("self",)).select_related("organisation", "case").get(pk=item_id)
    item.acceptance = acceptance
    return item


@transaction.atomic
def record_item(  # noqa: PLR0913
    item_id: int, *, by: User, result: str, note: str = "", faults: Sequence[Fault] = (), at: dt.datetime | None = None
) -> AcceptanceItem:
    """Record the result of one item at the site: passed, not_involved (with a reason), or fault with its faults.

    Errors: no fault named, a fault without basis or remedy, an item already recorded. Source: handbook §8.3.
    """
    item = _lock_item(item_id)
    require(rules.can_record, by, item)
    if result not in RESULTS:
        raise DomainError("unknown_result", "请选择合格、不涉及或需整改。")
    if result == "not_involved" and not note.strip():
        raise DomainError("reason_missing", "选择“不涉及”要写明理由。")
    if (result == "fault") != bool(faults):
        raise DomainError("fault_missing", "需整改的项要逐条写明问题；合格或不涉及的项不能带问题。")
    for fault in faults:
        if not (fault["what"].strip() and fault["basis"].strip() and fault["how_to_fix"].strip()):
            raise DomainError("fault_incomplete", "每条问题都要写明：什么问题、依据、怎么改。")
        raise_issue(
            item.acceptance.project, kind=IssueKind.RECTIFICATION, subject=item, debtor=item.acceptance.project.owner,
            by=by, raised_for=item.organisation, batch=item.acceptance.round, at=at, **fault,
        )
    return settle_item(item, RESULTS[result], note=note, by=by, at=at)


@transaction.atomic
def issue_list(
    acceptance_id: int, *, by: User, held_on: dt.date, record_text: str, attendees: Sequence[str] = (),
    at: dt.datetime | None = None,
) -> AcceptanceApplication:
    """Close the visit and return the acceptance.

    With faults the one consolidated list goes out (numbered paper) and the clock pauses for the owner; without faults
    the acceptance goes to the merging. Errors: an item without result, a day in the future.
    """
    acceptance = lock_acceptance(acceptance_id)
    require(rules.can_issue_list, by, acceptance)
    if held_on > timing.business_day(at or timing.now()):
        raise DomainError("visit_in_future", "到场日期晚于今天，请核对。")
    visit = acceptance.visit
    visit.held_on, visit.record, visit.attendees = held_on, record_text, list(attendees)
    visit.save()
    issues = list(issues_of_acceptance(acceptance).filter(state__in=ISSUE_WITH_OWNER).select_related("raised_for"))
    old = acceptance.state
    acceptance.list_issued_at = at or timing.now()
    if not issues:
        acceptance.begin_merging()
        move(acceptance, old, kind="acceptance.visit_held", summary="现场验收未发现问题，转汇总", by=by, at=at)
        return acceptance
    due_on = workdays.due_date(timing.business_day(acceptance.list_issued_at), settings.RECTIFICATION_DAYS)
    IssueItem.objects.filter(pk__in=[issue.pk for issue in issues]).update(due_on=due_on)
    _issue_list_paper(acceptance, issues, due_on, by=by, at=at)
    pause_acceptance(acceptance, basis="联合验收一次性告知，集中整改", at=acceptance.list_issued_at)
    acceptance.begin_rectification()
    move(acceptance, old, kind="acceptance.list_issued", summary=f"一次性告知 {len(issues)} 条整改", by=by, at=at)
    return acceptance


def _issue_list_paper(
    acceptance: AcceptanceApplication, issues: list[IssueItem], due_on: dt.date, *, by: User, at: dt.datetime | None
) -> None:
    rows = [[str(n), i.raised_for.label if i.raised_for else "", i.what, i.basis, i.how_to_fix]
            for n, i in enumerate(issues, 1)]
    content: dict[str, Any] = {
        "addressee": acceptance.project.owner.name,
        "gist": {
            "project": f"{acceptance.project.name}（{acceptance.project.code}）",
            "what": f"现场验收发现 {len(issues)} 个问题，一次告知",
            "do": "按表逐条整改，附照片或文件后提交复核",
            "when": f"{due_on.year}年{due_on.month}月{due_on.day}日前",
        },
        "paragraphs": ["各部门已于现场一次看完。除下表所列外，本次联合验收不再提出新的问题；整改期间不计入验收时限。"],
        "table": {"head": ["序号", "部门", "问题", "依据", "怎么改"], "rows": rows},
        "legal": [],
    }
    issue_paper(
        acceptance.project, kind=PaperKind.SITE_LIST, series="联验告", title="联合验收一次性告知单",
        issuer=acceptance.lead, content=content, subject=acceptance, by=by,
        document_kind_slug=paper_slug(PaperKind.SITE_LIST), at=at,
    )


@transaction.atomic
def answer_rectification(
    issue_id: int, *, by: User, answer: str, uploaded: UploadedFile[bytes] | None = None, at: dt.datetime | None = None
) -> IssueItem:
    """The owner answers one item of the list, with evidence where there is any. Answering twice is a no-op."""
    project = lock_project(IssueItem.objects.values_list("project_id", flat=True).get(pk=issue_id))
    issue = IssueItem.objects.select_for_update(of=("self",)).get(pk=issue_id)
    issue.project = project
    if issue.state == IssueState.SUBMITTED:
        return issue
    require(rules.can_answer, by, issue)
    if not answer.strip():
        raise DomainError("answer_missing", "请写明怎么改的。")
    if uploaded is not None:
        document = file_upload(
            project, uploaded=uploaded, kind=DocumentKind.objects.get(slug=EVIDENCE_KIND),
            title=f"整改佐证：{issue.what}"[:200], source=issue, by=by, at=at,
        )
        IssueEvidence.objects.get_or_create(issue=issue, version=document.versions.latest("version"))
    return answer_issue(issue, answer=answer, by=by, at=at)


@transaction.atomic
def return_rectified(acceptance_id: int, *, by: User, at: dt.datetime | None = None) -> AcceptanceApplication:
    """The owner hands the whole list back; the clock runs again. Errors: an item of the list is not answered."""
    acceptance = lock_acceptance(acceptance_id)
    if acceptance.state == AcceptanceState.RECHECK:
        return acceptance
    require(rules.can_return, by, acceptance)
    unanswered = list(
        issues_of_acceptance(acceptance).filter(state__in=ISSUE_WITH_OWNER).values_list("what", flat=True)
    )
    if unanswered:
        raise DomainError("unanswered", f"还有 {len(unanswered)} 条没有答复：{'、'.join(unanswered)}。")
    old = acceptance.state
    acceptance.begin_recheck()
    resume_acceptance(acceptance, at=at or timing.now())
    move(acceptance, old, kind="acceptance.rectified", summary="整改完成，提交复核", by=by, at=at)
    return acceptance


@transaction.atomic
def recheck_item(
    item_id: int, *, by: User, holds: bool, note: str = "", at: dt.datetime | None = None
) -> AcceptanceItem:
    """Re-check one failed item: it holds (its issues are closed), or its issues are open again with the reason.

    When every failed item is re-checked the acceptance goes to the merging, or back to the owner.
    """
    item = _lock_item(item_id)
    require(rules.can_recheck, by, item)
    if not holds and not note.strip():
        raise DomainError("reason_missing", "复核不通过要写明哪里还没有改到位。")
    for issue in issues_of(item).filter(state=IssueState.SUBMITTED).select_related("project"):
        issue.project = item.acceptance.project
        if holds:
            verify_issue(issue, by=by, at=at)
        else:
            reject_issue(issue, reason=note, by=by, at=at)
    if holds:
        item = settle_item(item, "pass_recheck", note=note, by=by, at=at)
    _after_recheck(item.acceptance, by=by, at=at)
    return item


def _after_recheck(acceptance: AcceptanceApplication, *, by: User, at: dt.datetime | None) -> None:
    issues = issues_of_acceptance(acceptance)
    if issues.filter(state=IssueState.SUBMITTED).exists():
        return
    old = acceptance.state
    if acceptance.items.filter(is_gate=True).exclude(state__in=list(ITEM_GOOD)).exists():
        acceptance.return_to_rectification()
        pause_acceptance(acceptance, basis="复核未通过，继续整改", at=at or timing.now())
        move(acceptance, old, kind="acceptance.recheck_failed", summary="复核未全部通过，退回整改", by=by, at=at)
        return
    acceptance.begin_merging()
    move(acceptance, old, kind="acceptance.rechecked", summary="复核合格，转汇总", by=by, at=at)
