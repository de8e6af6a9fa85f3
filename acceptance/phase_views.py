"""The page on which a phase of the works is registered."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from acceptance import survey_rules
from acceptance.joint_forms import PhaseForm
from acceptance.services import phases
from packages.views.acting import Step, ask
from packages.views.fetching import person
from projects.models import Project, WorkUnit


@login_required
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a phase of some buildings of the works."""
    visible = WorkUnit.objects.filter(project__in=Project.objects.visible_to(request.user))
    unit = get_object_or_404(visible.select_related("project__owner", "project__centre"), pk=pk)
    form = PhaseForm(request.POST or None, buildings=[(row.pk, row.name) for row in unit.buildings.all()])
    return ask(request, form, Step(
        title="登记分期", button="登记", back=reverse("acceptance:survey", args=[pk]),
        done="分期已登记，可以单独测绘和验收。",
        verdict=survey_rules.can_register_phase(request.user, unit),
        run=lambda given: phases.register_phase(pk, by=person(request), **given),
        says=("先建成的单体可以分期测绘、分期验收，共用设施由各部门确认后单独投入使用。",),
    ))
