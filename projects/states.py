"""Choices of the kernel: roles, stages, states, and the tone of each badge. Imports only Django."""

from __future__ import annotations

from django.db.models import TextChoices


class OrganisationKind(TextChoices):
    """What kind of body an organisation is; the first ten come from the catalogue."""

    BUREAU = "bureau", "行政审批局"
    DEPARTMENT = "department", "部门"
    COMMITTEE = "committee", "管委会"
    CENTRE = "centre", "中心"
    REGISTRY = "registry", "登记机构"
    ARCHIVE = "archive", "档案馆"
    UTILITY = "utility", "市政公用单位"
    INTERMEDIARY = "intermediary", "中介机构"
    LEADING_GROUP = "leading-group", "领导小组"
    HIGHER = "higher", "上级机关"
    ENTERPRISE = "enterprise", "企业"
    OWNER_BODY = "owner-body", "建设单位（机关事业）"


#: What takes part in a project as a firm, and has its first account from the window.
FIRMS = frozenset({OrganisationKind.ENTERPRISE, OrganisationKind.OWNER_BODY, OrganisationKind.INTERMEDIARY})


class Role(TextChoices):
    """What a person does for an organisation (handbook §18)."""

    OWNER_LEAD = "owner_lead", "建设单位负责人"
    OWNER_STAFF = "owner_staff", "建设单位经办"
    CLERK = "clerk", "窗口人员"
    REVIEWER = "reviewer", "部门经办"
    CHIEF = "chief", "首席代表"
    AGENT = "agent", "代办专员"
    DISPATCHER = "dispatcher", "代办调度"
    DIRECTOR = "director", "中心主任"
    SUPERVISOR = "supervisor", "工改办"
    ARCHIVIST = "archivist", "档案管理员"
    INSPECTOR = "inspector", "督查"
    ADMIN = "admin", "系统管理员"
    SECURITY = "security", "安全管理员"
    AUDITOR = "auditor", "审计管理员"


#: 三员分立: who holds one of them holds nothing else, and none does the work of another.
ADMIN_ROLES = frozenset({Role.ADMIN, Role.SECURITY, Role.AUDITOR})


class InvitationKind(TextChoices):
    """What a one-time code is good for."""

    JOIN = "join", "加入单位"
    RESET = "reset", "重设密码"


class InvolvementRole(TextChoices):
    """Why a person or body sees a project. This alone feeds `visible_to`."""

    OWNER = "owner", "建设单位"
    PARTY = "party", "参建单位"
    CENTRE = "centre", "审批服务中心"
    REVIEWER = "reviewer", "审批审查部门"
    LEAD_OFFICER = "lead_officer", "项目长"
    SERVICE_AGENT = "service_agent", "服务专员"


class PartyRole(TextChoices):
    """DWLX of the exchange standard (standards §4.3)."""

    BUILDER = "1", "建设单位"
    CONTRACTOR = "2", "施工单位"
    SURVEYOR = "3", "勘察单位"
    DESIGNER = "4", "设计单位"
    SUPERVISOR = "5", "监理单位"
    PROXY_BUILDER = "6", "代建单位"
    AGENT = "7", "经办单位"
    OTHER = "8", "其他单位"
    DRAWING_REVIEWER = "9", "审图机构"


class Investment(TextChoices):
    """Who pays for the project; decides between the two families of packages."""

    GOVERNMENT = "government", "政府投资"
    SOCIAL = "social", "社会投资"


class Stage(TextChoices):
    """The three stages of the chain, and delivered."""

    PLANNING = "planning", "谋划准备"
    PERMIT = "permit", "报建开工"
    ACCEPTANCE = "acceptance", "施工验收"
    DELIVERED = "delivered", "已交付"


class ProjectStatus(TextChoices):
    """Whether the project runs at all."""

    ACTIVE = "active", "在办"
    SUSPENDED = "suspended", "暂缓"
    TERMINATED = "terminated", "终止"
    MERGED = "merged", "已合并"


class GrantKind(TextChoices):
    """Why somebody who is not involved may see a project for a while (DESIGN §3)."""

    BORROW = "borrow", "借阅"
    DELEGATE = "delegate", "临时委托"
    INSPECT = "inspect", "上级抽查"


class IssueKind(TextChoices):
    """The six things that somebody owes (DESIGN §3)."""

    GAP = "gap", "缺口"
    CORRECTION = "correction", "补正"
    DEFERRAL = "deferral", "容缺"
    COMMITMENT = "commitment", "承诺"
    RECTIFICATION = "rectification", "整改"
    FRICTION = "friction", "堵点"


class IssueState(TextChoices):
    """Life of an issue item (handbook Appendix D)."""

    OPEN = "open", "待办"
    CLAIMED = "claimed", "已认领"
    DOING = "doing", "办理中"
    SUBMITTED = "submitted", "已提交待核"
    VERIFIED = "verified", "已核"
    REJECTED = "rejected", "未通过复核"
    WAIVED = "waived", "已免除"


ISSUE_OPEN = (IssueState.OPEN, IssueState.CLAIMED, IssueState.DOING, IssueState.SUBMITTED, IssueState.REJECTED)
ISSUE_WITH_OWNER = (IssueState.OPEN, IssueState.CLAIMED, IssueState.DOING, IssueState.REJECTED)

TONES: dict[str, str] = {
    ProjectStatus.ACTIVE: "act",
    ProjectStatus.SUSPENDED: "none",
    ProjectStatus.TERMINATED: "bad",
    ProjectStatus.MERGED: "none",
    IssueState.OPEN: "warn",
    IssueState.CLAIMED: "warn",
    IssueState.DOING: "warn",
    IssueState.SUBMITTED: "act",
    IssueState.VERIFIED: "good",
    IssueState.REJECTED: "bad",
    IssueState.WAIVED: "none",
}
