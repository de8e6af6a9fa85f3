"""A session from sign-in to its end: begun, seen, ended when nobody is there, held back while something is owed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login as start_session
from django.contrib.auth import logout as drop_session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from archives.limits import address_of
from gaige import signing
from projects import passwords, timing
from projects.account_states import SignInEnd
from projects.services import second_factor, sessions
from projects.services.sessions import SEEN

if TYPE_CHECKING:
    from projects.models import User

GetResponse = Callable[[HttpRequest], HttpResponse]
#: In the session: what the person has to do before anything else.
OWES = "owes"
FACTOR, PASSWORD = "factor", "password"
#: Pages that are open while something is owed.
OPEN_PAGES = {FACTOR: "gaige:factor", PASSWORD: "gaige:password"}
BACKEND = "django.contrib.auth.backends.ModelBackend"
IDLE_SAID = "长时间没有操作，已自动退出。请重新登录，已填的内容还在本机。"
#: A browser, and what it runs on, as people call them; the first that fits.
BROWSERS = (("MicroMessenger", "微信"), ("Edg", "Edge 浏览器"), ("Firefox", "火狐浏览器"), ("Chrome", "谷歌内核浏览器"),
            ("Safari", "Safari 浏览器"))
SYSTEMS = (("HarmonyOS", "鸿蒙"), ("Android", "安卓手机"), ("iPhone", "苹果手机"), ("iPad", "苹果平板"),
           ("Windows", "Windows"), ("Mac OS", "苹果电脑"), ("Linux", "Linux"))


def device_of(request: HttpRequest) -> str:
    """Return browser and system in words: 谷歌内核浏览器，Windows."""
    agent = request.headers.get("User-Agent", "")
    found = [next((word for mark, word in known if mark in agent), "") for known in (BROWSERS, SYSTEMS)]
    return "，".join(word for word in found if word) or "未识别的设备"


def begin(request: HttpRequest, user: User) -> None:
    """Sign a person in whose password (and code) was right: a new session, its row, and what is owed."""
    start_session(request, user, backend=BACKEND)
    request.session[SEEN] = _now()
    request.session.save()
    sessions.note_sign_in(
        user, session_key=request.session.session_key or "", address=address_of(request), device=device_of(request)
    )
    look_what_is_owed(request, user)


def look_what_is_owed(request: HttpRequest, user: User) -> None:
    """Note in the session what the person has to do first: a second factor, or a new password."""
    owed = FACTOR if second_factor.must_enrol(user) else PASSWORD if passwords.is_too_old(user) else ""
    if owed:
        request.session[OWES] = owed
    else:
        request.session.pop(OWES, None)


def end(request: HttpRequest, why: str = SignInEnd.OUT) -> None:
    """Sign out: the session is gone from the server."""
    if request.session.session_key:
        sessions.close(request.session.session_key, why)
    if request.user.is_authenticated:
        signing.note_end(request.user.pk, why)
    drop_session(request)


def session_middleware(get_response: GetResponse) -> GetResponse:
    """End a session in which nobody was there for too long, and lead to what is owed first.

    What is shown to who is signed in stays in no cache: on a computer of the hall the next person presses "back". Only
    a session that `begin` made is asked; it is written once in a tenth of the idle time, not with every request.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        seen = request.session.get(SEEN)
        if seen is None:
            return get_response(request)
        idle, now = settings.SESSION_IDLE_MINUTES * 60, _now()
        if idle and now - seen > idle:
            end(request, SignInEnd.IDLE)
            return _again(request)
        if now - seen > max(60, idle // 10):
            request.session[SEEN] = now
        owed = request.session.get(OWES)
        if owed and request.path not in _open_paths(owed):
            return redirect(OPEN_PAGES[owed])
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return middleware


def _open_paths(owed: str) -> set[str]:
    return {reverse(OPEN_PAGES[owed]), reverse("gaige:logout"), reverse("gaige:privacy")}


def _again(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in page, and back to the page with the form afterwards; a page for everybody is just opened."""
    messages.info(request, IDLE_SAID)
    here = request.get_full_path() if request.method == "GET" else request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(here, {request.get_host()}, require_https=request.is_secure())
    back = re.sub(r"^https?://[^/]+", "", here) if safe else ""
    return redirect(f"{settings.LOGIN_URL}?{urlencode({'next': back})}" if back else settings.LOGIN_URL)


def _now() -> int:
    return int(timing.now().timestamp())
