"""Who may do what in a consultation, with its plan and with what is off the list: pure reads with their reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.consultation_states import (
    CONSULTATION_HELD,
    CONSULTATION_OPEN,
    CONSULTATION_TOLD,
    ConsultationState,
    OffListState,
    PlanState,
    UnitState,
)
from packages.models import Consultation, ConsultationUnit, Enrolment, OffListItem, ServicePlan
from packages.ripeness import ripeness
from packages.rules import ANSWERERS, is_agent, is_window
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ProjectStatus, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import Project, User

    Person = User | AnonymousUser

CHAIRS = (Role.DISPATCHER, Role.DIRECTOR)
#: Whoever works for an invited unit may sign in for it.
UNIT_ROLES = (*ANSWERERS, Role.CLERK, Role.AGENT, Role.OWNER_LEAD, Role.OWNER_STAFF)


def is_chair(user: Person, project: Project) -> bool:
    """Whether the user presides for the centre: dispatcher or director."""
    return access_of(user).has_at(project.centre_id, *CHAIRS)


def convenes(user: Person, project: Project) -> Verdict:
    """The agents of the project and the centre call and lead consultations."""
    if is_agent(user, project) or is_chair(user, project):
        return ALLOWED
    return refuse("联合会商由项目长、服务专员或代办中心召集，您的岗位不办理。")


def can_convene(user: Person, project: Project) -> Verdict:
    """The agents of the project or the centre call a consultation; before the project is ripe only the centre does."""
    if not (verdict := convenes(user, project)):
        return verdict
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目{project.get_status_display()}，不能召集会商。")
    if not Enrolment.objects.filter(project=project).exists():
        return refuse("项目还没有确认套餐，先确认套餐和情形，再召集会商。")
    if not ripeness(project).is_ripe and not is_chair(user, project):
        return refuse("项目还没有达到“成熟”；提前召集由代办调度或中心主任写明理由后决定。")
    return ALLOWED


def can_run(user: Person, row: Consultation) -> Verdict:
    """Whoever may call it leads it, until the minutes are signed."""
    if not (verdict := convenes(user, row.project)):
        return verdict
    if row.state not in CONSULTATION_OPEN:
        return refuse(f"会商{row.get_state_display()}，不能再改。")
    return ALLOWED


def _in(row: Consultation, *states: str, verb: str) -> Verdict:
    return ALLOWED if row.state in states else refuse(f"会商现在是“{row.get_state_display()}”，不能{verb}。")


def can_invite(user: Person, row: Consultation) -> Verdict:
    """The invitations go out, or another day is fixed."""
    return can_run(user, row) and _in(
        row, ConsultationState.PLANNED, ConsultationState.INVITED, ConsultationState.SURVEYING, verb="发出通知"
    )


def can_open_survey(user: Person, row: Consultation) -> Verdict:
    """The survey begins."""
    return can_run(user, row) and _in(row, ConsultationState.INVITED, verb="开始踏勘")


def can_begin_meeting(user: Person, row: Consultation) -> Verdict:
    """The survey is over."""
    return can_run(user, row) and _in(row, ConsultationState.SURVEYING, verb="结束踏勘")


def can_sign_minutes(user: Person, row: Consultation) -> Verdict:
    """The minutes are signed."""
    return can_run(user, row) and _in(row, ConsultationState.MEETING, verb="签发纪要")


def can_cancel(user: Person, row: Consultation) -> Verdict:
    """It is not held."""
    return can_run(user, row)


# Units ---------------------------------------------------------------------------------------------------------------


def can_sign_in(row: Consultation, unit: ConsultationUnit | None) -> Verdict:
    """A person of an invited unit signs in while the consultation is held; the code alone is no invitation."""
    if unit is None:
        return refuse("您的单位不在本次会商的受邀名单上，请联系召集人补邀后再签到。")
    if row.state not in CONSULTATION_HELD:
        early = row.state in (ConsultationState.PLANNED, ConsultationState.INVITED)
        over = f"会商{row.get_state_display()}，签到已结束。"
        return refuse("踏勘还没有开始，请等召集人开始后签到。" if early else over)
    if unit.state not in (UnitState.INVITED, UnitState.ABSENT, UnitState.PRESENT, UnitState.CONFIRMED):
        return refuse(f"{unit.organisation.label}{unit.get_state_display()}，不能再签到。")
    return ALLOWED


def of_unit(user: Person, unit: ConsultationUnit) -> Verdict:
    """Whether the user speaks for the unit."""
    if access_of(user).has_at(unit.organisation_id, *UNIT_ROLES):
        return ALLOWED
    return refuse(f"这一页由{unit.organisation.label}的人员填写。")


def can_tick(user: Person, unit: ConsultationUnit) -> Verdict:
    """The unit ticks its own checklist and takes photographs once it has signed in."""
    if not (verdict := of_unit(user, unit)):
        return verdict
    if unit.consultation.state not in CONSULTATION_HELD:
        return refuse(f"会商{unit.consultation.get_state_display()}，核对已结束。")
    if unit.state == UnitState.PRESENT:
        return ALLOWED
    if unit.state in (UnitState.INVITED, UnitState.ABSENT):
        return refuse("请先扫码签到，再逐项核对。")
    return refuse(f"{unit.organisation.label}{unit.get_state_display()}，不能再改。")


def can_write(user: Person, unit: ConsultationUnit) -> Verdict:
    """A unit that was absent gives its opinion in writing."""
    if not (verdict := of_unit(user, unit)):
        return verdict
    if unit.state != UnitState.ABSENT or not unit.is_asked:
        return refuse(f"{unit.organisation.label}{unit.get_state_display()}，不需要提交书面意见。")
    return ALLOWED


# Plan, chart and list ------------------------------------------------------------------------------------------------


def can_edit_plan(user: Person, plan: ServicePlan) -> Verdict:
    """Whoever called the consultation writes the draft."""
    if not (verdict := convenes(user, plan.project)):
        return verdict
    if plan.state != PlanState.DRAFT:
        return refuse(f"第 {plan.version} 版{plan.get_state_display()}，不能再改。")
    return ALLOWED


def can_tell(user: Person, plan: ServicePlan) -> Verdict:
    """The same people tell the owner."""
    return can_edit_plan(user, plan)


def can_revise(user: Person, row: Consultation) -> Verdict:
    """A new version is begun after the first was told."""
    if not (verdict := convenes(user, row.project)):
        return verdict
    if row.state not in CONSULTATION_TOLD:
        return refuse("还没有告知建设单位，请直接改当前这一版。")
    return ALLOWED


# Off the list --------------------------------------------------------------------------------------------------------


def can_propose_off_list(user: Person, project: Project) -> Verdict:
    """Whoever would demand it: the window, the departments of the project, the agents."""
    access = access_of(user)
    if is_window(user, project) or is_agent(user, project) or is_chair(user, project) or access.has(*ANSWERERS):
        return ALLOWED
    return refuse("清单外事项由窗口、部门或代办人员提出。")


def can_decide_off_list(user: Person, item: OffListItem) -> Verdict:
    """The centre approves, and never whoever proposed it."""
    if not is_chair(user, item.project):
        return refuse("清单外事项由代办调度或中心主任批准。")
    if item.state != OffListState.PROPOSED:
        return refuse(f"这一项{item.get_state_display()}，不需要再批。")
    if access_of(user).speaks_for(item.proposed_by_id):
        return refuse("清单外事项不能由提出人自己批准，请由另一位负责人批准。")
    return ALLOWED
