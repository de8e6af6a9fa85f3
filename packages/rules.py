"""Who may do what with an application, a case, a review task: pure reads, each with its reason for the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.models import Application, MatterCase
from packages.states import CASE_OPEN, TASK_OPEN, CaseState, Handling, MaterialState, SessionState, TaskState
from projects.access import OWNER_ROLES, access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import Involvement
from projects.one_page import once
from projects.states import InvolvementRole, ProjectStatus, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from packages.models import JointSession, MaterialItem, ReviewTask
    from projects.models import IssueItem, Project, User

    Person = User | AnonymousUser

AGENT_PARTS = (InvolvementRole.LEAD_OFFICER, InvolvementRole.SERVICE_AGENT)
ANSWERERS = (Role.REVIEWER, Role.CHIEF)


# Parts that people play in a project -------------------------------------------------------------------------------


def is_window(user: Person, project: Project) -> bool:
    """Whether the user is a clerk at the window of the project's centre."""
    return access_of(user).has_at(project.centre_id, Role.CLERK)


def is_owner(user: Person, project: Project) -> bool:
    """Whether the user acts for the owner of the project."""
    return access_of(user).has_at(project.owner_id, *OWNER_ROLES)


def is_agent(user: Person, project: Project) -> bool:
    """Whether the user is 项目长 or 服务专员 of the project."""
    if not access_of(user).has(Role.AGENT):
        return False
    mine = Involvement.objects.current().filter(project=project, user_id=user.pk or 0, role__in=AGENT_PARTS)
    return once(("agent", user.pk, project.pk), mine.exists)


def _acts_for_owner(user: Person, project: Project) -> bool:
    return is_window(user, project) or is_owner(user, project) or is_agent(user, project)


def _runs(project: Project) -> Verdict:
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目{project.get_status_display()}，不能办理新的事项。")
    return ALLOWED


def _in(case: MatterCase, *states: str, verb: str) -> Verdict:
    if case.state in states:
        return ALLOWED
    return refuse(f"“{case.matter.name}”现在是“{case.get_state_display()}”，不能{verb}。")


# Enrolment and application -----------------------------------------------------------------------------------------


def can_enrol(user: Person, project: Project) -> Verdict:
    """The owner, its agent and the window confirm the package and the facts."""
    if not _acts_for_owner(user, project):
        return refuse("套餐由建设单位、项目的代办人员或窗口确认，您的岗位不办理。")
    return _runs(project)


def can_apply(user: Person, project: Project) -> Verdict:
    """The owner, its agent and the window file applications."""
    if not _acts_for_owner(user, project):
        return refuse("申报由建设单位、项目的代办人员或窗口办理，您的岗位不办理。")
    return _runs(project)


def can_receive(user: Person, subject: Application | MatterCase) -> Verdict:
    """Who may file may hand in: the window, the owner, its agent. Takes an application or one of its cases."""
    if not (verdict := can_apply(user, subject.project)):
        return verdict
    if isinstance(subject, Application):
        return ALLOWED if subject.submitted_at is None else refuse(f"申报 {subject.number} 已经提交，不能再次提交。")
    return _in(subject, CaseState.DRAFT, verb="接件")


def can_set_material(user: Person, item: MaterialItem) -> Verdict:
    """Lines of the checklist are met by whoever files, until acceptance; a deferred paper until it is handed in."""
    case = item.case
    if not _acts_for_owner(user, case.project):
        return refuse("材料由建设单位、项目的代办人员或窗口提供，您的岗位不办理。")
    if item.state == MaterialState.DEFERRED and case.state in (*CASE_OPEN, CaseState.PASSED_DEFERRED):
        return ALLOWED
    return _in(case, CaseState.DRAFT, CaseState.RECEIVED, CaseState.CORRECTING, verb="更改材料")


def can_accept(user: Person, case: MatterCase) -> Verdict:
    """The window of the centre accepts."""
    if not is_window(user, case.project):
        return refuse(f"受理由{case.project.centre.label}窗口办理，您的岗位不办理受理。")
    return _in(case, CaseState.RECEIVED, verb="受理")


def can_take(user: Person, case: MatterCase) -> Verdict:
    """A clerk of the centre takes an open case to the own window."""
    if not is_window(user, case.project):
        return refuse(f"领取由{case.project.centre.label}窗口办理，您的岗位不办理。")
    return _in(case, *CASE_OPEN, verb="领取")


def can_urge(user: Person, case: MatterCase) -> Verdict:
    """The window, the agents of the project, the lead department and the centre's heads ask those a case waits for."""
    access = access_of(user)
    leads = access.has_at(case.lead_id, *ANSWERERS) or access.has(Role.DISPATCHER, Role.DIRECTOR, Role.SUPERVISOR)
    if not (leads or is_window(user, case.project) or is_agent(user, case.project)):
        return refuse("催办由窗口、项目的代办人员、牵头部门或中心负责人提出，您的岗位不办理。")
    return _in(case, *CASE_OPEN, verb="催办")


def can_notice(user: Person, case: MatterCase) -> Verdict:
    """Faults are told by the window before acceptance, by the lead department afterwards."""
    access = access_of(user)
    if case.state == CaseState.RECEIVED:
        if is_window(user, case.project) or access.has_at(case.lead_id, *ANSWERERS):
            return ALLOWED
        return refuse("补全告知由窗口出具，您的岗位不办理。")
    if not access.has_at(case.lead_id, *ANSWERERS):
        return refuse(f"受理后的补正告知由牵头部门{case.lead.label}出具。")
    return _in(case, CaseState.IN_REVIEW, CaseState.SUSPENDED, verb="告知补正")


def can_refuse(user: Person, case: MatterCase) -> Verdict:
    """The window of the centre refuses the intake."""
    if not is_window(user, case.project):
        return refuse("不受理、不予受理由窗口办理，您的岗位不办理。")
    return _in(case, CaseState.RECEIVED, verb="退件")


def can_withdraw(user: Person, case: MatterCase) -> Verdict:
    """The owner withdraws at its own wish; the window enters the owner's request."""
    if not (is_window(user, case.project) or is_owner(user, case.project)):
        return refuse("撤件由建设单位提出，或由窗口按其书面申请办理。")
    return _in(case, *CASE_OPEN, verb="撤件")


def can_answer_fault(user: Person, issue: IssueItem) -> Verdict:
    """The owner, its agent, or the window for the owner answers a told fault."""
    if _acts_for_owner(user, issue.project):
        return ALLOWED
    return refuse("补正由建设单位、项目的代办人员或窗口答复，您的岗位不办理。")


def can_return_corrected(user: Person, application: Application) -> Verdict:
    """Who files hands the corrected papers in."""
    return can_apply(user, application.project)


def can_settle(user: Person, issue: IssueItem) -> Verdict:
    """Deferred papers and commitments are checked by the window or by the department that asked for them."""
    access = access_of(user)
    if is_window(user, issue.project) or access.has_at(issue.raised_for_id, *ANSWERERS):
        return ALLOWED
    return refuse("容缺补交和承诺由窗口或提出的部门核实。")


# Review ------------------------------------------------------------------------------------------------------------


def can_open_task(user: Person, task: ReviewTask) -> Verdict:
    """People of the asked department take a task up."""
    if access_of(user).has_at(task.organisation_id, *ANSWERERS):
        return ALLOWED
    return refuse(f"这项意见由{task.organisation.label}答复。")


def can_give_opinion(user: Person, task: ReviewTask) -> Verdict:
    """The handler or chief of the asked department answers; a consulted one also after its time."""
    if not (verdict := can_open_task(user, task)):
        return verdict
    if task.role == "lead":
        return refuse("牵头部门的意见在汇总时给出。")
    if task.state in (*TASK_OPEN, TaskState.NO_OPINION):
        return ALLOWED
    return refuse(f"这项意见{task.get_state_display()}，不能再答复。")


def can_merge(user: Person, session: JointSession) -> Verdict:
    """The handler or chief of the lead department merges, once every department has answered or its time is over."""
    if not access_of(user).has_at(session.lead_id, *ANSWERERS):
        return refuse(f"汇总由牵头部门{session.lead.label}办理。")
    if session.state == SessionState.REVIEWING:
        return refuse("还有部门没有答复，暂不能汇总。")
    if session.state != SessionState.MERGING:
        return refuse(f"联合审查{session.get_state_display()}，不能再汇总。")
    return ALLOWED


def can_reconsult(user: Person, task: ReviewTask) -> Verdict:
    """The lead asks a department that disagreed once more."""
    return can_merge(user, task.session)


# Decision ----------------------------------------------------------------------------------------------------------


def can_decide(user: Person, case: MatterCase) -> Verdict:
    """The chief representative of the lead department decides (首席代表)."""
    if not access_of(user).has_at(case.lead_id, Role.CHIEF):
        return refuse(f"决定由牵头部门{case.lead.label}的首席代表作出，您的岗位不作决定。")
    if case.handling == Handling.ACCEPTANCE:
        return refuse("本事项并入联合验收，由验收结论一并办结。")
    return _in(case, CaseState.IN_REVIEW, verb="作出决定")


def can_decide_on_spot(user: Person, case: MatterCase) -> Verdict:
    """即办: chief or clerk of the lead department decides at the counter."""
    if case.promised_days:
        return refuse("本事项不是即办件，请先受理，再由部门审查。")
    if not access_of(user).has_at(case.lead_id, Role.CHIEF, Role.CLERK):
        return refuse(f"即办事项由{case.lead.label}的窗口或首席代表当场办结。")
    return _in(case, CaseState.RECEIVED, CaseState.ACCEPTED, CaseState.IN_REVIEW, verb="即办")


def can_record_outside(user: Person, case: MatterCase) -> Verdict:
    """What is done elsewhere is recorded by the window or by the agents of the project."""
    if case.handling != Handling.OUTSIDE:
        return refuse("本事项在系统内申报办理，不作外部办理登记。")
    if not (is_window(user, case.project) or is_agent(user, case.project)):
        return refuse("外部办理结果由窗口或项目的代办人员登记。")
    return _in(case, CaseState.DRAFT, verb="登记外部办理结果")


def can_start_special(user: Person, case: MatterCase) -> Verdict:
    """The lead department starts a special procedure; its chief, not the starter, approves (行政许可法 45)."""
    if not access_of(user).has_at(case.lead_id, *ANSWERERS):
        return refuse(f"特别程序由牵头部门{case.lead.label}发起。")
    return _in(case, CaseState.IN_REVIEW, CaseState.CORRECTING, verb="启动特别程序")


def can_end_special(user: Person, case: MatterCase) -> Verdict:
    """The lead department ends a special procedure with its result."""
    if not access_of(user).has_at(case.lead_id, *ANSWERERS):
        return refuse(f"特别程序由牵头部门{case.lead.label}结束。")
    if not case.special_kind:
        return refuse("本办件没有进行中的特别程序。")
    return _in(case, CaseState.SUSPENDED, CaseState.CORRECTING, verb="结束特别程序")


def can_recall(user: Person, case: MatterCase) -> Verdict:
    """The chief of the lead department takes back its step (撤回)."""
    if not access_of(user).has_at(case.lead_id, Role.CHIEF):
        return refuse(f"撤回由牵头部门{case.lead.label}的首席代表办理。")
    return _in(case, CaseState.IN_REVIEW, CaseState.CORRECTING, verb="撤回")

