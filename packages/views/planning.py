"""What-if, the forecast, the milestones of a project, and its flow chart as a file."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from packages import rules
from packages.forms_planning import ChooseForm, WhatIfForm
from packages.planning.chart import flow_chart_pdf
from packages.planning.schedule import schedule_of
from packages.planning.terms import term
from packages.screens import forecasts, whatif
from packages.services import planning as services
from packages.views.acting import CONFLICT, attempt
from packages.views.fetching import person, project_or_404


@login_required
@require_http_methods(["GET", "POST"])
def options(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare two plans; POST makes the chosen options the plan."""
    project = project_or_404(request, pk)
    form = ChooseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done = attempt(
            form, services.choose_options, pk, options_on=form.cleaned_data["on"], by=person(request),
            revision=form.cleaned_data["revision"], works_days=form.cleaned_data["works_days"],
            reason=form.cleaned_data["reason"],
        )
        if done is not None:
            messages.success(request, f"已选定，计划第 {done.revision} 版已生成。")
            return redirect("packages:milestones", pk=pk)
    asked = WhatIfForm(request.POST or request.GET)
    page = whatif.whatif_page(project, asked.chosen())
    if page is None:
        return redirect("packages:plan", pk=pk)
    if not form.is_bound:
        form = ChooseForm(initial={"works_days": page.enrolment.works_days})
    context = {
        "project": project, "page": page, "form": form, "verdict": rules.can_enrol(request.user, project),
        "sides": (page.now, page.then), "revision": page.enrolment.revision, "next": page.enrolment.revision + 1,
        "opening_late": -page.opening_won, "delivery_late": -page.delivery_won, "papers_more": -page.papers_saved,
    }
    return render(request, "packages/whatif.html", context, status=CONFLICT if form.is_bound else 200)


@login_required
@require_safe
def forecast(request: HttpRequest, pk: int) -> HttpResponse:
    """Show when works may start and when the project is handed over, and how that was foreseen through time."""
    project = project_or_404(request, pk)
    page = forecasts.forecast_page(project)
    if page is None:
        return redirect("packages:plan", pk=pk)
    today = page.schedule.made_on
    context = {
        "project": project, "page": page, "chart": forecasts.series_chart(page.series),
        "least": term("history_least", today), "months": term("history_months", today),
    }
    return render(request, "packages/forecast.html", context)


@login_required
@require_safe
def milestones(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the sign-posts, plan against fact, and the versions of the plan."""
    project = project_or_404(request, pk)
    page = forecasts.milestones_page(project)
    if page is None:
        return redirect("packages:plan", pk=pk)
    return render(request, "packages/milestones.html", {"project": project, "page": page})


@login_required
@require_safe
def chart_file(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the flow chart of the live plan as one sheet A3."""
    project = project_or_404(request, pk)
    schedule = schedule_of(project)
    response = HttpResponse(flow_chart_pdf(schedule), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="plan-{project.code}-v{schedule.revision}.pdf"'
    return response
