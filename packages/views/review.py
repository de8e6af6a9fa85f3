"""The departments: the list of what they are asked, the opinion beside the file, the merged opinion."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from packages import queries, rules
from packages.forms import MergeForm, OpinionForm, ReconsultForm
from packages.screens import reviewing
from packages.services import review as services
from packages.views.acting import Step, ask, attempt
from packages.views.fetching import person, session_or_404, task_or_404


@login_required
@require_GET
def reviews(request: HttpRequest) -> HttpResponse:
    """List what the asker's departments are asked, the most urgent first; `closed=1` what they answered."""
    closed = request.GET.get("closed") == "1"
    sheets = queries.review_sheet(request.user, closed=closed)
    count = sum(len(sheet.rows) for sheet in sheets)
    return render(request, "packages/reviews.html", {"sheets": sheets, "closed": closed, "count": count})


@login_required
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the file beside the opinion of one department; POST gives it."""
    task = task_or_404(request, pk)
    form = OpinionForm(request.POST or None)
    if form.is_valid() and attempt(form, services.give_opinion, pk, by=person(request), **form.cleaned_data):
        messages.success(request, "意见已提交。")
        return redirect(reviewing.next_after(task, person(request)))
    page = reviewing.review_page(task, person(request), request.GET.get("file", ""))
    context = {"page": page, "task": task, "case": page.case, "project": page.project, "form": form}
    if page.is_lead and page.merge:
        context["merge_form"] = MergeForm(initial={"text": reviewing.draft_text(task.session)})
    return render(request, "packages/review.html", context, status=409 if form.is_bound else 200)


@login_required
@require_http_methods(["POST"])
def open_task(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a task up (签收)."""
    task_or_404(request, pk)
    services.open_task(pk, by=person(request))
    return redirect("packages:review", pk=pk)


@login_required
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Merge the opinions (汇总); the lead says whether it can be granted."""
    session = session_or_404(request, pk)
    case = session.case
    step = Step(
        title=f"汇总联合审查意见：{case.matter.name if case else ''}", button="提交汇总意见", seg="passed",
        back=reverse("packages:case", args=[session.case_id]), case=case,
        verdict=rules.can_merge(request.user, session),
        done="汇总意见已提交，联合审查意见书已出具。",
        run=lambda given: services.merge_session(
            pk, by=person(request), passed=given["passed"] == "yes", text=given["text"]
        ),
        beside={"session": session, "rows": queries.opinions_of(session)},
    )
    form = MergeForm(request.POST or None, initial={"text": reviewing.draft_text(session)})
    return ask(request, form, step, "packages/merge.html")


@login_required
@require_http_methods(["GET", "POST"])
def reconsult(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the departments that disagreed once more, after the plans were changed (再次征求意见)."""
    task = task_or_404(request, pk)
    session = task.session
    step = Step(
        title=f"再次征求意见：{session.case.matter.name if session.case else ''}", button="再次征求意见",
        back=reverse("packages:case", args=[session.case_id]), case=session.case,
        verdict=rules.can_reconsult(request.user, task), done="已再次征求不同意部门的意见，其他部门的意见继续有效。",
        run=lambda given: services.reconsult(pk, by=person(request), note=given["note"]),
        says=("只向不同意的部门再次征求意见；时限照常计算。",),
        beside={"session": session, "rows": queries.opinions_of(session)},
    )
    return ask(request, ReconsultForm(request.POST or None), step, "packages/merge.html")
