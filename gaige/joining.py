"""The page of a one-time code: join with the account one has, open one, or set a new password."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from archives.limits import rate_limited
from gaige import sessions
from gaige.links import start_of
from projects.errors import DomainError
from projects.models import Invitation, User
from projects.quoting import quoted
from projects.services import privacy, staff
from projects.staff_forms import AccountForm, CodeEntryForm
from projects.states import InvitationKind

CONFLICT = 409
FIELDS = {"username_wrong": "username", "username_taken": "username", "password_weak": "password"}


@sensitive_post_parameters("code", "password", "again")
@never_cache
@rate_limited("join")
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Ask for the code, then say what it is good for; a wrong one is refused without a reason."""
    entry = CodeEntryForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not entry.is_valid():
        return _page(request, entry)
    code = entry.cleaned_data["code"]
    try:
        invitation = staff.read_invitation(code)
    except DomainError as error:
        entry.add_error("code", error.message)
        return _page(request, entry)
    step = request.POST.get("step")
    if step == "join" and request.user.is_authenticated:
        return _join(request, code, invitation)
    asked = step in {"open", "reset"} and not (step == "open" and request.user.is_authenticated)
    form = AccountForm(request.POST if asked else None, reset=invitation.kind == InvitationKind.RESET)
    if asked and form.is_valid() and (done := _carry_out(request, code, invitation, form)) is not None:
        return done
    return _page(request, form, invitation, code)


def _page(
    request: HttpRequest, form: forms.Form, invitation: Invitation | None = None, code: str = ""
) -> HttpResponse:
    context = {"form": form, "invitation": invitation, "code": code}
    return render(request, "gaige/join.html", context, status=CONFLICT if form.errors else 200)


def _join(request: HttpRequest, code: str, invitation: Invitation) -> HttpResponse:
    form = CodeEntryForm({"code": code})
    form.is_valid()
    if not isinstance(request.user, User):
        raise TypeError("only who is signed in joins with an account")
    try:
        staff.accept_invitation(code, by=request.user)
    except DomainError as error:
        form.add_error(None, error.message)
        return _page(request, form, invitation, code)
    sessions.look_what_is_owed(request, request.user)
    messages.success(request, f"已加入{quoted(invitation.organisation.name)}，角色是{invitation.get_role_display()}。")
    return redirect(start_of(request.user))


def _carry_out(
    request: HttpRequest, code: str, invitation: Invitation, form: AccountForm
) -> HttpResponse | None:
    """Open the account and sign in, or set the password; None with the reason on the form."""
    given = form.cleaned_data
    try:
        if invitation.kind == InvitationKind.RESET:
            staff.reset_password(code, password=given["password"])
            messages.success(request, "密码已重设，请用新密码登录。")
            return redirect("gaige:login")
        user = staff.open_account(code, username=given["username"], password=given["password"])
    except DomainError as error:
        field = FIELDS.get(error.code)
        form.add_error(field if field in form.fields else None, error.message)
        return None
    privacy.note_told(user)
    sessions.begin(request, user)
    joined = quoted(invitation.organisation.name)
    messages.success(request, f"账号已开好，已加入{joined}。下次用“{user.username}”登录。")
    return redirect(start_of(user))
