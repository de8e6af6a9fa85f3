"""The plan of a project: as a list, as a file, as a flow chart."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from packages import rules
from packages.planning.chart import flow_chart_svg
from packages.planning.schedule import schedule_of
from packages.screens import planning
from packages.views.fetching import project_or_404
from packages.views.files import csv_response
from projects.errors import DomainError


@login_required
@require_safe
def plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the plan of a project, by promise or by the whole road; `export=csv` gives the file."""
    project = project_or_404(request, pk)
    page = planning.plan_page(project, road=request.GET.get("road") == "1")
    if page is not None and request.GET.get("export") == "csv":
        return csv_response(f"{project.code} 计划", planning.csv_lines(page))
    context = {
        "project": project, "page": page, "can_enrol": rules.can_enrol(request.user, project),
        "can_apply": rules.can_apply(request.user, project),
    }
    return render(request, "packages/plan.html", context)


@login_required
@require_safe
def plan_chart(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the plan as a flow chart (一图): a narrow screen shows it in one column by itself.

    `phone=1` and `wide=1` ask for one form whatever the screen.
    """
    project = project_or_404(request, pk)
    try:
        schedule = schedule_of(project)
    except DomainError:
        return redirect("packages:plan", pk=pk)
    form = next((name for name in ("phone", "wide") if request.GET.get(name) == "1"), "")
    context = {
        "project": project, "schedule": schedule, "form": form,
        "chart": flow_chart_svg(schedule) if form != "phone" else "",
        "narrow": flow_chart_svg(schedule, phone=True) if form != "wide" else "",
    }
    return render(request, "packages/plan_chart.html", context)
