"""Who may do what in the archive: each rule is a pure read and tells the reason of a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.access import OWNER_ROLES, access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ProjectStatus, Role

if TYPE_CHECKING:
    from archives.models import Delivery, Document
    from projects.models import Project, User

#: Roles of the centre that keep archive and codes.
KEEPERS = (Role.CLERK, Role.ARCHIVIST, Role.AGENT, Role.DISPATCHER, Role.DIRECTOR)
#: Source of a document that belongs to no step (补充归档).
PROJECT_LABEL = "projects.Project"
CODE_KEEPERS = (Role.CLERK, Role.ARCHIVIST, Role.DISPATCHER, Role.DIRECTOR)


def can_file(user: User, project: Project) -> Verdict:
    """The owner and the centre's people file documents; a terminated or merged project takes nothing more."""
    if project.status in (ProjectStatus.TERMINATED, ProjectStatus.MERGED):
        return refuse(f"项目{project.get_status_display()}，档案只供查阅，不再收件。")
    access = access_of(user)
    if access.has_at(project.owner_id, Role.OWNER_LEAD, Role.OWNER_STAFF) or access.has_at(project.centre_id, *KEEPERS):
        return ALLOWED
    return refuse("补充归档由建设单位、窗口人员、档案管理员或代办专员办理。")


def can_add_version(user: User, document: Document) -> Verdict:
    """A new version follows the right to file; an official paper is re-issued instead, a replaced document rests.

    What came with a step is what the departments have read: its owner hands it in anew there, under the step's rule.
    """
    if hasattr(document, "paper"):
        return refuse("这是系统出具的文书，不能换文件；需要更改时由出具单位换发。")
    if document.replaced_by_id is not None:
        return refuse("这份文件已被新文件替换，请在新文件上更新。")
    if not (verdict := can_file(user, document.project)):
        return verdict
    if document.source_type != PROJECT_LABEL and not access_of(user).has_at(document.project.centre_id, *KEEPERS):
        return refuse("这份文件是办件环节交来的，办件会用到它；需要更换时在申报的材料清单或补正里重新上传。")
    return ALLOWED


def can_reissue_code(user: User, project: Project) -> Verdict:
    """换码: the centre's people, for a project that runs."""
    if project.status in (ProjectStatus.TERMINATED, ProjectStatus.MERGED):
        return refuse(f"项目{project.get_status_display()}，项目码不再换发。")
    if access_of(user).has_at(project.centre_id, *CODE_KEEPERS):
        return ALLOWED
    return refuse("换码由审批服务中心的窗口人员、档案管理员或代办调度办理，请到窗口提出。")


def can_void_code(user: User, project: Project) -> Verdict:
    """作废: the centre's people."""
    if access_of(user).has_at(project.centre_id, *CODE_KEEPERS):
        return ALLOWED
    return refuse("项目码作废由审批服务中心的窗口人员、档案管理员或代办调度办理。")


def can_sign_for(user: User, delivery: Delivery) -> Verdict:
    """签收: the people of the addressee, lead or staff."""
    if access_of(user).has_at(delivery.organisation_id, *OWNER_ROLES):
        return ALLOWED
    return refuse(f"这份文书由“{delivery.organisation.label}”的人员签收。")


def can_hand_over(user: User, delivery: Delivery) -> Verdict:
    """窗口签收: the window notes who signed for the paper at the counter."""
    project = delivery.paper.project
    if project is not None and access_of(user).has_at(project.centre_id, Role.CLERK):
        return ALLOWED
    return refuse("当面签收由窗口登记，您的岗位不办理。")


def can_see_keeping(user: User, _: object) -> Verdict:
    """档案校验 over the whole store is shown to the office side."""
    if access_of(user).is_office:
        return ALLOWED
    return refuse("档案校验由审批侧查看；您的项目档案在项目页的“项目档案”里。")
