"""Who may do what with people, roles and accounts; how far each of the three administrators goes (三员分立).

The system administrator enters bodies and people and keeps the calendar; the security administrator keeps second
factors, sessions and locked accounts; the audit administrator reads what everybody did. An administrator who changes
something has switched on elevated work first (特权操作). Administrators are appointed by command, never by one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from projects import timing
from projects.access import OWNER_ROLES, access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.models.accounts import Elevation
from projects.states import ADMIN_ROLES, FIRMS, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import Membership, Organisation, User

    Person = User | AnonymousUser

NOT_ELEVATED = "这一步要先开启特权操作：写明事由，限时有效，全程留痕。请到“特权操作”页开启。"
BY_COMMAND = "系统、安全、审计管理员的任免由单位书面决定，在服务器上用命令办理，页面不办。"
#: Who heads a body, for the leave cover of its people.
HEADS = (Role.DIRECTOR, Role.CHIEF)


def is_elevated(user: Person) -> bool:
    """Return whether the administrator has switched on elevated work; read once per request."""
    known: bool | None = user.__dict__.get("_elevated")
    if known is None:
        roles = [role for role in ADMIN_ROLES if access_of(user).has(role)]
        known = bool(roles) and Elevation.objects.current().filter(user_id=user.pk or 0, role__in=roles).exists()
        user.__dict__["_elevated"] = known
    return known


def works_as(user: Person, role: str, otherwise: str) -> Verdict:
    """Return whether the user is this administrator, at elevated work."""
    if not access_of(user).has(role):
        return refuse(otherwise)
    return ALLOWED if is_elevated(user) else refuse(NOT_ELEVATED)


# People and bodies ---------------------------------------------------------------------------------------------------


def can_see_people(user: Person, _: object = None) -> Verdict:
    """The system administrator reads who works where."""
    return ALLOWED if access_of(user).has(Role.ADMIN) else refuse("人员和任职由系统管理员办理。")


def can_keep_people(user: Person, _: object = None) -> Verdict:
    """The system administrator enters the people and bodies of the portal."""
    return works_as(user, Role.ADMIN, "人员和任职由系统管理员办理。")


def can_invite(user: Person, asked: tuple[Organisation, str]) -> Verdict:
    """The lead of an enterprise invites its staff, the window its first lead, the administrator all but his like."""
    body, role = asked
    if role in ADMIN_ROLES:
        return refuse(BY_COMMAND)
    access = access_of(user)
    if access.has(Role.ADMIN):
        return can_keep_people(user)
    if access.has_at(body.pk, Role.OWNER_LEAD) and role == Role.OWNER_STAFF:
        return ALLOWED
    if access.has_at(body.pk, Role.OWNER_LEAD):
        return refuse("负责人只能邀请经办；换负责人请用“移交负责人”，由窗口核实的请找系统管理员。")
    if role == Role.OWNER_LEAD and serves_firm(user, body):
        return _has_no_lead(body)
    return refuse(f"“{body.label}”的人员由本单位负责人或系统管理员邀请。")


def serves_firm(user: Person, body: Organisation) -> bool:
    """Whether the user is a clerk at the window of a centre where this firm has a project or takes part in one."""
    from projects.models import Project

    centres = access_of(user).by_role.get(Role.CLERK, frozenset())
    found = Project.objects.filter(centre__in=centres)
    if not centres or found.filter(owner=body).exists():
        return bool(centres)
    return body.kind in FIRMS and found.filter(parties__organisation=body).exists()


def _has_no_lead(body: Organisation) -> Verdict:
    """The window opens the first account of an enterprise; afterwards its responsible person invites the others."""
    from projects.models import Membership

    today = timing.today()
    held = Membership.objects.filter(Q(until=None) | Q(until__gte=today), organisation=body, role=Role.OWNER_LEAD)
    if held.exists():
        return refuse(f"“{body.label}”已有负责人，经办由负责人邀请；换负责人的请找系统管理员。")
    return ALLOWED


def can_end_membership(user: Person, row: Membership) -> Verdict:
    """The lead of an enterprise ends its staff, the system administrator others; who leaves ends his own."""
    access = access_of(user)
    if row.role in ADMIN_ROLES:
        return refuse(BY_COMMAND)
    if row.giver_id is not None:
        return can_end_delegation(user, row)
    if row.user_id == user.pk:
        return ALLOWED if row.role in OWNER_ROLES else refuse("不能改自己的任职，请由系统管理员办理。")
    if access.has_at(row.organisation_id, Role.OWNER_LEAD) and row.role in OWNER_ROLES:
        return ALLOWED
    if access.has(Role.ADMIN):
        return can_keep_people(user)
    return refuse(f"“{row.organisation.label}”的人员由本单位负责人或系统管理员停用。")


def can_reset_password(user: Person, row: Membership, *, elsewhere: bool | None = None) -> Verdict:
    """The system administrator for everybody but administrators, the lead of an enterprise for its own people only.

    With the code somebody else could sign in as this person: a lead gets none for who works for a body that he does not
    lead, and nobody for the own account, where the present password is asked for. `elsewhere` spares the look.
    """
    access = access_of(user)
    if row.user_id == user.pk:
        return refuse("自己的密码请到“我的账号”更换，要先核对现在的密码。")
    if row.role in ADMIN_ROLES:
        return refuse(BY_COMMAND)
    if access.has(Role.ADMIN):
        return can_keep_people(user)
    if not (row.role in OWNER_ROLES and access.has_at(row.organisation_id, Role.OWNER_LEAD)):
        return refuse(f"“{row.organisation.label}”人员的密码由本单位负责人或系统管理员重设。")
    if elsewhere is None:
        held = type(row).objects.filter(Q(until=None) | Q(until__gte=timing.today()), user=row.user_id)
        elsewhere = held.exclude(organisation__in=access.by_role[Role.OWNER_LEAD]).exists()
    return refuse(f"{row.user}还在别的单位任职，密码由系统管理员重设。") if elsewhere else ALLOWED


def can_hand_over(user: Person, row: Membership) -> Verdict:
    """The lead hands over to somebody of the same enterprise."""
    if row.role in OWNER_ROLES and access_of(user).has_at(row.organisation_id, Role.OWNER_LEAD):
        return ALLOWED
    return refuse(f"“{row.organisation.label}”的负责人由现任负责人移交。")


# Delegation ----------------------------------------------------------------------------------------------------------


def can_delegate(user: Person, row: Membership) -> Verdict:
    """A person gives away an own role of the office; the head of the body for somebody who cannot."""
    if row.role in OWNER_ROLES:
        return refuse("企业人员不用委托：负责人可以邀请经办，换负责人用“移交负责人”。")
    if row.role in ADMIN_ROLES:
        return refuse("系统、安全、审计管理员的岗位不委托。")
    if row.giver_id is not None:
        return refuse("代理来的岗位不能再转委托，请由委托人另行委托。")
    if row.user_id == user.pk or _heads(user, row, own=True):
        return ALLOWED
    return refuse(f"委托由{row.user}本人或“{row.organisation.label}”负责人办理。")


def can_end_delegation(user: Person, row: Membership) -> Verdict:
    """Giver, stand-in, or the head of the body."""
    if row.giver_id is None:
        return refuse("这是本人的任职，不是代理。")
    if user.pk in (row.giver_id, row.user_id) or _heads(user, row):
        return ALLOWED
    return refuse(f"代理由委托人、代理人或“{row.organisation.label}”负责人结束。")


def _heads(user: Person, row: Membership, *, own: bool = False) -> bool:
    """Whether the user heads the body; `own`: not as a stand-in, who would give away for longer than he has it."""
    access = access_of(user)
    lent = {one.role for one in access.delegations if one.organisation_id == row.organisation_id} if own else set()
    return any(role not in lent and access.has_at(row.organisation_id, role) for role in HEADS)


# The own account -----------------------------------------------------------------------------------------------------


def can_change_contacts(user: Person, person: User) -> Verdict:
    """Telephone and e-mail are entered by the person whom they reach, by nobody else."""
    return ALLOWED if user.pk is not None and user.pk == person.pk else refuse("联系方式只能由本人登记和更改。")


# Security ------------------------------------------------------------------------------------------------------------


def can_see_security(user: Person, _: object = None) -> Verdict:
    """The security administrator sees who has a second factor and who is signed in."""
    return ALLOWED if access_of(user).has(Role.SECURITY) else refuse("账号安全由安全管理员办理。")


def can_secure(user: Person, person: User) -> Verdict:
    """The security administrator resets factors, ends sessions, suspends accounts, of everybody else."""
    verdict = works_as(user, Role.SECURITY, "账号安全由安全管理员办理。")
    if verdict and person.pk == user.pk:
        return refuse("不能处理自己的账号；请在服务器上用命令办理，或由另一位安全管理员办理。")
    return verdict


def can_keep_security_records(user: Person, _: object = None) -> Verdict:
    """The security administrator writes impact assessments and incidents down."""
    return works_as(user, Role.SECURITY, "影响评估和安全事件由安全管理员记录。")


def can_audit(user: Person, _: object = None) -> Verdict:
    """The audit administrator reads who did and read what; nobody else does, and nobody changes it."""
    return ALLOWED if access_of(user).has(Role.AUDITOR) else refuse("审计记录由审计管理员查阅。")


def can_see_roles(user: Person, _: object = None) -> Verdict:
    """The staff reads who may do what."""
    return ALLOWED if access_of(user).is_staff else refuse("角色与权限由工作人员查看。")


def can_elevate(user: Person, role: str) -> Verdict:
    """An administrator switches on elevated work for the own role; the audit administrator only reads, so never."""
    if role == Role.AUDITOR:
        return refuse("审计管理员只查阅，不需要特权操作。")
    if role in ADMIN_ROLES and access_of(user).has(role):
        return ALLOWED
    return refuse("特权操作只给系统管理员和安全管理员。")
