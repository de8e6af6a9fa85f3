"""一方案一图一清单: a version, its edition, the telling, the difference; and what is off the list (清单外)."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import consultation_rules as may
from packages.consultation_forms import DecideForm, EditForm, NothingForm, OffListForm, PlanForm, ReasonForm
from packages.models import OffListItem, ServicePlan
from packages.screens import consultation as listing
from packages.screens import service_plan as screen
from packages.services import off_list, service_plan
from packages.services.checklist import plan_of
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.consultation import consultation_or_404
from packages.views.fetching import person, project_or_404
from projects import timing
from projects.errors import DomainError


def plan_or_404(request: HttpRequest, pk: int) -> ServicePlan:
    """A version of a visible project; a draft is for the office."""
    found: ServicePlan = get_object_or_404(
        ServicePlan.objects.visible_to(request.user).select_related(
            "project__owner", "project__centre", "consultation", "edited_by", "told_by", "scheme_paper", "chart_paper",
            "list_paper", "notice_paper__delivery",
        ), pk=pk,
    )
    return found


@login_required
@require_safe
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one version with its scheme, chart and list."""
    plan = plan_or_404(request, pk)
    page = screen.plan_version_page(plan, person(request))
    return render(request, "packages/service_plan.html", {"page": page, "plan": plan, "project": plan.project})


@login_required
@require_safe
def difference(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a version changes against the one before."""
    plan = plan_or_404(request, pk)
    return render(request, "packages/service_plan_difference.html", {"plan": plan, "project": plan.project})


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Write risks, points to be settled and what the owner declines into a draft."""
    plan = plan_or_404(request, pk)
    form = PlanForm(request.POST or None, initial=PlanForm.first(plan.content["scheme"], plan.edit))
    back = reverse("packages:service_plan", args=[pk])
    step = Step(
        title=f"修改方案，第 {plan.version} 版", button="保存", back=back, done="已保存。",
        verdict=may.can_edit_plan(request.user, plan),
        run=lambda given: service_plan.edit_plan(pk, by=person(request), edit=given["edit"], given=form.given()),
        says=("每行一条。事项、时限、材料按计划生成，需要变化的先变更计划。",),
    )
    return ask(request, form, step)


@login_required
@require_http_methods(["GET", "POST"])
def refresh(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a draft anew from the live plan."""
    plan = plan_or_404(request, pk)
    step = Step(
        title="按最新计划重写", button="重写", back=reverse("packages:service_plan", args=[pk]),
        done="已按最新计划重写。", verdict=may.can_edit_plan(request.user, plan),
        run=lambda _: service_plan.refresh_plan(pk, by=person(request)), says=("手写的风险、协调事项保留。",),
    )
    return ask(request, NothingForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def tell(request: HttpRequest, pk: int) -> HttpResponse:
    """Tell the owner everything once."""
    plan = plan_or_404(request, pk)
    count = len(plan.content["rows"])
    step = Step(
        title=f"一次性告知，第 {plan.version} 版", button="告知建设单位",
        back=reverse("packages:service_plan", args=[pk]), done="已告知，等建设单位扫码签收。",
        verdict=may.can_tell(request.user, plan),
        run=lambda given: service_plan.tell_plan(pk, by=person(request), edit=given["edit"]),
        says=(
            f"出具一次性告知单，附项目服务方案、办理流程图和事项清单（{count} 个事项）。",
            "告知后清单以外的事项和材料，须经中心批准才能要求，并计入会商遗漏。",
        ),
    )
    return ask(request, EditForm(request.POST or None, initial={"edit": plan.edit}), step)


@login_required
@require_http_methods(["GET", "POST"])
def revise(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin the next version from the live plan."""
    row = consultation_or_404(request, pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        plan = attempt(form, service_plan.revise, pk, by=person(request), reason=form.cleaned_data["reason"])
        if plan is not None:
            messages.success(request, f"第 {plan.version} 版草稿已生成，核对变更后告知建设单位。")
            return redirect("packages:service_plan_difference", plan.pk)
    step = Step(
        title="变更方案和清单", button="生成新版", back=reverse("packages:consultation", args=[pk]), done="",
        verdict=may.can_revise(request.user, row), run=lambda _: None,
        says=("按最新计划生成下一版，列明较上一版的变更；清单外的事项和材料须先经中心批准。",),
    )
    status = status_of(form)
    return render(request, "packages/confirm.html", {"form": form, "step": step}, status=status)


# Off the list --------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def off_list_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what was proposed beyond the list of a project, and what its plan has that the list has not."""
    project = project_or_404(request, pk)
    context = {
        "project": project, "rows": listing.off_list_of(project), "unlisted": off_list.unlisted(project),
        "may": may.can_propose_off_list(request.user, project),
    }
    return render(request, "packages/off_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def off_list_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask the centre to let in a matter or a paper."""
    project = project_or_404(request, pk)
    try:
        matters = listing.plan_matters(off_list.unlisted(project), plan_of(project).matters)
    except DomainError:
        matters = []
    initial = {"code": request.GET.get("code", ""), "material": request.GET.get("material", "")}
    form = OffListForm(request.POST or None, matters=matters, initial=initial)
    step = Step(
        title="提出清单外事项", button="提交中心批准", back=reverse("packages:off_list", args=[pk]),
        done="已提交，等中心负责人批准；批准前不得要求。", verdict=may.can_propose_off_list(request.user, project),
        run=lambda given: off_list.propose(pk, by=person(request), **given), seg="cause",
        says=(f"{project.name}。批准后计入会商遗漏，并以新版清单再次告知建设单位。",),
    )
    return ask(request, form, step)


@login_required
@require_http_methods(["GET", "POST"])
def off_list_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """The centre lets it in or not."""
    item: OffListItem = get_object_or_404(
        OffListItem.objects.visible_to(request.user).select_related("project__owner", "project__centre", "proposed_by"),
        pk=pk,
    )
    step = Step(
        title=f"清单外{item.get_kind_display()}：{item}", button="提交意见",
        back=reverse("packages:off_list", args=[item.project_id]), done="已记录意见。",
        verdict=may.can_decide_off_list(request.user, item), seg="approves",
        run=lambda given: off_list.decide(
            pk, by=person(request), approves=given["approves"] == "yes", answer=given["answer"]
        ),
        says=(
            f"{item.project.name}　{item.proposed_by} {timing.business_day(item.proposed_at)} 提出。",
            f"原因：{item.get_cause_display()}",
            f"理由：{item.reason}", f"依据：{item.basis}", "批准后可以要求，计入会商遗漏；提出人不能自己批准。",
        ),
    )
    return ask(request, DecideForm(request.POST or None), step)
