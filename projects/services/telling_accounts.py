"""Events of accounts stand in the chain of the body that the person works for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from projects.access import access_of
from projects.events import record
from projects.models import Organisation

if TYPE_CHECKING:
    from projects.models import Event, User


def body_of(user: User) -> Organisation | None:
    """Return the first body that the person works for, or has worked for."""
    known = access_of(user).organisations
    if known:
        return known[0]
    return Organisation.objects.filter(memberships__user=user).order_by("-memberships__pk").first()


def tell_account(
    kind: str, user: User, *, by: User | None, summary: str, data: dict[str, Any] | None = None,
    at: dt.datetime | None = None,
) -> Event | None:
    """Record `account.<kind>` of a person; somebody who never worked anywhere has no chain, so nothing is told."""
    body = body_of(user)
    if body is None:
        return None
    return record(
        f"account.{kind}", subject=user, organisation=body, by=by, at=at, summary=summary,
        data={"user": user.pk, **(data or {})},
    )
