"""Pages for everybody: the page behind a project's code, and the verification of papers and files.

The page behind a code is the same for all strangers until something happens in the project or the day is over. So it is
rendered once and kept: who scans after that costs the gate, one small query that says whether it still holds, and a
scan that is counted.
"""

from __future__ import annotations

from collections.abc import Hashable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from archives import codewords, queries, scanning
from archives.forms import VerifyForm
from archives.limits import rate_limited
from archives.services import public, scans
from archives.states import ScanView, TokenState
from projects import timing
from projects.memo import Memo
from projects.models import User
from projects.panels import ways_of
from projects.waiting import waiting_on

#: Pages behind codes as strangers see them.
_pages: Memo[bytes] = Memo(most=1000, seconds=60)


@rate_limited("q")
@require_safe
def public_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show everybody where a project stands; who is involved in it sees more at the same address."""
    head = queries.head_of_code(token)
    if head is None:
        raise Http404
    kept = _kept_key(request, head) if head.state == TokenState.ACTIVE else None
    page = _pages.get(kept) if kept is not None else None
    if page is not None:
        scans.note(head.pk, ScanView.PUBLIC)
        response = HttpResponse(page)
    else:
        response = _public(request, token, kept)
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "no-cache, private"
    return response


def _kept_key(request: HttpRequest, head: queries.CodeHead) -> Hashable | None:
    """Return under what the page of a stranger is kept; None for who is signed in, or is told something."""
    if request.user.is_authenticated or len(messages.get_messages(request)):
        return None
    return head, timing.today(), request.get_full_path(), request.COOKIES.get("type_size")


def _public(request: HttpRequest, text: str, kept: Hashable | None) -> HttpResponse:
    token = queries.token_of(text)
    if token is None:
        raise Http404
    if token.state != TokenState.ACTIVE:
        return render(request, "archives/code_gone.html", {"token": token}, status=410)
    project, user = token.project, request.user
    own = queries.own_view(project, user)
    scans.note(token.pk, ScanView.PUBLIC if own is None else ScanView.OWNER if own.is_owner else ScanView.OFFICE)
    errands: list[scanning.Errand] = []
    if isinstance(user, User) and own is not None and not own.is_owner:
        errands = scanning.errands_of(project, user)
    if own is not None and "asof" in request.GET:
        return redirect(f"{reverse('archives:asof', args=[project.pk])}?{urlencode({'asof': request.GET['asof']})}")
    if errands and "stay" not in request.GET:
        return redirect(errands[0].url)
    facts = public.revived(public.public_view(project))
    context = {
        "project": project, "token": token, "facts": facts, "own_answers": public.beside_waiting(facts),
        "check_code": codewords.grouped(token.check_code, by=3, between=" "),
        "own": own, "own_waiting": waiting_on(project) if own else [], "errands": errands,
        "ways": ways_of(token, user),
    }
    page = render(request, "archives/public.html", context).content
    return HttpResponse(page if kept is None else _pages.put(kept, page))


@rate_limited("verify")
@require_safe
def verify(request: HttpRequest) -> HttpResponse:
    """Say whether the archive holds the paper with this code, or a file with this SHA-256."""
    form = VerifyForm(request.GET or None)
    result = None
    if form.is_bound and form.is_valid():
        if code := form.cleaned_data["code"]:
            result = queries.verify_code(code)
        elif digest := form.cleaned_data["sha256"]:
            result = queries.verify_digest(digest)
    ways = ways_of(result.paper, request.user) if result and result.paper else []
    response = render(request, "archives/verify.html", {"form": form, "result": result, "ways": ways})
    response["X-Robots-Tag"] = "noindex"
    return response
