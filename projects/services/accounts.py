"""Own passwords, own telephone and e-mail, and accounts that are suspended and restored (停用、恢复账号)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from projects import account_rules, contacts, passwords
from projects.account_states import SignInEnd
from projects.errors import DomainError, require
from projects.models import Organisation, User
from projects.services import privacy, sessions
from projects.services.telling_accounts import body_of, tell_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from projects.models import Invitation

#: The columns of the own contacts, as the event names them.
CONTACTS = {"phone": "电话", "email": "邮箱"}


def check_new(password: str, user: User) -> None:
    """Refuse a password that the policy does not take. Raises `DomainError` `password_weak`."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise DomainError("password_weak", "".join(error.messages)) from error


@transaction.atomic
def change_password(
    user: User, *, old: str, new: str, this_session: str = "", at: dt.datetime | None = None
) -> None:
    """Set a new password; every other session ends. Event `account.password_changed`.

    Raises `DomainError` (`password_wrong`, `password_weak`).
    """
    _lock(user)
    if not user.check_password(old):
        raise DomainError("password_wrong", "现在的密码不对，请核对大小写后再试。")
    check_new(new, user)
    user.set_password(new)
    user.save(update_fields=["password"])
    passwords.note_password(user, at=at)
    sessions.end_all(user, by=user, but=this_session, why=SignInEnd.PASSWORD, at=at)
    tell_account("password_changed", user, by=user, at=at, summary=f"更换密码：{user}")


def after_reset(user: User, invitation: Invitation, *, at: dt.datetime | None) -> None:
    """A password was set with a one-time code: it is kept for the history, and open sessions end."""
    passwords.note_password(user, at=at)
    sessions.end_all(user, by=None, why=SignInEnd.PASSWORD, reason=invitation.get_kind_display(), at=at)


@transaction.atomic
def change_contacts(  # noqa: PLR0913 - one argument per column
    user_id: int, *, by: User, password: str, phone: str | None = None, email: str | None = None,
    at: dt.datetime | None = None,
) -> list[str]:
    """Enter the own telephone and e-mail; return the names of what has changed.

    None leaves a value as it is, empty deletes it. Effects in order: the columns (both encrypted), the notice
    in force as told, event `account.contacts_changed` that names the columns and never their values. The same values
    again: no change. Raises `NotAllowed`, `DomainError` (`password_wrong`, `phone_wrong`, `email_wrong`). PIPL 14, 46.
    """
    user = User.objects.get(pk=user_id)
    _lock(user)
    user.refresh_from_db()
    require(account_rules.can_change_contacts, by, user)
    if not user.check_password(password):
        raise DomainError("password_wrong", "密码不对，请核对大小写后再试。")
    wanted: dict[str, str] = {}
    if phone is not None:
        wanted["phone"] = _clean("phone_wrong", contacts.clean_phone, phone)
    if email is not None:
        wanted["email"] = _clean("email_wrong", contacts.clean_email, email)
    changed = [column for column, value in wanted.items() if getattr(user, column) != value]
    if not changed:
        return []
    for column in changed:
        setattr(user, column, wanted[column])
    user.save(update_fields=changed)
    privacy.note_told(user, at=at)
    names = [CONTACTS[column] for column in changed]
    tell_account(
        "contacts_changed", user, by=by, at=at, summary=f"更改联系方式：{user}，{'、'.join(names)}",
        data={"changed": changed},
    )
    return names


def _clean(code: str, check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except ValidationError as error:
        raise DomainError(code, "".join(error.messages)) from error


@transaction.atomic
def suspend(user_id: int, *, by: User | None, reason: str, at: dt.datetime | None = None) -> User:
    """Stop an account: nobody signs in with it, its sessions end. Event `account.suspended`; twice: no change.

    Raises `NotAllowed`, `DomainError` `reason_missing`.
    """
    user = User.objects.get(pk=user_id)
    _lock(user)
    require(account_rules.can_secure, by, user)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明停用原因，例如：账号可能被盗用。")
    if not user.is_active:
        return user
    user.is_active = False
    user.save(update_fields=["is_active"])
    sessions.end_all(user, by=by, reason=reason, at=at)
    tell_account("suspended", user, by=by, at=at, summary=f"停用账号：{user}，{reason.strip()}"[:300])
    return user


@transaction.atomic
def restore(user_id: int, *, by: User | None, reason: str, at: dt.datetime | None = None) -> User:
    """Let an account be used again. Event `account.restored`; twice: no change. Raises as `suspend`."""
    user = User.objects.get(pk=user_id)
    _lock(user)
    require(account_rules.can_secure, by, user)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明恢复原因，例如：已核实本人。")
    if user.is_active:
        return user
    user.is_active = True
    user.save(update_fields=["is_active"])
    tell_account("restored", user, by=by, at=at, summary=f"恢复账号：{user}，{reason.strip()}"[:300])
    return user


def _lock(user: User) -> None:
    if (body := body_of(user)) is not None:
        Organisation.objects.select_for_update().get(pk=body.pk)
    User.objects.select_for_update().get(pk=user.pk)
