"""Who may do what in the archive: each rule is a pure read and tells the reason of a refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archives.states import TransferState
from projects.access import OWNER_ROLES, access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ProjectStatus, Role, Stage

if TYPE_CHECKING:
    from archives.models import Delivery, Document, Transfer
    from projects.models import Project, User

#: Roles of the centre that keep archive and codes.
KEEPERS = (Role.CLERK, Role.ARCHIVIST, Role.AGENT, Role.DISPATCHER, Role.DIRECTOR)
#: Source of a document that belongs to no step (补充归档).
PROJECT_LABEL = "projects.Project"
#: Roles of the centre that hand an archive over.
HANDERS = (Role.AGENT, Role.ARCHIVIST)
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


def sees_office(user: User) -> bool:
    """Return whether the person reads what is for the office side only."""
    return access_of(user).is_office


def can_read_archive(user: User, project: Project) -> Verdict:
    """项目卷: whoever sees the project may have its archive bound."""
    from projects.models import Project as Projects

    if Projects.objects.visible_to(user).filter(pk=project.pk).exists():
        return ALLOWED
    return refuse("您看不到这个项目的档案。")


def can_transfer(user: User, project: Project) -> Verdict:
    """预验收和移交: the owner, an agent or the archivist of the centre, once the project is being accepted."""
    if project.stage not in (Stage.ACCEPTANCE, Stage.DELIVERED):
        return refuse("项目进入施工验收阶段以后才能预验收和移交。")
    access = access_of(user)
    if access.has_at(project.owner_id, *OWNER_ROLES) or access.has_at(project.centre_id, *HANDERS):
        return ALLOWED
    return refuse(f"档案移交由建设单位，或{project.centre.label}的档案管理员、代办专员办理。")


def can_hand(_: User, transfer: Transfer) -> Verdict:
    """移交: the project is delivered and the package is made."""
    if transfer.project.stage != Stage.DELIVERED:
        return refuse("项目验收交付以后才能移交；现在可以先预验收。")
    bundle = transfer.bundle
    if bundle.fault:
        return refuse(bundle.fault)
    if bundle.made_at is None:
        return refuse("移交包正在生成并逐件检测，请过几分钟再来。")
    return ALLOWED


def can_receive(user: User, transfer: Transfer) -> Verdict:
    """接收: the people of the body that receives."""
    if transfer.receiver_id in access_of(user).organisation_ids:
        return ALLOWED
    return refuse(f"档案由{transfer.receiver.label}接收。")


def can_give_back(user: User, transfer: Transfer) -> Verdict:
    """退回: the receiver; before the hand-over who prepared it takes it back."""
    if transfer.state == TransferState.PREPARED:
        return can_transfer(user, transfer.project)
    return can_receive(user, transfer)
