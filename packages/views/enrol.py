"""The situation questions and the package of a project."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from packages import rules
from packages.facts import format_facts
from packages.forms import EnrolForm, FactsForm
from packages.screens import enrolling
from packages.services import enrolment as services
from packages.views.acting import attempt
from packages.views.fetching import person, project_or_404
from projects.models import Project
from projects.quoting import quoted


@login_required
@require_http_methods(["GET", "POST"])
def enrol(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the situation questions, propose the package and say why; POST confirms."""
    project = project_or_404(request, pk)
    confirm = EnrolForm(request.POST or None)
    if confirm.is_valid() and (done := _enrol(request, project, confirm)):
        return done
    notation = request.POST.get("facts") if request.method == "POST" else request.GET.get("facts")
    sheet = enrolling.sheet(project, notation, request.GET.get("section", ""))
    form = FactsForm(
        request.GET if "next" in request.GET else None, asked=sheet.asked, known=sheet.facts,
        investment=project.investment,
    )
    shows = request.GET.get("next") == "show"
    if form.is_bound and form.is_valid() and not shows:
        return redirect(f"{request.path}?{urlencode({'facts': _after(project, sheet, form, request.GET['next'])})}")
    facts = form.merged() if form.is_bound and form.is_valid() else sheet.facts
    lines = enrolling.effect_lines(project, sheet, facts)
    context = {
        "project": project, "sheet": sheet, "form": form, "confirm": confirm,
        "verdict": rules.can_enrol(request.user, project), "asks": [(bound, *lines[bound.name]) for bound in form],
        "outlook": enrolling.sheet(project, format_facts(facts)) if shows else sheet,
    }
    if shows and request.headers.get("HX-Request"):
        return render(request, "packages/_effects.html", context)
    return render(request, "packages/enrol.html", context, status=200 if not confirm.errors else 409)


def _after(project: Project, sheet: enrolling.Sheet, form: FactsForm, pressed: str) -> str:
    """The answers after one page, with the rest of the page or everything as no where that was pressed."""
    facts = form.merged()
    if pressed == "rest":
        facts = enrolling.answer_no(facts, sheet.asked)
    elif pressed == "all":
        facts = enrolling.answer_all_no(project, facts)
    return format_facts(facts)


def _enrol(request: HttpRequest, project: Project, form: EnrolForm) -> HttpResponse | None:
    """Confirm or change the package; None when the form has to be shown again."""
    sheet = enrolling.sheet(project, form.cleaned_data["facts"])
    if sheet.enrolled:
        seen = form.cleaned_data["revision"]
        done = attempt(
            form, services.change_facts, project.pk, facts=sheet.facts, by=person(request), revision=seen or None
        )
    else:
        code = form.cleaned_data["package_code"]
        done = attempt(form, services.enrol, project.pk, package_code=code, facts=sheet.facts, by=person(request))
    if done is None:
        return None
    messages.success(request, f"已确认{quoted(done.package_version.name)}，计划第 {done.revision} 版已生成。")
    return redirect("packages:plan", pk=project.pk)
