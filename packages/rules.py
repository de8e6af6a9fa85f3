"""Who may do what with an application, a case, a review task: pure reads, each with its reason for the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.models import Application, MatterCase
from packages.states import (
    CASE_DECIDED,
    CASE_OPEN,
    CASE_PASSED,
    CaseState,
    Handling,
    MaterialState,
)
from projects.access import OWNER_ROLES, access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import Involvement
from projects.one_page import once
from projects.quoting import quoted
from projects.states import InvolvementRole, OrganisationKind, ProjectStatus, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from packages.models import (
        Extension,
        LateEntry,
        MaterialItem,
        SpecialProcedure,
    )
    from projects.models import IssueItem, Project, User

    Person = User | AnonymousUser

FORM_KIND = "application-form"
AGENT_PARTS = (InvolvementRole.LEAD_OFFICER, InvolvementRole.SERVICE_AGENT)
ANSWERERS = (Role.REVIEWER, Role.CHIEF)
#: Powers of an agent whose agreement the owner has ended.
ADVISE_ONLY = ["advise"]
#: What an agreement may allow besides: to fill forms and upload papers, to hand in and to answer faults.
FILL, SUBMIT = "fill", "submit"
NOT_ENTRUSTED = "建设单位没有委托代办人员申报、补正，请建设单位自己提交。"


# Parts that people play in a project -------------------------------------------------------------------------------


def is_window(user: Person, project: Project) -> bool:
    """Whether the user is a clerk at the window of the project's centre."""
    return access_of(user).has_at(project.centre_id, Role.CLERK)


def is_owner(user: Person, project: Project) -> bool:
    """Whether the user acts for the owner of the project."""
    return access_of(user).has_at(project.owner_id, *OWNER_ROLES)


def is_agent(user: Person, project: Project) -> bool:
    """Whether the user is 项目长 or 服务专员 of the project."""
    access = access_of(user)
    if not access.has(Role.AGENT):
        return False
    mine = Involvement.objects.current().filter(project=project, user_id__in=access.user_ids, role__in=AGENT_PARTS)
    return once(("agent", access.user_ids, project.pk), mine.exists)


def _leads(user: Person, case: MatterCase) -> bool:
    """Whether the user reviews or decides for the lead department of the matter."""
    return access_of(user).has_at(case.lead_id, *ANSWERERS)


def files_as_agent(user: Person, project: Project, *powers: str) -> bool:
    """Whether the user may do one of these (`FILL`, `SUBMIT`) for the owner as an agent, as the agreement says.

    Where none was ever signed nothing is kept from agents; after the owner has ended it they only advise (帮办).
    """
    access = access_of(user)
    if not access.has(Role.AGENT):
        return False
    mine = Involvement.objects.current().filter(project=project, user_id__in=access.user_ids, role__in=AGENT_PARTS)
    key = ("files as agent", access.user_ids, project.pk)
    granted = once(key, lambda: list(mine.values_list("powers", flat=True)))
    return any(not allowed or set(powers) & set(allowed) for allowed in granted)


def _acts_for_owner(user: Person, project: Project, *powers: str) -> bool:
    wanted = powers or (FILL, SUBMIT)
    return is_window(user, project) or is_owner(user, project) or files_as_agent(user, project, *wanted)


def _runs(project: Project) -> Verdict:
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目{project.get_status_display()}，不能办理新的事项。")
    return ALLOWED


def _in(case: MatterCase, *states: str, verb: str) -> Verdict:
    if case.handling == Handling.UTILITY and case.state in CASE_OPEN:
        return refuse(f"{quoted(case.matter.name)}随联合报装办理，请在联合报装页办理。")
    if case.state in states:
        return ALLOWED
    return refuse(f"{quoted(case.matter.name)}现在是“{case.get_state_display()}”，不能{verb}。")


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


def can_submit(user: Person, project: Project) -> Verdict:
    """Who may file hands in; an agent only where the owner has entrusted him with it (代为申报、补正)."""
    if not (verdict := can_apply(user, project)):
        return verdict
    return ALLOWED if _acts_for_owner(user, project, SUBMIT) else refuse(NOT_ENTRUSTED)


def can_receive(user: Person, subject: Application | MatterCase) -> Verdict:
    """Who may file may hand in: the window, the owner, its agent. Takes an application or one of its cases."""
    if not (verdict := can_submit(user, subject.project)):
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
    if item.warning and item.state in (MaterialState.MISSING, MaterialState.AWAITED) and case.state in CASE_OPEN:
        return ALLOWED
    return _in(case, CaseState.DRAFT, CaseState.RECEIVED, CaseState.CORRECTING, verb="更改材料")


def can_supply(user: Person, item: MaterialItem) -> Verdict:
    """What the government issued is brought by the window or by the department that has it, never by the enterprise."""
    access = access_of(user)
    bodies = [body for body in (item.supplier_id, item.case.lead_id) if body]
    if is_window(user, item.case.project) or any(access.has_at(body, Role.REVIEWER, Role.CLERK) for body in bodies):
        return ALLOWED
    who = item.supplier.label if item.supplier else item.case.lead.label
    return refuse(f"这份材料由窗口调取或由{who}补录，不向企业要。")


def can_accept(user: Person, case: MatterCase) -> Verdict:
    """The window of the centre accepts; the lead department accepts what is its own matter (handbook §18)."""
    if not (is_window(user, case.project) or _leads(user, case)):
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
    if case.waits_for_completion:
        return refuse(f"补全告知已出具，在等{case.project.owner.name}补全后交回；交回后可以再次告知。")
    if not access.has_at(case.lead_id, *ANSWERERS):
        return refuse(f"受理后的补正告知由牵头部门{case.lead.label}出具。")
    return _in(case, CaseState.IN_REVIEW, CaseState.SUSPENDED, verb="告知补正")


def can_refuse(user: Person, case: MatterCase) -> Verdict:
    """The window, or the lead department of the matter, refuses the intake, also where the completion never came."""
    if not (is_window(user, case.project) or _leads(user, case)):
        return refuse("不受理、不予受理由窗口办理，您的岗位不办理。")
    if case.waits_for_completion:
        return ALLOWED
    return _in(case, CaseState.RECEIVED, verb="作出不予受理决定")


def can_withdraw(user: Person, case: MatterCase) -> Verdict:
    """The window enters the owner's written request and confirms it."""
    if not is_window(user, case.project):
        return refuse("窗口按建设单位的书面申请办理撤件；建设单位请在网上申请撤件。")
    return _in(case, *CASE_OPEN, verb="撤件")


def can_request_withdrawal(user: Person, case: MatterCase) -> Verdict:
    """The owner asks to withdraw, at its own wish, until the decision."""
    if not is_owner(user, case.project):
        return refuse("撤件由建设单位申请，您的岗位不申请撤件。")
    return _in(case, *CASE_OPEN, verb="申请撤件")


def can_answer_withdrawal(user: Person, case: MatterCase) -> Verdict:
    """The window confirms a withdrawal; after the acceptance the lead department may as well."""
    if is_window(user, case.project):
        return _in(case, *CASE_OPEN, verb="答复撤件申请")
    if case.accepted_at is not None and access_of(user).has_at(case.lead_id, *ANSWERERS):
        return _in(case, *CASE_OPEN, verb="答复撤件申请")
    return refuse(f"撤件申请由窗口答复，受理后也可以由牵头部门{case.lead.label}答复。")


def can_answer_fault(user: Person, issue: IssueItem) -> Verdict:
    """The owner, its agent, or the window for the owner answers a told fault."""
    if _acts_for_owner(user, issue.project, SUBMIT):
        return ALLOWED
    if _acts_for_owner(user, issue.project):
        return refuse(NOT_ENTRUSTED)
    return refuse("补正由建设单位、项目的代办人员或窗口答复，您的岗位不办理。")


def can_return_corrected(user: Person, application: Application) -> Verdict:
    """Who files hands the corrected papers in."""
    return can_submit(user, application.project)


def can_settle(user: Person, issue: IssueItem) -> Verdict:
    """Deferred papers and commitments are checked by the window or by the department that asked for them."""
    access = access_of(user)
    if is_window(user, issue.project) or access.has_at(issue.raised_for_id, *ANSWERERS):
        return ALLOWED
    return refuse("容缺补交和承诺由窗口或提出的部门核实。")


# Decision ----------------------------------------------------------------------------------------------------------


def can_decide(user: Person, case: MatterCase) -> Verdict:
    """The chief representative of the lead department decides (首席代表)."""
    if not access_of(user).has_at(case.lead_id, Role.CHIEF):
        return refuse(f"决定由牵头部门{case.lead.label}的首席代表作出，您的岗位不作决定。")
    if case.handling == Handling.ACCEPTANCE:
        return refuse("本事项并入联合验收，由验收结论一并办结。")
    if is_agent(user, case.project):
        return refuse("您是本项目的代办人员，不对同一项目作决定。")
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
    if case.lead.kind == OrganisationKind.UTILITY:
        return refuse("市政公用单位不适用特别程序，需要时间的请在方案里写明。")
    return _in(case, CaseState.IN_REVIEW, CaseState.CORRECTING, verb="启动特别程序")


def can_approve_special(user: Person, procedure: SpecialProcedure) -> Verdict:
    """A chief representative of the lead department approves what somebody else asked for."""
    lead = procedure.case.lead
    if not access_of(user).has_at(lead.pk, Role.CHIEF):
        return refuse(f"特别程序由牵头部门{lead.label}的首席代表批准。")
    if access_of(user).speaks_for(procedure.started_by_id):
        return refuse("特别程序不能由发起人自己批准，请由另一位首席代表批准。")
    return ALLOWED


def can_request_extension(user: Person, case: MatterCase) -> Verdict:
    """The lead department asks for more time (行政许可法 42)."""
    if not access_of(user).has_at(case.lead_id, *ANSWERERS):
        return refuse(f"延长办理期限由牵头部门{case.lead.label}申请。")
    if case.handling == Handling.ACCEPTANCE or not case.promised_days:
        return refuse("即办和并入联合验收的事项不单独延长期限。")
    if case.accepted_at is None:
        return refuse(f"{quoted(case.matter.name)}还没有受理，不能延长办理期限。")
    running = (CaseState.ACCEPTED, CaseState.IN_REVIEW, CaseState.SUSPENDED, CaseState.CORRECTING)
    return _in(case, *running, verb="延长办理期限")


def can_approve_extension(user: Person, extension: Extension) -> Verdict:
    """The chief representative for the head of the body; jointly the 工改办 or director with the government's word."""
    access, lead = access_of(user), extension.case.lead
    if extension.is_joint:
        if not access.has(Role.SUPERVISOR, Role.DIRECTOR):
            return refuse("联合办理的延长须经本级人民政府负责人批准，由中心主任或工改办登记批准文号。")
    elif not access.has_at(lead.pk, Role.CHIEF):
        return refuse(f"延长办理期限由牵头部门{lead.label}的首席代表代本机关负责人批准。")
    if access.speaks_for(extension.requested_by_id):
        return refuse("延长不能由申请人自己批准，请由另一位负责人批准。")
    return ALLOWED


def can_close_overdue(user: Person, case: MatterCase) -> Verdict:
    """The chief of the lead department decides what becomes of a correction that never came."""
    if not access_of(user).has_at(case.lead_id, Role.CHIEF):
        return refuse(f"逾期未补正由牵头部门{case.lead.label}的首席代表处理。")
    return _in(case, CaseState.CORRECTING, verb="按逾期未补正处理")


def can_answer_late_entry(user: Person, entry: LateEntry) -> Verdict:
    """A second person confirms an earlier time: another chief of the body that acted, the director or the 工改办."""
    access = access_of(user)
    body = entry.opinion.task.organisation if entry.opinion else entry.case.lead
    if not (access.has_at(body.pk, Role.CHIEF) or access.has(Role.DIRECTOR, Role.SUPERVISOR)):
        return refuse(f"补录的时间由{body.label}的另一位首席代表、中心主任或工改办确认。")
    if access.speaks_for(entry.entered_by_id):
        return refuse("补录由您录入，须由另一个人确认。")
    return ALLOWED


def can_deliver(user: Person, case: MatterCase) -> Verdict:
    """The window of the centre, or the lead department's own, hands out what was granted."""
    if not (is_window(user, case.project) or access_of(user).has_at(case.lead_id, Role.CLERK, *ANSWERERS)):
        return refuse("证照批文由窗口或作出决定的部门送达。")
    return _in(case, *CASE_PASSED, verb="送达")


def delivering_centres(user: Person) -> frozenset[int]:
    """Return the centres whose windows' deliveries the user does, or directs."""
    by_role = access_of(user).by_role
    return by_role.get(Role.CLERK, frozenset()) | by_role.get(Role.DIRECTOR, frozenset())


def can_see_undelivered(user: Person, _: None) -> Verdict:
    """What is not handed out yet is listed for the window and the director of the centre."""
    return ALLOWED if delivering_centres(user) else refuse("待送达清单由窗口人员和中心主任查看。")


def can_download(user: Person, case: MatterCase) -> Verdict:
    """The owner fetches what was granted by itself (自行下载)."""
    if is_owner(user, case.project):
        return _in(case, *CASE_PASSED, verb="领取")
    return can_deliver(user, case)


def can_revoke(user: Person, case: MatterCase) -> Verdict:
    """The chief representative of the lead department takes a decision away (撤销)."""
    if not access_of(user).has_at(case.lead_id, Role.CHIEF):
        return refuse(f"撤销由牵头部门{case.lead.label}的首席代表决定。")
    if access_of(user).speaks_for(case.decided_by_id):
        return refuse("决定由您作出，撤销要由另一位首席代表办理；本部门只有一位的，可以另行委托或任命。")
    return _in(case, *CASE_DECIDED, verb="撤销")


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
        return refuse(f"部门撤回由牵头部门{case.lead.label}的首席代表办理。")
    return _in(case, CaseState.IN_REVIEW, CaseState.CORRECTING, verb="撤回")

