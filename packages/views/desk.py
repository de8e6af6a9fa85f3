"""The work list, a case, and what an enterprise has to do."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from packages import queries
from packages.screens import case as case_screen
from packages.screens import desk as screen
from packages.screens import owing
from packages.views.fetching import case_or_404, person
from packages.views.files import csv_response


@login_required
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """Show the work list as the address filters it; `export=csv` gives the file."""
    if request.GET.get("export") == "csv":
        return csv_response("工作台", screen.csv_lines(person(request), request.GET.dict()))
    page = screen.desk_page(person(request), request.GET.dict())
    return render(request, "packages/desk.html", {"page": page})


@login_required
@require_GET
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one case."""
    page = case_screen.case_page(case_or_404(request, pk), person(request))
    return render(request, "packages/case.html", {"page": page, "case": page.case, "project": page.case.project})


@login_required
@require_GET
def todos(request: HttpRequest) -> HttpResponse:
    """Show the enterprise what it owes, by when and why."""
    groups = owing.by_project(queries.todos(request.user), request.user)
    steps = owing.next_steps(request.user, shown=[group.project.pk for group in groups])
    return render(request, "packages/todos.html", {"groups": groups, "steps": steps})
