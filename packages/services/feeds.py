"""Calendar addresses (ICS): issued, re-issued, ended. Who has the address reads without a login, so it is a secret."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING

from django.db import transaction

from packages import living_rules
from packages.models import CalendarFeed
from packages.states import FeedState
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation

if TYPE_CHECKING:
    from projects.models import Project, User


def _token() -> str:
    return secrets.token_urlsafe(32)


@transaction.atomic
def issue_project_feed(project_id: int, *, by: User, at: dt.datetime | None = None) -> CalendarFeed:
    """Give a project a calendar address; an address that is in use is replaced and dead from now on.

    Event `feed.issued` (the address stands in no event). Raises `NotAllowed`.
    """
    project = lock_project(project_id)
    require(living_rules.can_manage_project_feed, by, project)
    return _issue(by=by, at=at, project=project)


@transaction.atomic
def issue_body_feed(organisation_id: int, *, by: User, at: dt.datetime | None = None) -> CalendarFeed:
    """Give a body a calendar address of all that runs out for it. As `issue_project_feed`."""
    body = Organisation.objects.select_for_update().get(pk=organisation_id)
    require(living_rules.can_manage_body_feed, by, body)
    return _issue(by=by, at=at, organisation=body)


def _issue(
    *, by: User, at: dt.datetime | None, project: Project | None = None, organisation: Organisation | None = None
) -> CalendarFeed:
    moment = at or timing.now()
    found = CalendarFeed.objects.select_for_update(of=("self",)).filter(project=project, organisation=organisation)
    last = found.order_by("-revision").first()
    if last is not None and last.state == FeedState.ACTIVE:
        last.replace()
        _end(last, "replaced", "换发日历订阅，旧地址停用", by=by, at=at, moment=moment)
    feed = CalendarFeed(
        project=project, organisation=organisation, token=_token(), revision=last.revision + 1 if last else 1,
        issued_by=by, issued_at=moment,
    )
    feed.save()
    record(
        "feed.issued", subject=feed, project=project, organisation=organisation, by=by, at=at,
        summary=f"开通日历订阅，第 {feed.revision} 版", data={"state": ["", feed.state], "revision": feed.revision},
    )
    return feed


@transaction.atomic
def void_feed(feed_id: int, *, by: User, at: dt.datetime | None = None) -> CalendarFeed:
    """End an address: it opens nothing any more. Event `feed.void`. Ended twice is a no-op. Raises `NotAllowed`."""
    project_id, body_id = CalendarFeed.objects.values_list("project_id", "organisation_id").get(pk=feed_id)
    if project_id:
        lock_project(project_id)
    else:
        Organisation.objects.select_for_update().get(pk=body_id)
    related = CalendarFeed.objects.select_related("project__owner", "project__centre", "organisation")
    feed = related.select_for_update(of=("self",)).get(pk=feed_id)
    require(living_rules.can_end_feed, by, feed)
    if feed.state == FeedState.VOID:
        return feed
    if feed.state != FeedState.ACTIVE:
        raise DomainError("feed_replaced", "这个订阅地址已经换发停用，请在新地址上操作。")
    feed.void()
    _end(feed, "void", "停用日历订阅", by=by, at=at, moment=at or timing.now())
    return feed


def _end(
    feed: CalendarFeed, verb: str, summary: str, *, by: User, at: dt.datetime | None, moment: dt.datetime
) -> None:
    feed.ended_at = moment
    feed.save()
    record(
        f"feed.{verb}", subject=feed, project=feed.project, organisation=None if feed.project_id else feed.organisation,
        by=by, at=at, summary=summary, data={"state": [FeedState.ACTIVE, feed.state]},
    )
