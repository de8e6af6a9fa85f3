"""联合会商: the list, one consultation, each step on a page of its own, and the telephone at the site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from packages import consultation_rules as may
from packages.consultation_data import due
from packages.consultation_forms import (
    CheckForm,
    ConveneForm,
    InviteForm,
    MeetingForm,
    MinutesForm,
    NothingForm,
    OpinionForm,
    PhotoForm,
    ReasonForm,
    UnitForm,
)
from packages.models import Consultation, ConsultationUnit
from packages.ripeness import ripeness
from packages.screens import consultation as screen
from packages.services import consultation as service
from packages.services import consultation_minutes as minutes
from packages.services import consultation_survey as survey
from packages.views.acting import CONFLICT, Step, ask, attempt, status_of
from packages.views.fetching import person, project_or_404
from projects import timing
from projects.errors import DomainError, NotAllowed, Verdict
from projects.models import Project

Given = dict[str, Any]


def consultation_or_404(request: HttpRequest, pk: int) -> Consultation:
    """A consultation of a visible project."""
    found: Consultation = get_object_or_404(
        Consultation.objects.visible_to(request.user).select_related(
            "project__owner", "project__centre", "convened_by", "minutes_by", "minutes_paper"
        ), pk=pk,
    )
    return found


def unit_or_404(request: HttpRequest, pk: int) -> ConsultationUnit:
    """A unit of a consultation, for the office and for its own people."""
    found: ConsultationUnit = get_object_or_404(
        ConsultationUnit.objects.visible_to(request.user).select_related(
            "organisation", "signed_in_by", "confirmed_by", "consultation__project__owner",
            "consultation__project__centre",
        ), pk=pk,
    )
    return found


@login_required
@require_safe
def consultations(request: HttpRequest) -> HttpResponse:
    """List the consultations that the asker may see."""
    which = "told" if request.GET.get("state") == "told" else "open"
    page = screen.consultations(
        person(request), which=which, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    return render(request, "packages/consultations.html", {"page": page, "which": which})


@login_required
@require_http_methods(["GET", "POST"])
def convene(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a consultation: what it is about, and who is invited as the plan proposes."""
    project = project_or_404(request, pk)
    verdict, ripe = may.can_convene(request.user, project), ripeness(project)
    invitees = _invitees(project)
    form = ConveneForm(request.POST or None, invitees=invitees, is_ripe=ripe.is_ripe)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        row = attempt(
            form, service.convene, pk, by=person(request), agenda=given["agenda"],
            unit_ids=[int(key) for key in given["units"]], early_reason=given.get("early_reason", ""),
        )
        if row is not None:
            messages.success(request, "会商已召集，请约定踏勘和会商时间并发出通知。")
            return redirect("packages:consultation", row.pk)
    status = status_of(form)
    context = {"project": project, "form": form, "verdict": verdict, "ripe": ripe}
    return render(request, "packages/consultation_new.html", context, status=status)


def _invitees(project: Project) -> list[service.Invitee]:
    """Whom the plan proposes; nobody while there is no plan."""
    try:
        return service.invitees(project)
    except DomainError:
        return []


@login_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one consultation."""
    row = consultation_or_404(request, pk)
    page = screen.consultation_page(row, person(request))
    return render(request, "packages/consultation.html", {"page": page, "row": row, "project": row.project})


def _step(
    request: HttpRequest, row: Consultation, form: forms.Form, verdict: Verdict, run: Callable[[Given], object],
    **words: Any,
) -> HttpResponse:
    back = reverse("packages:consultation", args=[row.pk])
    told = f"{row.project.name}，会商现在是“{row.get_state_display()}”。"
    step = Step(back=back, verdict=verdict, run=run, **{**words, "says": (told, *words.get("says", ()))})
    return ask(request, form, step)


@login_required
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Fix day and place of survey and meeting, and send the invitations; or move them."""
    row = consultation_or_404(request, pk)
    earliest = due("invite", timing.now())
    form = InviteForm(request.POST or None, initial=_times(row) or {
        "survey_on": earliest, "meets_on": earliest, "survey_place": row.project.address,
        "meeting_place": f"{row.project.centre.label}会议室",
    })
    again = row.survey_at is not None
    return _step(
        request, row, form, may.can_invite(request.user, row),
        lambda _: service.invite(pk, by=person(request), **form.moments()),
        title="会商改期" if again else "发出会商通知", button="改期并通知" if again else "发出通知",
        done="已通知受邀单位和建设单位。",
        says=(
            f"踏勘最早可约{timing.written(earliest)}，最迟{timing.written(due('survey', row.convened_at))}。",
            "受邀单位收到消息，可以查看项目资料。",
        ),
    )


def _times(row: Consultation) -> Given:
    if row.survey_at is None or row.meets_at is None:
        return {}
    survey_at, meets_at = (moment.astimezone(timing.BUSINESS_ZONE) for moment in (row.survey_at, row.meets_at))
    return {
        "survey_on": survey_at.date(), "survey_time": f"{survey_at:%H:%M}", "survey_place": row.survey_place,
        "meets_on": meets_at.date(), "meets_time": f"{meets_at:%H:%M}", "meeting_place": row.meeting_place,
    }


@login_required
@require_http_methods(["GET", "POST"])
def open_survey(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the survey."""
    row = consultation_or_404(request, pk)
    return _step(
        request, row, NothingForm(request.POST or None), may.can_open_survey(request.user, row),
        lambda _: service.open_survey(pk, by=person(request)), title="开始集中踏勘", button="开始踏勘",
        done="踏勘已开始，请出示签到码。", says=(f"集合地点：{row.survey_place}。开始后，到场人员扫码签到。",),
    )


@login_required
@require_safe
def code(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the code to sign in, large, for the telephone that is handed round and for the wall."""
    row = consultation_or_404(request, pk)
    if not (verdict := may.can_run(request.user, row)):
        raise NotAllowed("can_run", verdict.reason)
    context = {"row": row, "project": row.project, "sign_code": screen.sign_code(row, 280)}
    return render(request, "packages/consultation_code.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """End the survey and begin the meeting."""
    row = consultation_or_404(request, pk)
    return _step(
        request, row, MeetingForm(request.POST or None), may.can_begin_meeting(request.user, row),
        lambda given: service.begin_meeting(pk, by=person(request), note=given["note"]),
        title="结束踏勘，开始会商", button="结束踏勘", done="踏勘已结束，缺席的单位已记录。",
        says=(f"没有签到的单位记为缺席，须在{timing.written(due('written', timing.now()))}前提交书面意见。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def sign_minutes(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign the minutes that the ticks have drafted."""
    row = consultation_or_404(request, pk)
    form = MinutesForm(request.POST or None, initial={"text": minutes.draft_minutes(row)})
    return _step(
        request, row, form, may.can_sign_minutes(request.user, row),
        lambda given: minutes.sign_minutes(pk, by=person(request), text=given["text"]),
        title="签发会商纪要", button="签发纪要", done="纪要已签发，方案、流程图和清单已生成草稿。",
        says=("草稿由各单位勾选的内容自动写成，可以修改；签发后不能再改。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Do not hold it."""
    row = consultation_or_404(request, pk)
    return _step(
        request, row, ReasonForm(request.POST or None), may.can_cancel(request.user, row),
        lambda given: service.cancel(pk, by=person(request), reason=given["reason"]),
        title="取消会商", button="取消会商", done="会商已取消。", danger=True,
        says=("受邀单位和建设单位都会收到消息。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def chase(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the units that still owe a word."""
    row = consultation_or_404(request, pk)
    return _step(
        request, row, NothingForm(request.POST or None), may.can_run(request.user, row),
        lambda _: survey.chase(pk, by=person(request)), title="催办未答复的单位", button="催办", done="已催办。",
        says=("每天可以催一次；期满后记为未提意见，不作同意。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Invite one more unit."""
    row = consultation_or_404(request, pk)
    taken = list(row.units.values_list("organisation_id", flat=True))
    return _step(
        request, row, UnitForm(request.POST or None, taken=taken), may.can_run(request.user, row),
        lambda given: service.add_unit(pk, by=person(request), organisation_id=given["organisation"].pk),
        title="补邀单位", button="补邀", done="已补邀，该单位可以扫码签到。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a unit from the list."""
    unit = unit_or_404(request, pk)
    return _step(
        request, unit.consultation, ReasonForm(request.POST or None), may.can_run(request.user, unit.consultation),
        lambda given: service.release_unit(pk, by=person(request), reason=given["reason"]),
        title=f"移出名单：{unit.organisation.label}", button="移出名单", done="已移出名单。", danger=True,
    )


# The telephone -------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in by the code; whoever scans it and is not invited reads why he may not."""
    row = get_object_or_404(Consultation.objects.select_related("project__owner", "project__centre"), token=token)
    unit = survey.unit_for(row, person(request))
    verdict = may.can_sign_in(row, unit)
    if request.method == "POST":
        unit = survey.sign_in(token, by=person(request))
        messages.success(request, f"{unit.organisation.label}已签到，请逐项核对。" if unit.is_asked else "已签到。")
        return redirect("packages:unit", unit.pk) if unit.is_asked else redirect("packages:consultation", row.pk)
    context = {"row": row, "unit": unit, "verdict": verdict, "project": row.project if unit else None}
    return render(request, "packages/consultation_sign.html", context, status=200 if unit else 403)


@login_required
@require_http_methods(["GET", "POST"])
def unit(request: HttpRequest, pk: int) -> HttpResponse:
    """The checklist of a unit: saved as often as wanted, confirmed once."""
    found = unit_or_404(request, pk)
    page = screen.unit_page(found, person(request))
    form = CheckForm(request.POST or None, lines=page.lines)
    if request.method == "POST" and form.is_valid():
        confirms = "confirm" in request.POST
        act = survey.confirm if confirms else survey.save_checks
        if attempt(form, act, pk, by=person(request), ticked=form.ticked()) is not None:
            messages.success(request, "已确认，感谢参加。" if confirms else "已保存，可以继续核对。")
            return redirect("packages:unit", pk)
    context = {
        "page": page, "unit": found, "form": form, "photo": PhotoForm(), "row": found.consultation,
        "project": found.consultation.project,
    }
    return render(request, "packages/consultation_unit.html", context, status=CONFLICT if form.errors else 200)


@login_required
@require_POST
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """File a photograph of the site."""
    found = unit_or_404(request, pk)
    form = PhotoForm(request.POST, request.FILES)
    if form.is_valid() and attempt(
        form, survey.add_photo, pk, by=person(request), uploaded=form.cleaned_data["photo"],
        note=form.cleaned_data["note"],
    ) is not None:
        messages.success(request, "照片已归档。")
        return redirect(f"{reverse('packages:unit', args=[pk])}#photos")
    page = screen.unit_page(found, person(request))
    context = {
        "page": page, "unit": found, "form": CheckForm(lines=page.lines), "photo": form, "row": found.consultation,
        "project": found.consultation.project,
    }
    return render(request, "packages/consultation_unit.html", context, status=CONFLICT)


@login_required
@require_http_methods(["GET", "POST"])
def opinion(request: HttpRequest, pk: int) -> HttpResponse:
    """A unit that was absent writes."""
    found = unit_or_404(request, pk)
    return _step(
        request, found.consultation, OpinionForm(request.POST or None), may.can_write(request.user, found),
        lambda given: survey.write_opinion(pk, by=person(request), opinion=given["opinion"], basis=given["basis"]),
        title=f"提交书面意见：{found.organisation.label}", button="提交书面意见", done="书面意见已提交。",
        says=(
            f"本单位缺席踏勘和会商，请在{timing.spoken(found.due_on)}前提交；期满记为“缺席—无意见”。"
            if found.due_on else "",
        ),
    )
