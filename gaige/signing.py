"""Signing in and out: one sentence for every failure, and a pause after five of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata

from django.core.exceptions import ValidationError

from projects import timing
from projects.models import AccessLog, User
from projects.request_context import request_id

TRIES, MINUTES = 5, 15
FAILED, DONE = "login_failed", "login"
_SUBJECT = "login"


def clean_username(text: str) -> str:
    """Return a user name as it was meant: half-width, without blanks around it."""
    return unicodedata.normalize("NFKC", text).strip()


def _key(username: str, address: str) -> str:
    """Return the key of a name from an address: a hash, since people type passwords into the wrong field."""
    return hashlib.sha256(f"{username.lower()}|{address}".encode()).hexdigest()[:40]


def failures(username: str, address: str) -> int:
    """Return how often this name failed from this address in the last quarter of an hour, since it last succeeded.

    It is counted in the database, so every server process and machine counts the same.
    """
    rows = AccessLog.objects.filter(subject_type=_SUBJECT, subject_key=_key(username, address))
    since = timing.now() - dt.timedelta(minutes=MINUTES)
    recent = rows.filter(read_at__gte=since).order_by("-pk").values_list("action", flat=True)[:TRIES]
    count = 0
    for action in recent:
        if action == DONE:
            break
        count += 1
    return count


def note(username: str, address: str, *, user: User | None) -> None:
    """Leave a row for a sign-in that worked (with its user) or failed."""
    AccessLog.objects.create(
        user=user, subject_type=_SUBJECT, subject_key=_key(username, address),
        subject_label="登录" if user else "登录失败", action=DONE if user else FAILED, read_at=timing.now(),
        request_id=request_id.get(),
    )


def too_many() -> ValidationError:
    """Return the refusal after too many failures."""
    return ValidationError(f"连续 {TRIES} 次不对，请 {MINUTES} 分钟后再试，或请管理员重设密码。", code="too_many")
