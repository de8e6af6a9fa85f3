"""联合监管: the list, one inspection, its steps on pages of their own, the telephone at the site, the visit record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from acceptance import supervision_data as data
from acceptance import supervision_queries as queries
from acceptance import supervision_rules as may
from acceptance.models import Finding, Inspection, InspectionUnit
from acceptance.services import inspecting, inspections, rectification
from acceptance.supervision_forms import (
    AnswerForm,
    BringForm,
    CancelForm,
    CloseForm,
    DeclineForm,
    LinesForm,
    NotifyForm,
    PhotoForm,
    RecheckForm,
    WishForm,
)
from acceptance.supervision_providers import awaited_among, awaited_of
from acceptance.supervision_states import InspectionState
from packages.views.acting import CONFLICT, Step, ask, attempt, status_of
from packages.views.fetching import person, project_or_404
from projects import timing
from projects.errors import Verdict, require
from projects.forms import BackEntryForm, back_entry_form, moment_of
from projects.models import WorkUnit

Given = dict[str, Any]
WISH = ("wanted_on", "purpose", "why_apart", "reason_code", "reason", "is_unannounced")


def _inspection(request: HttpRequest, pk: int) -> Inspection:
    found: Inspection = get_object_or_404(
        Inspection.objects.visible_to(request.user).select_related(
            "project__owner", "project__centre", "lead", "work_unit", "notice_paper", "record_paper", "recorded_by"
        ).prefetch_related("units"), pk=pk,
    )
    return found


def _unit(request: HttpRequest, pk: int) -> InspectionUnit:
    visible = Inspection.objects.visible_to(request.user)
    found: InspectionUnit = get_object_or_404(
        InspectionUnit.objects.filter(inspection__in=visible).select_related(
            "organisation", "inspection__project__owner", "inspection__lead", "recorded_by"
        ), pk=pk,
    )
    return found


def _finding(request: HttpRequest, pk: int) -> Finding:
    visible = Inspection.objects.visible_to(request.user)
    found: Finding = get_object_or_404(
        Finding.objects.filter(line__unit__inspection__in=visible).select_related(
            "issue__project__owner", "line__unit__organisation", "line__unit__inspection__project"
        ), pk=pk,
    )
    return found


@login_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """List the inspections that the asker may see."""
    asked = request.GET.get("state", "open")
    which = asked if asked in {"open", "mine", "closed"} else "open"
    text = request.GET.get("q", "").replace("\0", "").strip()[:80]
    page = queries.inspections(
        person(request), which=which, text=text, after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    waits = awaited_among(page.rows)
    context = {
        "page": page, "rows": [(row, waits.get(row.pk)) for row in page.rows], "which": which, "text": text,
        "saved": queries.visits_saved(Inspection.objects.visible_to(request.user)),
        "has_own": bool(may.bodies_of(request.user)),
    }
    return render(request, "acceptance/inspections.html", context)


@login_required
@require_safe
def visits(request: HttpRequest, pk: int) -> HttpResponse:
    """Show 入企检查记录 of a project: the plan, every visit with its reason, the cards told at the permit."""
    project = project_or_404(request, pk)
    page = queries.visit_page(project, person(request))
    return render(request, "acceptance/visits.html", {"project": project, "page": page})


@login_required
@require_http_methods(["GET", "POST"])
def wish(request: HttpRequest, pk: int) -> HttpResponse:
    """A department asks for a visit; the merge engine says whether it joins."""
    project = project_or_404(request, pk)
    bodies = may.bodies_of(request.user)
    units = list(WorkUnit.objects.filter(project=project).order_by("pk"))
    form = WishForm(request.POST or None, units=units, bodies=bodies)
    verdict = may.can_wish(request.user, project)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        row = attempt(
            form, inspections.ask_visit, int(given["work_unit"]), by=person(request),
            organisation_id=int(given["organisation"]),
            **{name: given[name] for name in WISH},
        )
        if row is not None:
            merged = row.kind == "planned" or row.lead_id != int(given["organisation"])
            joined = f"已并入{row.title}（{timing.written(row.slot_on)}），少上门一次。"
            messages.success(request, joined if merged else "已列为计划外检查，记入入企检查记录。")
            return redirect("acceptance:inspection", row.pk)
    slots = inspections.open_slots(unit.pk for unit in units)
    status = status_of(form)
    days = data.term("join", timing.today())
    context = {"project": project, "form": form, "verdict": verdict, "slots": slots, "days": days}
    return render(request, "acceptance/visit_new.html", context, status=status)


@login_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one inspection."""
    row = _inspection(request, pk)
    context = {
        "row": row, "project": row.project, "page": queries.inspection_page(row, person(request)),
        "waiting": awaited_of(row),
    }
    return render(request, "acceptance/inspection.html", context)


def _step(
    request: HttpRequest, row: Inspection, form: forms.Form, verdict: Verdict, run: Callable[[Given], object],
    **words: Any,
) -> HttpResponse:
    back = reverse("acceptance:inspection", args=[row.pk])
    told = f"{row.project.name}，{row.title}现在是“{row.get_state_display()}”。"
    return ask(request, form, Step(
        back=back, verdict=verdict, run=run, **{**words, "says": (told, *words.get("says", ()))}
    ))


@login_required
@require_http_methods(["GET", "POST"])
def notify(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell owner and departments day and place, or move the visit."""
    row, earliest = _inspection(request, pk), data.due("notice", timing.now())
    form = NotifyForm(request.POST or None, initial={
        "slot_on": max(row.slot_on, earliest), "slot_time": row.slot_time, "place": row.place or row.project.address,
    } if row.slot_time else {"slot_on": max(row.slot_on, earliest), "place": row.place or row.project.address})
    again = row.state == InspectionState.NOTIFIED
    return _step(
        request, row, form, may.can_arrange(request.user, row),
        lambda given: inspections.notify(pk, by=person(request), **given),
        title="检查改期" if again else "发出检查通知", button="改期并通知" if again else "发出通知",
        done="已通知建设单位和参加检查的部门。", says=(f"最早可约{timing.spoken(earliest)}。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner asks for another day."""
    row = _inspection(request, pk)
    return _step(
        request, row, DeclineForm(request.POST or None, planned_on=row.slot_on, on=timing.today()),
        may.can_decline(request.user, row),
        lambda given: inspections.decline(pk, by=person(request), **given),
        title="申请改期", button="申请改期", done="已改期，并告知参加检查的部门。",
        says=(f"原定{timing.spoken(row.slot_on)}。无故两次改期记入信用档案；有正当理由的可以提出异议。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def bring(request: HttpRequest, pk: int) -> HttpResponse:
    """The lead takes a department along that has no part in the project yet."""
    row = _inspection(request, pk)
    return _step(
        request, row, BringForm(request.POST or None, bodies=may.bodies_beside(row)),
        may.can_arrange(request.user, row),
        lambda given: inspections.bring_along(pk, by=person(request), **given),
        title="请部门参加", button="请参加", done="该部门已列入这次检查，并能看到这个项目。",
        says=("还没有参与这个项目的部门也可以请来同一天检查，不再单独上门。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call the visit off."""
    row = _inspection(request, pk)
    return _step(
        request, row, CancelForm(request.POST or None), may.can_arrange(request.user, row),
        lambda given: inspections.cancel(pk, by=person(request), **given),
        title="取消检查", button="取消检查", done="检查已取消。", danger=True,
    )


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin at the site."""
    row = _inspection(request, pk)
    return _step(
        request, row, forms.Form(request.POST or None), may.can_start_today(request.user, row),
        lambda given: inspections.start(pk, by=person(request), at=given["at"]), may_be_late=True,
        title="开始检查", button="开始检查", done="检查已开始，各部门填写各自的检查项。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the one record."""
    row = _inspection(request, pk)
    units = [(unit.pk, unit.organisation.label) for unit in inspections.absent_units(row)]
    form = CloseForm(request.POST or None, units=units)
    waits = f"还没有填写：{'、'.join(name for _, name in units)}。没有到场的请勾选。" if units else "各部门都已填写。"
    return _step(
        request, row, form, may.can_close(request.user, row),
        lambda given: inspecting.close_record(
            pk, by=person(request), text=given["text"], absent=[int(key) for key in given.get("absent", ())],
            at=given["at"],
        ),
        may_be_late=True,
        title="出具检查记录", button="出具记录", done="检查记录已送达建设单位。", says=(waits,),
    )


@login_required
@require_http_methods(["GET", "POST"])
def unit(request: HttpRequest, pk: int) -> HttpResponse:
    """The checklist of a department, on the telephone at the site."""
    found = _unit(request, pk)
    page = queries.checklist(found, person(request))
    form = LinesForm(request.POST or None, lines=page.lines, recent=page.recent)
    late = back_entry_form(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid() and (late is None or late.is_valid()):
        given = form.cleaned_data
        done = attempt(
            form, inspecting.record_unit, pk, by=person(request), said=form.said(), opinion=given["opinion"],
            inspectors=given["inspectors"], at=moment_of(late),
        )
        if done is not None:
            messages.success(request, "本部门检查结果已提交。")
            return redirect("acceptance:inspection", found.inspection_id)
    status = status_of(form)
    return _show_unit(request, found, page, form, PhotoForm(), status, late)


def _show_unit(
    request: HttpRequest, found: InspectionUnit, page: queries.Checklist, form: LinesForm, photo: PhotoForm,
    status: int, late: BackEntryForm | None = None,
) -> HttpResponse:
    context = {
        "unit": found, "row": found.inspection, "project": found.inspection.project, "page": page, "form": form,
        "photo": photo, "photos": found.photos.select_related("taken_by", "document"), "late": late,
    }
    return render(request, "acceptance/inspection_unit.html", context, status=status)


@login_required
@require_POST
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """File a photograph of the site."""
    found = _unit(request, pk)
    require(may.can_record, person(request), found)
    form = PhotoForm(request.POST, request.FILES)
    if form.is_valid():
        given = form.cleaned_data
        if attempt(
            form, inspecting.add_photo, pk, by=person(request), uploaded=given["photo"], note=given["note"]
        ) is not None:
            messages.success(request, "照片已归档。")
            return redirect(f"{reverse('acceptance:inspection_unit', args=[pk])}#photos")
    page = queries.checklist(found, person(request))
    lines = LinesForm(lines=page.lines, recent=page.recent)
    return _show_unit(request, found, page, lines, form, CONFLICT, back_entry_form(request.user))


@login_required
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner answers one fault."""
    found = _finding(request, pk)
    issue = found.issue
    return _step(
        request, found.line.unit.inspection, AnswerForm(request.POST or None, request.FILES or None),
        may.can_answer(request.user, found),
        lambda given: rectification.answer_finding(pk, by=person(request), **given),
        title="答复整改", button="提交答复", done="答复已提交，等待复核。",
        says=(f"问题：{issue.what}（{issue.basis}）", f"怎么改：{issue.how_to_fix}"),
    )


def _proofs(finding: Finding) -> tuple[str, ...]:
    """What the owner sent along with its answers, the last first, to be opened beside the form."""
    rows = [(reverse("archives:document", args=[one.pk]), one.title) for one in queries.proofs_of(finding)]
    links = format_html_join("、", '<a href="{}?inline=1" target="_blank">{}（新窗口）</a>', rows)
    return (format_html("照片和文件：{}", links),) if rows else ()


@login_required
@require_http_methods(["GET", "POST"])
def recheck(request: HttpRequest, pk: int) -> HttpResponse:
    """The department re-checks one fault."""
    found = _finding(request, pk)
    issue = found.issue
    return _step(
        request, found.line.unit.inspection, RecheckForm(request.POST or None), may.can_recheck(request.user, found),
        lambda given: rectification.recheck_finding(
            pk, by=person(request), holds=given["holds"] == "yes", note=given["note"], on_site=given["way"] == "site",
            at=given["at"],
        ),
        may_be_late=True,
        title="复核整改", button="提交复核结果", done="复核结果已提交。",
        says=(f"问题：{issue.what}", f"要求：{issue.how_to_fix}", f"企业答复：{issue.answer or '—'}", *_proofs(found)),
    )
