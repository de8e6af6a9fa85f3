"""What a person wants to be told, and where a body's own system listens."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from agency import message_data as data
from agency import message_rules as may
from agency.channels import PORTAL, NotNow, RefusedError
from agency.channels.webhook import look_up
from agency.message_queries import ways
from agency.models import MessageChoice, Notification, Webhook
from projects import timing
from projects.access import access_of
from projects.errors import DomainError, require
from projects.events import record

if TYPE_CHECKING:
    from projects.models import Organisation, User


@transaction.atomic
def choose(*, by: User, wanted: Collection[str], at: dt.datetime | None = None) -> int:
    """Keep which kinds on which channels a person wants (`deadline:email`); return how many boxes have changed.

    Kinds that must be told are left as they are. What is switched off in the portal is no longer unread there.
    """
    moment, changed = at or timing.now(), 0
    before = {(row.kind, row.channel): row for row in MessageChoice.objects.select_for_update().filter(user=by)}
    for kind in data.kinds(timing.business_day(moment)).values():
        if kind.must or (kind.is_office and access_of(by).is_enterprise):
            continue
        for channel in ways():
            is_on = f"{kind.code}:{channel}" in wanted
            row = before.get((kind.code, channel))
            default = channel == PORTAL or channel in kind.channels
            if is_on == (row.is_on if row else default):
                continue
            changed += 1
            MessageChoice.objects.update_or_create(
                user=by, kind=kind.code, channel=channel, defaults={"is_on": is_on, "changed_at": moment}
            )
            if channel == PORTAL and not is_on:
                unread = Notification.objects.filter(user=by, kind=kind.code, read_at=None, over_at=None)
                unread.update(over_at=moment)
    return changed


@transaction.atomic
def add_webhook(
    organisation: Organisation, *, by: User, name: str, url: str, kinds: Collection[str] = (),
    at: dt.datetime | None = None,
) -> Webhook:
    """Register the address of a body's own system; its secret is made here and shown once. Event `webhook.added`.

    An address inside, by its number or by where its name leads, is refused here as it is before each call. Raises
    `NotAllowed`, `DomainError` (`webhook_url`, `webhook_twice`).
    """
    require(may.can_add_webhook, by, organisation)
    try:
        look_up(url.strip())
    except (RefusedError, NotNow) as error:
        raise DomainError("webhook_url", f"{error}，请核对地址。") from error
    known = [code for code in data.kinds(timing.today()) if code in kinds]
    try:
        with transaction.atomic():
            hook = Webhook.objects.create(
                organisation=organisation, name=name.strip()[:60], url=url.strip(), secret=secrets.token_urlsafe(32),
                kinds=known, created_by=by, created_at=at or timing.now(),
            )
    except IntegrityError as error:
        raise DomainError("webhook_twice", "这个地址已经登记，请先停用原来的。") from error
    record(
        "webhook.added", subject=hook, organisation=organisation, by=by, at=at,
        summary=f"登记系统对接地址：{hook.name}", data={"kinds": known},
    )
    return hook


@transaction.atomic
def end_webhook(webhook_id: int, *, by: User, at: dt.datetime | None = None) -> Webhook:
    """Send nothing to this address from now on; a second call changes nothing. Event `webhook.ended`."""
    hook = Webhook.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=webhook_id)
    require(may.can_keep_webhooks, by, hook.organisation)
    if hook.is_active:
        hook.is_active, hook.ended_at = False, at or timing.now()
        hook.save(update_fields=["is_active", "ended_at"])
        record(
            "webhook.ended", subject=hook, organisation=hook.organisation, by=by, at=at,
            summary=f"停用系统对接地址：{hook.name}",
        )
    return hook
