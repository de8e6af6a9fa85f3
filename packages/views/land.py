"""Pages of land lists and standard land: the list of both, each on a page of its own, each step with its form."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import assessment_forms as forms
from packages import assessment_rules as may
from packages.models import LandList, LandListItem, StandardLand
from packages.screens import land as screen
from packages.screens.assessment import organiser
from packages.services import land_list as lists
from packages.services import standard_land as standards
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.fetching import person
from projects.models import Project

EDIT = ["GET", "POST"]


def list_or_404(request: HttpRequest, pk: int) -> LandList:
    """A land list that the asker may know of."""
    related = ("keeper", "project__owner", "project__centre", "unit", "paper", "received_by", "made_by")
    return get_object_or_404(LandList.objects.visible_to(request.user).select_related(*related), pk=pk)


def standard_or_404(request: HttpRequest, pk: int) -> StandardLand:
    """Standard land that the asker may know of."""
    related = ("keeper", "project__owner", "project__centre", "land_list", "paper", "signed_by")
    return get_object_or_404(StandardLand.objects.visible_to(request.user).select_related(*related), pk=pk)


@login_required
@require_safe
def land(request: HttpRequest) -> HttpResponse:
    """All land lists, or all standard land."""
    return render(request, "packages/land.html", {"page": screen.land_page(person(request), request.GET)})


def _new(request: HttpRequest, form: Any, step: Step, make: Any, page: str) -> HttpResponse:
    """The page of a form that makes something new and leads to it."""
    if request.method == "POST" and form.is_valid():
        made = attempt(form, make)
        if made is not None:
            messages.success(request, step.said(made))
            return redirect(page, made.pk)
    status = status_of(form)
    return render(request, "packages/confirm.html", {"form": form, "step": step}, status=status)


# Land list -----------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(EDIT)
def new_list(request: HttpRequest) -> HttpResponse:
    """Ask every department about a parcel."""
    who, form = person(request), forms.LandListForm(request.POST or None)
    keeper = organiser(who)
    step = Step(
        title="发起用地清单", button="发起并请各部门填报", run=lambda _: None, back=reverse("packages:land"),
        done="已发起，等各部门填报签认。", verdict=may.can_register_unit(who, keeper),
        says=("供地前由各部门普查，一次列清要求，随合同交付；清单外的要求以后不再提出。",),
    )
    return _new(
        request, form, step, lambda: lists.open_list(keeper=keeper, by=who, **form.cleaned_data), "packages:land_list"
    )


@login_required
@require_safe
def land_list(request: HttpRequest, pk: int) -> HttpResponse:
    """A land list with its lines."""
    page = screen.list_page(list_or_404(request, pk), person(request))
    return render(request, "packages/land_list.html", {"page": page, "land": page.land})


@login_required
@require_http_methods(EDIT)
def sign_item(request: HttpRequest, pk: int) -> HttpResponse:
    """Fill in and sign the line of a department."""
    seen = LandList.objects.visible_to(request.user)
    item = get_object_or_404(
        LandListItem.objects.filter(land_list__in=seen).select_related("land_list", "department"), pk=pk
    )
    initial = {"requirement": item.requirement, "basis": item.basis, "valid_until": item.valid_until}
    return ask(request, forms.LandItemForm(request.POST or None, initial=initial), Step(
        title=f"填报：{item.name}", button="签认", back=reverse("packages:land_list", args=[item.land_list_id]),
        done="已签认。", verdict=may.can_sign_item(request.user, item),
        says=(f"{item.land_list.name}（{item.land_list.parcel}），{item.department.label}",),
        run=lambda given: lists.sign_item(pk, by=person(request), **given),
    ))


@login_required
@require_http_methods(EDIT)
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand a list over with the land."""
    found = list_or_404(request, pk)
    seen = Project.objects.visible_to(request.user) | screen.parties_of(found)
    form = forms.HandOverForm(request.POST or None, projects=seen.distinct())
    return ask(request, form, Step(
        title="随地交付用地清单", button="交付", back=reverse("packages:land_list", args=[pk]),
        done="已交付，等建设单位签收。", verdict=may.can_hand_over(request.user, found),
        says=(f"{found.name}（{found.parcel}）", "交付后清单不再更改，出具文书归入项目档案。"),
        run=lambda given: lists.hand_over(
            pk, project=given["code"], contract=given["contract"], by=person(request)
        ),
    ))


@login_required
@require_http_methods(EDIT)
def receive(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign for a list."""
    found = list_or_404(request, pk)
    return ask(request, forms.NothingForm(request.POST or None), Step(
        title="签收用地清单", button="签收", back=reverse("packages:land_list", args=[pk]), done="已签收。",
        verdict=may.can_receive_list(request.user, found),
        says=(f"{found.name}（{found.parcel}），合同 {found.contract}",
            "签收表示已收到全部要求；建设和验收按清单执行。"),
        run=lambda _: lists.receive_list(pk, by=person(request)),
    ))


# Standard land -------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(EDIT)
def new_standard(request: HttpRequest) -> HttpResponse:
    """Put land into the pool."""
    who, form = person(request), forms.StandardForm(request.POST or None)
    keeper = organiser(who)
    step = Step(
        title="标准地入库", button="入库", run=lambda _: None, back=reverse("packages:land") + "?view=standard",
        done="已列入拟入库。", verdict=may.can_register_unit(who, keeper),
        says=("控制指标在供地前定好，受让企业按指标作出承诺，达产时核查。",),
    )

    def make() -> StandardLand:
        given = form.cleaned_data
        return standards.propose(
            keeper=keeper, parcel=given["parcel"], name=given["name"], area=given["area"], values=form.values(),
            source=given["source"], by=who,
        )

    return _new(request, form, step, make, "packages:standard")


@login_required
@require_safe
def standard(request: HttpRequest, pk: int) -> HttpResponse:
    """Standard land with indicators and checks."""
    page = screen.standard_page(standard_or_404(request, pk), person(request))
    return render(request, "packages/standard.html", {"page": page, "land": page.land})


def _step(request: HttpRequest, found: StandardLand, form: Any, **words: Any) -> HttpResponse:
    says = (f"{found.name}（{found.parcel}），{found.get_state_display()}", *words.pop("says", ()))
    return ask(request, form, Step(back=reverse("packages:standard", args=[found.pk]), says=says, **words))


@login_required
@require_http_methods(EDIT)
def qualify(request: HttpRequest, pk: int) -> HttpResponse:
    """区域评估、控制指标、通平 are there."""
    found = standard_or_404(request, pk)
    return _step(
        request, found, forms.NothingForm(request.POST or None), title="确认达标", button="确认达标",
        done="已确认达标。",
        verdict=may.can_move_standard(request.user, found), says=("区域评估、控制指标和场地通平均已具备。",),
        run=lambda _: standards.qualify(pk, by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def put_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Offer it."""
    found = standard_or_404(request, pk)
    return _step(
        request, found, forms.NothingForm(request.POST or None), title="挂牌", button="登记挂牌", done="已登记挂牌。",
        verdict=may.can_move_standard(request.user, found), run=lambda _: standards.put_up(pk, by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def sell(request: HttpRequest, pk: int) -> HttpResponse:
    """Note the supply."""
    found = standard_or_404(request, pk)
    form = forms.SellForm(request.POST or None, projects=(
        Project.objects.visible_to(request.user) | screen.parties_of(found)).distinct())
    return _step(
        request, found, form, title="登记出让", button="登记出让", done="已登记，等企业负责人签订承诺书。",
        verdict=may.can_move_standard(request.user, found),
        run=lambda given: standards.sell(
            pk, project=given["code"], contract=given["contract"], agreement=given["agreement"],
            production_on=given["production_on"], by=person(request),
        ),
    )


@login_required
@require_http_methods(EDIT)
def commit(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign the indicators."""
    found = standard_or_404(request, pk)
    form = forms.IndicatorForm(request.POST or None, rows=found.indicators.order_by("order"))
    return _step(
        request, found, form, title="签订标准地承诺书", button="签订", done="承诺书已签订并归档。",
        verdict=may.can_commit_standard(request.user, found),
        says=("承诺值不得松于控制值；达产核查未达标的限期整改，仍未达标的认定违诺。",),
        run=lambda _: standards.commit(pk, promised=form.values(), by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def build(request: HttpRequest, pk: int) -> HttpResponse:
    """Note the beginning of works."""
    found = standard_or_404(request, pk)
    return _step(
        request, found, forms.NothingForm(request.POST or None), title="登记开工", button="登记开工",
        done="已登记开工建设。",
        verdict=may.can_move_standard(request.user, found), run=lambda _: standards.begin_works(pk, by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def call_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Call for the check."""
    found = standard_or_404(request, pk)
    return _step(
        request, found, forms.NothingForm(request.POST or None), title="申请达产核查", button="申请核查",
        done="已申请，等管理单位核查。", verdict=may.can_call_check(request.user, found),
        run=lambda _: standards.call_check(pk, by=person(request)),
    )


@login_required
@require_http_methods(EDIT)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter the check at production."""
    found = standard_or_404(request, pk)
    form = forms.IndicatorForm(request.POST or None, rows=found.indicators.order_by("order"), found=True)
    return _step(
        request, found, form, title="达产核查", button="登记核查结果", done="核查结果已登记。",
        verdict=may.can_check_standard(request.user, found),
        run=lambda given: standards.check(
            pk, found=form.values(), checked_on=given["checked_on"], note=given["note"],
            mend_until=given["mend_until"], by=person(request),
        ),
    )
