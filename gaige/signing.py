"""Signing in and out: one sentence for every failure, a pause after five of them, a limit for each address.

A name from an address is counted in the database, so that every process counts the same and success ends the count. An
address alone is counted in the cache, which all processes and machines share where there is Redis: whoever tries many
names from one place is stopped whatever the names. Offices go out by one address, so the limit is a setting. A name
alone is counted there as well: whoever tries one name from many places is stopped, far later, so that nobody is shut
out by five errors of somebody else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import unicodedata

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from redis.exceptions import RedisError

from archives.limits import network_of
from projects import timing
from projects.account_states import SignInEnd
from projects.models import AccessLog, User
from projects.request_context import request_id

FAILED, DONE, LOCKED, OUT = "login_failed", "login", "locked", "logout"
_SUBJECT = "login"
_log = logging.getLogger(__name__)


def clean_username(text: str) -> str:
    """Return a user name as it was meant: half-width, without blanks around it."""
    return unicodedata.normalize("NFKC", text).strip()


def _key(username: str, address: str) -> str:
    """Return the key of a name from an address: a hash, since people type passwords into the wrong field."""
    return hashlib.sha256(f"{username.lower()}|{network_of(address)}".encode()).hexdigest()[:40]


def failures(username: str, address: str) -> int:
    """Return how often this name failed from this address in the minutes of the lock, since it last succeeded.

    It is counted in the database, so every server process and machine counts the same.
    """
    rows = AccessLog.objects.filter(subject_type=_SUBJECT, subject_key=_key(username, address))
    since = timing.now() - dt.timedelta(minutes=settings.LOGIN_LOCK_MINUTES)
    recent = rows.filter(read_at__gte=since).order_by("-pk").values_list("action", flat=True)
    count = 0
    for action in recent.exclude(action=LOCKED)[: settings.LOGIN_TRIES]:
        if action == DONE:
            break
        count += 1
    return count


def note(username: str, address: str, *, user: User | None) -> None:
    """Leave a row for a sign-in that worked (with its user) or failed; the failure that locks leaves another one."""
    _row(_key(username, address), DONE if user else FAILED, "登录" if user else "登录失败", address, user)
    if user is None and failures(username, address) >= settings.LOGIN_TRIES:
        _row(_key(username, address), LOCKED, f"连续 {settings.LOGIN_TRIES} 次不对，锁定", address, None)


def note_end(user_id: int, why: str) -> None:
    """Leave a row for a session that its person ended, or that ended by itself."""
    AccessLog.objects.create(
        user_id=user_id, subject_type=_SUBJECT, subject_key="", subject_label=f"退出（{SignInEnd(why).label}）",
        action=OUT, read_at=timing.now(), request_id=request_id.get(),
    )


def _row(key: str, action: str, label: str, address: str, user: User | None) -> None:
    AccessLog.objects.create(
        user=user, subject_type=_SUBJECT, subject_key=key, subject_label=f"{label}　{address}"[:200], action=action,
        read_at=timing.now(), request_id=request_id.get(),
    )


def code_key(user: User) -> str:
    """Return the name under which false codes of a person are counted, wherever they come from."""
    return f"code:{user.pk}"


def password_key(user: User) -> str:
    """Return the name under which wrong present passwords of somebody who is signed in are counted."""
    return f"password:{user.pk}"


def note_code(user: User, *, address: str, right: bool, key: str = "", what: str = "二次验证") -> None:
    """Leave a row for a code of the second factor, or another secret asked for by `key`, that was right or wrong."""
    name = key or code_key(user)
    hashed = _key(name, "")
    _row(hashed, DONE if right else FAILED, what if right else f"{what}失败", address, user)
    if not right and failures(name, "") >= settings.LOGIN_TRIES:
        _row(hashed, LOCKED, f"{what}锁定", address, user)


def _counter(kind: str, what: str) -> str:
    """Return the key of the count of an address or a name in this quarter of an hour."""
    window = int(timing.now().timestamp()) // (settings.LOGIN_LOCK_MINUTES * 60)
    return f"login:{window}:{kind}{hashlib.sha256(what.encode()).hexdigest()[:40]}"


def count_failure(username: str, address: str) -> None:
    """Count one failed sign-in for its address, and for its name from wherever, in this quarter of an hour."""
    for key in (_counter("", network_of(address)), _counter("name:", username.lower())):
        try:
            cache.add(key, 0, 2 * settings.LOGIN_LOCK_MINUTES * 60)
            cache.incr(key)
        except ValueError:  # the counter was dropped between the two steps
            continue
        except RedisError:
            _log.warning("failed sign-ins are not counted by address and name: the cache does not answer")
            return


def _is_beyond(key: str, most: int) -> bool:
    """Return whether a count has come to its limit; 0 in the setting: never."""
    if not most:
        return False
    try:
        return int(cache.get(key, 0)) >= most
    except RedisError:
        _log.warning("failed sign-ins are not counted by address and name: the cache does not answer")
        return False


def is_address_stopped(address: str) -> bool:
    """Return whether too many sign-ins failed from an address in this quarter of an hour."""
    return _is_beyond(_counter("", network_of(address)), settings.SIGN_IN_FAILURES_PER_ADDRESS)


def is_name_stopped(username: str) -> bool:
    """Return whether too many sign-ins failed with a name from many addresses in this quarter of an hour."""
    return _is_beyond(_counter("name:", username.lower()), settings.SIGN_IN_FAILURES_PER_NAME)


def address_stopped() -> ValidationError:
    """Return the refusal of an address from which too many sign-ins failed."""
    return ValidationError(
        f"这个网络地址登录失败次数过多，请 {settings.LOGIN_LOCK_MINUTES} 分钟后再试，或换一个网络。", code="too_many"
    )


def name_stopped() -> ValidationError:
    """Return the refusal of a name with which too many sign-ins failed from everywhere."""
    return ValidationError(
        f"这个用户名登录失败次数过多，请 {settings.LOGIN_LOCK_MINUTES} 分钟后再试。不是您本人在试的，请告诉管理员。",
        code="too_many",
    )


def too_many() -> ValidationError:
    """Return the refusal after too many failures."""
    pause = f"连续 {settings.LOGIN_TRIES} 次不对，请 {settings.LOGIN_LOCK_MINUTES} 分钟后再试；"
    return ValidationError(pause + "忘了密码的，请管理员给一个重设码。", code="too_many")
