"""The second step of signing in: the code of the authenticator, after a password that was right."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from archives.limits import address_of
from gaige import sessions, signing
from gaige.forms import CodeForm
from projects import timing
from projects.models import User
from projects.services import second_factor

#: In the session of somebody who is not signed in yet: who gave the right password, when, and where to go on.
PENDING = "code_for"
SECONDS = 300


def ask(request: HttpRequest, user: User, target: str) -> HttpResponse:
    """Remember whose password was right, and ask for the code. The session gets a new key."""
    request.session.flush()
    request.session[PENDING] = [user.pk, int(timing.now().timestamp()), target]
    return redirect("gaige:login_code")


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "POST"])
def login_code(request: HttpRequest) -> HttpResponse:
    """Take the code and sign in; five minutes after the password it is asked for anew."""
    pending = request.session.get(PENDING)
    if not pending or int(timing.now().timestamp()) - pending[1] > SECONDS:
        request.session.pop(PENDING, None)
        return redirect("gaige:login")
    user = User.objects.filter(pk=pending[0], is_active=True).first()
    if user is None:
        return redirect("gaige:login")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and _right(request, form, user):
        request.session.pop(PENDING, None)
        sessions.begin(request, user)
        return redirect(pending[2])
    status = 200 if request.method == "GET" else 429 if form.has_error("code", "too_many") else 400
    return render(request, "gaige/login_code.html", {"form": form, "who": user.username}, status=status)


def _right(request: HttpRequest, form: CodeForm, user: User) -> bool:
    """Whether the code is right; else the reason stands on the form."""
    address = address_of(request)
    if signing.failures(signing.code_key(user), "") >= settings.LOGIN_TRIES:
        form.add_error("code", signing.too_many())
        return False
    right = second_factor.take(user, form.cleaned_data["code"])
    signing.note_code(user, address=address, right=right)
    if not right:
        left = settings.LOGIN_TRIES - signing.failures(signing.code_key(user), "")
        form.add_error("code", f"{second_factor.WRONG}还可再试 {left} 次。")
    return right
