"""特权操作: an administrator who changes something switches it on first, for a reason, for minutes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from projects import account_rules, timing
from projects.access import access_of
from projects.errors import DomainError, require
from projects.models import Elevation, User
from projects.services.telling_accounts import tell_account
from projects.states import ADMIN_ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST = 5


def role_of(user: User) -> str:
    """Return which administrator the person is, or an empty text."""
    access = access_of(user)
    return next((str(role) for role in sorted(ADMIN_ROLES) if access.has(role)), "")


@transaction.atomic
def elevate(*, by: User, reason: str, minutes: int, at: dt.datetime | None = None) -> Elevation:
    """Switch on elevated work for some minutes. Event `account.elevated`; what stands is lengthened by nothing.

    Raises `NotAllowed`, `DomainError` (`reason_missing`, `minutes`, `elevated`).
    """
    User.objects.select_for_update().get(pk=by.pk)
    role = role_of(by)
    require(account_rules.can_elevate, by, role)
    if len(reason.strip()) < LEAST:
        raise DomainError("reason_missing", "请写明要办什么事，至少 5 个字，例如：登记新入驻单位的人员。")
    if not LEAST <= minutes <= settings.ELEVATION_MAX_MINUTES:
        raise DomainError("minutes", f"时长应在 {LEAST} 至 {settings.ELEVATION_MAX_MINUTES} 分钟之间。")
    moment = at or timing.now()
    if Elevation.objects.current(moment).filter(user=by).exists():
        raise DomainError("elevated", "特权操作已经开启，到期或关闭后才能再开。")
    made = Elevation.objects.create(
        user=by, role=role, reason=reason.strip()[:200], started_at=moment,
        ends_at=moment + dt.timedelta(minutes=minutes),
    )
    forget([by])
    tell_account("elevated", by, by=by, at=at, summary=f"开启特权操作 {minutes} 分钟：{by}，{made.reason}"[:300])
    return made


@transaction.atomic
def step_down(*, by: User, at: dt.datetime | None = None) -> int:
    """Switch elevated work off before its time. Event `account.stepped_down`; none on: no change."""
    User.objects.select_for_update().get(pk=by.pk)
    moment = at or timing.now()
    ended = Elevation.objects.current(moment).filter(user=by).update(ended_at=moment)
    if ended:
        forget([by])
        tell_account("stepped_down", by, by=by, at=at, summary=f"关闭特权操作：{by}")
    return ended


def forget(users: Iterable[User]) -> None:
    """Let what was read about elevated work on this request be read anew."""
    for user in users:
        user.__dict__.pop("_elevated", None)
