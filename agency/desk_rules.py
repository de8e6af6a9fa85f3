"""Who may do what with agreements, work orders, escalations, marks and hand-overs. Pure reads, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, Q

from agency import desk_data as data
from agency.assigning_rule import districts
from agency.desk_states import (
    ORDER_HELD,
    ORDER_MINE,
    ORDER_OPEN,
    ORDER_WAITS,
    AgreementState,
    EscalationState,
    HandOverState,
    Level,
    OrderState,
)
from agency.models import Agent, AgentLeave, Agreement, Assignment
from packages.rules import is_agent, is_owner
from projects import timing
from projects.access import access_of, region_prefix
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import Membership
from projects.one_page import once
from projects.states import ISSUE_WITH_OWNER, IssueState, ProjectStatus, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from agency.models import Escalation, HandOver, WorkOrder
    from projects.models import IssueItem, Project, Region, User

    Person = User | AnonymousUser

DESK = (Role.DISPATCHER, Role.DIRECTOR)
STAFF = (Role.REVIEWER, Role.CHIEF)


def desk_of(user: Person, project: Project) -> bool:
    """Whether the user dispatches or directs at the centre of the project."""
    return access_of(user).has_at(project.centre_id, *DESK)


def acting_for(user: Person) -> frozenset[int]:
    """Return the agents that a person is or covers for today. Read once per page."""
    key = user.pk or 0

    def read() -> frozenset[int]:
        own = set(Agent.objects.filter(user_id=key).values_list("pk", flat=True))
        away = AgentLeave.objects.on(timing.today()).filter(cover__user_id=key)
        return frozenset(own | set(away.values_list("agent_id", flat=True)))

    return once(("acting for", key, timing.today()), read) if access_of(user).has(Role.AGENT) else frozenset()


def _works_on(user: Person, order: WorkOrder) -> bool:
    return order.agent_id is not None and order.agent_id in acting_for(user)


def _in(order: WorkOrder, *states: str, verb: str) -> Verdict:
    return ALLOWED if order.state in states else refuse(f"工单现在是“{order.get_state_display()}”，不能{verb}。")


def _runs(project: Project) -> Verdict:
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目已{project.get_status_display()}，不再代办。")
    return ALLOWED


# Agents ---------------------------------------------------------------------------------------------------------


def can_keep_agents(user: Person, agent: Agent | None = None) -> Verdict:
    """Dispatchers and directors keep the register of the agents of their centre, their leave and their load."""
    if not access_of(user).has(*DESK):
        return refuse("代办人员由代办调度或中心主任管理。")
    if agent is None or _is_desk_of(user, agent):
        return ALLOWED
    return refuse(f"{agent.user}在别的中心任职，登记、请假和负荷由那里的代办调度管理。")


def _is_desk_of(user: Person, agent: Agent) -> bool:
    """Whether the user dispatches or directs where the agent works, or above it."""
    return kept_by(user).filter(pk=agent.user_id).exists()


def kept_by(user: Person, *roles: Role) -> QuerySet[User]:
    """Return whose work as an agent is looked at by somebody with one of the roles (dispatcher and director) at a body.

    Whoever holds the post of an agent at a body in its region or below; a body without a region, or a post that has
    ended, is of no other centre.
    """
    mine = _regions_led(user, roles or DESK)
    people = get_user_model()._default_manager.all()
    if not mine:
        return people.none()
    if None in mine:
        return people
    near = Q(organisation__region=None)
    for region in filter(None, mine):
        near |= Q(organisation__region__code__startswith=region_prefix(region.code))
    posts = Membership.objects.posts().filter(user=OuterRef("pk"), role=Role.AGENT)
    return people.filter(~Exists(posts) | Exists(posts.filter(near)))


def serving(user: Person, *roles: Role) -> Q:
    """Return the condition on agents who may be offered to somebody with one of the roles (desk and 工改办).

    Those of the own bodies and below, and those of whatever centre who serve a region of them (片区).
    """
    asked = roles or (*DESK, Role.SUPERVISOR)
    within = Q(user__in=kept_by(user, *asked))
    for region in filter(None, _regions_led(user, asked)):
        served = Q(region__code__startswith=region_prefix(region.code)) | Q(region__code__in=districts(region.code))
        within |= Q(pk__in=Agent.regions.through.objects.filter(served).values("agent"))
    return within


def _regions_led(user: Person, roles: Sequence[Role]) -> list[Region | None]:
    access = access_of(user)
    return [body.region for body in access.organisations if access.has_at(body.pk, *roles)]


def can_see_desk(user: Person, _: object = None) -> Verdict:
    """The office reads orders, escalations and friction points; the owner reads 代办 of the own project."""
    return ALLOWED if access_of(user).is_office else refuse("工单、升级和堵点供审批侧查看；请看项目的代办页。")


def can_see_evaluation(user: Person, _: object = None) -> Verdict:
    """The desk sees the agents of its centre and of those below, 工改办 those of its region, an agent himself."""
    if access_of(user).has(*DESK, Role.SUPERVISOR, Role.AGENT):
        return ALLOWED
    return refuse("代办评价供代办调度、中心主任和本人查看。")


# Agreements -----------------------------------------------------------------------------------------------------


def can_ask(user: Person, project: Project) -> Verdict:
    """Anybody of the owner asks for an agent; free of charge."""
    if not is_owner(user, project):
        return refuse("代办由建设单位申请。")
    if Agreement.objects.live().filter(project=project).exists():
        return refuse("本项目已有代办委托。")
    return _runs(project)


def can_offer(user: Person, project: Project) -> Verdict:
    """The dispatcher, the director or an agent of the project draws the agreement up, once there is a 服务专员."""
    if not (desk_of(user, project) or is_agent(user, project)):
        return refuse("协议由代办调度或项目的代办人员拟定。")
    if Agreement.objects.live().filter(project=project).exclude(state=AgreementState.REQUESTED).exists():
        return refuse("本项目已有代办委托协议。")
    if not Assignment.objects.filter(project=project, ended_at=None, role="service_agent").exists():
        return refuse("先指派服务专员，再拟协议。")
    return _runs(project)


def can_sign(user: Person, agreement: Agreement) -> Verdict:
    """The responsible person of the owner signs; nobody signs for it."""
    if agreement.state != AgreementState.OFFERED:
        return refuse(f"协议现在是“{agreement.get_state_display()}”，不能再签订。")
    if access_of(user).has_at(agreement.project.owner_id, Role.OWNER_LEAD):
        return _runs(agreement.project)
    return refuse(f"协议由{agreement.project.owner.name}的负责人签订，经办人员和代办人员不能代签。")


def can_decline(user: Person, agreement: Agreement) -> Verdict:
    """Either side may leave it before it is signed."""
    if agreement.state not in (AgreementState.REQUESTED, AgreementState.OFFERED):
        return refuse(f"协议现在是“{agreement.get_state_display()}”。")
    if is_owner(user, agreement.project) or desk_of(user, agreement.project):
        return ALLOWED
    return refuse("由建设单位或代办调度撤下。")


def can_end(user: Person, agreement: Agreement) -> Verdict:
    """The owner ends it on any day, without a charge and without asking."""
    if agreement.state != AgreementState.SIGNED:
        return refuse(f"协议现在是“{agreement.get_state_display()}”。")
    return ALLOWED if is_owner(user, agreement.project) else refuse("委托由建设单位随时终止，中心不能单方终止。")


# Orders ---------------------------------------------------------------------------------------------------------


def can_take(user: Person, order: WorkOrder) -> Verdict:
    """The agent to whom it is offered, or who covers for him."""
    if not _works_on(user, order):
        return refuse(f"这张工单派给{order.agent.user}。" if order.agent else "这张工单还没有派给人，请代办调度派单。")
    return _in(order, OrderState.WAITING, verb="接单")


def can_work(user: Person, order: WorkOrder) -> Verdict:
    """The agent who has it, or who covers for him, moves it on."""
    if not _works_on(user, order):
        return refuse(f"工单由{order.agent.user}办理。" if order.agent else "工单还没有人接。")
    return _in(order, *ORDER_MINE, *ORDER_WAITS, verb="办理")


def can_finish(user: Person, order: WorkOrder) -> Verdict:
    """What the portal decides ends by itself; what is done elsewhere is ended by the agent."""
    return can_work(user, order)


def can_log(user: Person, order: WorkOrder) -> Verdict:
    """Who works on it, and the desk, write its log."""
    if not (_works_on(user, order) or desk_of(user, order.project) or is_agent(user, order.project)):
        return refuse("跟办日志由项目的代办人员记。")
    return _in(order, *ORDER_OPEN, verb="再记日志")


def can_issue_sheet(user: Person, order: WorkOrder) -> Verdict:
    """Who works on it, and the desk, once somebody has accepted it."""
    if not (_works_on(user, order) or desk_of(user, order.project) or is_agent(user, order.project)):
        return refuse("工单由项目的代办人员出具。")
    return refuse("接单以后才能出具工单。") if order.state == OrderState.WAITING else ALLOWED


def can_give(user: Person, order: WorkOrder) -> Verdict:
    """The desk gives an order that nobody has accepted to somebody."""
    if not desk_of(user, order.project):
        return refuse("由代办调度派单。")
    if order.state in ORDER_HELD:
        return refuse("工单已经接了，换人要办交接单。")
    return _in(order, OrderState.WAITING, verb="派单")


def can_close(user: Person, order: WorkOrder) -> Verdict:
    """The agent or the desk closes it with the reason."""
    if not (_works_on(user, order) or desk_of(user, order.project)):
        return refuse("由经办的代办人员或代办调度关闭。")
    return _in(order, *ORDER_OPEN, verb="关闭")


# Escalations ----------------------------------------------------------------------------------------------------


def highest_level(user: Person, project: Project) -> int:
    """Return how far up a person may take a thing: agents two steps, windows and departments three, the head all."""
    access = access_of(user)
    if desk_of(user, project) or access.has(Role.SUPERVISOR):
        return int(Level.MAYOR)
    if access.has(Role.CLERK, *STAFF):
        return data.number("staff-level")
    return data.number("agent-level") if is_agent(user, project) or acting_for(user) else 0


def can_escalate(user: Person, order: WorkOrder) -> Verdict:
    """Somebody of the office who may take it at least one step up."""
    if not highest_level(user, order.project):
        return refuse("由代办人员、窗口、部门或中心主任升级；建设单位请告诉服务专员。")
    return _in(order, *ORDER_HELD, verb="升级")


def can_decide(user: Person, step: Escalation) -> Verdict:
    """The body that was asked decides: its people at the first step, its head at the second, then the director."""
    access = access_of(user)
    if step.state != EscalationState.OPEN:
        return refuse(f"这一级{step.get_state_display()}。")
    if access.speaks_for(step.raised_by_id):
        other = "，由工改办登记" if step.level >= Level.JOINT else ""
        return refuse(f"提出升级的人不能自己决定{other}。")
    if step.level >= Level.JOINT:
        at_home = access.has_at(step.project.centre_id, Role.DIRECTOR) or access.has(Role.SUPERVISOR)
        return ALLOWED if at_home else refuse(f"{step.get_level_display()}的决定由中心主任登记。")
    roles = STAFF if step.level == Level.OWN else (Role.CHIEF,)
    if access.has_at(step.body_id, *roles):
        return ALLOWED
    return refuse(f"由{step.body.label}{'' if step.level == Level.OWN else '首席代表'}答复。")


# Marks, accompanied walks, hand-overs -----------------------------------------------------------------------------


def can_mark(user: Person, project: Project) -> Verdict:
    """The desk and the agents of a project toggle 盯、关、跟."""
    if desk_of(user, project) or is_agent(user, project):
        return ALLOWED
    return refuse("盯、关、跟由代办调度、中心主任和项目的代办人员标记。")


def can_accompany(user: Person, project: Project) -> Verdict:
    """The desk and the agents write down an accompanied walk."""
    if not (desk_of(user, project) or is_agent(user, project)):
        return refuse("陪办记录由代办调度、中心主任或项目的代办人员填写。")
    return ALLOWED


def can_answer_friction(user: Person, issue: IssueItem) -> Verdict:
    """The department that it rubs at says what it has changed."""
    if not access_of(user).has_at(issue.debtor_organisation_id, *STAFF, *DESK):
        return refuse(f"堵点由{issue.debtor_organisation.label}整改。")
    return ALLOWED if issue.state in ISSUE_WITH_OWNER else refuse(f"堵点现在是“{issue.get_state_display()}”。")


def can_check_friction(user: Person, issue: IssueItem) -> Verdict:
    """The desk looks whether it is gone; who answered does not judge."""
    if not desk_of(user, issue.project):
        return refuse("由代办调度或中心主任复核。")
    return ALLOWED if issue.state == IssueState.SUBMITTED else refuse(f"堵点现在是“{issue.get_state_display()}”。")


def can_hand_over(user: Person, agent: Agent) -> Verdict:
    """The desk of his centre, or the agent himself, draws up the sheets."""
    if agent.user_id == user.pk or _is_desk_of(user, agent):
        return ALLOWED
    return refuse("交接由本人或代办调度发起。")


def can_sign_hand_over(user: Person, sheet: HandOver) -> Verdict:
    """Who takes it over signs."""
    if sheet.state != HandOverState.PREPARED:
        return refuse(f"交接单{sheet.get_state_display()}。")
    return ALLOWED if sheet.to_agent.user_id == user.pk else refuse(f"由接收人{sheet.to_agent.user}签收。")


def can_cancel_hand_over(user: Person, sheet: HandOver) -> Verdict:
    """The desk or who drew it up takes it back."""
    if sheet.state != HandOverState.PREPARED:
        return refuse(f"交接单{sheet.get_state_display()}。")
    if desk_of(user, sheet.project) or sheet.prepared_by_id == user.pk:
        return ALLOWED
    return refuse("由制单人或代办调度作废。")
