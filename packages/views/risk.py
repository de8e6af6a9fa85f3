"""The risk of a project: inputs, result, version, history; the centre answers what no fact says."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from packages import drawing_rules
from packages.drawing_forms import RiskForm
from packages.screens import risk as screen
from packages.services import risk as services
from packages.views.acting import attempt
from packages.views.fetching import person, project_or_404


@login_required
@require_http_methods(["GET", "POST"])
def risk(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what the matrix says of a project and why; POST answers by hand and asks it anew."""
    project = project_or_404(request, pk)
    page = screen.risk_page(project)
    form = RiskForm(request.POST or None, asked=page.asked, known=page.newest.answers if page.newest else {})
    if request.method == "POST" and form.is_valid():
        done = attempt(form, services.assess_project, pk, by=person(request), answers=form.answers())
        if done is not None:
            messages.success(request, f"已判定：{done.get_risk_class_display()}风险。")
            return redirect("packages:risk", pk=pk)
    context = {
        "project": project, "page": page, "form": form, "verdict": drawing_rules.can_assess(request.user, project),
    }
    return render(request, "packages/risk.html", context, status=409 if form.is_bound else 200)
