"""Who may do what before the application (预验收) and after the conclusion (房证同交). Pure reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acceptance.models import AcceptanceApplication
from acceptance.rules import STAFF
from acceptance.states import (
    ACCEPTANCE_GOOD,
    PRE_OPEN,
    AcceptanceState,
    HandoverState,
    MakeUpState,
    PreState,
    Scope,
)
from acceptance.survey_rules import for_owner
from packages.rules import is_window
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import Stage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from acceptance.models import PreAcceptance, RegistryHandover
    from projects.models import User, WorkUnit

    Person = User | AnonymousUser

REGISTRY_STAFF = STAFF
#: A works may be looked at beforehand while its acceptance stands at one of these.
BEFORE = (AcceptanceState.DRAFT, AcceptanceState.APPLIED, AcceptanceState.FAILED)


def can_book(user: Person, unit: WorkUnit) -> Verdict:
    """The owner, or window and agent for it, once the works are built and before their acceptance has begun."""
    if not for_owner(user, unit.project):
        return refuse("由建设单位预约，或由窗口、代办专员代为预约。")
    if unit.project.stage != Stage.ACCEPTANCE:
        return refuse(f"项目还在{unit.project.get_stage_display()}阶段，进入施工验收阶段后预约。")
    begun = AcceptanceApplication.objects.filter(work_unit=unit, building=None).exclude(state__in=BEFORE).first()
    return refuse(f"联合验收已是“{begun.get_state_display()}”，不用再预验收。") if begun else ALLOWED


def can_confirm_pre(user: Person, made: PreAcceptance) -> Verdict:
    """The lead department, or the window for it, names the day."""
    if not (access_of(user).has_at(made.lead_id, *STAFF) or is_window(user, made.project)):
        return refuse(f"由牵头部门{made.lead.label}或综合窗口确认。")
    return ALLOWED if made.state == PreState.BOOKED else refuse(f"预验收现在是“{made.get_state_display()}”。")


def can_hold_pre(user: Person, made: PreAcceptance) -> Verdict:
    """The lead department writes down what all departments advise."""
    if not access_of(user).has_at(made.lead_id, *STAFF):
        return refuse(f"由牵头部门{made.lead.label}汇总。")
    return ALLOWED if made.state == PreState.CONFIRMED else refuse(f"预验收现在是“{made.get_state_display()}”。")


def can_cancel_pre(user: Person, made: PreAcceptance) -> Verdict:
    """Who booked it gives it up."""
    if not for_owner(user, made.project):
        return refuse("由建设单位取消。")
    return ALLOWED if made.state in PRE_OPEN else refuse(f"预验收现在是“{made.get_state_display()}”。")


def can_hand_over(user: Person, acceptance: AcceptanceApplication) -> Verdict:
    """The window or the lead department, after the conclusion, while no paper that should have followed is late."""
    if not (is_window(user, acceptance.project) or access_of(user).has_at(acceptance.lead_id, *STAFF)):
        return refuse("由综合窗口或牵头部门移交。")
    if acceptance.scope != Scope.PROJECT:
        return refuse("分期、单体验收先投入使用，项目整体验收后移交登记。")
    if acceptance.state not in ACCEPTANCE_GOOD:
        return refuse(f"联合验收现在是“{acceptance.get_state_display()}”，通过后移交。")
    late = [row.paper_name for row in acceptance.make_ups.filter(state=MakeUpState.LATE)]
    if late:
        return refuse(f"容缺材料逾期未补：{'、'.join(late)}，补齐后移交。")
    return ALLOWED


def can_receive(user: Person, made: RegistryHandover) -> Verdict:
    """The registry."""
    if not access_of(user).has_at(made.registry_id, *REGISTRY_STAFF):
        return refuse(f"由{made.registry.label}接收。")
    return ALLOWED if made.state == HandoverState.HANDED else refuse(f"材料“{made.get_state_display()}”。")


def can_note_keys(user: Person, made: RegistryHandover) -> Verdict:
    """The owner says when it hands over the keys."""
    return ALLOWED if for_owner(user, made.acceptance.project) else refuse("由建设单位填写交房日。")


def can_note_registered(user: Person, made: RegistryHandover) -> Verdict:
    """The registry, once it has the package."""
    if not access_of(user).has_at(made.registry_id, *REGISTRY_STAFF):
        return refuse(f"由{made.registry.label}填写领证日。")
    return ALLOWED if made.state == HandoverState.RECEIVED else refuse(f"材料“{made.get_state_display()}”。")
