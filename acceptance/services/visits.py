"""资料审核, 现场验收预约: faults of the papers told once, the visit appointed, refused, and named by the owner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from django.db import transaction

from acceptance import data, rules
from acceptance.models import AcceptanceApplication, SiteVisit
from acceptance.services.application import lock_acceptance, move
from acceptance.services.items import Fault, check_fault, paper_issues
from acceptance.services.list_papers import faults_paper
from acceptance.services.scoping import package_of
from acceptance.services.timekeeping import pause_acceptance, resume_acceptance
from acceptance.states import AcceptanceState
from projects import timing, workdays
from projects.back_entry import check_follows
from projects.clock_states import PauseKind
from projects.errors import DomainError, require
from projects.events import latest_of, record, told_by
from projects.services.issues import raise_issue, verify_issue
from projects.states import ISSUE_WITH_OWNER, IssueKind, IssueState

if TYPE_CHECKING:
    from projects.models import User


class PaperFault(TypedDict):
    """One fault of the papers: of which item, and what, on what basis, how to fix it."""

    item_id: int
    fault: Fault


# Papers --------------------------------------------------------------------------------------------------------------


@transaction.atomic
def return_papers(
    acceptance_id: int, *, by: User, faults: Sequence[PaperFault], at: dt.datetime | None = None
) -> AcceptanceApplication:
    """Tell all faults of the papers at once and return the acceptance; the clock pauses for the owner.

    Once only (data: 资料整改次数); after that the papers pass or the application fails. Errors: no fault, a fault
    without
    basis or remedy, an item of another acceptance. Source: handbook §8.2, Appendix D.
    """
    acceptance = lock_acceptance(acceptance_id)
    require(rules.can_return_papers, by, acceptance)
    check_follows(at, acceptance)
    if not faults:
        raise DomainError("fault_missing", "请至少写一条资料问题。")
    moment = at or timing.now()
    items = {item.pk: item for item in acceptance.items.select_related("organisation")}
    due_on = rectify_until(acceptance, moment)
    issues = []
    for row in faults:
        item = items.get(row["item_id"])
        if item is None:
            raise DomainError("item_unknown", "资料问题不属于本次联合验收的事项，请重新选择。")
        check_fault(row["fault"])
        issues.append(raise_issue(
            acceptance.project, kind=IssueKind.CORRECTION, subject=item, debtor=acceptance.project.owner, by=by,
            raised_for=item.organisation, batch=acceptance.round, due_on=due_on, at=at, **row["fault"],
        ))
    faults_paper(acceptance, issues, due_on, on_site=False, by=by, at=at)
    pause_acceptance(acceptance, basis="联合验收资料一次性告知", at=moment)
    old = acceptance.state
    acceptance.return_papers()
    acceptance.paper_rounds += 1
    move(acceptance, old, kind="acceptance.papers_returned", summary=f"资料一次性告知 {len(issues)} 条", by=by, at=at)
    return acceptance


def rectify_until(acceptance: AcceptanceApplication, moment: dt.datetime) -> dt.date:
    """Return the last day of a rectification that begins now (data: 整改期限)."""
    day = timing.business_day(moment)
    return workdays.due_date(day, data.term("rectify", day, package_of(acceptance.project)).value)


@transaction.atomic
def hand_back_papers(acceptance_id: int, *, by: User, at: dt.datetime | None = None) -> AcceptanceApplication:
    """The owner hands the papers back; the clock runs again. Twice is once. Errors: a fault is not answered."""
    acceptance = lock_acceptance(acceptance_id)
    if acceptance.state == AcceptanceState.DOC_REVIEW and acceptance.paper_rounds:
        return acceptance
    require(rules.can_hand_back, by, acceptance)
    left = list(paper_issues(acceptance).filter(state__in=ISSUE_WITH_OWNER).values_list("what", flat=True))
    if left:
        raise DomainError("unanswered", f"还有 {len(left)} 条没有答复：{'、'.join(left)}。")
    old = acceptance.state
    acceptance.take_papers()
    resume_acceptance(acceptance, at=at or timing.now())
    move(acceptance, old, kind="acceptance.papers_back", summary="资料整改完成，继续审核", by=by, at=at)
    return acceptance


# The visit -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def arrange_visit(
    acceptance_id: int, *, by: User, planned_on: dt.date, at: dt.datetime | None = None
) -> AcceptanceApplication:
    """Appoint the one visit of all departments (一次上门), first or after the owner refused a day.

    The papers are then in order: what was told of them is closed. Errors: a day before acceptance or one that has
    passed, wrong state.
    """
    acceptance = lock_acceptance(acceptance_id)
    visit = SiteVisit.objects.filter(acceptance=acceptance).first()
    if acceptance.state == AcceptanceState.SITE and visit is not None and visit.planned_on:
        raise DomainError("visit_arranged", "现场验收已经约定。", latest=told_by(latest_of(acceptance)))
    require(rules.can_arrange, by, acceptance)
    check_follows(at, acceptance)
    moment = at or timing.now()
    if planned_on < timing.business_day(acceptance.accepted_at or moment):
        raise DomainError("visit_before_acceptance", "现场验收日期早于受理日期，请重新选择。")
    _plan(acceptance, visit, planned_on, by=by, who="牵头部门")
    if acceptance.state == AcceptanceState.SITE:
        return _told(acceptance, "acceptance.visit_arranged", f"另约{timing.spoken(planned_on)}现场验收", by=by, at=at)
    for issue in paper_issues(acceptance).filter(state=IssueState.SUBMITTED):
        issue.project = acceptance.project
        verify_issue(issue, by=by, at=at)
    old = acceptance.state
    acceptance.go_to_site()
    acceptance.papers_checked_at = moment
    words = f"约定{timing.spoken(planned_on)}现场验收"
    move(acceptance, old, kind="acceptance.visit_arranged", summary=words, by=by, at=at)
    return acceptance


def _plan(
    acceptance: AcceptanceApplication, visit: SiteVisit | None, planned_on: dt.date, *, by: User, who: str
) -> None:
    visit = visit or SiteVisit(acceptance=acceptance)
    visit.planned_on, visit.arranged_by = planned_on, by
    visit.proposals = [*visit.proposals, {"on": planned_on.isoformat(), "by": who}]
    visit.save()


def _told(
    acceptance: AcceptanceApplication, kind: str, summary: str, *, by: User, at: dt.datetime | None
) -> AcceptanceApplication:
    record(kind, subject=acceptance, project=acceptance.project, by=by, at=at, summary=summary[:300])
    return acceptance


@transaction.atomic
def refuse_visit(
    acceptance_id: int, *, by: User, reason: str, at: dt.datetime | None = None
) -> AcceptanceApplication:
    """The owner cannot take the day; another is sought. At the allowed number of refusals the clock is the owner's.

    From then on the owner names the day (`name_visit_day`), nobody's time runs until then. Errors: no reason, nothing
    appointed. Source: handbook §8 Edges (refused twice by the owner: clock to the applicant).
    """
    acceptance = lock_acceptance(acceptance_id)
    require(rules.can_refuse_visit, by, acceptance)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明为什么这一天不行，方便另约。")
    visit = acceptance.visit
    refused = visit.planned_on
    visit.refusals += 1
    visit.planned_on = None
    visit.proposals[-1] |= {"refused": reason.strip()[:200]}
    visit.save()
    moment = at or timing.now()
    if rules.is_owners_turn(acceptance):
        pause_acceptance(acceptance, basis="建设单位改期达到次数，待其选定日期", at=moment, kind=PauseKind.OTHER)
    return _told(
        acceptance, "acceptance.visit_refused", f"建设单位改期（第 {visit.refusals} 次）：原定 {refused}，{reason}",
        by=by, at=at,
    )


@transaction.atomic
def name_visit_day(
    acceptance_id: int, *, by: User, planned_on: dt.date, at: dt.datetime | None = None
) -> AcceptanceApplication:
    """The owner, whose turn it is after its refusals, names the day; the clock runs again.

    Errors: a day that passed.
    """
    acceptance = lock_acceptance(acceptance_id)
    require(rules.can_name_day, by, acceptance)
    moment = at or timing.now()
    if planned_on < timing.business_day(moment):
        raise DomainError("visit_in_past", "现场验收日期已经过去，请重新选择。")
    if not workdays.is_workday(planned_on):
        raise DomainError("visit_no_workday", "现场验收日期不是工作日，请重新选择。")
    _plan(acceptance, acceptance.visit, planned_on, by=by, who="建设单位")
    resume_acceptance(acceptance, at=moment, kind=PauseKind.OTHER)
    return _told(acceptance, "acceptance.visit_named", f"建设单位选定{timing.spoken(planned_on)}现场验收", by=by, at=at)
