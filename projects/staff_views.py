"""Pages of people: those of one's own enterprise, and for administrators those of every body."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from projects import account_rules, acting
from projects.errors import DomainError, NotAllowed, Verdict, require
from projects.going_back import back_to
from projects.models import Invitation, Membership, Organisation, Project, User
from projects.paging import as_key
from projects.quoting import quoted
from projects.services import staff as services
from projects.services.parties import add_body
from projects.staff_forms import BodyForm, FirstAccountForm, InviteForm, ReasonForm
from projects.staff_queries import bodies, bodies_visible_to, first_account_page, staff_page
from projects.states import Role

CONFLICT = 409


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("a view without login_required asked who is there")
    return request.user


def _body(request: HttpRequest, pk: int) -> Organisation:
    return get_object_or_404(bodies_visible_to(_person(request)), pk=pk)


def _membership(request: HttpRequest, pk: int) -> Membership:
    rows = Membership.objects.filter(organisation__in=bodies_visible_to(_person(request)))
    return get_object_or_404(rows.select_related("user", "organisation"), pk=pk)


@login_required
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Lead to the people of the enterprise that the person acts for."""
    known = acting.bodies_of(request)
    if not known:
        return redirect("projects:list")
    return redirect("projects:staff", pk=(acting.acting_for(request) or known[0]).pk)


@login_required
@require_POST
def act_for(request: HttpRequest) -> HttpResponse:
    """Choose the enterprise that one acts for; nothing chosen is all of them."""
    body = acting.act_for(request, as_key(request.POST.get("organisation")))
    messages.success(request, f"现在代表{quoted(body.name)}办理。" if body else "现在显示全部单位的项目。")
    return redirect(back_to(request, reverse("projects:list")))


@login_required
@require_safe
def staff(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the people of a body."""
    return _show(request, _body(request, pk))


def _show(
    request: HttpRequest, body: Organisation, *, form: forms.Form | None = None, made: Any = None, status: int = 200
) -> HttpResponse:
    page = staff_page(body, _person(request))
    context = {
        "page": page, "body": body, "form": form or InviteForm(body=body, admin=page.is_admin), "made": made,
        "bodies": acting.bodies_of(request),
    }
    return render(request, "projects/staff.html", context, status=status)


@never_cache
@login_required
@require_POST
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Invite somebody; the code is shown on this page and never again."""
    body, user = _body(request, pk), _person(request)
    require(account_rules.can_invite, user, (body, request.POST.get("role", "")))
    form = InviteForm(request.POST, body=body, admin=staff_page(body, user).is_admin)
    if not form.is_valid():
        return _show(request, body, form=form, status=CONFLICT)
    try:
        made = services.invite(pk, by=user, **form.cleaned_data)
    except NotAllowed:
        raise
    except DomainError as error:
        form.add_error(None, error.message)
        return _show(request, body, form=form, status=CONFLICT)
    return _show(request, body, made=made)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def first_account(request: HttpRequest, pk: int) -> HttpResponse:
    """The window gives the responsible person of a firm of the project a code; asked again, a new one replaces it."""
    project = get_object_or_404(Project.objects.visible_to(request.user).select_related("owner", "centre"), pk=pk)
    page, user, made = first_account_page(project, as_key(request.GET.get("firm"))), _person(request), None
    if page is None:
        raise Http404
    body = page.firm.body
    form = FirstAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.invite_first(body.pk, by=user, **form.cleaned_data)
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_error(None, error.message)
    verdict = account_rules.can_invite(user, (body, Role.OWNER_LEAD))
    context = {"project": project, "page": page, "firm": page.firm, "form": form, "made": made, "verdict": verdict}
    return render(request, "projects/first_account.html", context, status=CONFLICT if form.errors else 200)


def _invitation(request: HttpRequest, pk: int) -> Invitation:
    rows = Invitation.objects.filter(organisation__in=bodies_visible_to(_person(request)))
    return get_object_or_404(rows.select_related("organisation"), pk=pk)


@never_cache
@login_required
@require_POST
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an unused invitation back and make the same with a new code."""
    found = _invitation(request, pk)
    return _show(request, found.organisation, made=services.renew_invitation(pk, by=_person(request)))


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    found = _invitation(request, pk)
    services.revoke_invitation(pk, by=_person(request))
    messages.success(request, f"已收回对{found.name}的邀请，邀请码作废。")
    return redirect("projects:staff", pk=found.organisation_id)


@never_cache
@login_required
@require_POST
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a code with which a person sets a new password."""
    row = _membership(request, pk)
    made = services.invite_reset(row.user_id, organisation_id=row.organisation_id, by=_person(request))
    return _show(request, row.organisation, made=made)


@login_required
@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end a membership at once."""
    row = _membership(request, pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    says = (
        f"{row.user}（{row.get_role_display()}）马上不能再看和办{quoted(row.organisation.name)}的项目，已登录的页面也一样。",
        "做过的事、签收和答复都还在记录里。以后可以重新邀请。",
    )
    return _step(
        request, row, form, title=f"停用：{row.user}", button="停用", says=says,
        verdict=account_rules.can_end_membership(request.user, row),
        run=lambda given: services.end_membership(pk, by=_person(request), reason=given["reason"]),
        done=f"{row.user}已停用。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then make somebody else the lead."""
    row = _membership(request, pk)
    form = forms.Form(request.POST if request.method == "POST" else None)
    says = (
        f"{row.user}成为{quoted(row.organisation.name)}的负责人：邀请和停用人员、签署承诺书由{row.user}办理。",
        "您自己改为经办，仍可申报、补正、签收，不能再签署承诺书。",
    )
    return _step(
        request, row, form, title=f"把负责人移交给{row.user}", button="移交负责人", says=says,
        verdict=account_rules.can_hand_over(request.user, row),
        run=lambda _: services.hand_over_lead(pk, by=_person(request)),
        done=f"负责人已移交给{row.user}。",
    )


def _step(  # noqa: PLR0913 - what the page of a step says
    request: HttpRequest, row: Membership, form: forms.Form, *, title: str, button: str, says: tuple[str, ...],
    verdict: Verdict, run: Any, done: str,
) -> HttpResponse:
    """Show the page of a step; a valid POST carries it out."""
    back = reverse("projects:staff", args=[row.organisation_id])
    if request.method == "POST" and form.is_valid():
        try:
            run(form.cleaned_data)
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, done)
            still = bodies_visible_to(_person(request)).filter(pk=row.organisation_id).exists()
            return redirect(back if still else "projects:list")
    context = {"form": form, "title": title, "button": button, "says": says, "verdict": verdict, "back": back}
    return render(request, "projects/staff_step.html", context, status=CONFLICT if form.errors else 200)


# The administrator --------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    """Find a body by name, credit code or person; enter an enterprise that is not there yet."""
    user = _person(request)
    require(account_rules.can_see_people, user, None)
    form = BodyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            body = add_body(by=user, **form.cleaned_data)
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_error({"uscc_wrong": "uscc"}.get(error.code, "name"), error.message)
        else:
            messages.success(request, f"{quoted(body.name)}已登记。请邀请负责人，把邀请码交给本人。")
            return redirect("projects:staff", pk=body.pk)
    text = request.GET.get("q", "")[:80]
    context = {
        "form": form, "rows": bodies(text), "text": text, "lead": Role.OWNER_LEAD,
        "may_keep": account_rules.can_keep_people(user),
    }
    return render(request, "projects/people.html", context, status=CONFLICT if form.errors else 200)
