"""登录会话: where a person is signed in, ended by the person or by the security administrator."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction

from projects import account_rules, timing
from projects.account_states import SignInEnd
from projects.errors import require
from projects.models import SignIn, User
from projects.services.telling_accounts import tell_account

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase

#: In the session: when the person was last here, in seconds.
SEEN = "seen"
MOST = 50


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One line of the list: the sign-in, when it was last used, whether it is the one that asks."""

    row: SignIn
    seen_at: dt.datetime | None
    is_this: bool


def note_sign_in(user: User, *, session_key: str, address: str, device: str, at: dt.datetime | None = None) -> SignIn:
    """Keep a row for a session that has begun."""
    return SignIn.objects.update_or_create(
        session_key=session_key,
        defaults={"user": user, "address": address[:60], "device": device[:60], "started_at": at or timing.now()},
    )[0]


def move(old_key: str, new_key: str) -> None:
    """Follow a session that got a new key."""
    SignIn.objects.filter(session_key=old_key).update(session_key=new_key)


def close(session_key: str, why: str, *, at: dt.datetime | None = None) -> None:
    """Note that a session has ended; a second call changes nothing."""
    SignIn.objects.open().filter(session_key=session_key).update(ended_at=at or timing.now(), ended_why=why)


def open_sessions(user: User, this: str = "") -> list[OpenSession]:
    """Return the sessions of a person that still work, the newest first. Two queries."""
    rows = list(SignIn.objects.open().filter(user=user).order_by("-pk")[:MOST])
    alive = {
        row.session_key: row.get_decoded()
        for row in Session.objects.filter(
            session_key__in=[row.session_key for row in rows], expire_date__gt=timing.now()
        )
    }
    return [
        OpenSession(row, _moment(alive[row.session_key]), row.session_key == this)
        for row in rows if row.session_key in alive
    ]


def _moment(data: dict[str, Any]) -> dt.datetime | None:
    seen = data.get(SEEN)
    return dt.datetime.fromtimestamp(seen, dt.UTC) if isinstance(seen, int) else None


@transaction.atomic
def end_session(sign_in_id: int, *, by: User, at: dt.datetime | None = None) -> SignIn:
    """End one own session: the next request of that browser is signed out. Event `account.session_ended`."""
    row = SignIn.objects.select_for_update().get(pk=sign_in_id, user=by)
    if row.ended_at is None:
        _drop(row, SignInEnd.ENDED, at)
        tell_account("session_ended", by, by=by, at=at, summary=f"结束登录会话：{by}，{row.device}")
    return row


@transaction.atomic
def end_all(
    user: User, *, by: User | None, but: str = "", reason: str = "", why: str = "", at: dt.datetime | None = None
) -> int:
    """End every session of a person but one, and return how many; the security administrator those of others.

    Event `account.sessions_ended` when there were any. Raises `NotAllowed`.
    """
    if by is not None and by.pk != user.pk:
        require(account_rules.can_secure, by, user)
    end = why or (SignInEnd.ENDED if by is not None and by.pk == user.pk else SignInEnd.SECURITY)
    ended = 0
    for row in SignIn.objects.select_for_update().filter(user=user, ended_at=None).exclude(session_key=but):
        _drop(row, end, at)
        ended += 1
    if ended:
        words = f"结束{ended}个登录会话：{user}" + (f"，{reason.strip()}" if reason.strip() else "")
        tell_account("sessions_ended", user, by=by, at=at, summary=words)
    return ended


def _drop(row: SignIn, why: str, at: dt.datetime | None) -> None:
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(row.session_key)
    store.delete()
    row.ended_at, row.ended_why = at or timing.now(), why
    row.save(update_fields=["ended_at", "ended_why"])
