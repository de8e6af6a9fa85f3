"""待送达: what the window has still to hand out."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from packages import rules
from packages.screens import undelivered as screen
from packages.views.fetching import person
from projects.errors import require
from projects.exports import FORMATS, file_response


@login_required
@require_safe
def undelivered(request: HttpRequest) -> HttpResponseBase:
    """List the certificates that are not handed out yet; `export=csv` or `xlsx` gives the file."""
    require(rules.can_see_undelivered, request.user, None)
    user, asked = person(request), request.GET.dict()
    if (ending := asked.get("export", "")) in FORMATS:
        return file_response(screen.undelivered_table(user, asked), ending)
    return render(request, "packages/undelivered.html", {"page": screen.undelivered_page(user, asked)})
