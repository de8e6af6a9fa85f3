"""Who may do what with permits that run out, letters in lieu and calendar addresses: pure reads with their reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.rules import ANSWERERS, is_agent, is_owner, is_window
from packages.states import CASE_ENDED, CASE_OPEN, CaseState, LivingState
from projects.access import CENTRE_ROLES, access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.quoting import quoted
from projects.states import IssueState, ProjectStatus, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from packages.models import CalendarFeed, ConditionalPermit, Letter, MaterialItem, MatterCase
    from projects.models import Organisation, Project, User

    Person = User | AnonymousUser


def can_set_terms(user: Person, case: MatterCase) -> Verdict:
    """The lead department writes what its paper will say, until the decision."""
    if not access_of(user).has_at(case.lead_id, *ANSWERERS):
        return refuse(f"文书内容由牵头部门{case.lead.label}拟定。")
    if case.state in CASE_ENDED:
        return refuse(f"{quoted(case.matter.name)}{case.get_state_display()}，文书内容不再更改。")
    return ALLOWED


def can_issue_prepermit(user: Person, case: MatterCase) -> Verdict:
    """The chief of the lead department of the formal matter issues, while that is not decided."""
    if not access_of(user).has_at(case.lead_id, Role.CHIEF):
        return refuse(f"预许可由牵头部门{case.lead.label}的首席代表出具。")
    if case.project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目{case.project.get_status_display()}，不出具预许可。")
    if case.state not in (CaseState.DRAFT, *CASE_OPEN):
        return refuse(f"{quoted(case.matter.name)}{case.get_state_display()}，不需要预许可。")
    return ALLOWED


def can_inspect(user: Person, permit: ConditionalPermit) -> Verdict:
    """The supervising body closes the inspection of a phase."""
    if access_of(user).has_at(permit.supervisor_id, *ANSWERERS):
        return ALLOWED
    return refuse(f"阶段检查由监管单位{permit.supervisor.label}办结。")


def can_check_stop(user: Person, permit: ConditionalPermit) -> Verdict:
    """The supervising body checks whether works stand still after a lapse."""
    if not access_of(user).has_at(permit.supervisor_id, *ANSWERERS):
        return refuse(f"停工核查由监管单位{permit.supervisor.label}办理。")
    if not permit.is_works:
        return refuse("本许可不涉及施工，不需要停工核查。")
    return ALLOWED


def can_answer_stop(user: Person, permit: ConditionalPermit) -> Verdict:
    """The owner, its agent or the window for the owner answers a stop check, once until it is looked at."""
    project = permit.project
    if not (is_owner(user, project) or is_agent(user, project) or is_window(user, project)):
        return refuse("停工核查由建设单位、项目的代办人员或窗口答复。")
    if permit.state != LivingState.STOP_CHECK:
        return refuse(f"{quoted(permit.name)}现在没有停工核查。")
    if permit.stop_issue is not None and permit.stop_issue.state == IssueState.SUBMITTED:
        return refuse(f"答复已经提交，等{permit.supervisor.label}复核。")
    return ALLOWED


def can_use_letter(user: Person, item: MaterialItem) -> Verdict:
    """Whoever may meet a line of the checklist may meet it with a letter."""
    from packages.rules import can_set_material

    return can_set_material(user, item)


def can_compare(user: Person, letter: Letter) -> Verdict:
    """The body that issued a letter compares it with the formal certificate."""
    if access_of(user).has_at(letter.issuer_id, *ANSWERERS):
        return ALLOWED
    return refuse(f"换发核对由出函单位{letter.issuer.label}办理。")


def can_convert_letter(user: Person, letter: Letter) -> Verdict:
    """The chief of the body that issued a letter converts it."""
    if not access_of(user).has_at(letter.issuer_id, Role.CHIEF):
        return refuse(f"换发由出函单位{letter.issuer.label}的首席代表确认。")
    return ALLOWED


def can_see_letters(user: Person) -> Verdict:
    """The list of letters outstanding is for the office."""
    return ALLOWED if access_of(user).is_office else refuse("未换发函件清单由审批部门查看。")


# Calendar addresses --------------------------------------------------------------------------------------------------


def can_manage_project_feed(user: Person, project: Project) -> Verdict:
    """The owner, the agents and the people of the centre keep the calendar address of a project."""
    centre = access_of(user).has_at(project.centre_id, *CENTRE_ROLES)
    if centre or is_owner(user, project) or is_agent(user, project):
        return ALLOWED
    return refuse("项目的日历订阅由建设单位、项目的代办人员或审批服务中心管理。")


def can_manage_body_feed(user: Person, organisation: Organisation) -> Verdict:
    """The responsible people of a body keep its calendar address: whoever has it reads without a login."""
    roles = (Role.OWNER_LEAD, Role.CHIEF, Role.DIRECTOR, Role.DISPATCHER, Role.SUPERVISOR)
    if access_of(user).has_at(organisation.pk, *roles):
        return ALLOWED
    return refuse("单位的日历订阅由单位负责人、首席代表或中心主任、代办调度管理。")


def can_end_feed(user: Person, feed: CalendarFeed) -> Verdict:
    """Who keeps an address may end it."""
    if feed.project is not None:
        return can_manage_project_feed(user, feed.project)
    return can_manage_body_feed(user, feed.organisation) if feed.organisation else refuse("没有这个订阅。")
