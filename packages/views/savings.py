"""材料减免: the measured figures and the lines behind each of them."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from packages.screens import savings as screen
from packages.views.fetching import person
from projects.exports import FORMATS, file_response


@login_required
@require_safe
def figures(request: HttpRequest) -> HttpResponseBase:
    """Show the measured rate by month, project and case; `export=csv` or `xlsx` gives the months as a file."""
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(screen.months_table(person(request)), ending)
    page = screen.figures_page(person(request), request.GET.dict())
    return render(request, "packages/savings.html", {"page": page})


@login_required
@require_safe
def lines(request: HttpRequest) -> HttpResponse | HttpResponseBase:
    """Show exactly the lines that a figure counts."""
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(screen.lines_file(person(request), request.GET.dict()), ending)
    page = screen.lines_page(person(request), request.GET.dict())
    return render(request, "packages/savings_lines.html", {"page": page})
