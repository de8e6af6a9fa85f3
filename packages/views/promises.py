"""Deferred papers, commitments, and papers that departments have to bring."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import promise_rules, rules
from packages.models import Commitment, Deferral, MaterialItem, MatterCase
from packages.promise_forms import (
    AbsentForm,
    BreachForm,
    CheckForm,
    HandInForm,
    KeptForm,
    SignForm,
    SupplyForm,
    TimeForm,
)
from packages.screens import promises as screen
from packages.services import commitment_checks, committing, setting_lines, settling
from packages.states import MaterialState
from packages.views.acting import CONFLICT, Step, ask, attempt
from packages.views.fetching import person
from projects.staff_queries import has_lead

RELATED = ("case__matter__matter", "case__lead", "case__project__owner", "case__project__centre", "case__application")


def deferral_or_404(request: HttpRequest, pk: int) -> Deferral:
    """A deferred paper of a visible project."""
    found: Deferral = get_object_or_404(
        Deferral.objects.visible_to(request.user).select_related(
            *RELATED, "issue__clock", "issue__project__centre", "item__document", "item__kind"
        ), pk=pk,
    )
    found.item.case = found.case
    return found


def commitment_or_404(request: HttpRequest, pk: int) -> Commitment:
    """A commitment of a visible project."""
    found: Commitment = get_object_or_404(
        Commitment.objects.visible_to(request.user).select_related(
            *RELATED, "issue__clock", "signed_by", "designer_by"
        ), pk=pk,
    )
    return found


def line_or_404(request: HttpRequest, pk: int) -> MaterialItem:
    """A line of the checklist of a visible case."""
    found = MaterialItem.objects.filter(case__in=MatterCase.objects.visible_to(request.user))
    item: MaterialItem = get_object_or_404(found.select_related(*RELATED, "supplier", "kind"), pk=pk)
    return item


# 容缺 ----------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def owed(request: HttpRequest) -> HttpResponse:
    """List the deferred papers (容缺待补)."""
    return render(request, "packages/owed.html", {"page": screen.owed_page(person(request), request.GET.dict())})


@login_required
@require_http_methods(["GET", "POST"])
def deferral(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a deferred paper; a POST hands it in."""
    found = deferral_or_404(request, pk)
    posted = request.method == "POST"
    form = HandInForm(request.POST, request.FILES) if posted else HandInForm()
    if posted and form.is_valid() and attempt(
        form, setting_lines.set_material, found.item_id, state=MaterialState.UPLOADED, by=person(request),
        uploaded=form.cleaned_data["uploaded"],
    ):
        messages.success(request, "已补交，等待核实；核实期间不计入您的期限。")
        return redirect("packages:deferral", pk=pk)
    context = {"page": screen.deferral_page(found, person(request)), "form": form, "case": found.case}
    return render(request, "packages/deferral.html", context, status=CONFLICT if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def give_time(request: HttpRequest, pk: int) -> HttpResponse:
    """The chief gives a late paper one more term."""
    found = deferral_or_404(request, pk)
    step = Step(
        title=f"延长容缺期限：{found.issue.what}", button="延长", case=found.case,
        back=reverse("packages:deferral", args=[pk]), verdict=promise_rules.can_give_time(request.user, found),
        done="已延长，新的期限已告知企业。",
        run=lambda given: settling.give_time(pk, by=person(request), **given), may_be_late=True,
        says=lambda: (
            "从今天起再给几个工作日，补录的从实际办理之日起算；理由和批准人记入办件记录。", *screen.promise_kept(found),
        ),
    )
    return ask(request, TimeForm(request.POST or None), step)


# 承诺 ----------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def commitments(request: HttpRequest) -> HttpResponse:
    """List the commitments."""
    page = screen.commitments_page(person(request), request.GET.dict())
    return render(request, "packages/commitments.html", {"page": page})


@login_required
@require_safe
def commitment(request: HttpRequest, pk: int) -> HttpResponse:
    """Show 告知书 and 承诺书 of a case, who signed, how it is kept."""
    found, user = commitment_or_404(request, pk), person(request)
    project = found.case.project
    context = {
        "page": screen.commitment_page(found, user), "case": found.case,
        "may_open_account": rules.is_window(user, project) and not has_lead(project.owner_id),
    }
    return render(request, "packages/commitment.html", context)


def _step(found: Commitment, **more: object) -> Step:
    return Step(case=found.case, back=reverse("packages:commitment", args=[found.pk]), **more)  # type: ignore[arg-type]


@login_required
@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign 承诺书 as the responsible person."""
    found = commitment_or_404(request, pk)
    step = _step(
        found, title=f"签署承诺书：{found.case.matter.name}", button="签署",
        verdict=promise_rules.can_sign_commitment(request.user, found), done="已签署。",
        run=lambda _: committing.sign_commitment(pk, by=person(request)),
        says=tuple(f"{name}：{words}" for name, words in committing.table_rows(found.terms)),
    )
    return ask(request, SignForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def kept(request: HttpRequest, pk: int) -> HttpResponse:
    """The enterprise says that it keeps what it promised."""
    found = commitment_or_404(request, pk)
    step = _step(
        found, title=f"报告已履约：{found.case.matter.name}", button="报告",
        verdict=promise_rules.can_report_kept(request.user, found), done="已报告，等待部门核查。",
        run=lambda given: commitment_checks.report_kept(pk, by=person(request), note=given["note"]),
    )
    return ask(request, KeptForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Record a check with its evidence."""
    found = commitment_or_404(request, pk)
    step = _step(
        found, title=f"记录核查：{found.case.matter.name}", button="记录核查结果", seg="result",
        verdict=promise_rules.can_check_commitment(request.user, found), done="核查结果已记录。",
        run=lambda given: commitment_checks.record_check(pk, by=person(request), **given), may_be_late=True,
        says=("尚未履约的给一次限期；认定违诺的，出具违诺认定通知书，由首席代表处理。",),
    )
    return ask(request, CheckForm(request.POST or None, request.FILES or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def breach(request: HttpRequest, pk: int) -> HttpResponse:
    """The chief says what followed from a breach."""
    found = commitment_or_404(request, pk)
    step = _step(
        found, title=f"处理违诺：{found.case.matter.name}", button="记录处理结果",
        verdict=promise_rules.can_close_breach(request.user, found), done="处理结果已记录。",
        run=lambda given: commitment_checks.close_breach(
            pk, by=person(request), answer=given["answer"], at=given["at"]
        ),
        may_be_late=True,
        says=("撤销决定的，请用“撤销决定”；这里记录其他处理（如已整改、不予撤销的理由）。",),
    )
    return ask(request, BreachForm(request.POST or None), step)


# What departments bring ----------------------------------------------------------------------------------------------


@login_required
@require_safe
def supplies(request: HttpRequest) -> HttpResponse:
    """List the papers that departments have to bring."""
    page = screen.supplies_page(person(request), request.GET.dict())
    return render(request, "packages/supplies.html", {"page": page})


def _line_step(item: MaterialItem, **more: object) -> Step:
    back = reverse("packages:case", args=[item.case_id])
    return Step(case=item.case, back=back, **more)  # type: ignore[arg-type]


@login_required
@require_http_methods(["GET", "POST"])
def supply(request: HttpRequest, pk: int) -> HttpResponse:
    """The window or the department brings a paper of the government."""
    item = line_or_404(request, pk)
    who = item.supplier.label if item.supplier else item.case.lead.label
    step = _line_step(
        item, title=f"提供材料：{item.name}", button="提供", verdict=rules.can_supply(request.user, item),
        done="已提供，企业不需要提交。",
        run=lambda given: setting_lines.supply_material(pk, by=person(request), **given),
        says=(f"政府出具的材料由{who}或窗口提供，不向企业要。",),
    )
    return ask(request, SupplyForm(request.POST or None, request.FILES or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def absent(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a paper cannot be fetched, so that its department records it."""
    item = line_or_404(request, pk)
    step = _line_step(
        item, title=f"调取不到：{item.name}", button="转部门补录", verdict=rules.can_supply(request.user, item),
        done="已转部门补录，不向企业要。",
        run=lambda given: setting_lines.report_absent(pk, by=person(request), note=given["note"]),
        says=("系统共享调取不到的，由出具这份材料的部门补录。",),
    )
    return ask(request, AbsentForm(request.POST or None), step)
