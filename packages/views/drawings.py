"""Drawings: the page, uploading, the departments' parts, review and handling opinion, commitments, samples."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import drawing_rules, policy, review_rules
from packages.drawing_forms import (
    BreachFormSet,
    CheckForm,
    ConfirmForm,
    DrawForm,
    HandleForm,
    OpinionTextForm,
    PartForm,
    SampleForm,
    SampleMendForm,
    UploadForm,
)
from packages.drawing_states import BREACH_OPEN
from packages.models import Breach, DrawingReview, SampleDraw, SampleTicket
from packages.screens import drawing
from packages.services import (
    drawing_fixing,
    drawing_handling,
    drawing_opinion,
    drawing_review,
    drawing_samples,
    policies,
)
from packages.services.drawing_following import MATTER
from packages.views.acting import Step, ask, attempt
from packages.views.fetching import person, project_or_404, task_or_404
from projects import timing
from projects.access import access_of
from projects.forms import back_entry_form, moment_of
from projects.states import Role

SHOWN = 50


def review_or_404(request: HttpRequest, pk: int) -> DrawingReview:
    """A drawing review of a visible project."""
    found = DrawingReview.objects.visible_to(request.user).select_related(*drawing_review.RELATED)
    one: DrawingReview = get_object_or_404(found, pk=pk)
    if one.case is not None:
        one.case.project = one.project
    return one


def _page(one: DrawingReview) -> str:
    return reverse("packages:drawings", args=[one.project_id])


@login_required
@require_safe
def drawings(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the drawing review of a project."""
    project = project_or_404(request, pk)
    page = drawing.drawing_page(project, person(request))
    return render(request, "packages/drawings.html", {"project": project, "page": page, "review": page.review})


@login_required
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Upload the set or a newer version of it."""
    project = project_or_404(request, pk)
    one = drawing_review.find_review(project) or DrawingReview(project=project)
    one.project = project
    table = policies.find_table(policy.DRAWING)
    choices = policy.discipline_names(table.content).items() if table else []
    form = UploadForm(request.POST or None, request.FILES or None, choices=choices, first=one.document_id is None)
    step = Step(
        title=f"上传施工图：{project.name}", button="上传", back=reverse("packages:drawings", args=[pk]),
        verdict=drawing_rules.can_upload(request.user, one), done="施工图已上传。",
        says=("一次上传，结构、消防、人防、防雷等各专业和后续事项共用，不再另交。",),
        run=lambda given: drawing_review.upload_drawings(
            pk, by=person(request), uploaded=given["uploaded"], changed=given.get("changed", ()),
            note=given.get("note", ""),
        ),
    )
    return ask(request, form, step)


@login_required
@require_http_methods(["GET", "POST"])
def part(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the drawings beside the part of one department; POST gives it."""
    task = task_or_404(request, pk)
    case = task.session.case
    if case is None or case.matter.matter.code != MATTER:
        raise Http404
    project = task.session.project
    one = drawing_review.find_review(project)
    table = one.table if one else policies.table_of(policy.DRAWING)
    newest = drawing_review.newest_set(one) if one else None
    mine = policy.disciplines_of(table.content, task.organisation.code)
    found = Breach.objects.filter(review=one, organisation=task.organisation, state__in=BREACH_OPEN) if one else []
    earlier = [(row.pk, f"{row.clause} {row.place}：{row.what}") for row in found]
    form = PartForm(request.POST or None, earlier=earlier, initial={"seen": newest.number if newest else 1})
    lines = BreachFormSet(request.POST or None, form_kwargs={"disciplines": mine}, prefix="b")
    verdict = review_rules.can_give_opinion(request.user, task)
    late = back_entry_form(request.user, request.POST or None)
    if request.method == "POST" and all(one.is_valid() for one in (form, lines, late) if one is not None):
        given = {**form.cleaned_data, "kept": form.cleaned_data.get("kept", ()), "at": moment_of(late)}
        if attempt(form, drawing_review.give_part, pk, by=person(request), breaches=lines.rows(), **given) is not None:
            messages.success(request, "专业意见已提交。")
            return redirect("packages:drawings", pk=project.pk)
    context = {
        "task": task, "project": project, "review": one, "newest": newest, "form": form, "lines": lines,
        "verdict": verdict, "disciplines": "、".join(name for _, name in mine), "earlier": earlier,
        "late": late,
    }
    return render(request, "packages/drawing_part.html", context, status=409 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def opinion(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the review opinion (审查意见)."""
    one = review_or_404(request, pk)
    old = drawing_review.superseded_parts(one)
    step = Step(
        title="汇总审查意见", button="提交审查意见", back=_page(one), case=one.case,
        verdict=drawing_rules.can_write_opinion(request.user, one), done="审查意见已提交，施工图审查意见书已出具。",
        says=("审查意见只说要改什么；能否承诺后修改，由首席代表另作处理意见。",), seg="is_digital",
        run=lambda given: drawing_opinion.write_opinion(
            pk, by=person(request), text=given["text"], is_digital=given["is_digital"] == "yes", at=given["at"]
        ),
        may_be_late=True,
        beside={"review": one, "rows": drawing_opinion.open_breaches(one), "old": old},
    )
    form = OpinionTextForm(request.POST or None, initial={"text": drawing.draft_opinion(one), "is_digital": "no"})
    return ask(request, form, step, "packages/drawing_step.html")


@login_required
@require_http_methods(["POST"])
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask those again whose opinion judged a version that has changed."""
    one = review_or_404(request, pk)
    drawing_review.ask_again(pk, by=person(request))
    messages.success(request, "已请受影响的部门按新版复审，其他部门的意见继续有效。")
    return redirect(_page(one))


@login_required
@require_http_methods(["GET", "POST"])
def handle(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the handling opinion (处理意见)."""
    one = review_or_404(request, pk)
    rows = drawing_opinion.open_breaches(one)
    step = Step(
        title="施工图处理意见", button="提交处理意见", back=_page(one), case=one.case, seg="result",
        verdict=drawing_rules.can_handle(request.user, one), done="处理意见已作出。",
        says=(one.opinion_text or "还没有审查意见。", *_handle_words(rows)),
        run=lambda given: drawing_handling.handle(
            pk, by=person(request), result=given["result"], text=given["text"], at=given["at"]
        ),
        may_be_late=True,
        beside={"review": one, "rows": rows, "old": drawing_review.superseded_parts(one)},
    )
    return ask(request, HandleForm(request.POST or None), step, "packages/drawing_step.html")


def _handle_words(rows: list[Breach]) -> list[str]:
    if any(row.is_major for row in rows):
        return ["有重大缺陷：不能承诺后修改，只能退回。"]
    if any(row.is_mandatory for row in rows):
        return ["没有重大缺陷：可以由建设单位负责人承诺后限期改完，也可以退回。"]
    return ["没有违反强条的问题：可以作合格处理。"]


def _simple(request: HttpRequest, one: DrawingReview, **step: Any) -> HttpResponse:
    return ask(request, ConfirmForm(request.POST or None), Step(back=_page(one), case=one.case, **step))


@login_required
@require_http_methods(["GET", "POST"])
def commit(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner's responsible person signs the commitment to mend."""
    one = review_or_404(request, pk)
    count = len(drawing_opinion.open_breaches(one))
    return _simple(
        request, one, title="签署限期修改承诺", button="我已阅读，签署承诺",
        verdict=drawing_rules.can_commit(request.user, one), done="承诺已签署，可以办理后续事项。",
        says=(
            f"承诺改完 {count} 处问题，期限和清单见施工图处理意见书。",
            "改完前相应部位不施工；逾期未改完的，停止办理施工许可和竣工联合验收，并接受现场核查。",
        ),
        run=lambda _: drawing_fixing.sign_fix(pk, by=person(request)),
    )


@login_required
@require_http_methods(["GET", "POST"])
def hand_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand the changed set in again."""
    one = review_or_404(request, pk)
    return _simple(
        request, one, title="交回修改后的图纸", button="交回", verdict=drawing_rules.can_hand_back(request.user, one),
        done="已交回，只请提出问题和受修改影响的部门复审。", says=("其他部门已给出的意见继续有效。",),
        run=lambda _: drawing_handling.hand_back(pk, by=person(request)),
    )


@login_required
@require_http_methods(["GET", "POST"])
def pledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign for the quality of the design instead of a review."""
    one = review_or_404(request, pk)
    return _simple(
        request, one, title="签署勘察设计质量承诺", button="我已阅读，签署承诺",
        verdict=drawing_rules.can_pledge(request.user, one), done="承诺已签署。",
        says=(f"适用规则：{one.mode_rule.get('name', '')}。", drawing_handling.QUALITY_TEXT),
        run=lambda _: drawing_handling.sign_quality(pk, by=person(request)),
    )


@login_required
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Check whether one breach is mended."""
    found = Breach.objects.filter(review__in=DrawingReview.objects.visible_to(request.user))
    breach = get_object_or_404(found.select_related("organisation", "review__project", "review__case"), pk=pk)
    step = Step(
        title=f"核实：{breach.clause} {breach.place}", button="提交核实结果", back=_page(breach.review), seg="holds",
        verdict=drawing_rules.can_check(request.user, breach), done="核实结果已提交。",
        says=(f"问题：{breach.what}", f"怎么改：{breach.fix}"),
        run=lambda given: drawing_fixing.check_fix(
            pk, by=person(request), holds=given["holds"] == "yes", note=given["note"], at=given["at"]
        ),
        may_be_late=True,
    )
    return ask(request, CheckForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def samples(request: HttpRequest) -> HttpResponse:
    """List the sampling tickets; the director draws new ones."""
    access = access_of(request.user)
    centre = next((body for body in access.organisations if access.has_at(body.pk, Role.DIRECTOR)), None)
    form = DrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and centre is not None:
        draw = attempt(form, drawing_samples.draw_samples, centre.pk, by=person(request), **form.cleaned_data)
        if draw is not None:
            messages.success(request, f"抽查已抽取：总体 {len(draw.population)} 个，抽中 {draw.tickets.count()} 个。")
            return redirect("packages:samples")
    rows = drawing.sample_rows(person(request), SHOWN)
    draws = SampleDraw.objects.filter(centre__in=access.organisations).select_related("drawn_by")[:10]
    context = {"rows": rows, "draws": draws, "form": form, "centre": centre}
    return render(request, "packages/samples.html", context, status=409 if form.is_bound else 200)


def _ticket_or_404(request: HttpRequest, pk: int) -> SampleTicket:
    found = SampleTicket.objects.visible_to(request.user)
    ticket: SampleTicket = get_object_or_404(
        found.select_related("organisation", "review__project__owner", "draw"), pk=pk
    )
    return ticket


@login_required
@require_http_methods(["GET", "POST"])
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what came of a sample."""
    ticket = _ticket_or_404(request, pk)
    step = Step(
        title=f"事后抽查：{ticket.review.project.name}", button="提交抽查结果", back=reverse("packages:samples"),
        verdict=drawing_rules.can_check_sample(request.user, ticket), done="抽查结果已提交。", seg="holds",
        says=(
            f"{ticket.review.project.code}，施工图{ticket.review.get_mode_display()}，由{ticket.organisation.label}抽查。",
            "不合格的，由建设单位组织设计单位限期整改，记入勘察设计质量承诺。",
        ),
        run=lambda given: drawing_samples.check_sample(
            pk, by=person(request), holds=given["holds"] == "yes", found=given["found"],
            breaches=given["breaches"] or 0, at=given["at"],
        ),
        may_be_late=True,
    )
    return ask(request, SampleForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def sample_mend(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how what a sample found was mended."""
    ticket = _ticket_or_404(request, pk)
    step = Step(
        title=f"抽查整改：{ticket.review.project.name}", button="提交整改情况", back=reverse("packages:samples"),
        verdict=drawing_rules.can_answer_sample(request.user, ticket), says=_found(ticket), may_be_late=True,
        done=f"整改情况已提交，等{ticket.organisation.label}复核。",
        run=lambda given: drawing_samples.answer_sample(pk, by=person(request), answer=given["answer"], at=given["at"]),
    )
    return ask(request, SampleMendForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def sample_verify(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at what was mended after a sample."""
    ticket = _ticket_or_404(request, pk)
    step = Step(
        title=f"复核抽查整改：{ticket.review.project.name}", button="提交复核结果", back=reverse("packages:samples"),
        verdict=drawing_rules.can_verify_sample(request.user, ticket), says=_found(ticket), seg="holds",
        done="复核结果已提交。", may_be_late=True,
        run=lambda given: drawing_samples.verify_sample(
            pk, by=person(request), holds=given["holds"] == "yes", note=given["note"], at=given["at"]
        ),
    )
    return ask(request, CheckForm(request.POST or None), step)


def _found(ticket: SampleTicket) -> tuple[str, ...]:
    """What was found, until when it is to be mended, and what was answered."""
    fault, project = ticket.fault, ticket.review.project
    if fault is None:
        return (f"{project.code}，{ticket.get_state_display()}。",)
    until = f"，{timing.spoken(fault.due_on)}前改完" if fault.due_on else ""
    told = (f"{project.code}，{fault.what}：{fault.how_to_fix}{until}。", *drawing.sent_back(fault))
    return (*told, f"答复：{fault.answer}") if fault.answer else told
