"""Who may do what with joint utility applications, tender and intermediary records, and fees: pure reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.models import Fee, IntermediaryService, MatterCase, TenderRecord, UtilityLine, UtilityRequest
from packages.rules import ANSWERERS, can_submit, is_agent, is_owner, is_window
from packages.states import CaseState, Handling
from packages.utility_states import FeeState, LineState, RequestState
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import Project, User

    Person = User | AnonymousUser

ANSWERING_BODY = (*ANSWERERS,)


def _line_in(line: UtilityLine, *states: str, verb: str) -> Verdict:
    if line.state in states:
        return ALLOWED
    return refuse(f"{line.name}现在是“{line.get_state_display()}”，不能{verb}。")


# Joint application ---------------------------------------------------------------------------------------------------


def can_register(user: Person, project: Project) -> Verdict:
    """Who may file may register the needs: the owner, its agent, the window."""
    return can_submit(user, project)


def can_accept_utilities(user: Person, request: UtilityRequest) -> Verdict:
    """The window accepts once for all utilities."""
    if not is_window(user, request.project):
        return refuse(f"联合报装由{request.project.centre.label}窗口受理。")
    if request.state != RequestState.REGISTERED:
        return refuse(f"联合报装{request.get_state_display()}，不需要受理。")
    return ALLOWED


def can_lead(user: Person, request: UtilityRequest) -> Verdict:
    """The window leads the survey and the reply; the agents of the project may as well."""
    if not (is_window(user, request.project) or is_agent(user, request.project)):
        return refuse("联合踏勘和一次答复由窗口或项目的代办人员组织。")
    if request.state != RequestState.ACCEPTED:
        return refuse(f"联合报装{request.get_state_display()}，不能办理这一步。")
    return ALLOWED


def _of_body(user: Person, line: UtilityLine) -> Verdict:
    if access_of(user).has_at(line.body_id, *ANSWERING_BODY):
        return ALLOWED
    return refuse(f"{line.name}由{line.body.label}办理，您的岗位不办理。")


def can_answer_line(user: Person, line: UtilityLine) -> Verdict:
    """The utility writes its scheme and quote."""
    return _of_body(user, line) and _line_in(line, LineState.ANSWERING, verb="答复方案")


def can_confirm(user: Person, line: UtilityLine) -> Verdict:
    """The owner alone agrees to a quote: it is its money."""
    if not is_owner(user, line.request.project):
        return refuse("接入方案和报价由建设单位确认，窗口和代办人员不能代为确认。")
    return _line_in(line, LineState.ASKED, verb="确认报价")


def can_report_own_works(user: Person, line: UtilityLine) -> Verdict:
    """The owner, or its agent, reports that the works inside the plot line are done."""
    if not (is_owner(user, line.request.project) or is_agent(user, line.request.project)):
        return refuse("红线内自建部分由建设单位或代办人员报告完成。")
    if not line.waits_for_owner_works:
        return refuse(f"{line.name}没有待完成的自建部分。")
    return _line_in(line, LineState.WORKS, verb="报告自建完成")


def can_finish_works(user: Person, line: UtilityLine) -> Verdict:
    """The utility reports that the works outside are done."""
    if not (verdict := _of_body(user, line)):
        return verdict
    if not line.waits_for_works:
        return refuse(f"{line.name}没有待完成的外线施工。")
    return _line_in(line, LineState.WORKS, verb="登记外线完工")


def can_fix_connection(user: Person, line: UtilityLine) -> Verdict:
    """The utility fixes the day of the connection."""
    return _of_body(user, line) and _line_in(line, LineState.READY, verb="约定接入")


def can_connect(user: Person, line: UtilityLine) -> Verdict:
    """The utility says that it flows."""
    return _of_body(user, line) and _line_in(line, LineState.READY, LineState.CONNECTING, verb="确认接通")


def can_leave(user: Person, line: UtilityLine) -> Verdict:
    """The owner takes a utility back at any time; the utility before the quote is agreed, with its reason."""
    if line.state in (LineState.CONNECTED, LineState.OUT):
        return refuse(f"{line.name}{line.get_state_display()}，不能退出。")
    if is_owner(user, line.request.project) or is_window(user, line.request.project):
        return ALLOWED
    if _of_body(user, line) and line.is_before_reply:
        return ALLOWED
    return refuse("某一项退出由建设单位提出；公用企业只能在答复前说明无法接入。")


# Tender and intermediary ---------------------------------------------------------------------------------------------


def can_keep_record(user: Person, case: MatterCase) -> Verdict:
    """Records of what is done elsewhere are kept by the window or the agents of the project."""
    if not (is_window(user, case.project) or is_agent(user, case.project)):
        return refuse("招标和中介服务由窗口或项目的代办人员登记。")
    return ALLOWED


def can_open_record(user: Person, case: MatterCase) -> Verdict:
    """A record is opened for a matter that is done outside and is not done yet."""
    if case.handling != Handling.OUTSIDE or case.state != CaseState.DRAFT:
        return refuse(f"{quoted(case.matter.name)}{case.get_state_display()}，不需要登记过程。")
    return can_keep_record(user, case)


def can_step(user: Person, tender: TenderRecord) -> Verdict:
    """The steps of a tender."""
    return can_keep_record(user, tender.case)


def can_tend_service(user: Person, service: IntermediaryService) -> Verdict:
    """Selection, contract and report of an intermediary: also by the owner, whose contract it is."""
    if is_owner(user, service.project):
        return ALLOWED
    return can_keep_record(user, service.case)


def can_finish_service(user: Person, service: IntermediaryService) -> Verdict:
    """Closing the matter with the report is the window's or the agent's step."""
    return can_keep_record(user, service.case)


# Fees ----------------------------------------------------------------------------------------------------------------


def can_keep_fees(user: Person, project: Project) -> Verdict:
    """The list of fees and the pay sheet are kept by the window or the agents of the project."""
    if not (is_window(user, project) or is_agent(user, project)):
        return refuse("收费清单由窗口或项目的代办人员登记。")
    return ALLOWED


def can_assess(user: Person, fee: Fee) -> Verdict:
    """The body that charges fixes the amount; the window enters what that body has told."""
    if access_of(user).has_at(fee.payee_id, *ANSWERERS) or can_keep_fees(user, fee.project):
        return ALLOWED
    return refuse(f"金额由{fee.payee.label}核定，由其经办人员或窗口登记。")


def can_report_paid(user: Person, fee: Fee) -> Verdict:
    """The owner says that it has paid, with the receipt; the window may enter it directly."""
    if not (is_owner(user, fee.project) or can_keep_fees(user, fee.project)):
        return refuse("缴费凭证由建设单位上传，或由窗口登记。")
    if fee.state != FeeState.DUE:
        return refuse(f"{quoted(fee.name)}{fee.get_state_display()}，不需要登记缴费。")
    return ALLOWED


def can_check_paid(user: Person, fee: Fee) -> Verdict:
    """The window, or the body that charges, checks the receipt."""
    if not can_assess(user, fee):
        return refuse(f"缴费凭证由窗口或{fee.payee.label}核对。")
    if fee.state != FeeState.REPORTED:
        return refuse(f"{quoted(fee.name)}{fee.get_state_display()}，没有待核对的凭证。")
    return ALLOWED
