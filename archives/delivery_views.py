"""Pages of legal notices: which wait for a signature, signing for one or for many, the signature at the window."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from archives import rules
from archives.forms import ReceiverForm
from archives.models import Delivery
from archives.queries import notices_of, unsigned_for
from archives.services import delivery as services
from projects.errors import DomainError, NotAllowed
from projects.forms import back_entry_form, moment_of
from projects.models import Project, User
from projects.paging import as_key

CONFLICT = 409


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required asked who is there")
    return request.user


def _delivery(request: HttpRequest, pk: int) -> Delivery:
    """Return the delivery of a paper of a visible project; 404 otherwise."""
    found = Delivery.objects.visible_to(request.user).select_related("paper__issuer", "paper__project", "organisation")
    return get_object_or_404(found, paper_id=pk)


@login_required
@require_safe
def notices(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the legal notices of a project, the unsigned ones first."""
    project = get_object_or_404(Project.objects.visible_to(request.user).select_related("owner"), pk=pk)
    rows = notices_of(project)
    mine = [row for row in rows if row.signed_at is None and rules.can_sign_for(_person(request), row)]
    context = {"project": project, "rows": rows, "mine": mine, "words": settings.DELIVERY_TEXT}
    return render(request, "archives/notices.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a notice says in three lines, and sign for it."""
    delivery, user = _delivery(request, pk), _person(request)
    if request.method == "POST":
        done = services.sign_for(pk, by=user)
        messages.success(request, f"已签收：{done.paper}，{done.signed_name}。")
        return redirect("archives:notices", pk=delivery.paper.project_id)
    services.note_opened(delivery.paper, by=user)
    context = {
        "delivery": delivery, "paper": delivery.paper, "project": delivery.paper.project,
        "gist": delivery.paper.content.get("gist") or {}, "verdict": rules.can_sign_for(user, delivery),
        "counter": rules.can_hand_over(user, delivery), "words": settings.DELIVERY_TEXT,
        "more": sum(row.paper_id != pk for row in unsigned_for(user)),
    }
    return render(request, "archives/sign.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def sign_many(request: HttpRequest) -> HttpResponse:
    """List what waits for the person's signature, each with what it says; one confirmation signs for what is ticked."""
    user, only = _person(request), as_key(request.GET.get("project")) or 0
    waiting = unsigned_for(user, only)
    back = reverse("archives:notices", args=[only]) if only and waiting else reverse("gaige:home")
    if request.method == "POST":
        ticked = {as_key(key) for key in request.POST.getlist("papers")}
        count = services.sign_for_many([row.paper_id for row in waiting if row.paper_id in ticked], by=user)
        if count:
            messages.success(request, f"已签收 {count} 份文书，每份各留一条签收记录。")
        else:
            messages.warning(request, "没有签收任何文书：没有勾选，或已由同事签收。")
        return redirect(back if count else request.get_full_path())
    return render(
        request, "archives/sign_many.html", {"rows": waiting, "back": back, "words": settings.DELIVERY_TEXT}
    )


@login_required
@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Note at the window who signed for the printed paper."""
    delivery = _delivery(request, pk)
    posted = request.POST if request.method == "POST" else None
    form: forms.Form = ReceiverForm(posted)
    late = back_entry_form(request.user, posted)
    if request.method == "POST" and form.is_valid() and (late is None or late.is_valid()):
        try:
            services.hand_over(pk, by=_person(request), at=moment_of(late), **form.cleaned_data)
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_error("receiver" if error.code == "receiver_missing" else None, error.message)
        else:
            messages.success(request, "已登记当面签收。")
            return redirect("archives:notices", pk=delivery.paper.project_id)
    context = {
        "delivery": delivery, "paper": delivery.paper, "project": delivery.paper.project, "form": form,
        "verdict": rules.can_hand_over(_person(request), delivery), "late": late,
        "back": reverse("archives:notices", args=[delivery.paper.project_id]),
    }
    return render(request, "archives/hand_over.html", context, status=CONFLICT if form.errors else 200)
