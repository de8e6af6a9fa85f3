"""Pages of the inbox: fetch what is visible, one form, one service call."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from agency import queries
from agency.models import Notification
from agency.services import reminders
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
    }
    return render(request, "agency/inbox.html", context)


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
