"""The decision of a case, and what was done elsewhere."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from packages import rules
from packages.forms import DecideForm, OutsideForm
from packages.screens import acting, deciding
from packages.services import decision
from packages.services import outside as outside_services
from packages.verdict_words import words_of
from packages.views.acting import Step, ask
from packages.views.fetching import case_or_404, person


@login_required
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """The chief representative decides."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"作出决定：{case.matter.name}", button="确认决定", back=reverse("packages:case", args=[pk]), case=case,
        verdict=lambda: acting.may_decide(person(request), case), done=deciding.done_words, seg="outcome",
        run=lambda given: decision.decide_case(pk, by=person(request), **given), may_be_late=True,
        says=lambda: tuple(deciding.says(case)),
        beside=lambda: {"sessions": deciding.sessions(case, person(request))},
    )
    form = DecideForm(request.POST or None, owed=deciding.owed(case), words=words_of(case.matter))
    return ask(request, form, step, "packages/decide.html")


@login_required
@require_http_methods(["GET", "POST"])
def outside(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what was done elsewhere, with its evidence (外部办理)."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"登记外部办理结果：{case.matter.name}", button="登记", case=case,
        back=reverse("packages:case", args=[pk]),
        verdict=rules.can_record_outside(request.user, case), done="外部办理结果已登记，佐证已归档。",
        run=lambda given: outside_services.record_outside_result(pk, by=person(request), **given),
        says=("这项事项不在系统内办理。登记结果、办成日期和佐证后即办结，记为外部办理。",),
    )
    return ask(request, OutsideForm(request.POST or None, request.FILES or None), step)
