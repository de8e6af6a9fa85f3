"""Tokens of the JSON interface: issued once, kept as a hash, revoked at once; every request is logged."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from agency.major_states import ApiScope
from agency.models import ApiCall, ApiToken
from projects import account_rules, timing
from projects.access import access_of
from projects.account_states import ProvisionWay
from projects.errors import ALLOWED, DomainError, Verdict, refuse, require
from projects.events import record, subject_of
from projects.services.privacy import note_provision
from projects.states import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import Organisation, Region, User

MARK = "gaige_"
PREFIX = 12
#: `last_used_at` is written no more often than that.
SEEN_EVERY = dt.timedelta(minutes=5)


def can_keep_tokens(user: User | AnonymousUser, _: object = None) -> Verdict:
    """Administrators give tokens out and take them back."""
    return ALLOWED if access_of(user).has(Role.ADMIN) else refuse("接口令牌由系统管理员签发和吊销。")


def can_issue_tokens(user: User | AnonymousUser, _: object = None) -> Verdict:
    """A token reads for months: it is given out at elevated work only, and taken back at any time."""
    return account_rules.works_as(user, Role.ADMIN, "接口令牌由系统管理员签发和吊销。")


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token; `text` is shown once and kept nowhere."""

    token: ApiToken
    text: str


def digest_of(text: str) -> str:
    """Return what is kept of a token. It has 256 random bits: a slow hash would add nothing."""
    return hashlib.sha256(text.encode()).hexdigest()


@transaction.atomic
def issue_token(
    *, by: User, name: str, holder: Organisation, region: Region, scopes: Collection[str], expires_on: dt.date,
    at: dt.datetime | None = None,
) -> Issued:
    """Issue a token for a body, a region and what it may read, until a day. Event `token.issued` of the body.

    What it opens stands in the register of what was provided to others.

    Raises `NotAllowed`, `DomainError` (`name`, `scope`, `expiry`).
    """
    require(can_issue_tokens, by, None)
    wanted, today = sorted(set(scopes)), timing.today()
    if not name.strip():
        raise DomainError("name", "请写明令牌的用途。")
    if not wanted or not set(wanted) <= set(ApiScope.values):
        raise DomainError("scope", "请选择令牌可以读的内容。")
    longest = today + dt.timedelta(days=settings.API_TOKEN_DAYS)
    if not today < expires_on <= longest:
        most = f"{settings.API_TOKEN_DAYS} 天（{timing.written(longest)}）"
        raise DomainError("expiry", f"有效期最短到明天，最长 {most}。")
    text = f"{MARK}{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        name=name.strip()[:80], holder=holder, region=region, scopes=wanted, prefix=text[:PREFIX],
        digest=digest_of(text), expires_on=expires_on, made_by=by, made_at=at or timing.now(),
    )
    record(
        "token.issued", subject=token, organisation=holder, by=by, at=at, summary=f"签发接口令牌：{token}",
        data={"prefix": token.prefix, "scopes": wanted, "region": region.code, "expires_on": str(expires_on)},
    )
    names = "、".join(dict(ApiScope.choices)[scope] for scope in wanted)
    note_provision(
        recipient=holder, what=f"数据接口：{names}，{region.name}",
        purpose=token.name, basis="单位之间的数据共享约定", way=ProvisionWay.INTERFACE, subject=subject_of(token),
        by=by, at=at,
    )
    return Issued(token, text)


@transaction.atomic
def revoke_token(token_id: int, *, by: User, at: dt.datetime | None = None) -> ApiToken:
    """Take a token back at once. Event `token.revoked`; a second call is a no-op. Raises `NotAllowed`."""
    require(can_keep_tokens, by, None)
    token = ApiToken.objects.select_for_update().get(pk=token_id)
    if token.revoked_at is not None:
        return token
    token.revoked_by, token.revoked_at = by, at or timing.now()
    token.save(update_fields=["revoked_by", "revoked_at"])
    record("token.revoked", subject=token, organisation=token.holder, by=by, at=at, summary=f"吊销接口令牌：{token}")
    return token


def find_token(text: str) -> ApiToken | None:
    """Return the live token behind a text; None when there is none, it ended, or it was taken back. One query."""
    if not text.startswith(MARK):
        return None
    found = ApiToken.objects.filter(digest=digest_of(text), revoked_at=None, expires_on__gte=timing.today())
    return found.select_related("region").first()


def log_call(token: ApiToken, *, path: str, query: str, status: int, rows: int, source: str, took_ms: int) -> None:
    """Write a request down, and now and then that the token was used."""
    moment = timing.now()
    ApiCall.objects.create(
        token=token, at=moment, path=path[:200], query=query[:200], status=status, rows=rows, source=source[:45],
        took_ms=took_ms,
    )
    if token.last_used_at is None or moment - token.last_used_at > SEEN_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=moment)
