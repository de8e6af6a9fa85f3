"""Tokens of the JSON interface: the list, a new one shown once, one with what it read, taking it back."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from agency.major_forms import NothingForm, TokenForm
from agency.major_states import ApiScope
from agency.models import ApiCall, ApiToken
from agency.services import tokens as service
from packages.views.acting import CONFLICT, Step, ask, attempt
from packages.views.fetching import person
from projects import timing
from projects.errors import require
from projects.paging import as_key, key_page

CALLS = 20
#: What a new token holds unless said otherwise.
HALF_YEAR = dt.timedelta(days=180)
WORDS: dict[str, str] = dict(ApiScope.choices)


def _state(token: ApiToken) -> tuple[str, str]:
    if token.revoked_at is not None:
        return "已吊销", "none"
    return ("已过期", "warn") if token.expires_on < timing.today() else ("有效", "good")


def _scopes(token: ApiToken) -> str:
    return "、".join(WORDS.get(scope, scope) for scope in token.scopes)


@login_required
@require_safe
def tokens(request: HttpRequest) -> HttpResponse:
    """List the tokens, the newest first."""
    require(service.can_keep_tokens, request.user, None)
    page = key_page(
        ApiToken.objects.select_related("holder", "region"), sort="-pk", size=20,
        after=as_key(request.GET.get("after")), before=as_key(request.GET.get("before")),
    )
    rows = [(token, *_state(token), _scopes(token)) for token in page.rows]
    return render(request, "agency/tokens.html", {"rows": rows, "page": page})


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def token_new(request: HttpRequest) -> HttpResponse:
    """Issue a token; the answer shows it, and nothing shows it again."""
    require(service.can_issue_tokens, request.user, None)
    form = TokenForm(request.POST or None, initial={"expires_on": timing.today() + HALF_YEAR})
    issued = None
    if request.method == "POST" and form.is_valid():
        issued = attempt(form, service.issue_token, by=person(request), **form.cleaned_data)
    context = {"form": form, "issued": issued, "scopes": _scopes(issued.token) if issued else ""}
    status = CONFLICT if form.is_bound and "__all__" in form.errors else 200
    return render(request, "agency/token_new.html", context, status=status)


@login_required
@require_safe
def token(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one token with its newest requests."""
    require(service.can_keep_tokens, request.user, None)
    found = get_object_or_404(ApiToken.objects.select_related("holder", "region", "made_by", "revoked_by"), pk=pk)
    page = key_page(
        ApiCall.objects.filter(token=found), sort="-pk", size=CALLS, after=as_key(request.GET.get("after")),
        before=as_key(request.GET.get("before")),
    )
    word, tone = _state(found)
    context = {"token": found, "page": page, "word": word, "tone": tone, "scopes": _scopes(found)}
    return render(request, "agency/token.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a token back at once."""
    require(service.can_keep_tokens, request.user, None)
    found = get_object_or_404(ApiToken, pk=pk)
    return ask(request, NothingForm(request.POST or None), Step(
        title="吊销接口令牌", button="吊销", back=reverse("agency:token", args=[pk]), done="令牌已吊销，立即失效。",
        run=lambda _: service.revoke_token(pk, by=person(request)), danger=True,
        says=(f"{found}（{found.prefix}…）", "吊销后立即失效，不能恢复；对方要用新的令牌。"),
    ))
