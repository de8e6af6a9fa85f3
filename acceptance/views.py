"""Pages of the joint acceptance: fetch what is visible, one form, one service call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from acceptance import joint_queries, queries, rules
from acceptance.forms import AnswerForm, ConcludeForm, ItemForm, ListForm, RecheckForm, VisitForm
from acceptance.joint_forms import ApplyForm
from acceptance.models import AcceptanceApplication, AcceptanceItem
from acceptance.services import application as applying
from acceptance.services import conclusion, items, visits
from acceptance.states import TONES, ItemState
from packages.views.fetching import person
from projects.errors import DomainError, NotAllowed, Verdict
from projects.forms import BackEntryForm, back_entry_form, moment_of
from projects.models import IssueItem, Project, WorkUnit
from projects.reading import read_clock
from projects.waiting import waiting_on


def _acceptance(request: HttpRequest, pk: int) -> AcceptanceApplication:
    return get_object_or_404(queries.for_page(person(request)), pk=pk)


def _item(request: HttpRequest, pk: int) -> AcceptanceItem:
    visible = AcceptanceApplication.objects.visible_to(request.user)
    rows = AcceptanceItem.objects.filter(acceptance__in=visible)
    return get_object_or_404(rows.select_related(
        "acceptance__project", "acceptance__lead", "acceptance__visit", "acceptance__work_unit", "organisation",
        "definition",
    ), pk=pk)


def _allow(verdict: Verdict) -> None:
    if not verdict.ok:
        raise NotAllowed("rule", verdict.reason)


def _try(form: forms.Form, call: Callable[[], object], late: BackEntryForm | None = None) -> bool:
    """Run the service on a valid form and earlier time; a refusal becomes an error of the form, typed words stay."""
    if not form.is_valid() or not (late is None or late.is_valid()):
        return False
    try:
        call()
    except NotAllowed:
        raise
    except DomainError as error:
        form.add_error(None, f"{error.message}{error.latest}")
        return False
    return True


def _late(request: HttpRequest) -> BackEntryForm | None:
    return back_entry_form(request.user, request.POST if request.method == "POST" else None)


def _form(
    request: HttpRequest, title: str, form: forms.Form, acceptance: AcceptanceApplication, **more: Any
) -> HttpResponse:
    context = {"title": title, "form": form, "acceptance": acceptance, "project": acceptance.project, **more}
    return render(request, more.get("template", "acceptance/form.html"), context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether to apply for the joint acceptance of a works, and do it."""
    unit = get_object_or_404(
        WorkUnit.objects.filter(project__in=Project.objects.visible_to(request.user)).select_related("project"), pk=pk
    )
    buildings = [(row.pk, row.name) for row in unit.buildings.all()]
    asked = {"building_id": request.GET.get("building"), "comprehensive": request.GET.get("comprehensive") == "1"}
    form = ApplyForm(initial=asked, buildings=buildings)
    if request.method == "POST":
        form = ApplyForm(request.POST, request.FILES, buildings=buildings)
        made: list[AcceptanceApplication] = []
        if _try(form, lambda: made.append(
            applying.apply_for_acceptance(unit.pk, by=person(request), **form.cleaned_data)
        )):
            if made[0].application_id is None:
                return redirect("acceptance:detail", pk=made[0].pk)
            return redirect("packages:application", pk=made[0].application_id)
    context = {"unit": unit, "project": unit.project, "verdict": rules.can_apply(request.user, unit), "form": form}
    return render(request, "acceptance/apply.html", context, status=422 if form.errors else 200)


@login_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the joint acceptance: on whom it waits, its clock, the twelve items, the one list, what may be done."""
    acceptance = _acceptance(request, pk)
    user = person(request)
    rows = queries.item_rows(acceptance, user)
    context = {
        "acceptance": acceptance, "project": acceptance.project, "tone": TONES.get(acceptance.state, "plain"),
        "rows": rows, "has_issues": any(row.issues for row in rows), "waiting": waiting_on(acceptance.project),
        "reading": read_clock(acceptance.clock), "visit": getattr(acceptance, "visit", None),
        "can_accept": rules.can_accept(user, acceptance), "can_arrange": rules.can_arrange(user, acceptance),
        "can_list": rules.can_issue_list(user, acceptance), "can_return": rules.can_return(user, acceptance),
        "can_conclude": rules.can_conclude(user, acceptance), "steps": joint_queries.step_rows(acceptance),
        **joint_queries.beside(acceptance, user),
    }
    return render(request, "acceptance/detail.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept the application at the window."""
    acceptance = _acceptance(request, pk)
    late = _late(request)
    if request.method == "POST" and (late is None or late.is_valid()):
        applying.accept_acceptance(acceptance.pk, by=person(request), at=moment_of(late))
        return redirect("acceptance:detail", pk=pk)
    _allow(rules.can_accept(request.user, acceptance))
    return _form(request, "受理联合验收申请", forms.Form(), acceptance, submit="受理", late=late)


@login_required
@require_http_methods(["GET", "POST"])
def visit(request: HttpRequest, pk: int) -> HttpResponse:
    """Appoint the one visit."""
    acceptance, form, late = _acceptance(request, pk), VisitForm(request.POST or None), _late(request)
    _allow(rules.can_arrange(request.user, acceptance))
    if _try(form, lambda: visits.arrange_visit(
        pk, by=person(request), planned_on=form.cleaned_data["planned_on"], at=moment_of(late)
    ), late):
        return redirect("acceptance:detail", pk=pk)
    return _form(request, "约定现场验收", form, acceptance, submit="约定", late=late)


@login_required
@require_http_methods(["GET", "POST"])
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the result of one item at the site."""
    found = _item(request, pk)
    tick = queries.tick_of(found)
    form = ItemForm(
        request.POST or None, papers=joint_queries.papers_of(found), fused=items.fused_with(found),
        initial={"result": "passed", "note": tick.words} if tick and tick.records else None,
    )
    _allow(rules.can_record(request.user, found))
    names = ("result", "note", "faults", "paper", "together")
    late = _late(request)
    if _try(form, lambda: items.record_item(
        pk, by=person(request), at=moment_of(late), **{n: form.cleaned_data[n] for n in names}
    ), late):
        return redirect("acceptance:detail", pk=found.acceptance_id)
    more = {"item": found, "tick": tick, "late": late, "template": "acceptance/item.html"}
    return _form(request, f"现场验收：{found.name}", form, found.acceptance, **more)


@login_required
@require_http_methods(["GET", "POST"])
def site_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Close the visit with the one consolidated list."""
    acceptance, form, late = _acceptance(request, pk), ListForm(request.POST or None), _late(request)
    _allow(rules.can_issue_list(request.user, acceptance))
    if _try(form, lambda: items.issue_list(pk, by=person(request), at=moment_of(late), **form.cleaned_data), late):
        return redirect("acceptance:detail", pk=pk)
    rows = queries.item_rows(acceptance, person(request))
    return _form(request, "汇总现场验收", form, acceptance, submit="发出一次性告知单", rows=rows, late=late)


@login_required
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer one item of the list."""
    issues = IssueItem.objects.filter(
        project__in=Project.objects.visible_to(request.user), subject_type=AcceptanceItem._meta.label
    )
    issue = get_object_or_404(issues.select_related("project"), pk=pk)
    _allow(rules.can_answer(request.user, issue))
    found = _item(request, int(issue.subject_key))
    form = AnswerForm(request.POST or None, request.FILES or None)
    if _try(form, lambda: items.answer_rectification(pk, by=person(request), **form.cleaned_data)):
        return redirect("acceptance:detail", pk=found.acceptance_id)
    return _form(request, "答复整改", form, found.acceptance, issue=issue, submit="提交答复")


@login_required
@require_POST
def return_rectified(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand the whole list back for the re-check."""
    acceptance = _acceptance(request, pk)
    items.return_rectified(acceptance.pk, by=person(request))
    return redirect("acceptance:detail", pk=pk)


@login_required
@require_http_methods(["GET", "POST"])
def recheck(request: HttpRequest, pk: int) -> HttpResponse:
    """Re-check one failed item."""
    found = _item(request, pk)
    form, late = RecheckForm(request.POST or None, papers=joint_queries.papers_of(found)), _late(request)
    _allow(rules.can_recheck(request.user, found))
    if _try(form, lambda: items.recheck_item(
        pk, by=person(request), holds=form.cleaned_data["holds"] == "yes", note=form.cleaned_data["note"],
        paper=form.cleaned_data["paper"], at=moment_of(late),
    ), late):
        return redirect("acceptance:detail", pk=found.acceptance_id)
    issues = items.issues_of(found)
    more = {"issues": issues, "submit": "提交复核结果", "late": late}
    return _form(request, f"复核：{found.name}", form, found.acceptance, **more)


@login_required
@require_http_methods(["GET", "POST"])
def conclude(request: HttpRequest, pk: int) -> HttpResponse:
    """Conclude the joint acceptance."""
    acceptance, late = _acceptance(request, pk), _late(request)
    _allow(rules.can_conclude(request.user, acceptance))
    deferred = [item.name for item in acceptance.items.all() if item.state == ItemState.DEFERRED]
    form = ConcludeForm(request.POST or None, deferred=deferred)
    if _try(form, lambda: conclusion.conclude(
        pk, by=person(request), passed=form.cleaned_data["passed"] == "yes", note=form.cleaned_data["note"],
        at=moment_of(late),
    ), late):
        return redirect("acceptance:detail", pk=pk)
    return _form(request, "出具竣工联合验收意见书", form, acceptance, submit="出具意见书", late=late)
