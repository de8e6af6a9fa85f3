"""Pages of the agency desk: fetch what is visible, one form, one service call."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from agency import desk_rules as may
from agency import queries, rules
from agency.forms import AssignForm, OverrideForm
from agency.services import assignment
from packages.views.acting import CONFLICT
from packages.views.fetching import person
from projects.errors import DomainError, NotAllowed, require
from projects.exports import csv_response
from projects.going_back import back_to
from projects.models import Project


@login_required
@require_safe
def desk(request: HttpRequest) -> HttpResponseBase:
    """Show the assignment desk: who waits, who has whom, how much everybody has."""
    require(rules.can_use_desk, request.user, None)
    filters = request.GET.dict()
    if filters.get("export") == "csv":
        return csv_response(queries.desk_lines(person(request), filters), "代办调度")
    context = {
        "desk": queries.desk(person(request), filters), "q": filters.get("q", ""), "sizes": queries.SIZES,
        "size": filters.get("size", ""), "keeps": may.can_keep_agents(request.user).ok,
    }
    return render(request, "agency/desk.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Show who may be 项目长 and 服务专员 of a project, with reasons; POST confirms one of them."""
    visible = Project.objects.visible_to(request.user).select_related("owner", "centre", "region")
    project = get_object_or_404(visible, pk=pk)
    form = AssignForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            done = assignment.assign(
                project.pk, role=form.cleaned_data["role"], agent_id=form.cleaned_data["agent"], by=person(request),
                override_reason=form.cleaned_data["override_reason"],
            )
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{project.name}：{done.get_role_display()} {done.agent.user}。")
            return redirect(back_to(request, request.path))
    require(rules.can_assign, request.user, project)
    return _assign_page(request, project, form)


def _assign_page(request: HttpRequest, project: Project, form: AssignForm) -> HttpResponse:
    """Show both roles; what was typed into the refused one is still there."""
    choices = []
    for choice in queries.role_choices(project):
        typed = {"role": choice.role}
        if form.is_bound and form.data.get("role") == choice.role:
            typed |= {name: form.data.get(name, "") for name in ("agent", "override_reason")}
        people = (*choice.others, *choice.proposals)
        override = OverrideForm(initial=typed, people=people, auto_id=f"id_{choice.role}_%s")
        choices.append((choice, override))
    context = {"project": project, "form": form, "choices": choices}
    return render(request, "agency/assign.html", context, status=CONFLICT if form.errors else 200)
