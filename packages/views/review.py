"""The departments: the list of what they are asked, the opinion beside the file, sending on, supplementing."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import land_providers, queries, review_rules
from packages.models import Referral
from packages.review_forms import BatchForm, JudgingForm, MergeForm, OpinionForm, ReferForm, SupplementForm
from packages.screens import reviewing
from packages.services import referring
from packages.services import review as services
from packages.services.supplementing import supplement as give_supplement
from packages.standing import standing_opinions
from packages.views.acting import CONFLICT, Step, ask, attempt
from packages.views.fetching import person, task_or_404
from projects import panels, timing
from projects.forms import back_entry_form, moment_of
from projects.models import Organisation, User
from projects.paging import as_key


@login_required
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """List what the asker's departments are asked, the most urgent first; `closed=1` what they answered."""
    closed = request.GET.get("closed") == "1"
    context = {"sheets": queries.review_sheet(request.user, closed=closed), "closed": closed}
    more = {} if closed else _waiting_for(person(request))
    return render(request, "packages/reviews.html", context | more)


def _waiting_for(user: User) -> dict[str, object]:
    """What waits for a person beside opinions: decisions first, approvals, scores, land lists, joint acceptances."""
    return {
        "is_cut": queries.tasks_waiting(user)[queries.MOST_TASKS:].exists(),
        "most_tasks": queries.MOST_TASKS, "decisions": queries.open_decisions(user), "wishes": reviewing.wishes(user),
        "scorings": queries.open_scorings(user), "referrals": queries.open_referrals(user),
        "land": land_providers.open_lines(user), "ways": panels.ways_of(user, user),
    }


@login_required
@require_http_methods(["POST"])
def batch(request: HttpRequest) -> HttpResponse:
    """Take several tasks up, or say the same of several of one project: all of them or none."""
    ids = [pk for text in request.POST.getlist("tasks") if (pk := as_key(text)) is not None]
    tasks = [task_or_404(request, pk) for pk in ids[:50]]
    if request.POST.get("act") == "open":
        for task in tasks:
            services.open_task(task.pk, by=person(request))
        messages.success(request, f"已签收 {len(tasks)} 件。" if tasks else "请先勾选意见。")
        return redirect("packages:reviews")
    form = BatchForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        done = attempt(
            form, services.give_same_opinion, given["tasks"], by=person(request), verdict=given["verdict"],
            reason=given["reason"],
        )
        if done:
            messages.success(request, f"已提交 {len(done)} 件意见。")
            return redirect("packages:reviews")
    context = {
        "sheets": queries.review_sheet(request.user), "form": form, "chosen": {task.pk for task in tasks},
        **_waiting_for(person(request)),
    }
    return render(request, "packages/reviews.html", context, status=CONFLICT)


@login_required
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the files beside the opinion of one department; POST gives it."""
    task = task_or_404(request, pk)
    page = reviewing.review_page(task, person(request), request.GET.get("file", ""))
    chosen = next((one for one in page.phrases if str(one.number) == request.GET.get("phrase")), None)
    form = JudgingForm(request.POST or None, initial=_beginning(page, chosen))
    late = back_entry_form(request.user, request.POST or None)
    if form.is_valid() and (late is None or late.is_valid()) and attempt(
        form, services.give_opinion, pk, by=person(request), at=moment_of(late), **form.cleaned_data
    ):
        messages.success(request, "意见已提交。")
        return redirect(reviewing.next_after(task, person(request)))
    context = {
        "page": page, "task": task, "case": page.case, "project": page.project, "form": form, "chosen": chosen,
        "late": late,
    }
    if page.is_lead and page.merge:
        outdated = any(one.outdated for one in standing_opinions(page.case))
        context["merge_form"] = MergeForm(initial={"text": reviewing.draft_text(task.session)}, outdated=outdated)
    return render(request, "packages/review.html", context, status=CONFLICT if form.is_bound else 200)


def _beginning(page: reviewing.ReviewPage, chosen: reviewing.Phrase | None) -> dict[str, str]:
    """A chosen phrase fills the form, else what a unit has advised."""
    if chosen is not None:
        return chosen.words
    advice = page.referral
    if advice is None or not advice.verdict:
        return {}
    return {"verdict": advice.verdict, "reason": advice.reason, "basis": advice.basis, "remedy": advice.remedy}


@login_required
@require_http_methods(["POST"])
def open_task(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a task up (签收)."""
    task_or_404(request, pk)
    services.open_task(pk, by=person(request))
    return redirect("packages:review", pk=pk)


@login_required
@require_http_methods(["GET", "POST"])
def refer(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a task on to a unit of the department (转办)."""
    task = task_or_404(request, pk)
    units = Organisation.objects.filter(parent=task.organisation_id).order_by("pk")
    step = Step(
        title=f"转办：{task.session.case}", button="转办", back=reverse("packages:review", args=[pk]),
        case=task.session.case, verdict=review_rules.can_refer(request.user, task), done="已转办。",
        run=lambda given: referring.send_on(
            pk, by=person(request), unit_id=int(given["unit_id"]), days=given["days"], note=given["note"],
            at=given["at"],
        ),
        may_be_late=True,
        says=(f"意见仍由{task.organisation.label}出具；本单位的时限照常计算，{_until(task.due_on)}。",),
    )
    form = ReferForm(request.POST or None, units=[(str(unit.pk), unit.label) for unit in units], initial={"days": 1})
    return ask(request, form, step)


def _until(day: dt.date | None) -> str:
    return f"{timing.spoken(day)}到期" if day else "现在暂停，恢复后接着算"


def _referral_or_404(request: HttpRequest, pk: int) -> Referral:
    found = Referral.objects.select_related("unit", "sent_by", "clock")
    referral: Referral = get_object_or_404(found, pk=pk)
    referral.task = task_or_404(request, referral.task_id)
    return referral


@login_required
@require_http_methods(["GET", "POST"])
def advise(request: HttpRequest, pk: int) -> HttpResponse:
    """A unit answers its department."""
    referral = _referral_or_404(request, pk)
    task = referral.task
    step = Step(
        title=f"转办反馈：{task.session.case}", button="反馈", seg="verdict",
        back=reverse("packages:review", args=[task.pk]), case=task.session.case,
        verdict=review_rules.can_advise(request.user, referral), done="已反馈本单位，由本单位出具意见。",
        run=lambda given: referring.advise(pk, by=person(request), **given), may_be_late=True,
        says=(
            f"{task.organisation.label} {referral.sent_by}转办：{referral.note or '请提出意见'}",
            f"{timing.spoken(referral.clock.due_on)}前反馈。",
        ),
    )
    return ask(request, OpinionForm(request.POST or None), step)


@login_required
@require_http_methods(["POST"])
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a task back from the unit."""
    referral = _referral_or_404(request, pk)
    referring.take_back(pk, by=person(request))
    messages.success(request, "已收回转办。")
    return redirect("packages:review", pk=referral.task_id)


@login_required
@require_http_methods(["GET", "POST"])
def supplement(request: HttpRequest, pk: int) -> HttpResponse:
    """File what a silent department says afterwards (补充意见)."""
    task = task_or_404(request, pk)
    until = timing.spoken(task.supplement_until) if task.supplement_until else "—"
    step = Step(
        title=f"补充意见：{task.session.case}", button="提交补充意见", back=reverse("packages:review", args=[pk]),
        case=task.session.case, verdict=review_rules.can_supplement(request.user, task), done="补充意见已存档。",
        run=lambda given: give_supplement(pk, by=person(request), **given), may_be_late=True,
        says=(f"{until} 前可以补充一次。补充意见存档并写入汇总，不改变超时默认同意，也不影响办理。",),
    )
    return ask(request, SupplementForm(request.POST or None), step)


@login_required
@require_safe
def silences(request: HttpRequest) -> HttpResponse:
    """List the silences that counted as consent, by department (超时默认)."""
    found = reviewing.silences(person(request), request.GET.dict())
    return render(request, "packages/silences.html", {
        "rows": found[:100], "counts": reviewing.silence_counts(person(request)), "body": request.GET.get("body", ""),
        "today": timing.today(),
    })
