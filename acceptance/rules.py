"""Who may do what in a joint acceptance. Pure reads; the reason stands on the button."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db.models import Max

from acceptance.states import AcceptanceState, ItemState
from packages.rules import is_agent, is_owner, is_window
from projects import timing
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import IssueItem
from projects.states import ISSUE_OPEN, ISSUE_WITH_OWNER, Role, Stage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from acceptance.models import AcceptanceApplication, AcceptanceItem
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
    )
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
    if acceptance.application.submitted_at is None:
        return refuse("申报材料还没有提交，提交接件后才能受理。")
    return ALLOWED


def can_arrange(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The lead department, or the window for it, appoints the one visit."""
    access = access_of(user)
    if not (access.has_at(acceptance.lead_id, *STAFF) or access.has_at(acceptance.project.centre_id, Role.CLERK)):
        return refuse(f"由牵头部门{acceptance.lead.label}或综合窗口约定。")
    if acceptance.state != AcceptanceState.DOC_REVIEW:
        return refuse(f"现在是“{acceptance.get_state_display()}”，资料审核时约定现场验收。")
    return ALLOWED


def can_record(user: Person, item: AcceptanceItem) -> Verdict:
    """The department of the item, at the site."""
    if not access_of(user).has_at(item.organisation_id, *STAFF):
        return refuse(f"由{item.organisation.label}填写。")
    if not item.is_gate:
        return refuse("竣工验收备案在联合验收通过后单独办理。")
    if item.acceptance.state != AcceptanceState.SITE:
        return refuse(f"现在是“{item.acceptance.get_state_display()}”，现场验收时填写。")
    if item.state != ItemState.PENDING:
        return refuse(f"该项已填写“{item.get_state_display()}”。")
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
    if acceptance.state == AcceptanceState.RECTIFYING:
        due_on = rectification_due(acceptance)
        if due_on is not None and timing.today() > due_on:
            return ALLOWED
        until = f"{due_on.month}月{due_on.day}日" if due_on else "期限"
        return refuse(f"企业整改期限到{until}，逾期未改完才能出具不通过的结论。")
    if acceptance.state not in {AcceptanceState.MERGING, AcceptanceState.RECHECK}:
        return refuse(f"现在是“{acceptance.get_state_display()}”，各项办完后才能出具结论。")
    return ALLOWED
