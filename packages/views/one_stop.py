"""一站式施工许可: one form opens it, one page says who holds it up, one press issues the set."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from packages import drawing_rules, policy, rules
from packages.drawing_forms import ConfirmForm, OneStopForm
from packages.models import OneStop
from packages.screens import permit
from packages.services import one_stop as services
from packages.services import policies
from packages.states import ApplicationSource
from packages.views.acting import Step, ask, attempt
from packages.views.fetching import person, project_or_404


@login_required
@require_http_methods(["GET", "POST"])
def one_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form, or the parts of what runs; POST opens one application for everything."""
    project = project_or_404(request, pk)
    page = permit.permit_page(project, person(request))
    table = policies.find_table(policy.ONE_STOP)
    form = OneStopForm(
        request.POST or None, rows=services.form_fields(table) if table else [], known=permit.known_answers(project)
    )
    if request.method == "POST" and form.is_valid():
        source = ApplicationSource.WINDOW if rules.is_window(request.user, project) else ApplicationSource.NET
        made = attempt(form, services.open_one_stop, pk, by=person(request), form=form.values(), source=source)
        if made is not None:
            messages.success(request, "已开始一站式申请，材料齐了即可提交。")
            return redirect("packages:one_stop", pk=pk)
    context = {"project": project, "page": page, "form": form, "can_apply": rules.can_apply(request.user, project)}
    return render(request, "packages/one_stop.html", context, status=409 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    """Issue certificate and annexes as one set."""
    one: OneStop = get_object_or_404(OneStop.objects.visible_to(request.user).select_related("project"), pk=pk)
    names = "、".join(part.case.matter.result_name for part in services.parts_of(one))
    step = Step(
        title=f"一次出件：{one.project.name}", button="一次出件",
        back=reverse("packages:one_stop", args=[one.project_id]),
        verdict=drawing_rules.can_issue_set(request.user, one), done="证照套已出具，一个二维码核验全套。",
        says=(f"出具一份封面，列明全套证照的文号、校验码和内容摘要：{names}。",),
        run=lambda _: services.issue_set(pk, by=person(request)),
    )
    return ask(request, ConfirmForm(request.POST or None), step)
