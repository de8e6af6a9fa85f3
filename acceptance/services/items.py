"""At the site and after it: results of the items, the one list, rectification, and the one re-check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from django.db import transaction

from acceptance import data, rules
from acceptance.models import AcceptanceApplication, AcceptanceItem
from acceptance.services.application import lock_acceptance, move, settle_item
from acceptance.services.evidence import file_evidence
from acceptance.services.list_papers import faults_paper
from acceptance.services.make_ups import owe_paper
from acceptance.services.scoping import package_of
from acceptance.services.timekeeping import pause_acceptance, resume_acceptance
from acceptance.states import AcceptanceState, ItemState
from projects import timing, workdays
from projects.back_entry import check_follows
from projects.errors import DomainError, require
from projects.events import lock_project, subject_of
from projects.models import IssueItem
from projects.quoting import quoted
from projects.services.issues import answer_issue, raise_issue, reject_issue, verify_issue, waive_issue
from projects.states import ISSUE_WITH_OWNER, IssueKind, IssueState

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.db.models import QuerySet

    from projects.models import User

RESULTS = {"passed": "pass_item", "not_involved": "not_involve", "fault": "find_fault", "deferred": "defer"}
EVIDENCE_KIND = "rectification-evidence"


class Fault(TypedDict):
    """One fault that a department found: what, on what basis, how to fix it."""

    what: str
    basis: str
    how_to_fix: str


def issues_of(item: AcceptanceItem) -> QuerySet[IssueItem]:
    """Return the rectification items of one acceptance item."""
    subject_type, subject_key = subject_of(item)
    return IssueItem.objects.filter(
        subject_type=subject_type, subject_key=subject_key, kind=IssueKind.RECTIFICATION
    )


def issues_of_acceptance(acceptance: AcceptanceApplication) -> QuerySet[IssueItem]:
    """Return all rectification items of an acceptance, in the order in which they were found."""
    return all_issues(acceptance).filter(kind=IssueKind.RECTIFICATION)


def paper_issues(acceptance: AcceptanceApplication) -> QuerySet[IssueItem]:
    """Return the faults of the papers of an acceptance."""
    return all_issues(acceptance).filter(kind=IssueKind.CORRECTION)


def all_issues(acceptance: AcceptanceApplication) -> QuerySet[IssueItem]:
    """Return everything that the owner owes for an acceptance: faults of papers and site, papers that follow."""
    keys = [str(pk) for pk in acceptance.items.values_list("pk", flat=True)]
    return IssueItem.objects.filter(subject_type=AcceptanceItem._meta.label, subject_key__in=keys).order_by("pk")


def check_fault(fault: Fault) -> None:
    """Refuse a fault that does not say what, on what basis, and how to fix it."""
    if not (fault["what"].strip() and fault["basis"].strip() and fault["how_to_fix"].strip()):
        raise DomainError("fault_incomplete", "每条问题都要写明：什么问题、依据、怎么改。")


def _lock_item(item_id: int) -> AcceptanceItem:
    acceptance = lock_acceptance(AcceptanceItem.objects.values_list("acceptance_id", flat=True).get(pk=item_id))
    item = AcceptanceItem.objects.select_for_update(of=("self",)).select_related(
        "organisation", "case", "definition"
    ).get(pk=item_id)
    item.acceptance = acceptance
    return item


@transaction.atomic
def record_item(  # noqa: PLR0913
    item_id: int, *, by: User, result: str, note: str = "", faults: Sequence[Fault] = (), paper: str = "",
    together: bool = False, at: dt.datetime | None = None,
) -> AcceptanceItem:
    """Record the result of one item at the site: passed, not_involved (with a reason), fault with its faults, deferred.

    `deferred`: in order but for the secondary `paper` that the data of the item allow to follow. `together`: the item
    that is checked with it (fire and quality) has the same result, passed. Errors: no fault named, a fault without
    basis or remedy, an item already recorded, a paper that may not follow, a visit that is not on. Source: handbook
    §8.3.
    """
    item = _lock_item(item_id)
    require(rules.can_record, by, item)
    if result not in RESULTS:
        raise DomainError("unknown_result", "请选择合格、不涉及、容缺或需整改。")
    check_follows(at, item, item.acceptance)
    if result == "not_involved" and not note.strip():
        raise DomainError("reason_missing", "选择“不涉及”要写明理由。")
    if (result == "fault") != bool(faults):
        raise DomainError("fault_missing", "需整改的项要逐条写明问题；合格或不涉及的项不能带问题。")
    for fault in faults:
        check_fault(fault)
        raise_issue(
            item.acceptance.project, kind=IssueKind.RECTIFICATION, subject=item, debtor=item.acceptance.project.owner,
            by=by, raised_for=item.organisation, batch=item.acceptance.round, at=at, **fault,
        )
    if result == "deferred":
        owe_paper(item, paper, by=by, at=at)
    item = settle_item(item, RESULTS[result], note=note, by=by, at=at)
    if together and result == "passed":
        _settle_fused(item, note=note, by=by, at=at)
    return item


def fused_with(item: AcceptanceItem) -> AcceptanceItem | None:
    """Return the item that is checked together with this one (工程质量 and 消防), when both have to be checked."""
    code = item.definition.fused_with
    if not code:
        return None
    found = AcceptanceItem.objects.filter(acceptance=item.acceptance_id, definition__code=code)
    other = found.select_related("organisation", "definition", "case").first()
    return other if other is not None and other.state != ItemState.NOT_INVOLVED else None


def _settle_fused(item: AcceptanceItem, *, note: str, by: User, at: dt.datetime | None) -> None:
    other = fused_with(item)
    if other is None or other.state != ItemState.PENDING:
        return
    other.acceptance = item.acceptance
    require(rules.can_record, by, other)
    settle_item(other, "pass_item", note=note or f"与{quoted(item.name)}同场合并验收", by=by, at=at)


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
    check_follows(at, acceptance, *acceptance.items.all())
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
        acceptance.merging_at = acceptance.list_issued_at
        move(acceptance, old, kind="acceptance.visit_held", summary="现场验收未发现问题，转汇总", by=by, at=at)
        return acceptance
    day = timing.business_day(acceptance.list_issued_at)
    due_on = workdays.due_date(day, data.term("rectify", day, package_of(acceptance.project)).value)
    IssueItem.objects.filter(pk__in=[issue.pk for issue in issues]).update(due_on=due_on)
    faults_paper(acceptance, issues, due_on, on_site=True, by=by, at=at)
    pause_acceptance(acceptance, basis="联合验收一次性告知，集中整改", at=acceptance.list_issued_at)
    acceptance.begin_rectification()
    move(acceptance, old, kind="acceptance.list_issued", summary=f"一次性告知 {len(issues)} 条整改", by=by, at=at)
    return acceptance


@transaction.atomic
def answer_rectification(
    issue_id: int, *, by: User, answer: str, uploaded: Sequence[UploadedFile[Any]] = (), at: dt.datetime | None = None
) -> IssueItem:
    """The owner answers one item of the list, with photographs where there are any. Answering twice is a no-op."""
    project = lock_project(IssueItem.objects.values_list("project_id", flat=True).get(pk=issue_id))
    issue = IssueItem.objects.select_for_update(of=("self",)).get(pk=issue_id)
    issue.project = project
    if issue.state == IssueState.SUBMITTED:
        return issue
    require(rules.can_answer, by, issue)
    if not answer.strip():
        raise DomainError("answer_missing", "请写明怎么改的。")
    file_evidence(issue, uploaded, slug=EVIDENCE_KIND, title=f"整改佐证：{issue.what}", source=issue, by=by, at=at)
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
    acceptance.recheck_rounds += 1
    resume_acceptance(acceptance, at=at or timing.now())
    move(acceptance, old, kind="acceptance.rectified", summary="整改完成，提交复核", by=by, at=at)
    return acceptance


@transaction.atomic
def recheck_item(  # noqa: PLR0913
    item_id: int, *, by: User, holds: bool, note: str = "", paper: str = "", at: dt.datetime | None = None
) -> AcceptanceItem:
    """Re-check one failed item: it holds (its issues are closed), or it failed, with the reason.

    `paper`: it holds but for a secondary paper that may follow. There is one re-check (data: 复核次数, one more for
    each late fault that was let in): what does not hold then is 不合格 and the acceptance cannot pass; before that its
    issues
    are open again. When every failed item is re-checked the acceptance goes to the merging, or back to the owner.
    """
    item = _lock_item(item_id)
    require(rules.can_recheck, by, item)
    if not holds and not note.strip():
        raise DomainError("reason_missing", "复核不通过要写明哪里还没有改到位。")
    check_follows(at, item, item.acceptance)
    is_last = rules.is_last_recheck(item.acceptance)
    for issue in issues_of(item).filter(state=IssueState.SUBMITTED).select_related("project"):
        issue.project = item.acceptance.project
        if holds:
            verify_issue(issue, by=by, at=at)
        elif is_last:
            waive_issue(issue, reason=f"复核仍不合格：{note}"[:200], by=by, at=at)
        else:
            reject_issue(issue, reason=note, by=by, at=at)
    if holds and paper:
        owe_paper(item, paper, by=by, at=at)
        item = settle_item(item, "defer", note=note, by=by, at=at)
    elif holds:
        item = settle_item(item, "pass_recheck", note=note, by=by, at=at)
    elif is_last:
        item = settle_item(item, "fail", note=note, by=by, at=at)
    _after_recheck(item.acceptance, by=by, at=at)
    return item


def _after_recheck(acceptance: AcceptanceApplication, *, by: User, at: dt.datetime | None) -> None:
    if issues_of_acceptance(acceptance).filter(state=IssueState.SUBMITTED).exists():
        return
    old = acceptance.state
    if acceptance.items.filter(state=ItemState.RECTIFYING).exists():
        acceptance.return_to_rectification()
        pause_acceptance(acceptance, basis="复核未通过，继续整改", at=at or timing.now())
        move(acceptance, old, kind="acceptance.recheck_failed", summary="复核未全部通过，退回整改", by=by, at=at)
        return
    acceptance.begin_merging()
    acceptance.merging_at = at or timing.now()
    failed = acceptance.items.filter(state=ItemState.FAILED).count()
    words = f"复核完成，{failed} 项仍不合格，转汇总" if failed else "复核合格，转汇总"
    move(acceptance, old, kind="acceptance.rechecked", summary=words, by=by, at=at)
