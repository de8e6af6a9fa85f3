"""People of an organisation: invited by a one-time code, joined, ended, and the lead handed over.

Every change is one event in the chain of the organisation. An ended membership ends at once: the rights of a person are
read from its memberships with every request, so an open session has lost them with the next press.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
import unicodedata
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from projects import account_rules, passwords, timing
from projects.access import OWNER_ROLES, access_of
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Invitation, Membership, Organisation, User
from projects.services.accounts import after_reset, check_new
from projects.services.delegation import close
from projects.staff_queries import current
from projects.states import ADMIN_ROLES, FIRMS, InvitationKind, Role

if TYPE_CHECKING:
    from django.db.models import QuerySet

#: No 0 O, 1 I L, U: a code can be told on the telephone. Twelve of thirty letters are 58 bits.
ALPHABET, LENGTH = "23456789ABCDEFGHJKMNPQRSTVWXYZ", 12
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{2,49}")
WRONG_CODE = "邀请码不对、已经用过、已被收回，或者过了有效期。请向邀请您的人要一个新的邀请码。"


def grouped(code: str) -> str:
    """Return a code as people read it: 3F9K-Q2T7-HM4C."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def _hash(text: str) -> str:
    """Return the keyed hash of a typed code: full-width letters, blanks and dashes mended."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum())
    return salted_hmac("gaige.invitation", plain, algorithm="sha256").hexdigest()


def _lock(organisation_id: int) -> Organisation:
    return Organisation.objects.select_for_update().get(pk=organisation_id)


# Inviting -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def invite(  # noqa: PLR0913 - one argument per column
    organisation_id: int, *, by: User | None, role: str, name: str, contact: str = "", title: str = "",
    until: dt.date | None = None, at: dt.datetime | None = None,
) -> tuple[Invitation, str]:
    """Invite a person to an organisation in a role; return the invitation and its code, which is shown once.

    The lead of an enterprise invites its staff, an administrator everybody else. Event `staff.invited`. Raises
    `NotAllowed`, `DomainError` (`name_missing`, `role_unfit`, `invited_already`, `until_past`).
    """
    body = _lock(organisation_id)
    require(account_rules.can_invite, by, (body, role))
    name = name.strip()
    if not name:
        raise DomainError("name_missing", "请填写被邀请人的姓名。")
    if role not in Role.values or (role in OWNER_ROLES) != (body.kind in FIRMS):
        raise DomainError("role_unfit", f"“{body.label}”没有这个角色，请重新选择。")
    if until is not None and until < timing.today():
        raise DomainError("until_past", "任职截止日已过，请改为今天或以后，或留空。")
    moment = at or timing.now()
    if Invitation.objects.open(moment).filter(organisation=body, role=role, name=name).exists():
        raise DomainError("invited_already", f"{name}已有一份没用过的邀请。码丢了请按“换一个码”，不要重复邀请。")
    return _make(body, InvitationKind.JOIN, by=by, at=at, role=role, name=name, title=title.strip(),
                 contact=contact.strip(), until=until)


@transaction.atomic
def invite_first(
    organisation_id: int, *, by: User, name: str, contact: str = "", at: dt.datetime | None = None
) -> tuple[Invitation, str]:
    """The window invites the responsible person of an enterprise that has none; a code not used yet is replaced.

    Events `staff.invitation_revoked` for the old code, `staff.invited`. Raises as `invite`.
    """
    body = _lock(organisation_id)
    require(account_rules.can_invite, by, (body, Role.OWNER_LEAD))
    for old in Invitation.objects.open(at or timing.now()).filter(organisation=body, role=Role.OWNER_LEAD):
        revoke_invitation(old.pk, by=by, at=at)
    return invite(organisation_id, by=by, role=Role.OWNER_LEAD, name=name, contact=contact, at=at)


def _make(
    body: Organisation, kind: str, *, by: User | None, at: dt.datetime | None, **columns: object
) -> tuple[Invitation, str]:
    """Create the row with a fresh code, and its event."""
    moment, code = at or timing.now(), "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    invitation = Invitation.objects.create(
        kind=kind, organisation=body, code_hash=_hash(code), made_by=by, made_at=moment,
        expires_at=moment + dt.timedelta(days=settings.INVITATION_DAYS), **columns,
    )
    word = invitation.get_role_display() if kind == InvitationKind.JOIN else invitation.get_kind_display()
    record(
        "staff.invited", subject=invitation, organisation=body, by=by, at=at, summary=f"邀请：{invitation.name} {word}",
        data={"kind": kind, "role": invitation.role, "user": invitation.user_id},
    )
    return invitation, grouped(code)


@transaction.atomic
def renew_invitation(
    invitation_id: int, *, by: User | None, at: dt.datetime | None = None
) -> tuple[Invitation, str]:
    """Take an unused invitation back and make the same anew: a new code, a new term. Raises as `invite`."""
    old = revoke_invitation(invitation_id, by=by, at=at)
    if old.accepted_at is not None:
        raise DomainError("invitation_used", f"{old.name}已经用过这份邀请，不用再换码。")
    if old.kind == InvitationKind.RESET:  # asked anew: the person may work for somebody else by now
        return invite_reset(old.user_id or 0, organisation_id=old.organisation_id, by=by, at=at)
    return _make(
        old.organisation, old.kind, by=by, at=at, role=old.role, name=old.name, title=old.title, contact=old.contact,
        until=old.until,
    )


@transaction.atomic
def revoke_invitation(invitation_id: int, *, by: User | None, at: dt.datetime | None = None) -> Invitation:
    """Take an invitation back; a used or revoked one stays as it is. Event `staff.invitation_revoked`."""
    body = _lock(Invitation.objects.values_list("organisation_id", flat=True).get(pk=invitation_id))
    found = Invitation.objects.select_for_update(of=("self",)).select_related("user").get(pk=invitation_id)
    found.organisation = body
    require(account_rules.can_invite, by, (body, found.role))
    if found.accepted_at is None and found.revoked_at is None:
        found.revoked_at = at or timing.now()
        found.save(update_fields=["revoked_at"])
        record(
            "staff.invitation_revoked", subject=found, organisation=body, by=by, at=at,
            summary=f"收回邀请：{found.name}",
        )
    return found


# Using a code -------------------------------------------------------------------------------------------------------


def read_invitation(code: str) -> Invitation:
    """Return the open invitation of a code. Raises `DomainError` `code_wrong` for every other, whatever the reason."""
    found = Invitation.objects.open(timing.now()).filter(code_hash=_hash(code))
    invitation = found.select_related("organisation", "user").first()
    if invitation is None:
        raise DomainError("code_wrong", WRONG_CODE)
    return invitation


def _take(code: str, kind: str) -> Invitation:
    """Return the open invitation, locked after its organisation."""
    read = read_invitation(code)
    body = _lock(read.organisation_id)
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("user").get(pk=read.pk)
    if invitation.accepted_at is not None or invitation.revoked_at is not None or invitation.kind != kind:
        raise DomainError("code_wrong", WRONG_CODE)
    invitation.organisation = body
    return invitation


def _spend(invitation: Invitation, user: User, *, at: dt.datetime | None) -> None:
    invitation.accepted_by, invitation.accepted_at = user, at or timing.now()
    invitation.save(update_fields=["accepted_by", "accepted_at"])


@transaction.atomic
def accept_invitation(code: str, *, by: User, at: dt.datetime | None = None) -> Membership:
    """Join with the account one has. Event `staff.joined`.

    Raises `DomainError` (`code_wrong`, `two_sides`: one account is never on both sides of the window).
    """
    invitation = _take(code, InvitationKind.JOIN)
    access = access_of(by)
    if access.by_role and access.is_staff == (invitation.role in OWNER_ROLES):
        raise DomainError(
            "two_sides", "企业人员和工作人员的账号要分开。请先退出，用邀请码新开一个账号。"
        )
    if access.by_role and (access.is_administrator or invitation.role in ADMIN_ROLES):
        raise DomainError(
            "three_admins", "系统、安全、审计管理员各由专人担任，账号不兼其他岗位。请先退出，用邀请码新开一个账号。"
        )
    return _join(invitation, by, at=at)


@transaction.atomic
def open_account(
    code: str, *, username: str, password: str, at: dt.datetime | None = None
) -> User:
    """Open an account with an invitation and join. Event `staff.joined`.

    Raises `DomainError` (`code_wrong`, `username_wrong`, `username_taken`, `password_weak`).
    """
    invitation = _take(code, InvitationKind.JOIN)
    username = unicodedata.normalize("NFKC", username).strip()
    if not USERNAME.fullmatch(username):
        raise DomainError("username_wrong", "用户名用 3 至 50 个字母、数字或 . _ @ -，例如手机号或邮箱。")
    user = User(username=username, name=invitation.name, title=invitation.title)
    setattr(user, "email" if "@" in invitation.contact else "phone", invitation.contact)
    check_new(password, user)
    user.set_password(password)
    if User.objects.filter(username__iexact=username).exists():
        raise DomainError("username_taken", f"用户名“{username}”已有人用，请换一个；是您自己的，请先登录再用邀请码。")
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise DomainError("username_taken", f"用户名“{username}”刚被别人用了，请换一个。") from error
    passwords.note_password(user, at=at)
    _join(invitation, user, at=at)
    return user


def _join(invitation: Invitation, user: User, *, at: dt.datetime | None) -> Membership:
    body, today = invitation.organisation, timing.business_day(at or timing.now())
    membership, is_new = Membership.objects.get_or_create(
        user=user, organisation=body, role=invitation.role, until=None, defaults={"since": today}
    )
    if is_new and invitation.until is not None:
        membership.until = invitation.until
        membership.save(update_fields=["until"])
    _spend(invitation, user, at=at)
    # a code that another body gave out earlier would open the new role as well
    codes = Invitation.objects.open(at or timing.now()).filter(kind=InvitationKind.RESET, user=user)
    codes.exclude(organisation=body).update(revoked_at=at or timing.now())
    forget_access(user)
    record(
        "staff.joined", subject=membership, organisation=body, by=user, at=at,
        summary=f"{membership.get_role_display()}加入：{user}",
        data={"user": user.pk, "role": membership.role, "invitation": invitation.pk},
    )
    return membership


def forget_access(user: User) -> None:
    """Let what was read about the user on this request be read anew."""
    user.__dict__.pop("_access", None)


@transaction.atomic
def invite_reset(
    user_id: int, *, organisation_id: int, by: User | None, at: dt.datetime | None = None
) -> tuple[Invitation, str]:
    """Make a one-time code with which a person of the organisation sets a new password; the old one holds until then.

    Raises `NotAllowed`, `DomainError` (`not_here`).
    """
    body = _lock(organisation_id)
    row = current(Membership.objects.filter(organisation=body, user_id=user_id)).select_related("user").first()
    if row is None:
        raise DomainError("not_here", f"此人现在不在“{body.label}”任职，请刷新页面。")
    row.organisation = body
    require(account_rules.can_reset_password, by, row)
    moment = at or timing.now()
    Invitation.objects.open(moment).filter(kind=InvitationKind.RESET, user=row.user).update(revoked_at=moment)
    return _make(body, InvitationKind.RESET, by=by, at=at, role=row.role, name=row.user.name, user=row.user)


@transaction.atomic
def reset_password(code: str, *, password: str, at: dt.datetime | None = None) -> User:
    """Set a new password with a code; every open session of the person ends. Event `staff.password_reset`."""
    invitation = _take(code, InvitationKind.RESET)
    user = User.objects.select_for_update().get(pk=invitation.user_id or 0)
    check_new(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    _spend(invitation, user, at=at)
    after_reset(user, invitation, at=at)
    record(
        "staff.password_reset", subject=invitation, organisation=invitation.organisation, by=user, at=at,
        summary=f"重设密码：{user}",
    )
    return user


# Ending and handing over --------------------------------------------------------------------------------------------


@transaction.atomic
def end_membership(
    membership_id: int, *, by: User | None, reason: str = "", at: dt.datetime | None = None
) -> Membership:
    """End a membership at once. Event `staff.ended`; a second call is a no-op.

    Raises `NotAllowed`, `DomainError` `last_lead`: an enterprise keeps a lead until another one has taken over.
    """
    body = _lock(Membership.objects.values_list("organisation_id", flat=True).get(pk=membership_id))
    row = Membership.objects.select_for_update(of=("self",)).select_related("user").get(pk=membership_id)
    row.organisation = body
    today = timing.business_day(at or timing.now())
    if row.until is not None and row.until < today:
        return row
    require(account_rules.can_end_membership, by, row)
    if row.role == Role.OWNER_LEAD and _leads(body).exclude(pk=row.pk).count() == 0:
        raise DomainError("last_lead", f"{row.user}是“{body.label}”唯一的负责人，请先移交负责人，再停用。")
    close(row, today)
    record(
        "staff.ended", subject=row, organisation=body, by=by, at=at,
        summary=f"{row.get_role_display()}停用：{row.user}" + (f"，{reason.strip()}" if reason.strip() else ""),
        data={"user": row.user_id, "role": row.role},
    )
    return row


def _leads(body: Organisation) -> QuerySet[Membership]:
    return current(Membership.objects.filter(organisation=body, role=Role.OWNER_LEAD, user__is_active=True))


@transaction.atomic
def hand_over_lead(
    membership_id: int, *, by: User, at: dt.datetime | None = None
) -> Membership:
    """The lead of an enterprise makes one of its staff the lead and becomes staff himself.

    Effects: the staff membership ends, a lead membership begins, and the other way round for `by`; event
    `staff.handed_over`. Who is lead already: no change. Raises `NotAllowed`, `DomainError` (`not_here`).
    """
    body = _lock(Membership.objects.values_list("organisation_id", flat=True).get(pk=membership_id))
    row = Membership.objects.select_for_update(of=("self",)).select_related("user").get(pk=membership_id)
    row.organisation = body
    require(account_rules.can_hand_over, by, row)
    today = timing.business_day(at or timing.now())
    if row.until is not None and row.until < today:
        raise DomainError("not_here", f"{row.user}已不在“{body.label}”任职，请刷新页面后重新选择。")
    if row.role == Role.OWNER_LEAD:
        return row
    mine = _leads(body).select_for_update(of=("self",)).select_related("user").filter(user=by)
    for old in mine:
        close(old, today)
    close(row, today)
    new = _begin(row.user, body, Role.OWNER_LEAD, today)
    _begin(by, body, Role.OWNER_STAFF, today)
    record(
        "staff.handed_over", subject=new, organisation=body, by=by, at=at, summary=f"负责人由{by}移交给{row.user}",
        data={"from": by.pk, "to": row.user_id},
    )
    return new


def _begin(user: User, body: Organisation, role: str, today: dt.date) -> Membership:
    forget_access(user)
    return Membership.objects.get_or_create(
        user=user, organisation=body, role=role, until=None, defaults={"since": today}
    )[0]
