"""Pages of the administrators: the log of what went out, sending again, the addresses of other systems."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency import message_queries as queries
from agency import message_rules as may
from agency.channels import channels
from agency.message_forms import WebhookForm
from agency.models import Dispatch, Webhook
from agency.services import message_choices, undelivered
from packages.views.acting import CONFLICT, attempt
from packages.views.fetching import person
from projects.errors import require
from projects.models import Organisation


@login_required
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    """投递记录: what did not arrive first."""
    require(may.can_see_log, request.user, None)
    filters = request.GET.dict()
    page, tab = queries.log_page(person(request), filters)
    context = {
        "page": page, "tab": tab, "tabs": {key: label for key, (label, _) in queries.TABS.items()},
        "counts": queries.counts(person(request)), "channel": filters.get("channel", ""),
        "channels": {code: one.label for code, one in channels().items()},
    }
    return render(request, "agency/dispatches.html", context)


@login_required
@require_safe
def dispatch(request: HttpRequest, pk: int) -> HttpResponse:
    """Show every try of one dispatch."""
    require(may.can_see_log, request.user, None)
    found = get_object_or_404(Dispatch.objects.visible_to(request.user).select_related("user", "webhook"), pk=pk)
    context = {"row": queries.log_row(found), "tries": queries.tries_of(found)}
    return render(request, "agency/dispatch.html", context)


@login_required
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one again."""
    require(may.can_see_log, request.user, None)
    found = get_object_or_404(Dispatch.objects.visible_to(request.user), pk=pk)
    undelivered.send_again(found.pk, by=person(request))
    messages.success(request, "已放回待发送，一分钟内重新发送。")
    return redirect("agency:dispatches")


@login_required
@require_POST
def all_again(request: HttpRequest) -> HttpResponse:
    """Send everything again that did not arrive, on the channel that the list was narrowed to."""
    require(may.can_see_log, request.user, None)
    count = undelivered.send_all_again(by=person(request), channel=request.POST.get("channel", ""))
    messages.success(request, f"已把 {count} 条放回待发送。" if count else "没有未送达的消息。")
    return redirect("agency:dispatches")


@login_required
@require_http_methods(["GET", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """List the addresses of other systems and register one; its secret is shown this once."""
    require(may.can_keep_webhooks, request.user, None)
    bodies = list(Organisation.objects.order_by("kind", "pk")[:200])
    form, fresh = WebhookForm(request.POST or None, bodies=bodies), None
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        body = get_object_or_404(Organisation, pk=given.pop("organisation"))
        fresh = attempt(form, partial(message_choices.add_webhook, body, by=person(request)), **given)
    hooks = Webhook.objects.visible_to(request.user).select_related("organisation").order_by("-is_active", "pk")
    context = {
        "form": WebhookForm(bodies=bodies) if fresh else form, "hooks": hooks, "fresh": fresh,
        "verdict": may.can_add_webhook(request.user),
    }
    status = CONFLICT if form.is_bound and not fresh and not form.errors.keys() - {"__all__"} else 200
    return render(request, "agency/webhooks.html", context, status=status)


@login_required
@require_POST
def end_webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing to an address from now on."""
    require(may.can_keep_webhooks, request.user, None)
    hook = get_object_or_404(Webhook.objects.visible_to(request.user), pk=pk)
    message_choices.end_webhook(hook.pk, by=person(request))
    messages.success(request, f"已停用“{hook.name}”，待发的不再发送。")
    return redirect("agency:webhooks")
