"""Escalations: the list by urgency, one step with its decision."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from agency import desk_forms as shown
from agency import desk_queries as queries
from agency import desk_rules as may
from agency.desk_states import Level
from agency.models import Escalation
from agency.services import escalating
from packages.views.acting import Step, ask
from packages.views.fetching import person
from projects import timing
from projects.errors import Verdict, require
from projects.quoting import quoted

PAGE = 20


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """List the steps that wait for a decision, the most urgent first."""
    require(may.can_see_desk, request.user, None)
    asked = request.GET.get("state", "open")
    which = asked if asked in {"open", "stuck", "all"} else "open"
    page = Paginator(queries.escalations(person(request), which), PAGE).get_page(request.GET.get("page"))
    return render(request, "agency/escalations.html", {"page": page, "which": which, "today": timing.today()})


def _step(request: HttpRequest, pk: int) -> Escalation:
    found = Escalation.objects.visible_to(request.user).select_related(
        "project__owner",
        "project__centre",
        "order__agent__user",
        "order__case__lead",
        "body",
        "raised_by",
        "decided_by",
        "paper",
        "previous",
    )
    row: Escalation = get_object_or_404(found, pk=pk)
    return row


@login_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one step with those before it."""
    row = _step(request, pk)
    steps = Escalation.objects.filter(order=row.order_id).select_related("body", "paper").order_by("pk")
    context = {
        "row": row,
        "project": row.project,
        "order": row.order,
        "steps": list(steps),
        "levels": Level.choices,
        "can_decide": may.can_decide(request.user, row),
        "today": timing.today(),
        "can_push": _can_push(request, row),
    }
    return render(request, "agency/escalation.html", context)


def _can_push(request: HttpRequest, row: Escalation) -> Verdict:
    if row.level >= Level.MAYOR:
        return Verdict(ok=False, reason="已是最高一级。")
    return may.can_decide(request.user, row)


@login_required
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide: what, by whom, until when."""
    row = _step(request, pk)
    return ask(
        request,
        shown.DecideForm(request.POST or None),
        Step(
            title=f"{row.get_level_display()}：作出决定",
            button="决定",
            back=reverse("agency:escalation", args=[row.pk]),
            done="决定已记，工单继续办理。",
            verdict=may.can_decide(request.user, row),
            says=(
                f"{row.project.name}，工单{quoted(row.order.title)}。",
                f"要解决：{row.question}",
                f"已经办过：{row.tried}",
            ),
            run=lambda given: escalating.decide(row.pk, by=person(request), **given),
            may_be_late=True,
        ),
    )


@login_required
@require_http_methods(["GET", "POST"])
def cannot(request: HttpRequest, pk: int) -> HttpResponse:
    """The body says that it cannot solve it at its step: it goes on to the next."""
    row = _step(request, pk)
    return ask(
        request,
        shown.CannotForm(request.POST or None, initial={"question": row.question}),
        Step(
            title=f"本级解决不了，报{escalating.level_words(min(row.level + 1, 5))}",
            button="上报",
            back=reverse("agency:order", args=[row.order_id]),
            done="已上报。",
            verdict=_can_push(request, row),
            says=("能在本级解决的不得上推；写明本级怎么办过、为什么解决不了。",),
            run=lambda given: escalating.escalate(
                row.order_id, by=person(request), question=given["question"], tried=given["tried"], can_not=True
            ),
        ),
    )
