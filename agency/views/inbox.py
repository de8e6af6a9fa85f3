"""Pages of the inbox: messages, a digest with its lines, and what a person wants to be told."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency import message_queries as queries
from agency import message_rules as may
from agency.models import Notification
from agency.services import message_choices, reminders
from archives.queries import unsigned_for
from packages.views.fetching import person
from projects.access import access_of


@login_required
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Show a person's own messages, the unread ones first; to an enterprise first the notices it has not signed for."""
    page = Paginator(queries.inbox(person(request)), queries.INBOX_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page, "count": queries.unread_count(person(request)), "notices": unsigned_for(request.user),
        "enterprise": access_of(request.user).is_enterprise, "words": settings.DELIVERY_TEXT,
        "keeps_log": may.can_see_log(request.user).ok,
    }
    return render(request, "agency/inbox.html", context)


@login_required
@require_safe
def digest(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the lines of one digest of one's own."""
    mine = Notification.objects.visible_to(request.user).filter(digest_on__isnull=False)
    found = get_object_or_404(mine, pk=pk)
    return render(request, "agency/digest.html", {"digest": found, "lines": queries.digest_page(found)})


@login_required
@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one message as read and go to what it is about, or back to the inbox."""
    notification = get_object_or_404(Notification.objects.visible_to(request.user), pk=pk)
    reminders.mark_read(notification.pk, by=person(request))
    return redirect(notification.url if "open" in request.POST and notification.url else "agency:inbox")


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all messages as read."""
    count = reminders.mark_all_read(by=person(request))
    messages.success(request, f"已将 {count} 条提醒标为已读。")
    return redirect("agency:inbox")


@login_required
@require_http_methods(["GET", "POST"])
def message_settings(request: HttpRequest) -> HttpResponse:
    """消息设置: which kinds on which channels; POST keeps the boxes."""
    if request.method == "POST":
        changed = message_choices.choose(by=person(request), wanted=set(request.POST.getlist("on")))
        messages.success(request, f"已保存，改了 {changed} 处。" if changed else "已保存，没有变动。")
        return redirect("agency:message_settings")
    context = {
        "rows": queries.settings_rows(person(request)), "ways": queries.ways(),
        "addresses": queries.addresses(person(request)), "quiet": (settings.QUIET_FROM, settings.QUIET_UNTIL),
        "enterprise": access_of(request.user).is_enterprise,
    }
    return render(request, "agency/message_settings.html", context)
