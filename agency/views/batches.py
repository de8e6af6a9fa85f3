"""集中开工: batches, the projects of one with their checklist, the start, and the looks after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency import batch_queries as queries
from agency import major_rules as may
from agency.major_forms import AddForm, BatchForm, CheckForm, NothingForm, PostponeForm, StartForm
from agency.models import Batch, BatchEntry, BatchLine, StartCheck
from agency.services import batches as service
from packages.views.acting import Step, ask
from packages.views.fetching import person
from projects import timing
from projects.access import access_of
from projects.codes import normalise_project_code
from projects.errors import DomainError, Verdict, require
from projects.exports import FORMATS, file_response
from projects.models import Organisation, Project
from projects.states import Role

Given = dict[str, Any]


@login_required
@require_safe
def batches(request: HttpRequest) -> HttpResponseBase:
    """List the batches of starts."""
    require(may.can_see_majors, request.user, None)
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(queries.batches_table(person(request)), ending)
    context = {"rows": queries.batch_rows(person(request)), "can_make": may.can_make_batch(request.user)}
    return render(request, "agency/batches.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def batch_new(request: HttpRequest) -> HttpResponse:
    """Make a batch of the own centre."""
    require(may.can_make_batch, request.user, None)
    access = access_of(request.user)
    own = sorted(access.by_role.get(Role.DIRECTOR, frozenset()) | access.by_role.get(Role.DISPATCHER, frozenset()))
    centre = Organisation.objects.get(pk=own[0])
    return ask(request, BatchForm(request.POST or None), Step(
        title="安排集中开工", button="安排", back=reverse("agency:batches"), done="批次已安排，下一步纳入项目。",
        run=lambda given: service.make_batch(centre, by=person(request), **given), says=(centre.name,),
    ))


def _batch(request: HttpRequest, pk: int) -> Batch:
    """A batch of the own centre, or one with a project that the person sees."""
    access = access_of(request.user)
    if not access.is_office:
        raise Http404
    found: Batch = get_object_or_404(Batch.objects.select_related("centre"), pk=pk)
    if found.centre_id in access.organisation_ids:
        return found
    if not BatchEntry.objects.visible_to(request.user).filter(batch=found).exists():
        raise Http404
    return found


@login_required
@require_safe
def batch(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show a batch with its projects."""
    found = _batch(request, pk)
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(queries.batch_table(person(request), found), ending)
    context = {
        "batch": found, "rows": queries.batch_page(person(request), found),
        "can_keep": may.can_keep_batch(request.user, found),
    }
    return render(request, "agency/batch.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def batch_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose a project for the batch by its code."""
    found = _batch(request, pk)
    require(may.can_keep_batch, request.user, found)

    def run(given: Given) -> object:
        code = normalise_project_code(given["code"])
        project = Project.objects.visible_to(request.user).filter(code=code).first()
        if project is None:
            raise DomainError("code", "没有找到这个代码的项目，请核对。")
        return service.add_project(pk, project.pk, by=person(request))

    return ask(request, AddForm(request.POST or None), Step(
        title="纳入项目", button="纳入", back=reverse("agency:batch", args=[pk]), run=run, says=(f"{found}",),
        done="已纳入，开工条件清单已生成。",
    ))


# One project of a batch ----------------------------------------------------------------------------------------------


def _entry(request: HttpRequest, pk: int) -> BatchEntry:
    found: BatchEntry = get_object_or_404(
        BatchEntry.objects.visible_to(request.user).select_related("batch", "project__centre"), pk=pk
    )
    return found


def _on_entry(
    request: HttpRequest, pk: int, rule: Callable[[Any, BatchEntry], Verdict], form: forms.Form,
    run: Callable[[Given], object], **words: Any,
) -> HttpResponse:
    entry = _entry(request, pk)
    if request.method != "POST":
        require(rule, request.user, entry)
    says = (f"{entry.project.name}　{entry.project.code}", f"{entry.batch}：{entry.get_state_display()}")
    back = reverse("agency:batch", args=[entry.batch_id])
    return ask(request, form, Step(back=back, verdict=rule(request.user, entry), run=run, says=says, **words))


@login_required
@require_http_methods(["GET", "POST"])
def entry_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """已确认."""
    return _on_entry(
        request, pk, may.can_confirm, NothingForm(request.POST or None),
        lambda _: service.confirm(pk, by=person(request)), title="确认开工条件", button="确认", done="已确认。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def entry_start(request: HttpRequest, pk: int) -> HttpResponse:
    """已开工."""
    return _on_entry(
        request, pk, may.can_start, StartForm(request.POST or None),
        lambda given: service.begin(pk, by=person(request), **given), title="登记开工", button="登记开工",
        done="已开工，30 天和 60 天后到场核查。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def entry_postpone(request: HttpRequest, pk: int) -> HttpResponse:
    """延后."""
    return _on_entry(
        request, pk, may.can_postpone, PostponeForm(request.POST or None),
        lambda given: service.postpone(pk, by=person(request), **given), title="延后开工", button="延后",
        done="已延后，可以纳入以后的批次。", danger=True,
    )


@login_required
@require_POST
def line_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer one line of the checklist."""
    found = BatchLine.objects.filter(entry__in=BatchEntry.objects.visible_to(request.user)).select_related("entry")
    line = get_object_or_404(found, pk=pk)
    service.answer_line(
        pk, by=person(request), is_met=request.POST.get("met") == "yes", note=request.POST.get("note", "")
    )
    return redirect(f"{reverse('agency:batch', args=[line.entry.batch_id])}#entry-{line.entry_id}")


@login_required
@require_http_methods(["GET", "POST"])
def start_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what was found at the site, with a photograph."""
    found = StartCheck.objects.filter(entry__in=BatchEntry.objects.visible_to(request.user))
    check: StartCheck = get_object_or_404(found.select_related("entry__batch", "entry__project__centre"), pk=pk)
    if request.method != "POST":
        require(may.can_check_start, request.user, check)
    entry = check.entry

    def run(given: Given) -> object:
        return service.check_start(
            pk, by=person(request), is_working=given["working"] == "yes", note=given["note"], photo=given["photo"]
        )

    return ask(request, CheckForm(request.POST or None, request.FILES or None), Step(
        title=str(check), button="登记核查", back=reverse("agency:batch", args=[entry.batch_id]), run=run,
        done="核查已登记，照片已归档。", verdict=may.can_check_start(request.user, check), seg="working",
        says=(
            f"{entry.project.name}　{entry.project.code}",
            f"{entry.get_state_display()} {entry.started_on or ''}，{timing.written(check.due_on)}应核查",
        ),
    ))
