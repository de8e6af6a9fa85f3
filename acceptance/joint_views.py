"""Pages of the joint survey, pre-acceptance, late faults, papers that follow and the hand-over to the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from acceptance import after_rules, joint_queries, rules, survey_rules
from acceptance import joint_forms as given
from acceptance.forms import PaperFaultsForm
from acceptance.models import (
    AcceptanceApplication,
    AcceptanceItem,
    JointSurvey,
    LateFault,
    MakeUp,
    PreAcceptance,
    RegistryHandover,
    SharedFacility,
)
from acceptance.services import late_faults, make_ups, partial, pre_acceptance, registry, survey, visits
from packages.services.paperwork import day as on_paper
from packages.views.fetching import person
from projects.errors import DomainError, NotAllowed, Verdict
from projects.forms import back_entry_form, moment_of
from projects.models import Project, WorkUnit

PAGE = ["GET", "POST"]


def _step(
    request: HttpRequest, title: str, form: forms.Form, back: str, call: Callable[[dict[str, Any]], object],
    project: Project, *, verdict: Verdict, submit: str = "提交", lead: str = "", may_be_late: bool = False,
    leads_to: Callable[[Any], str] | None = None, template: str = "acceptance/step.html",
) -> HttpResponse:
    """Show one form; on a valid post call the service and go back (or where it leads to), a refusal stands in the form.

    Where the step may be keyed in later, the office side may say when it happened: `at` among what `call` is given.
    """
    if not verdict.ok:
        raise NotAllowed("rule", verdict.reason)
    posted = request.POST if request.method == "POST" else None
    late = back_entry_form(request.user, posted) if may_be_late else None
    if form.is_valid() and (late is None or late.is_valid()):
        try:
            made = call(form.cleaned_data | ({"at": moment_of(late)} if may_be_late else {}))
        except NotAllowed:
            raise
        except DomainError as error:
            form.add_error(None, f"{error.message}{error.latest}")
        else:
            return redirect(leads_to(made) if leads_to else back)
    context = {"title": title, "form": form, "project": project, "back": back, "submit": submit, "lead": lead,
               "late": late}
    return render(request, template, context, status=422 if form.errors else 200)


def _unit(request: HttpRequest, pk: int) -> WorkUnit:
    rows = WorkUnit.objects.filter(project__in=Project.objects.visible_to(request.user))
    return get_object_or_404(rows.select_related("project__owner", "project__centre"), pk=pk)


def _acceptance(request: HttpRequest, pk: int) -> AcceptanceApplication:
    rows = AcceptanceApplication.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("project__owner", "lead", "visit", "work_unit", "building"), pk=pk)


def _of(request: HttpRequest, model: Any, pk: int, *related: str) -> Any:
    """Return a part of an acceptance that the person may see."""
    visible = AcceptanceApplication.objects.visible_to(request.user)
    rows = model.objects.filter(acceptance__in=visible)
    return get_object_or_404(rows.select_related("acceptance__project", "acceptance__lead", *related), pk=pk)


def _survey(request: HttpRequest, pk: int) -> JointSurvey:
    rows = JointSurvey.objects.visible_to(request.user).select_related("project", "work_unit", "surveyor")
    return get_object_or_404(rows, pk=pk)


def _pre(request: HttpRequest, pk: int) -> PreAcceptance:
    return get_object_or_404(
        PreAcceptance.objects.visible_to(request.user).select_related("project", "lead", "work_unit"), pk=pk
    )


def _handover(request: HttpRequest, pk: int) -> RegistryHandover:
    rows = RegistryHandover.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("acceptance__project", "registry", "conclusion", "paper"), pk=pk)


def _nothing(request: HttpRequest) -> forms.Form:
    """Return a form that asks for nothing."""
    return forms.Form(request.POST if request.method == "POST" else None)


def _at_survey(unit_id: int) -> str:
    return reverse("acceptance:survey", args=[unit_id])


def _at(acceptance_id: int) -> str:
    return reverse("acceptance:detail", args=[acceptance_id])


# The survey ----------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def works_survey(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the buildings of the permit, the one survey with its differences, and the pre-acceptances."""
    unit, user = _unit(request, pk), person(request)
    context = joint_queries.survey_page(unit, user) | {"unit": unit, "project": unit.project}
    return render(request, "acceptance/survey.html", context)


@login_required
@require_http_methods(PAGE)
def buildings(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down the buildings of the permit."""
    unit, form = _unit(request, pk), given.BuildingsForm(request.POST or None)
    return _step(
        request, "登记许可单体", form, _at_survey(pk),
        lambda data: survey.record_buildings(pk, by=person(request), rows=data["rows"]), unit.project,
        verdict=survey_rules.can_record_buildings(request.user, unit), lead="按规划许可证附件逐个登记。",
    )


@login_required
@require_http_methods(PAGE)
def commission(request: HttpRequest, pk: int) -> HttpResponse:
    """Commission the one survey."""
    unit, form = _unit(request, pk), given.CommissionForm(request.POST or None)
    return _step(
        request, "委托多测合一", form, _at_survey(pk),
        lambda data: survey.commission_survey(pk, by=person(request), **data), unit.project,
        verdict=survey_rules.can_commission(request.user, unit), submit="委托",
        lead="一次委托、一次外业，成果各部门通用，不再分别测绘。",
    )


@login_required
@require_http_methods(PAGE)
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand in its result."""
    found = _survey(request, pk)
    names = [building.name for building in found.work_unit.buildings.order_by("pk")]
    form = given.ResultForm(
        request.POST or None, request.FILES or None, initial={"rows": "\n".join(f"{name} " for name in names)}
    )
    return _step(
        request, "提交多测合一成果", form, _at_survey(found.work_unit_id),
        lambda data: survey.hand_in_survey(pk, by=person(request), **data), found.project,
        verdict=survey_rules.can_hand_in(request.user, found),
    )


@login_required
@require_POST
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Share it."""
    found = _survey(request, pk)
    survey.share_survey(found.pk, by=person(request))
    return redirect(_at_survey(found.work_unit_id))


@login_required
@require_http_methods(PAGE)
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it back."""
    found, form = _survey(request, pk), given.ReasonForm(request.POST or None)
    return _step(
        request, "退回补测", form, _at_survey(found.work_unit_id),
        lambda data: survey.return_survey(pk, by=person(request), **data), found.project,
        verdict=survey_rules.can_check(request.user, found), submit="退回", may_be_late=True,
    )


@login_required
@require_http_methods(PAGE)
def cancel_survey(request: HttpRequest, pk: int) -> HttpResponse:
    """End the commission."""
    found, form = _survey(request, pk), given.ReasonForm(request.POST or None)
    return _step(
        request, "取消委托", form, _at_survey(found.work_unit_id),
        lambda data: survey.cancel_survey(pk, by=person(request), **data), found.project,
        verdict=survey_rules.can_cancel(request.user, found), submit="取消委托",
    )


# Pre-acceptance ------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(PAGE)
def book(request: HttpRequest, pk: int) -> HttpResponse:
    """Book a pre-acceptance."""
    unit, form = _unit(request, pk), given.BookForm(request.POST or None)
    return _step(
        request, "预约预验收", form, _at_survey(pk),
        lambda data: pre_acceptance.book(pk, by=person(request), **data), unit.project,
        verdict=after_rules.can_book(request.user, unit), submit="预约",
        lead="部门先来看一遍，意见一次说全；不计时，不影响正式验收。",
    )


@login_required
@require_http_methods(PAGE)
def confirm_pre(request: HttpRequest, pk: int) -> HttpResponse:
    """Name its day."""
    found = _pre(request, pk)
    form = given.DayForm(request.POST or None, initial={"planned_on": found.wanted_on})
    return _step(
        request, "确认预验收日期", form, _at_survey(found.work_unit_id),
        lambda data: pre_acceptance.confirm(pk, by=person(request), **data), found.project,
        verdict=after_rules.can_confirm_pre(request.user, found), submit="确认", may_be_late=True,
    )


@login_required
@require_http_methods(PAGE)
def hold_pre(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down the advice."""
    found, form = _pre(request, pk), given.AdviceForm(request.POST or None)
    return _step(
        request, "填写预验收意见", form, _at_survey(found.work_unit_id),
        lambda data: pre_acceptance.hold(pk, by=person(request), **data), found.project,
        verdict=after_rules.can_hold_pre(request.user, found), submit="发出意见清单", may_be_late=True,
    )


@login_required
@require_http_methods(PAGE)
def cancel_pre(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it up."""
    found, form = _pre(request, pk), given.ReasonForm(request.POST or None)
    return _step(
        request, "取消预验收", form, _at_survey(found.work_unit_id),
        lambda data: pre_acceptance.cancel(pk, by=person(request), **data), found.project,
        verdict=after_rules.can_cancel_pre(request.user, found), submit="取消预约",
    )


# Papers and visit ----------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(PAGE)
def return_papers(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell the faults of the papers."""
    found = _acceptance(request, pk)
    items = [(item.pk, item.name) for item in found.items.all() if item.is_gate and item.state == "pending"]
    form = PaperFaultsForm(request.POST or None, items=items)
    return _step(
        request, "资料一次性告知", form, _at(pk),
        lambda data: visits.return_papers(pk, by=person(request), at=data["at"], faults=data["faults"]),
        found.project, verdict=rules.can_return_papers(request.user, found), submit="发出一次性告知单",
        lead="只能告知一次，请把各部门发现的资料问题一次写全。整改期间不计时。", may_be_late=True,
        template="acceptance/paper_faults.html",
    )


@login_required
@require_POST
def hand_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand the papers back."""
    visits.hand_back_papers(_acceptance(request, pk).pk, by=person(request))
    return redirect(_at(pk))


@login_required
@require_http_methods(PAGE)
def refuse_day(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse the day of the visit."""
    found, form = _acceptance(request, pk), given.ReasonForm(request.POST or None)
    return _step(
        request, "现场验收改期", form, _at(pk), lambda data: visits.refuse_visit(pk, by=person(request), **data),
        found.project, verdict=rules.can_refuse_visit(request.user, found), submit="改期",
        lead="改期达到规定次数后，日期由贵单位自己选定，期间不计入验收时限。",
    )


@login_required
@require_http_methods(PAGE)
def name_day(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner names the day."""
    found, form = _acceptance(request, pk), given.DayForm(request.POST or None)
    return _step(
        request, "选定现场验收日期", form, _at(pk), lambda data: visits.name_visit_day(pk, by=person(request), **data),
        found.project, verdict=rules.can_name_day(request.user, found), submit="选定",
    )


# Late faults, facilities, papers that follow --------------------------------------------------------------------------


@login_required
@require_http_methods(PAGE)
def ask_late(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a fault after the list."""
    found = _of(request, AcceptanceItem, pk, "organisation")
    form = given.LateForm(request.POST or None)
    return _step(
        request, f"清单后新增：{found.name}", form, _at(found.acceptance_id), lambda data: late_faults.ask_late_fault(
            pk, by=person(request), fault=form.fault(), reason=data["reason"],  # type: ignore[arg-type]
            at=data["at"],
        ), found.acceptance.project, verdict=rules.can_ask_late(request.user, found), submit="报牵头部门批准",
        lead="一次性告知后新增，须牵头部门首席代表批准，并计为本部门迟报。", may_be_late=True,
    )


@login_required
@require_http_methods(PAGE)
def decide_late(request: HttpRequest, pk: int) -> HttpResponse:
    """Let it in or not."""
    found = _of(request, LateFault, pk, "item__organisation")
    form = given.DecideForm(request.POST or None, words=("同意新增", "不予新增"))
    return _step(
        request, "批准清单后新增", form, _at(found.acceptance_id), lambda data: late_faults.decide_late_fault(
            pk, by=person(request), approve=data["yes"] == "yes", note=data["note"], at=data["at"]
        ), found.acceptance.project, verdict=rules.can_decide_late(request.user, found),
        lead=f"{found.item.organisation.label}：{found.what}（{found.reason}）", may_be_late=True,
    )


@login_required
@require_http_methods(PAGE)
def facility(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm a shared facility."""
    found = _of(request, SharedFacility, pk, "organisation")
    form = given.DecideForm(request.POST or None, words=("具备", "不具备"))
    return _step(
        request, f"确认共用设施：{found.name}", form, _at(found.acceptance_id), lambda data: partial.confirm_facility(
            pk, by=person(request), is_met=data["yes"] == "yes", note=data["note"], at=data["at"]
        ), found.acceptance.project, verdict=rules.can_confirm_facility(request.user, found), lead=found.asks,
        may_be_late=True,
    )


@login_required
@require_http_methods(PAGE)
def bring(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a paper that follows."""
    found = _of(request, MakeUp, pk, "item__organisation")
    form = given.UploadForm(request.POST or None, request.FILES or None)
    return _step(
        request, f"补交：{found.paper_name}", form, _at(found.acceptance_id),
        lambda data: make_ups.bring_paper(pk, by=person(request), **data), found.acceptance.project,
        verdict=rules.can_bring(request.user, found), submit="补交",
        lead=f"最迟 {on_paper(found.due_on)}补交，交{found.item.organisation.label}核对。逾期：{found.consequence}。",
    )


@login_required
@require_http_methods(PAGE)
def check_paper(request: HttpRequest, pk: int) -> HttpResponse:
    """Look at it."""
    found = _of(request, MakeUp, pk, "item__organisation")
    form = given.DecideForm(request.POST or None, words=("符合，已补齐", "不符合，退回"))
    return _step(
        request, f"核对：{found.paper_name}", form, _at(found.acceptance_id), lambda data: make_ups.check_paper(
            pk, by=person(request), holds=data["yes"] == "yes", note=data["note"], at=data["at"]
        ), found.acceptance.project, verdict=rules.can_check_paper(request.user, found), may_be_late=True,
    )


# The registry --------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(PAGE)
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand the package to the registry; the page is for who keys it in later."""
    found = _acceptance(request, pk)
    return _step(
        request, "房证同交移交", _nothing(request), _at(pk),
        lambda data: registry.hand_over(pk, by=person(request), at=data["at"]), found.project,
        verdict=after_rules.can_hand_over(request.user, found), submit="移交", may_be_late=True,
        leads_to=lambda made: reverse("acceptance:handover", args=[made.pk]),
    )


@login_required
@require_safe
def handover(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the package and the two dates side by side."""
    found = _handover(request, pk)
    return render(request, "acceptance/handover.html", joint_queries.handover_page(found, person(request)))


@login_required
@require_http_methods(PAGE)
def receive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the package; the page is for who keys it in later."""
    found, page = _handover(request, pk), reverse("acceptance:handover", args=[pk])
    if found.received_at is not None:
        return redirect(page)
    return _step(
        request, "接收房证同交材料", _nothing(request), page,
        lambda data: registry.receive(pk, by=person(request), at=data["at"]), found.acceptance.project,
        verdict=after_rules.can_receive(request.user, found), submit="接收", may_be_late=True,
    )


@login_required
@require_http_methods(PAGE)
def keys(request: HttpRequest, pk: int) -> HttpResponse:
    """The day of the keys."""
    found = _handover(request, pk)
    form = given.KeysForm(request.POST or None, initial={"keys_on": found.keys_on})
    return _step(
        request, "更正交房日" if found.keys_on else "填写交房日", form, reverse("acceptance:handover", args=[pk]),
        lambda data: registry.note_dates(pk, by=person(request), **data), found.acceptance.project,
        verdict=after_rules.can_note_keys(request.user, found), may_be_late=True,
    )


@login_required
@require_http_methods(PAGE)
def registered(request: HttpRequest, pk: int) -> HttpResponse:
    """The day of the certificate."""
    found, form = _handover(request, pk), given.RegisteredForm(request.POST or None)
    return _step(
        request, "填写领证日", form, reverse("acceptance:handover", args=[pk]),
        lambda data: registry.note_dates(pk, by=person(request), **data), found.acceptance.project,
        verdict=after_rules.can_note_registered(request.user, found), may_be_late=True,
    )
