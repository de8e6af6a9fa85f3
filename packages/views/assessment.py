"""Pages of the regional assessment: areas, their results, where a project lies and what follows from it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import assessment_data
from packages import assessment_forms as forms
from packages import assessment_rules as may
from packages.models import RegionalResult, RegionalUnit
from packages.screens import assessment as screen
from packages.services import assessment_register as service
from packages.services.assessment_apply import set_parcel
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.fetching import person, project_or_404
from projects import timing
from projects.access import access_of
from projects.errors import DomainError

EDIT = ["GET", "POST"]


def unit_or_404(pk: int) -> RegionalUnit:
    """An area; they are public."""
    return get_object_or_404(RegionalUnit.objects.select_related("keeper", "region"), pk=pk)


def result_or_404(request: HttpRequest, pk: int) -> RegionalResult:
    """A result that the asker may know of."""
    found = RegionalResult.objects.visible_to(request.user).select_related("unit__keeper", "approver")
    return get_object_or_404(found, pk=pk)


@login_required
@require_safe
def unit_list(request: HttpRequest) -> HttpResponse:
    """All areas with what holds in them, or what expires soon."""
    page = screen.register_page(person(request), request.GET)
    return render(request, "packages/regional.html", {"page": page})


@login_required
@require_http_methods(EDIT)
def new_unit(request: HttpRequest) -> HttpResponse:
    """Register an area."""
    who = person(request)
    keeper = screen.organiser(who)
    form = forms.UnitForm(request.POST or None)
    verdict = may.can_register_unit(who, keeper)
    region = screen.region_of(keeper)
    if region is None:
        raise DomainError("region", "开发区管委会和审批局都没有登记区划，请系统管理员先补登。")
    if request.method == "POST" and form.is_valid():
        made = attempt(form, service.register_unit, keeper=keeper, region=region, by=who, **form.cleaned_data)
        if made is not None:
            messages.success(request, f"已登记 {made.name}。")
            return redirect("packages:regional_unit", made.pk)
    step = Step(
        title="登记区域评估单元", button="登记", run=lambda _: None, back=reverse("packages:regional"), done="",
        verdict=verdict, says=("边界决定哪些地块可以用区域成果；自相交或不闭合的多边形不收。",),
    )
    status = status_of(form)
    return render(request, "packages/confirm.html", {"form": form, "step": step}, status=status)


@login_required
@require_safe
def unit(request: HttpRequest, pk: int) -> HttpResponse:
    """An area: its outline, its results, the projects in it."""
    page = screen.unit_page(unit_or_404(pk), person(request))
    return render(request, "packages/regional_unit.html", {"page": page, "unit": page.unit})


@login_required
@require_http_methods(EDIT)
def boundary(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the boundary of an area."""
    found = unit_or_404(pk)
    return ask(request, forms.BoundaryForm(request.POST or None), Step(
        title="调整区域范围", button="保存新的范围", back=reverse("packages:regional_unit", args=[pk]),
        done="范围已调整，区域内项目的计划随后更新。", verdict=may.can_keep_unit(request.user, found),
        says=(f"{found.name}，现在是第 {found.revision} 版。", "移出范围的地块，成果不再适用；已受理锁定的不受影响。"),
        run=lambda given: service.change_boundary(pk, by=person(request), **given),
    ))


@login_required
@require_http_methods(EDIT)
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Plan the assessment of an item."""
    found = unit_or_404(pk)
    return ask(request, forms.ProposeForm(request.POST or None), Step(
        title="发起区域评估", button="列入拟开展", back=reverse("packages:regional_unit", args=[pk]),
        done="已列入拟开展。", verdict=may.can_keep_unit(request.user, found), says=(found.name,),
        run=lambda given: service.propose_result(pk, by=person(request), **given),
    ))


def _result_step(request: HttpRequest, found: RegionalResult, form: Any, **words: Any) -> HttpResponse:
    back = reverse("packages:regional_unit", args=[found.unit_id])
    says = (f"{found}　{found.get_state_display()}　{found.get_way_display()}", *words.pop("says", ()))
    return ask(request, form, Step(back=back, says=says, **words))


@login_required
@require_http_methods(EDIT)
def compile_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Commission a result."""
    found = result_or_404(request, pk)
    return _result_step(
        request, found, forms.CompileForm(request.POST or None, initial={"expected_on": found.expected_on}),
        title="委托编制", button="开始编制", done="已转入编制。", verdict=may.can_move_result(request.user, found),
        run=lambda given: service.compile_result(pk, by=person(request), **given),
    )


@login_required
@require_http_methods(EDIT)
def submit_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand a report to the department."""
    found = result_or_404(request, pk)
    return _result_step(
        request, found, forms.SubmitResultForm(request.POST or None), title="提交评审", button="提交评审",
        done=f"已提交{found.approver.label}评审。", verdict=may.can_move_result(request.user, found),
        run=lambda given: service.submit_result(pk, by=person(request), **given),
    )


@login_required
@require_http_methods(EDIT)
def judge_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve a report or give it back."""
    found = result_or_404(request, pk)
    return _result_step(
        request, found, forms.JudgeResultForm(request.POST or None), title="批准区域评估成果", button="提交结论",
        done="结论已登记。", verdict=may.can_judge_result(request.user, found), seg="verdict",
        says=(f"成果材料：{found.title}", f"编制单位：{found.compiler}"),
        run=lambda given: service.judge_result(
            pk, by=person(request), agrees=given["verdict"] == "yes", number=given["number"], note=given["note"]
        ),
    )


@login_required
@require_http_methods(EDIT)
def publish_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a result in force."""
    found, today = result_or_404(request, pk), timing.today()
    item = assessment_data.item(found.item, today)
    until = screen.months_later(today, item.months if item else 24)
    return _result_step(
        request, found, forms.PublishForm(request.POST or None, initial={"valid_from": today, "valid_until": until}),
        title="公布成果", button="公布并生效", done="成果已公布，区域内项目的计划随后更新。",
        verdict=may.can_move_result(request.user, found),
        says=(f"批准文号：{found.number}",
            f"默认有效期 {item.months if item else 24} 个月：{item.source if item else ''}"),
        run=lambda given: service.publish_result(pk, by=person(request), **given),
    )


@login_required
@require_http_methods(EDIT)
def renew_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the renewal of a result."""
    found = result_or_404(request, pk)
    return _result_step(
        request, found, forms.NothingForm(request.POST or None), title="更新成果", button="发起更新",
        done="已发起更新；新成果生效前，原成果按原有效期有效。", verdict=may.can_renew_result(request.user, found),
        run=lambda _: service.renew_result(pk, by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def revoke_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a result back."""
    found = result_or_404(request, pk)
    return _result_step(
        request, found, forms.ReasonForm(request.POST or None), title="撤销成果", button="撤销", danger=True,
        done="成果已撤销，未受理锁定的项目恢复单独评估。", verdict=may.can_revoke_result(request.user, found),
        says=("发生灾害、规划重大调整或成果有误时撤销；已受理锁定的项目不受影响。",),
        run=lambda given: service.revoke_result(pk, by=person(request), **given),
    )


# A project -----------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def project(request: HttpRequest, pk: int) -> HttpResponse:
    """The joint assessment of a project on one page."""
    found = project_or_404(request, pk)
    page = screen.project_page(found, person(request))
    context = {"project": found, "page": page, "is_office": access_of(request.user).is_office}
    return render(request, "packages/assessment.html", context)


@login_required
@require_http_methods(EDIT)
def parcel(request: HttpRequest, pk: int) -> HttpResponse:
    """Say where a project lies."""
    found = project_or_404(request, pk)
    form = forms.ParcelForm(request.POST or None, initial=screen.place_now(found))
    return ask(request, form, Step(
        title="登记项目位置", button="保存位置", back=reverse("packages:assessment", args=[pk]),
        done="位置已登记，计划按区域评估成果更新。", verdict=may.can_set_parcel(request.user, found),
        says=(f"{found.name}（{found.code}）", "地块在有效的区域评估成果内的，免于单独评估，材料也不再要求。"),
        run=lambda given: set_parcel(pk, place=form.place(), number=given["number"], by=person(request)),
    ))
