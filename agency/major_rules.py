"""Who may do what with major projects, resource tickets and batches of starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agency.major_data import kind_of
from agency.major_states import ENTRY_COMING, EntryState, TicketState
from projects import timing
from projects.access import access_of, region_prefix
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ProjectStatus, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from agency.models import Batch, BatchEntry, ResourceTicket, StartCheck
    from projects.models import Project, Region, User

    Person = User | AnonymousUser

WATCHERS = (Role.DIRECTOR, Role.SUPERVISOR)


def can_see_cockpit(user: Person, _: object = None) -> Verdict:
    """The director of a centre and 工改办 command from here."""
    return ALLOWED if access_of(user).has(*WATCHERS) else refuse("指挥调度供中心主任和工改办使用。")


def can_see_majors(user: Person, _: object = None) -> Verdict:
    """The centre's people, agents and 工改办 see major projects; departments the tickets that they keep."""
    if access_of(user).has(*WATCHERS, Role.DISPATCHER, Role.AGENT, Role.REVIEWER, Role.CHIEF, Role.CLERK):
        return ALLOWED
    return refuse("重大项目供审批侧查看。")


def can_keep_majors(user: Person, project: Project) -> Verdict:
    """The director or dispatcher of the project's centre, or 工改办, while the project is not ended."""
    access = access_of(user)
    if not (access.has_at(project.centre_id, Role.DIRECTOR, Role.DISPATCHER) or access.has(Role.SUPERVISOR)):
        return refuse("重大项目由中心主任、代办调度或工改办管理。")
    return _runs(project)


def can_report(user: Person, project: Project) -> Verdict:
    """Who keeps the list, and the agents of the project."""
    if access_of(user).has(Role.AGENT):
        return _runs(project)
    return can_keep_majors(user, project)


def _runs(project: Project) -> Verdict:
    if project.status in (ProjectStatus.TERMINATED, ProjectStatus.MERGED):
        return refuse(f"项目已{project.get_status_display()}。")
    return ALLOWED


def can_measure(user: Person, ticket: ResourceTicket) -> Verdict:
    """Agents and who keeps the list work out the need."""
    if ticket.state not in (TicketState.UNMEASURED, TicketState.MEASURED):
        return refuse(f"指标{ticket.get_state_display()}，需要变更的先退回测算。")
    return can_report(user, ticket.project)


def can_apply(user: Person, ticket: ResourceTicket) -> Verdict:
    """The same people apply for it."""
    if ticket.state != TicketState.MEASURED:
        return refuse("先测算需要数量，再申请。" if ticket.state == TicketState.UNMEASURED else "已经申请。")
    return can_report(user, ticket.project)


def can_balance(user: Person, ticket: ResourceTicket) -> Verdict:
    """The director within the district, 工改办 between districts."""
    if ticket.state != TicketState.APPLIED:
        return refuse(f"指标{ticket.get_state_display()}，申请之后才能平衡。")
    access = access_of(user)
    if access.has_at(ticket.project.centre_id, Role.DIRECTOR) or access.has(Role.SUPERVISOR):
        return ALLOWED
    return refuse("区内由中心主任平衡，市级调剂由工改办平衡。")


def _keeps(user: Person, ticket: ResourceTicket) -> bool:
    access, department = access_of(user), kind_of(ticket.kind).department
    mine = any(
        body.code == department and access.has_at(body.pk, Role.REVIEWER, Role.CHIEF) for body in access.organisations
    )
    return mine or access.has(Role.SUPERVISOR)


def can_draw(user: Person, ticket: ResourceTicket, source: Region) -> Verdict:
    """Out of the quota of the own district the director too; out of another one's only 工改办 above both."""
    if source.code == ticket.project.region_id or _commands(user, source, Role.SUPERVISOR):
        return ALLOWED
    return refuse(f"从其他区划调剂指标由{source}的上级工改办平衡；请选本区划，或提请工改办。")


def _commands(user: Person, region: Region, *roles: Role) -> bool:
    """Whether the user has one of the roles at a body of this district or of one above it."""
    access = access_of(user)
    return any(
        body.region is not None and region.code.startswith(region_prefix(body.region.code))
        and access.has_at(body.pk, *roles) for body in access.organisations
    )


def can_secure(user: Person, ticket: ResourceTicket) -> Verdict:
    """The department that keeps the index."""
    if ticket.state != TicketState.BALANCED:
        return refuse(f"指标{ticket.get_state_display()}，平衡之后才能落实。")
    return ALLOWED if _keeps(user, ticket) else refuse("由指标主管部门落实。")


def can_write_off(user: Person, ticket: ResourceTicket) -> Verdict:
    """The department that keeps the index."""
    if ticket.state != TicketState.SECURED:
        return refuse(f"指标{ticket.get_state_display()}，落实之后才能核销。")
    return ALLOWED if _keeps(user, ticket) else refuse("由指标主管部门核销。")


def can_send_back(user: Person, ticket: ResourceTicket) -> Verdict:
    """Who balances and who keeps the index may send it back to be measured anew."""
    if ticket.state not in (TicketState.APPLIED, TicketState.BALANCED):
        return refuse(f"指标{ticket.get_state_display()}，没有可退回的申请。")
    access = access_of(user)
    if _keeps(user, ticket) or access.has_at(ticket.project.centre_id, Role.DIRECTOR):
        return ALLOWED
    return refuse("由中心主任、工改办或指标主管部门退回。")


def can_set_quota(user: Person, region: Region | None = None) -> Verdict:
    """工改办 and a director for the own district and those below; without a district: whether for any."""
    if not access_of(user).has(*WATCHERS):
        return refuse("额度由工改办或中心主任登记。")
    if region is None or _commands(user, region, *WATCHERS):
        return ALLOWED
    return refuse(f"{region}的额度由本区划的中心主任或上级工改办登记。")


def can_make_batch(user: Person, _: object = None) -> Verdict:
    """Directors and dispatchers of a centre."""
    if access_of(user).has(Role.DIRECTOR, Role.DISPATCHER):
        return ALLOWED
    return refuse("批次由中心主任或代办调度安排。")


def can_keep_batch(user: Person, batch: Batch) -> Verdict:
    """Director and dispatcher of the centre of the batch."""
    if access_of(user).has_at(batch.centre_id, Role.DIRECTOR, Role.DISPATCHER):
        return ALLOWED
    return refuse("批次由中心主任或代办调度安排。")


def can_prepare(user: Person, entry: BatchEntry) -> Verdict:
    """Who keeps the batch and the agents answer the checklist until the works begin."""
    if entry.state not in ENTRY_COMING:
        return refuse(f"项目{entry.get_state_display()}，开工条件不再改动。")
    return can_report(user, entry.project)


def can_confirm(user: Person, entry: BatchEntry) -> Verdict:
    """Who keeps the batch confirms what is ready."""
    if entry.state != EntryState.PROPOSED:
        return refuse(f"项目{entry.get_state_display()}。")
    return can_keep_batch(user, entry.batch)


def can_start(user: Person, entry: BatchEntry) -> Verdict:
    """Who keeps the batch says that the works have begun."""
    if entry.state != EntryState.CONFIRMED:
        return refuse("先确认开工条件，再登记开工。" if entry.state == EntryState.PROPOSED else
                      f"项目{entry.get_state_display()}。")
    return can_keep_batch(user, entry.batch)


def can_postpone(user: Person, entry: BatchEntry) -> Verdict:
    """Who keeps the batch puts a project off."""
    if entry.state not in ENTRY_COMING:
        return refuse(f"项目{entry.get_state_display()}。")
    return can_keep_batch(user, entry.batch)


def can_check_start(user: Person, check: StartCheck) -> Verdict:
    """Who keeps the batch and the agents look at the site, each time once, and not before its day has come."""
    if check.checked_at is not None:
        return refuse("这次核查已经登记。")
    if check.due_on > timing.today():
        return refuse(f"{timing.spoken(check.due_on)}起到场核查，提前拍的照片说明不了那时是否真正施工。")
    return can_report(user, check.entry.project)
