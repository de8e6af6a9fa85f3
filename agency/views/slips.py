"""Pages of the chase slips: the list, one slip, issue, answer, send back, close."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from agency import slip_queries as queries
from agency import slip_rules as may
from agency.models import ChaseSlip
from agency.services import slips
from agency.slip_forms import AnswerForm, IssueForm, RemarkForm
from agency.states import SlipColour
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.fetching import case_or_404, person, project_or_404
from projects import timing
from projects.access import access_of
from projects.errors import NotAllowed, require
from projects.exports import FORMATS, file_response
from projects.models import Organisation


def _slip(request: HttpRequest, pk: int) -> ChaseSlip:
    related = ("project__centre", "project__owner", "project__region", "case__matter", "to", "paper", "clock")
    people = ("issued_by", "answered_by", "closed_by")
    found: ChaseSlip = get_object_or_404(
        ChaseSlip.objects.visible_to(request.user).select_related(*related, *people), pk=pk
    )
    return found


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponseBase:
    """List the slips; `?view=director` and `?view=weekly` what has been late for days."""
    if not access_of(request.user).is_office:
        raise NotAllowed("slips", "督办单在审批部门之间办理。")
    filters, user = request.GET.dict(), person(request)
    view = filters.get("view", "")
    if view in ("director", "weekly"):
        page = queries.late_page(user, filters)
        return render(request, "agency/late.html", {"page": page, "view": view})
    if filters.get("export") in FORMATS:
        return file_response(queries.slip_table(user, filters), filters["export"])
    tab = filters.get("tab", "open")
    context = {
        "page": queries.slip_page(user, filters), "tab": tab if tab in queries.TABS else "open", "tabs": queries.TABS,
        "counts": queries.open_counts(user), "q": filters.get("q", ""), "colour": filters.get("colour", ""),
        "colours": SlipColour.choices,
    }
    return render(request, "agency/slips.html", context)


@login_required
@require_safe
def slip(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one slip with what may be done with it."""
    found = _slip(request, pk)
    context = {
        "slip": found, "can_answer": may.can_answer_slip(request.user, found),
        "can_return": may.can_return_slip(request.user, found), "can_close": may.can_close_slip(request.user, found),
    }
    return render(request, "agency/slip.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def issue_for_project(request: HttpRequest, pk: int) -> HttpResponse:
    """下督办单 about a project."""
    return _issue(request, pk, None)


@login_required
@require_http_methods(["GET", "POST"])
def issue_for_case(request: HttpRequest, pk: int) -> HttpResponse:
    """下督办单 about a case."""
    return _issue(request, None, pk)


def _issue(request: HttpRequest, project_pk: int | None, case_pk: int | None) -> HttpResponse:
    case = case_or_404(request, case_pk) if case_pk else None
    project = project_or_404(request, case.project_id if case else project_pk or 0)
    require(may.can_issue_slip, request.user, project)
    verdict = may.can_issue_slip(request.user, project)
    bodies = queries.bodies_of(project, case)
    initial = {"to": bodies[0].pk, "colour": queries.colour_for(case)}
    form = IssueForm(request.POST or None, bodies=bodies, initial=initial)
    standing = {slip.pk: slip for slip in queries.standing_slips(project, case)}
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = attempt(
            form, slips.issue_slip, case or project, to=Organisation.objects.get(pk=given["to"]),
            colour=given["colour"], reason=given["reason"], by=person(request),
        )
        if made is not None:
            _tell_issued(request, made, again=made.pk in standing)
            return redirect("agency:slip", made.pk)
    page = reverse("packages:case", args=[case.pk]) if case else reverse("projects:detail", args=[project.pk])
    step = Step("下督办单", "签发督办单", lambda _: None, page, "", case=case, verdict=verdict, seg="colour",
                says=_says_of_issue(standing.values()))
    context = {"form": form, "step": step, "case": case, "project": project}
    return render(request, "packages/confirm.html", context, status=status_of(form))


def _tell_issued(request: HttpRequest, made: ChaseSlip, *, again: bool) -> None:
    if again:
        says = f"没有重复签发：{made.to.label}已有同色的督办单没有销号，见本页；刚才写的事由没有发出。"
        messages.warning(request, says)
    else:
        messages.success(request, f"{made}已发{made.to.label}，{timing.spoken(made.due_on)}前回复。")


def _says_of_issue(standing: Iterable[ChaseSlip]) -> tuple[str, ...]:
    return (
        "督办单编号签发，对方在期限内回复原因、措施和承诺办结日；事项办结时自动销号。",
        *(
            f"{slip.to.label}已有没有销号的{slip}（{slip.get_colour_display()}），{slip.get_state_display()}，"
            f"回复期限{timing.spoken(slip.due_on)}；同色的不重复签发。"
            for slip in standing
        ),
    )


@login_required
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The body answers."""
    found = _slip(request, pk)
    require(may.can_answer_slip, request.user, found)
    act = partial(slips.answer_slip, found.pk, by=person(request))
    past = "，已过" if found.due_on < timing.today() else ""
    step = Step(
        f"回复{found}", "提交回复", lambda given: act(**given), slips.page_of(found), "已回复，等中心核对后销号。",
        says=(f"督办事由：{found.reason}", f"回复期限{timing.spoken(found.due_on)}{past}。"), may_be_late=True,
    )
    return ask(request, AnswerForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer does not do."""
    found = _slip(request, pk)
    require(may.can_return_slip, request.user, found)
    act = partial(slips.return_slip, found.pk, by=person(request))
    done, says = "已退回，对方重新回复。", (f"对方的回复：{found.answer}",)
    step = Step(f"退回{found}的回复", "退回", lambda given: act(**given), slips.page_of(found), done, says=says)
    return ask(request, RemarkForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """What was chased is done."""
    found = _slip(request, pk)
    require(may.can_close_slip, request.user, found)
    act = partial(slips.close_slip, found.pk, by=person(request))
    says = (f"对方的回复：{found.answer}",) if found.answer else ("对方还没有回复，销号要写明理由。",)
    done = "已销号。"
    step = Step(
        f"{found}销号", "销号", lambda given: act(**given), slips.page_of(found), done, says=says, may_be_late=True
    )
    return ask(request, RemarkForm(request.POST or None), step)
