"""The calendar as a file for calendar programs, and the secret addresses under which they read it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_POST, require_safe

from archives.limits import rate_limited
from packages import calendar_feed
from packages.models import CalendarFeed
from packages.services import feeds
from packages.states import FeedState
from packages.views.fetching import person, project_or_404
from projects.access import access_of
from projects.models import Organisation, Project

GONE = 410


@rate_limited("ics")
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """Give everybody who has the address the calendar; nothing when it has not changed. An ended address is gone."""
    found = CalendarFeed.objects.filter(token=token).select_related("project", "organisation").first()
    if found is None:
        raise Http404
    if found.state != FeedState.ACTIVE:
        return HttpResponse("这个订阅地址已停用。", status=GONE, content_type="text/plain; charset=utf-8")
    entries = calendar_feed.entries_of(found)
    content = calendar_feed.render(found, entries)
    tag, changed = calendar_feed.etag(content), calendar_feed.changed_at(found, entries)
    response = HttpResponse(content, content_type=calendar_feed.MEDIA_TYPE)
    response["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-cache"
    response["ETag"], response["Last-Modified"] = tag, http_date(changed.timestamp())
    answer = get_conditional_response(request, etag=tag, last_modified=None, response=response)
    return answer or response


@login_required
@require_POST
def project_feed(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a project an address, or a new one."""
    project = project_or_404(request, pk)
    feeds.issue_project_feed(project.pk, by=person(request))
    messages.success(request, "订阅地址已生成。旧地址如有，已停用。")
    return redirect("packages:project_calendar", pk)


@login_required
@require_POST
def body_feed(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a body of the asker an address, or a new one."""
    mine = Organisation.objects.filter(pk__in=access_of(person(request)).organisation_ids)
    body = get_object_or_404(mine, pk=pk)
    feeds.issue_body_feed(body.pk, by=person(request))
    messages.success(request, "订阅地址已生成。旧地址如有，已停用。")
    return redirect("packages:calendar")


@login_required
@require_POST
def void_feed(request: HttpRequest, pk: int) -> HttpResponse:
    """End an address."""
    user = person(request)
    mine = CalendarFeed.objects.filter(project__in=Project.objects.visible_to(user)) | CalendarFeed.objects.filter(
        organisation__in=access_of(user).organisation_ids
    )
    found = get_object_or_404(mine, pk=pk)
    feeds.void_feed(found.pk, by=user)
    messages.success(request, "订阅已停用，地址不再打开任何内容。")
    if found.project_id is not None:
        return redirect("packages:project_calendar", found.project_id)
    return redirect(reverse("packages:calendar"))
