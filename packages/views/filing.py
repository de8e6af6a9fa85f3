"""Pages of the enterprise: to-dos, drafts and applications, filing online, the faults answered one by one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archives import media
from packages.filing_forms import NO_FILE, FilingLineForm, ReplyForm
from packages.forms import ApplyForm
from packages.models import Application
from packages.screens import applying, filing
from packages.screens.handing_in import hand_in_page
from packages.services import answering
from packages.services import intake as services
from packages.states import ApplicationSource, MaterialState
from packages.views.acting import CONFLICT, Step, ask, attempt
from packages.views.fetching import application_or_404, case_or_404, issue_or_404, item_or_404, person, project_or_404
from projects import acting, mine
from projects.paging import as_key
from projects.quoting import quoted


@login_required
@require_safe
def todos(request: HttpRequest) -> HttpResponse:
    """Show the enterprise what it owes, by when and why, the most urgent first; then what it may do next."""
    body = acting.acting_for(request)
    lines = mine.all_debts(person(request), body)
    context = {
        "owed": [line for line in lines if not line.debt.is_offer],
        "offers": [line for line in lines if line.debt.is_offer], "body": body, "bodies": acting.bodies_of(request),
    }
    return render(request, "packages/todos.html", context)


@login_required
@require_safe
def filings(request: HttpRequest) -> HttpResponse:
    """Show the enterprise's drafts and what it has handed in."""
    body, user = acting.acting_for(request), person(request)
    before = as_key(request.GET.get("after"))
    drafts = [] if before else filing.filings(user, body, drafts=True)[0]
    filed, after = filing.filings(user, body, drafts=False, before=before)
    context = {
        "drafts": drafts, "filed": filed, "after": after, "body": body, "bodies": acting.bodies_of(request),
    }
    return render(request, "packages/filings.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def file(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose what to file for; one POST opens the draft, the same POST again finds it."""
    project, user = project_or_404(request, pk), person(request)
    page = applying.apply_page(project, user)
    form = ApplyForm(request.POST or None, codes=page.known, initial={"form_key": page.form_key})
    if form.is_valid():
        given = {"matter_codes": form.cleaned_data["matters"], "form_key": form.cleaned_data["form_key"]}
        source = ApplicationSource.NET if filing.is_for(user, project) else applying.source_of(user)
        if found := attempt(form, services.open_application, pk, by=user, source=source, **given):
            return redirect("packages:application", pk=found.pk)
    picks = [pick for _, rows in page.stages for pick in rows]
    context = {
        "project": project, "page": page, "form": form, "chosen": request.POST.getlist("matters"),
        "ready": [pick for pick in picks if pick.verdict], "later": [pick for pick in picks if not pick.verdict],
        "enrolment": getattr(project, "enrolment", None),
    }
    return render(request, "packages/file.html", context, status=CONFLICT if form.errors else 200)


def show(request: HttpRequest, found: Application, *, status: int = 200, **refused: Any) -> HttpResponse:
    """Show an application as the enterprise reads it."""
    page = filing.filing_page(found, person(request), **refused)
    context = {
        "application": found, "project": found.project, "page": page, "accept": media.ACCEPT,
        "allowed": media.ALLOWED_WORDS,
    }
    return render(request, "packages/filing.html", context, status=status)


@login_required
@require_POST
def line(request: HttpRequest, pk: int) -> HttpResponse:
    """Meet one line of the checklist; saved at once. A refusal stands on the line with what was typed."""
    item, user = item_or_404(request, pk), person(request)
    found = application_or_404(request, cast("int", item.case.application_id))
    form = FilingLineForm(request.POST, request.FILES)
    if form.is_valid():
        meanwhile = filing.changed_meanwhile(item, form.cleaned_data["stamp"])
        if meanwhile:
            form.add_error(None, meanwhile)
        elif attempt(form, services.set_material, pk, by=user, **form.values()):
            if found.submitted_at and item.state == MaterialState.DEFERRED:
                messages.success(request, f"已补交{quoted(item.name)}，由窗口或部门核实。")
            return redirect(f"{reverse('packages:application', args=[found.pk])}#m{pk}")
    error = "".join(str(words) for errors in form.errors.values() for words in errors)
    typed = request.POST.get("note", "")[:300]
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.has_error("uploaded", NO_FILE) else CONFLICT
    return show(request, found, wrong=pk, error=error, typed=typed, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what is handed in, then hand it in; the receipt stands on the page that follows."""
    found, user = application_or_404(request, pk), person(request)
    page = filing.filing_page(found, user)
    said = hand_in_page(page)
    step = Step(
        title=f"提交申报 {found.number}", button="确认提交", back=reverse("packages:application", args=[pk]),
        verdict=page.submit, says=said.says, done="已提交，材料回执已出具，见“文书”。",
        run=lambda given: services.submit_application(pk, by=user, at=given["at"]), beside={"page": said},
        may_be_late=True,
    )
    blank = forms.Form(request.POST if request.method == "POST" else None)
    return ask(request, blank, step, "packages/hand_in.html")


# Corrections ----------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the faults of an application one by one, with how far one has come."""
    return _faults(request, application_or_404(request, pk))


def _faults(request: HttpRequest, found: Application, *, status: int = 200, **refused: Any) -> HttpResponse:
    page = filing.correct_page(found, person(request), **refused)
    context = {"application": found, "project": found.project, "page": page, "accept": media.ACCEPT}
    return render(request, "packages/correct.html", context, status=status)


@login_required
@require_POST
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the answer to one fault and go on to the next; what is refused stands at the fault, with what was typed."""
    issue = issue_or_404(request, pk)
    case = case_or_404(request, int(issue.subject_key))
    found = application_or_404(request, cast("int", case.application_id))
    form = ReplyForm(request.POST, request.FILES)
    if form.is_valid() and attempt(form, answering.save_answer, pk, by=person(request), **form.values()):
        messages.success(request, f"已保存：{issue.what}")
        anchor = filing.next_fault(filing.correct_page(found, person(request)), pk)
        return redirect(f"{reverse('packages:correct', args=[found.pk])}#{anchor}")
    error = "".join(str(words) for errors in form.errors.values() for words in errors)
    typed = request.POST.get("answer", "")[:500]
    return _faults(request, found, wrong=pk, error=error, typed=typed, status=CONFLICT)
