"""Who may do what with a project: pure reads, each answer with its reason in Chinese for the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects import account_rules
from projects.access import access_of
from projects.codes import is_local_code
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ProjectStatus, Role, Stage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import Clock, Organisation, Project, User

    Person = User | AnonymousUser

REGISTRARS = (Role.CLERK, Role.AGENT, Role.DISPATCHER)
AUDITORS = (Role.DIRECTOR, Role.SUPERVISOR, Role.INSPECTOR, Role.AUDITOR)


def can_register(user: Person, _: object = None) -> Verdict:
    """Enterprises and the people of the centre register projects."""
    access = access_of(user)
    if access.is_owner or access.has(*REGISTRARS):
        return ALLOWED
    return refuse("登记项目由建设单位或窗口办理，您的岗位不登记项目。")


def can_register_for(user: Person, owner: Organisation) -> Verdict:
    """An enterprise registers for itself only; the window for everybody."""
    access = access_of(user)
    if access.has(*REGISTRARS) or owner.pk in access.organisation_ids:
        return ALLOWED
    return refuse("企业只能为本单位登记项目，请核对统一社会信用代码；代他人登记请到窗口办理。")


def _open(project: Project) -> Verdict:
    if project.status in {ProjectStatus.TERMINATED, ProjectStatus.MERGED}:
        return refuse(f"项目{project.get_status_display()}，不能再改。")
    return ALLOWED


def can_add_party(user: Person, project: Project) -> Verdict:
    """The owner and the people of the centre keep the list of parties."""
    if not (opened := _open(project)):
        return opened
    access = access_of(user)
    if project.owner_id in access.organisation_ids or access.has_at(project.centre_id, *REGISTRARS):
        return ALLOWED
    return refuse("参建单位由建设单位或窗口登记。")


def can_see_contacts(user: Person, project: Project) -> Verdict:
    """Telephones are read by the owner, the people of the centre, and the agents of the project."""
    access = access_of(user)
    if project.owner_id in access.organisation_ids or access.has_at(project.centre_id, *REGISTRARS, Role.DIRECTOR):
        return ALLOWED
    return refuse("联系方式只给建设单位和审批服务中心查看。")


def can_exchange_code(user: Person, project: Project) -> Verdict:
    """A local code is exchanged once, by the window or the owner."""
    if not is_local_code(project.code):
        return refuse("项目已使用国家代码，不需要换码。")
    return can_add_party(user, project)


def can_suspend(user: Person, project: Project) -> Verdict:
    """The dispatcher or the director of the centre lets a running project rest."""
    if project.status != ProjectStatus.ACTIVE or project.stage == Stage.DELIVERED:
        return refuse("只有在办的项目可以暂缓。")
    return _steers(user, project)


def can_resume(user: Person, project: Project) -> Verdict:
    """The dispatcher or the director lets a resting project run again."""
    if project.status != ProjectStatus.SUSPENDED:
        return refuse("只有暂缓的项目可以恢复。")
    return _steers(user, project)


def can_terminate(user: Person, project: Project) -> Verdict:
    """The dispatcher or the director ends a project that was not delivered."""
    if project.status not in {ProjectStatus.ACTIVE, ProjectStatus.SUSPENDED} or project.stage == Stage.DELIVERED:
        return refuse("只有未交付的项目可以终止。")
    return _steers(user, project)


def can_merge(user: Person, project: Project) -> Verdict:
    """The dispatcher or the director merges a project that was entered twice."""
    if project.status not in {ProjectStatus.ACTIVE, ProjectStatus.SUSPENDED} or project.stage != Stage.PLANNING:
        return refuse("只有谋划准备阶段的在办项目可以合并。")
    return _steers(user, project)


def _steers(user: Person, project: Project) -> Verdict:
    if access_of(user).has_at(project.centre_id, Role.DISPATCHER, Role.DIRECTOR):
        return ALLOWED
    return refuse("由代办调度或中心主任办理。")


def can_grant(user: Person, project: Project) -> Verdict:
    """The director or the archivist of the centre lends a project to somebody who is not involved (借阅)."""
    if access_of(user).has_at(project.centre_id, Role.DIRECTOR, Role.ARCHIVIST, Role.DISPATCHER):
        return ALLOWED
    return refuse("借阅由中心主任、代办调度或档案管理员批准。")


def can_verify_events(user: Person, _: Project) -> Verdict:
    """Directors, supervisors and the audit administrator check the chain of events."""
    if access_of(user).has(*AUDITORS):
        return ALLOWED
    return refuse("校验大事记由中心主任、工改办、督查或审计管理员办理。")


def can_explain_overdue(user: Person, clock: Clock) -> Verdict:
    """The director of the centre writes down why a limit was exceeded; no limit and no figure changes by it."""
    project = clock.project
    if project is None or not access_of(user).has_at(project.centre_id, Role.DIRECTOR, Role.SUPERVISOR):
        return refuse("超时说明由中心主任或工改办填写。")
    return ALLOWED if clock.first_overdue_at else refuse("没有超时，不需要说明。")


def can_see_calendar(user: Person, _: object = None) -> Verdict:
    """Whoever works for the office reads the working calendar and its versions."""
    return ALLOWED if access_of(user).is_staff else refuse("工作日历的版本由审批服务中心和部门查看。")


def can_edit_calendar(user: Person, _: object = None) -> Verdict:
    """The system administrator keeps the working calendar, at elevated work."""
    return account_rules.works_as(user, Role.ADMIN, "工作日历由系统管理员维护。")


def can_see_back_entries(user: Person, _: object = None) -> Verdict:
    """Whoever works for the office sees what was keyed in late, in the projects that are visible anyway."""
    return ALLOWED if access_of(user).is_office else refuse("补录清单由审批服务中心和部门查看。")
