"""The addresses of the interface: a token in the header, one page of rows as JSON, every request written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from agency.cockpit.figures import board_of
from agency.cockpit.reach import Reach
from agency.cockpit.tables import board_rows
from agency.major_states import ApiScope
from agency.services.tokens import find_token, log_call
from archives.limits import WINDOW, address_of, allowed, is_spent
from gaige.api.description import description
from gaige.api.fields import Parameter, Resource
from gaige.api.resources import CASES, FIGURE_FIELDS, OPEN, PROJECTS, RESOURCES, WAITING, show_projects
from packages.states import CASE_OPEN
from projects import timing
from projects.access import region_prefix
from projects.models import Organisation, Project
from projects.paging import as_key, key_page

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from agency.models import ApiToken

SIZE, LARGEST = 100, 500
PROBLEM = "application/problem+json"
BEARER = "Bearer "
#: False tokens are counted by address under this name: after too many no token of that address is tried this minute.
GUESSES = "api-guess"


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """What is answered instead of rows."""

    def __init__(self, status: int, words: str, **headers: str) -> None:
        """Keep status, words and headers."""
        super().__init__(words)
        self.status, self.words, self.headers = status, words, headers


def problem(refused: Refused) -> JsonResponse:
    """Return a refusal as RFC 9457 has it."""
    body = {"type": "about:blank", "status": refused.status, "title": refused.words}
    answer = JsonResponse(body, status=refused.status, content_type=PROBLEM, json_dumps_params={"ensure_ascii": False})
    for name, value in refused.headers.items():
        answer[name] = value
    return answer


Answer = tuple[dict[str, Any], int]
Reading = Callable[..., Answer]


def interface(scope: str) -> Callable[[Reading], Callable[..., HttpResponse]]:
    """Let a view be read with a live token that has the scope, so often a minute, and write each request down."""

    def decorate(view: Reading) -> Callable[..., HttpResponse]:
        @csrf_exempt  # a token, no cookie; whatever writes is answered 405, as a machine expects it
        @never_cache
        @require_safe
        @wraps(view)
        def read(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            try:
                token = _token_of(request)
            except Refused as refused:
                return problem(refused)
            return _logged(request, token, lambda: _answer(view, scope, request, token, kwargs))

        return read

    return decorate


def _token_of(request: HttpRequest) -> ApiToken:
    """Return the live token that a request shows. Raises `Refused` (401, 429).

    An address that has used as many false tokens in a minute as it may open public codes is refused before the next.
    """
    source = address_of(request)
    if is_spent(GUESSES, source):
        raise Refused(429, "这个网络地址用错令牌的次数过多，请一分钟后再试。", **{"Retry-After": str(WINDOW)})
    token = find_token(request.headers.get("Authorization", "").removeprefix(BEARER).strip())
    if token is None:
        allowed(GUESSES, source)
        raise Refused(401, "没有有效的令牌。", **{"WWW-Authenticate": "Bearer"})
    return token


def _logged(request: HttpRequest, token: ApiToken, read: Callable[[], tuple[HttpResponse, int]]) -> HttpResponse:
    """Return what was read, and write the request down with its status, rows and milliseconds."""
    begun = time.monotonic()
    response, rows = read()
    log_call(
        token, path=request.path, query=request.META.get("QUERY_STRING", ""), status=response.status_code,
        rows=rows, source=address_of(request), took_ms=round((time.monotonic() - begun) * 1000),
    )
    return response


def _answer(
    view: Reading, scope: str, request: HttpRequest, token: ApiToken, kwargs: dict[str, Any]
) -> tuple[HttpResponse, int]:
    """Return the answer with the number of its rows; what is refused or not there is a problem with none."""
    try:
        _admit(token, scope)
        body, rows = view(request, token, **kwargs)
    except Refused as refused:
        return problem(refused), 0
    except Http404:
        return problem(Refused(404, "没有这个对象，或不在令牌的数据范围内。")), 0
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False}), rows


def _admit(token: ApiToken, scope: str) -> None:
    if not allowed("api", str(token.pk), limit=settings.API_RATE_PER_MINUTE):
        raise Refused(429, "这一分钟的次数用完了，请稍后再试。", **{"Retry-After": str(WINDOW)})
    if scope not in token.scopes:
        raise Refused(403, f"令牌不能读“{dict(ApiScope.choices)[scope]}”。")


def reached(token: ApiToken) -> QuerySet[Project]:
    """Return the projects of a token: those of its region and below."""
    return Project.objects.filter(region__code__startswith=region_prefix(token.region.code))


def _page(request: HttpRequest, token: ApiToken, resource: Resource) -> Answer:
    known = {"after", "size", *(one.name for one in resource.parameters)}
    if unknown := sorted(set(request.GET) - known):
        raise Refused(400, f"没有参数 {'、'.join(unknown)}。")
    size, after = _number(request, "size", SIZE), _number(request, "after", 0)
    if not 1 <= size <= LARGEST:
        raise Refused(400, f"size 在 1 到 {LARGEST} 之间。")
    rows = resource.rows(reached(token))
    for one in resource.parameters:
        if one.name in request.GET:
            rows = _narrowed(rows, one, request.GET[one.name])
    cut = key_page(rows, sort="pk", size=size, after=after or None)
    items = resource.show(cut.rows)
    following = None
    if cut.after is not None:
        query = urlencode({**request.GET.dict(), "after": cut.after})
        following = f"{settings.SITE_URL}{request.path}?{query}"
    return {"items": items, "next": following}, len(items)


def _number(request: HttpRequest, name: str, usual: int) -> int:
    if name not in request.GET:
        return usual
    found = as_key(request.GET[name])
    if found is None:
        raise Refused(400, f"{name} 要是一个数。")
    return found


def _narrowed(rows: QuerySet[Any], one: Parameter, value: str) -> QuerySet[Any]:
    if one.values and value not in one.values:
        raise Refused(400, f"{one.name} 只能是 {'、'.join(one.values)}。")
    if value == OPEN and one.column == "state":
        return rows.filter(state__in=list(CASE_OPEN))
    return rows.filter(**{one.column: value})


@interface(ApiScope.PROJECTS)
def projects(request: HttpRequest, token: ApiToken) -> Answer:
    """Give projects, a page at a time."""
    return _page(request, token, PROJECTS)


@interface(ApiScope.PROJECTS)
def project(_: HttpRequest, token: ApiToken, code: str) -> Answer:
    """Give one project."""
    found = reached(token).select_related("owner", "centre", "region").filter(code=code).first()
    if found is None:
        raise Http404
    return show_projects([found])[0], 1


@interface(ApiScope.CASES)
def cases(request: HttpRequest, token: ApiToken) -> Answer:
    """Give cases, a page at a time."""
    return _page(request, token, CASES)


@interface(ApiScope.WAITING)
def waiting(request: HttpRequest, token: ApiToken) -> Answer:
    """Give on whom running projects wait, a page of projects at a time."""
    return _page(request, token, WAITING)


@interface(ApiScope.FIGURES)
def figures(_: HttpRequest, token: ApiToken) -> Answer:
    """Give the figures of the cockpit for the token's region."""
    found = reached(token).order_by()
    centres = Organisation.objects.filter(pk__in=found.values("centre")).order_by("pk")
    board = board_of(Reach(found, tuple(centres), None, True, ("token", token.pk)))
    names = [field.name for field in FIGURE_FIELDS]
    items = [dict(zip(names, row, strict=True)) for row in board_rows(board, people=False)]
    made = board.made_at.astimezone(timing.BUSINESS_ZONE).isoformat(timespec="seconds")
    return {"made_at": made, "region": token.region.code, "items": items}, len(items)


# The description -----------------------------------------------------------------------------------------------------


@require_safe
def openapi(_: HttpRequest) -> JsonResponse:
    """Give the description of the interface (OpenAPI 3.1)."""
    return JsonResponse(description(), json_dumps_params={"ensure_ascii": False})


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Show the interface to people."""
    context = {
        "resources": [(row, f"/api/v1/{row.name}/") for row in RESOURCES.values()], "figure_fields": FIGURE_FIELDS,
        "site_url": settings.SITE_URL, "rate": settings.API_RATE_PER_MINUTE, "size": SIZE, "largest": LARGEST,
    }
    return render(request, "gaige/api.html", context)
