"""Pages that belong to no single app: home, search, signing in and out, style guide, size of type."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archives.limits import address_of, rate_limited
from gaige import code_step, queries, sessions, signing
from gaige import styleguide as samples
from gaige.finding import find
from gaige.forms import SignInForm
from gaige.links import at_the_window, start_of
from projects.models import User
from projects.services import second_factor

TYPE_SIZE_AGE = 365 * 24 * 3600


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the portal to everybody; who is signed in goes on to the own work."""
    if request.user.is_authenticated:
        return redirect(start_of(request.user))
    form = SignInForm()
    del form.fields["username"].widget.attrs["autofocus"]  # a telephone would scroll past the search for a project
    groups, longest = queries.package_groups()
    context = {
        "groups": groups, "longest": longest, "bulletins": queries.newest_bulletins(request.user),
        "form": form, "joints": JOINTS,
    }
    return render(request, "gaige/home.html", context)


#: The chain as the home page explains it.
JOINTS = (
    {"name": "谋划准备", "joints": (
        {"name": "联合研判", "fact": "条件够不够"}, {"name": "联合会商", "fact": "一次告知"},
        {"name": "联合评估", "fact": "成果共用"},
    )},
    {"name": "报建开工", "joints": ({"name": "联合审查", "fact": "并联审查"},)},
    {"name": "施工验收", "joints": (
        {"name": "联合监管", "fact": "一次查"}, {"name": "联合验收", "fact": "一次上门，房证同交"},
    )},
)


@require_safe
@rate_limited("search")
def search(request: HttpRequest) -> HttpResponse:
    """Lead to what was scanned or typed, or list projects."""
    text, window = request.GET.get("q", "").strip(), request.GET.get("at") == "window"
    found = find(request.user, text)
    if found.url:
        return redirect(at_the_window(found.url) if window else found.url)
    context = {"search_text": text, "found": found, "rows": found.rows, "window": window}
    return render(request, "gaige/search.html", context)


#: Pages of signing in and out, to which no sign-in leads back.
NOT_BACK_TO = frozenset({"gaige:logout", "gaige:login", "gaige:login_code"})


def safe_next(request: HttpRequest, given: str, default: str) -> str:
    """Return an address of this portal that a person may be led to, else the default; never to signing out."""
    allowed = url_has_allowed_host_and_scheme(given, {request.get_host()}, require_https=request.is_secure())
    if not given or not allowed:
        return default
    try:
        found = resolve(urlsplit(given).path)
    except Resolver404:
        return default
    return default if found.view_name in NOT_BACK_TO else given


def _posted(request: HttpRequest) -> QueryDict | None:
    """Return what was posted, also when it was nothing; None for a page that is only looked at."""
    return request.POST if request.method == "POST" else None


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Sign in; back to where the session had ended."""
    given = request.POST.get("next", request.GET.get("next", ""))
    if request.method == "GET" and request.user.is_authenticated:
        return redirect(safe_next(request, given, start_of(request.user)))
    form = SignInForm(_posted(request))
    if request.method == "POST" and form.is_valid():
        user = _sign_in(request, form)
        if user is not None:
            target = safe_next(request, given, start_of(user))
            if second_factor.is_asked(user):
                return code_step.ask(request, user, target)
            sessions.begin(request, user)
            return redirect(target)
    status = 200 if request.method == "GET" else 429 if form.has_error("username", "too_many") else 400
    return render(request, "gaige/login.html", {"form": form, "next": given}, status=status)


def _sign_in(request: HttpRequest, form: SignInForm) -> User | None:
    """Return the person, or None with the reason on the form."""
    username, address = signing.clean_username(form.cleaned_data["username"]), address_of(request)
    if signing.failures(username, address) >= settings.LOGIN_TRIES:
        form.add_error("username", signing.too_many())
        return None
    if signing.is_address_stopped(address):
        form.add_error("username", signing.address_stopped())
        return None
    if signing.is_name_stopped(username):
        form.add_error("username", signing.name_stopped())
        return None
    user = authenticate(request, username=username, password=form.cleaned_data["password"])
    known = user if isinstance(user, User) else None
    if known is not None and signing.failures(username, address) >= settings.LOGIN_TRIES:
        form.add_error("username", signing.too_many())  # many at once: others failed while this one was looked at
        return None
    signing.note(username, address, user=known)
    if known is None:
        signing.count_failure(username, address)
        left = settings.LOGIN_TRIES - signing.failures(username, address)
        more = f"还可再试 {left} 次。" if left else f"请 {settings.LOGIN_LOCK_MINUTES} 分钟后再试。"
        form.add_error("password", f"用户名或密码不对，请核对大小写后再试。{more}")
    return known


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    sessions.end(request)
    return redirect("gaige:home")


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component in every state, from made-up data; ``?sheet=`` a paper or a page for everyone."""
    template = samples.SHEETS.get(request.GET.get("sheet", ""), samples.SHEETS[""])
    return render(request, template, samples.context())


@require_safe
def type_size(request: HttpRequest, size: str) -> HttpResponse:
    """Remember large or normal type in this browser and go back to where the reader was."""
    response = redirect(safe_next(request, request.GET.get("next", ""), "/"))
    if size == "large":
        response.set_cookie("type_size", "large", max_age=TYPE_SIZE_AGE, samesite="Lax", httponly=True)
    else:
        response.delete_cookie("type_size", samesite="Lax")
    return response
