"""A part of a page as one person saw it seconds ago: lists behind figures lag behind others as the figures do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template

from packages.views.fetching import person
from projects import timing
from projects.memo import Counters
from projects.models import Event

_parts: Counters[tuple[str, str]] = Counters()


def kept_page(request: HttpRequest, template: str, context: Callable[[], dict[str, Any]]) -> HttpResponse:
    """Return an office page around a part that is kept for the person and the address; `context` names its `title`.

    It may lag behind what others do by `COUNTERS_SECONDS`, never behind what the person has done.
    """
    user = person(request)

    def made() -> tuple[int, tuple[str, str]]:
        newest = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
        given = context()
        return newest, (str(given["title"]), get_template(template).render(given, request))

    title, html = _parts.for_user(user, (user.pk, request.get_full_path(), timing.today()), made)
    return render(request, "agency/kept.html", {"title": title, "html": html})
