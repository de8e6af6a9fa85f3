"""What every page may show: navigation, who is on duty, unread reminders, the last sweep. Read only when it is used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from agency.models import Notification
from agency.queries import LATE_MINUTES, last_sweep, long_words
from archives.queries import unsigned_count
from gaige.links import address, navigation, public_navigation, start_of
from projects import timing
from projects.access import access_of
from projects.memo import rows_about
from projects.models import User

#: More reminders than this are not counted.
MOST_UNREAD = 999


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return lazy values for the base templates: a page that does not show one of them does not pay for it."""
    sweep = _sweep_of(request)
    return {
        "nav": cache(lambda: _nav(request)),
        "public_nav": cache(lambda: _public_nav(request)),
        "duty": cache(lambda: _duty(request)),
        "inbox_url": cache(lambda: address("agency:inbox") if _signed_in(request) else ""),
        "unread": cache(lambda: _unread(request)),
        "last_sweep": lambda: sweep()[0],
        "sweep_late": lambda: sweep()[1],
        "demo": settings.DEMO,
    }


def _signed_in(request: HttpRequest) -> bool:
    return hasattr(request, "user") and request.user.is_authenticated


def _nav(request: HttpRequest) -> list[tuple[str, str, bool]]:
    return navigation(request.user, request.path) if _signed_in(request) else public_navigation(request.path)


def _public_nav(request: HttpRequest) -> list[tuple[str, str, bool]]:
    rows = public_navigation(request.path)
    if _signed_in(request):
        return [*rows, ("我的工作", start_of(request.user), False)]
    login = address("gaige:login")
    return rows if request.path == address("gaige:home") else [*rows, ("登录", login, request.path == login)]


def _duty(request: HttpRequest) -> str:
    """Return 3号窗口 王敏; for an enterprise its own name."""
    user = request.user
    if not user.is_authenticated:
        return ""
    access = access_of(user)
    place = user.title or (access.organisations[0].label if access.organisations else "")
    return f"{place} {user}".strip()


def _unread(request: HttpRequest) -> int:
    if not _signed_in(request):
        return 0
    user = request.user

    def of_person(pk: int) -> QuerySet[Notification, tuple[Any, ...]]:
        return Notification.objects.visible_to(User(pk=pk)).unread().order_by().values_list("pk")[:MOST_UNREAD]

    unread = len(rows_about("unread", of_person, user.pk or 0))
    return unread + unsigned_count(user) if access_of(user).is_enterprise else unread


def _sweep_of(request: HttpRequest) -> Callable[[], tuple[str, bool]]:
    """Return a function that tells when the last sweep ran and whether that is too long ago; the office side only."""

    @cache
    def tell() -> tuple[str, bool]:
        if not _signed_in(request) or not access_of(request.user).is_office:
            return "", False
        run = last_sweep()
        if run is None:
            return "还没有运行过", False
        begun = timezone.localtime(run.started_at)
        minutes = int((timing.now() - run.started_at) / dt.timedelta(minutes=1))
        day = "" if begun.date() == timing.today() else f"{timing.spoken(begun)} "
        if run.errors:
            return f"{day}{begun:%H:%M}，出错，请告知管理员", True
        if minutes > LATE_MINUTES:
            return f"{day}{begun:%H:%M}，已停 {long_words(minutes)}，请告知管理员", True
        return f"{day}{begun:%H:%M}，正常", False

    return tell
