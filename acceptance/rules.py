"""Who may do what in a joint acceptance. Pure reads; the reason stands on the button."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db.models import Max

from acceptance import data
from acceptance.states import AFTER_LIST, AcceptanceState, ItemState, LateState, MakeUpState
from packages.rules import is_agent, is_owner, is_window
from projects import timing
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import IssueItem
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, IssueKind, Role, Stage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from acceptance.models import AcceptanceApplication, AcceptanceItem, LateFault, MakeUp, SharedFacility, SiteVisit
    from projects.models import Project, User, WorkUnit

    Person = User | AnonymousUser

STAFF = (Role.REVIEWER, Role.CHIEF)


def _may_act(user: Person, project: Project) -> bool:
    """Whether the user acts for the owner: its own people, the window, the agents of the project."""
    return is_owner(user, project) or is_window(user, project) or is_agent(user, project)


def rectification_due(acceptance: AcceptanceApplication) -> dt.date | None:
    """Return until when the owner has to rectify what is still open."""
    keys = [str(pk) for pk in acceptance.items.values_list("pk", flat=True)]
    owed = IssueItem.objects.filter(
        subject_type="acceptance.AcceptanceItem", subject_key__in=keys, state__in=list(ISSUE_OPEN)
    ).exclude(kind=IssueKind.DEFERRAL)
    last: dt.date | None = owed.aggregate(last=Max("due_on"))["last"]
    return last


def can_apply(user: Person, unit: WorkUnit) -> Verdict:
    """The owner, or the window or agent for it, once the works are in the acceptance stage."""
    project = unit.project
    if not _may_act(user, project):
        return refuse("由建设单位申请，或由窗口、代办专员代为申请。")
    if project.stage != Stage.ACCEPTANCE:
        return refuse(f"项目还在{project.get_stage_display()}阶段，进入施工验收阶段后才能申请联合验收。")
    return ALLOWED


def can_accept(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The window of the centre, once the papers are handed in."""
    if not access_of(user).has_at(acceptance.project.centre_id, Role.CLERK):
        return refuse("由综合窗口受理。")
    if acceptance.state != AcceptanceState.APPLIED:
        return refuse(f"联合验收已是“{acceptance.get_state_display()}”。")
    if acceptance.application is not None and acceptance.application.submitted_at is None:
        return refuse("申报材料还没有提交，提交接件后才能受理。")
    return ALLOWED


def _leads(user: Person, acceptance: AcceptanceApplication) -> bool:
    return access_of(user).has_at(acceptance.lead_id, *STAFF)


def visit_of(acceptance: AcceptanceApplication) -> SiteVisit | None:
    """Return the visit, when there is one."""
    return getattr(acceptance, "visit", None)


def _allowed(code: str, acceptance: AcceptanceApplication) -> int:
    """How often something may be done (data), on the day of the acceptance."""
    return data.term(code, timing.business_day(acceptance.accepted_at or timing.now())).value


def is_owners_turn(acceptance: AcceptanceApplication) -> bool:
    """Whether the owner has refused so often that it names the day of the visit itself."""
    visit = visit_of(acceptance)
    return visit is not None and visit.planned_on is None and visit.refusals >= _allowed("refusals", acceptance)


def can_arrange(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The lead department, or the window for it, appoints the one visit, again after the owner refused a day."""
    if not (_leads(user, acceptance) or access_of(user).has_at(acceptance.project.centre_id, Role.CLERK)):
        return refuse(f"由牵头部门{acceptance.lead.label}或综合窗口约定。")
    visit = visit_of(acceptance)
    if acceptance.state == AcceptanceState.SITE and visit is not None and visit.planned_on is None:
        return refuse("建设单位已改期达到次数，由其选定日期。") if is_owners_turn(acceptance) else ALLOWED
    if acceptance.state != AcceptanceState.DOC_REVIEW:
        return refuse(f"现在是“{acceptance.get_state_display()}”，资料审核时约定现场验收。")
    return ALLOWED


def can_refuse_visit(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The owner, before the visit has begun; not a day that it named itself."""
    if not _may_act(user, acceptance.project):
        return refuse("由建设单位提出改期。")
    visit = visit_of(acceptance)
    if acceptance.state != AcceptanceState.SITE or visit is None or visit.planned_on is None:
        return refuse("现在没有约定的现场验收日期。")
    if visit.refusals >= _allowed("refusals", acceptance):
        return refuse(f"已改期 {visit.refusals} 次，日期由贵单位自己选定，不能再改。")
    if any(item.is_gate and item.checked_by_id and item.state != ItemState.NOT_INVOLVED
           for item in acceptance.items.all()):
        return refuse("现场验收已经开始，不能再改期。")
    return ALLOWED


def can_name_day(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The owner, once it has refused as often as it may."""
    if not _may_act(user, acceptance.project):
        return refuse("由建设单位选定日期。")
    if acceptance.state != AcceptanceState.SITE or not is_owners_turn(acceptance):
        return refuse("现场验收日期由牵头部门约定。")
    return ALLOWED


def can_return_papers(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The lead department, once, while the papers are checked."""
    if not _leads(user, acceptance):
        return refuse(f"由牵头部门{acceptance.lead.label}汇总资料问题。")
    if acceptance.state != AcceptanceState.DOC_REVIEW:
        return refuse(f"现在是“{acceptance.get_state_display()}”，不在资料审核。")
    if acceptance.paper_rounds >= _allowed("paper_rounds", acceptance):
        return refuse("资料已整改过一次，仍不符合的出具不通过结论，由企业重新申请。")
    return ALLOWED


def can_hand_back(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The owner, or window and agent for it, while the papers are with it."""
    if not _may_act(user, acceptance.project):
        return refuse("由建设单位提交资料整改。")
    if acceptance.state != AcceptanceState.DOC_RECTIFYING:
        return refuse(f"现在是“{acceptance.get_state_display()}”，没有待整改的资料。")
    return ALLOWED


def _is_on_site(item: AcceptanceItem) -> Verdict:
    """Whether the day of the visit has come."""
    visit = visit_of(item.acceptance)
    if visit is None or visit.planned_on is None:
        return refuse("现场验收日期还没有约定。")
    if timing.today() < visit.planned_on:
        return refuse(f"现场验收约定在{visit.planned_on.month}月{visit.planned_on.day}日，到场后填写。")
    return ALLOWED


def can_record(user: Person, item: AcceptanceItem) -> Verdict:
    """The department of the item, at the site."""
    if not access_of(user).has_at(item.organisation_id, *STAFF):
        return refuse(f"由{item.organisation.label}填写。")
    if not item.is_gate:
        return refuse("竣工验收备案在联合验收通过后单独办理。")
    if item.acceptance.state in AFTER_LIST:
        return refuse("一次性告知后不能再提；确需新增的，请提出“清单后新增”，由牵头部门批准并计为迟报。")
    if item.acceptance.state != AcceptanceState.SITE:
        return refuse(f"现在是“{item.acceptance.get_state_display()}”，现场验收时填写。")
    if item.state != ItemState.PENDING:
        return refuse(f"该项已填写“{item.get_state_display()}”。")
    return _is_on_site(item)


def can_ask_late(user: Person, item: AcceptanceItem) -> Verdict:
    """The department of an item, after the one list and before the conclusion."""
    if not access_of(user).has_at(item.organisation_id, *STAFF):
        return refuse(f"由{item.organisation.label}提出。")
    if item.acceptance.state not in AFTER_LIST:
        return refuse(f"现在是“{item.acceptance.get_state_display()}”，一次性告知之后、结论之前才有清单后新增。")
    if not item.is_gate or item.state == ItemState.NOT_INVOLVED:
        return refuse("该项不在本次验收范围。")
    return ALLOWED


def can_decide_late(user: Person, late: LateFault) -> Verdict:
    """The chief representative of the lead department."""
    if not access_of(user).has_at(late.acceptance.lead_id, Role.CHIEF):
        return refuse(f"由{late.acceptance.lead.label}首席代表批准。")
    if late.state != LateState.ASKED:
        return refuse(f"已是“{late.get_state_display()}”。")
    if late.acceptance.state not in AFTER_LIST:
        return refuse(f"联合验收已是“{late.acceptance.get_state_display()}”。")
    return ALLOWED


def is_last_recheck(acceptance: AcceptanceApplication) -> bool:
    """Whether no further re-check follows: one is allowed, one more for each late fault that was let in."""
    more = acceptance.late_faults.filter(state=LateState.APPROVED).count()
    return acceptance.recheck_rounds >= _allowed("rechecks", acceptance) + more


def can_confirm_facility(user: Person, facility: SharedFacility) -> Verdict:
    """The body of the facility, or the lead department, from the visit to the conclusion."""
    acceptance = facility.acceptance
    if not (access_of(user).has_at(facility.organisation_id, *STAFF) or _leads(user, acceptance)):
        return refuse(f"由{facility.organisation.label}或牵头部门确认。")
    if acceptance.state not in {AcceptanceState.SITE, *AFTER_LIST}:
        return refuse(f"现在是“{acceptance.get_state_display()}”，现场验收时确认。")
    return ALLOWED


def can_bring(user: Person, made: MakeUp) -> Verdict:
    """The owner, or window and agent for it, once the conclusion stands."""
    if not _may_act(user, made.acceptance.project):
        return refuse("由建设单位补交。")
    if made.acceptance.state != AcceptanceState.PASSED_DEFERRED:
        return refuse("结论作出后才开始后补。")
    if made.state not in {MakeUpState.OWED, MakeUpState.LATE}:
        return refuse(f"该材料“{made.get_state_display()}”。")
    return ALLOWED


def can_check_paper(user: Person, made: MakeUp) -> Verdict:
    """The department of the item, once the paper is here."""
    if not access_of(user).has_at(made.item.organisation_id, *STAFF):
        return refuse(f"由{made.item.organisation.label}核对。")
    if made.state != MakeUpState.BROUGHT:
        return refuse(f"该材料“{made.get_state_display()}”。")
    return ALLOWED


def can_issue_list(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The lead department, when every gating item has its result."""
    if not access_of(user).has_at(acceptance.lead_id, *STAFF):
        return refuse(f"由牵头部门{acceptance.lead.label}汇总。")
    if acceptance.state != AcceptanceState.SITE:
        return refuse(f"现在是“{acceptance.get_state_display()}”，不在现场验收。")
    missing = [item.name for item in acceptance.items.all() if item.is_gate and item.state == ItemState.PENDING]
    return refuse("还没有填写：" + "、".join(missing)) if missing else ALLOWED


def can_answer(user: Person, issue: IssueItem) -> Verdict:
    """The owner, or window and agent for it, while the item is with the owner."""
    if not _may_act(user, issue.project):
        return refuse("由建设单位答复。")
    if issue.state not in ISSUE_WITH_OWNER:
        return refuse(f"该条已是“{issue.get_state_display()}”。")
    return ALLOWED


def can_return(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The owner, or window and agent for it, while it rectifies."""
    if not _may_act(user, acceptance.project):
        return refuse("由建设单位提交复核。")
    if acceptance.state != AcceptanceState.RECTIFYING:
        return refuse(f"现在是“{acceptance.get_state_display()}”，没有待整改的清单。")
    return ALLOWED


def can_recheck(user: Person, item: AcceptanceItem) -> Verdict:
    """The department of a failed item, during the re-check."""
    if not access_of(user).has_at(item.organisation_id, *STAFF):
        return refuse(f"由{item.organisation.label}复核。")
    if item.acceptance.state != AcceptanceState.RECHECK:
        return refuse(f"现在是“{item.acceptance.get_state_display()}”，企业提交整改后复核。")
    if item.state != ItemState.RECTIFYING:
        return refuse(f"该项是“{item.get_state_display()}”，不需要复核。")
    return ALLOWED


def can_conclude(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The chief representative of the lead department, when every item is settled or the rectification is overdue."""
    if not access_of(user).has_at(acceptance.lead_id, Role.CHIEF):
        return refuse(f"由{acceptance.lead.label}首席代表出具结论。")
    if acceptance.state == AcceptanceState.DOC_REVIEW and acceptance.paper_rounds:
        return ALLOWED
    if acceptance.state in {AcceptanceState.RECTIFYING, AcceptanceState.DOC_RECTIFYING}:
        due_on = rectification_due(acceptance)
        if due_on is not None and timing.today() > due_on:
            return ALLOWED
        until = f"{due_on.month}月{due_on.day}日" if due_on else "期限"
        return refuse(f"企业整改期限到{until}，逾期未改完才能出具不通过的结论。")
    if acceptance.state not in {AcceptanceState.MERGING, AcceptanceState.RECHECK}:
        return refuse(f"现在是“{acceptance.get_state_display()}”，各项办完后才能出具结论。")
    return ALLOWED
