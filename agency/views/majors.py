"""重大项目: the list with its curve, one project with its tickets, the balance board and the quotas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from agency import balance_queries as boards
from agency import major_data
from agency import major_queries as queries
from agency import major_rules as may
from agency.major_forms import (
    BalanceForm,
    ListForm,
    MeasureForm,
    NothingForm,
    PlanForm,
    QuotaForm,
    ReportForm,
    SecureForm,
    TicketForm,
    WhyForm,
)
from agency.models import MajorProject, ResourceTicket
from agency.services import majors as service
from packages.views.acting import Step, ask
from packages.views.fetching import person, project_or_404
from projects import timing
from projects.access import access_of
from projects.errors import Verdict, require
from projects.exports import FORMATS, file_response
from projects.models import Project
from projects.paging import as_key

Given = dict[str, Any]


@login_required
@require_safe
def majors(request: HttpRequest) -> HttpResponseBase:
    """List the major projects of a year with the curve of their investment."""
    require(may.can_see_majors, request.user, None)
    user, year = person(request), as_key(request.GET.get("year"))
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(queries.majors_table(user, year), ending)
    return render(request, "agency/majors.html", {"page": queries.majors_page(user, year)})


def _project(request: HttpRequest, pk: int) -> Project:
    if not access_of(request.user).is_office:
        raise Http404
    return project_or_404(request, pk)


@login_required
@require_safe
def major(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Show the money, the tickets and the batches of one project."""
    page = queries.major_page(person(request), _project(request, pk))
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(queries.major_table(page), ending)
    return render(request, "agency/major.html", {"page": page})


@login_required
@require_safe
def balance(request: HttpRequest) -> HttpResponseBase:
    """Show one kind of index by district and month."""
    require(may.can_see_majors, request.user, None)
    user, kind = person(request), request.GET.get("kind", "")
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(boards.balance_table(user, kind), ending)
    context = {"board": boards.balance_board(user, kind), "can_set": may.can_set_quota(request.user)}
    return render(request, "agency/balance.html", context)


def _step(
    request: HttpRequest, project: Project, form: forms.Form, verdict: Verdict, run: Callable[[Given], object],
    **words: Any,
) -> HttpResponse:
    says = (f"{project.name}　{project.code}", *words.pop("says", ()))
    back = reverse("agency:major", args=[project.pk])
    return ask(request, form, Step(back=back, verdict=verdict, run=run, says=says, **words))


@login_required
@require_http_methods(["GET", "POST"])
def major_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a project on the list of major ones, or change its line."""
    project = _project(request, pk)
    require(may.can_keep_majors, request.user, project)
    row = MajorProject.objects.filter(project=project).first()
    known = {"level": row.level, "year": row.year, "opens_on": row.opens_on} if row else {"year": timing.today().year}
    return _step(
        request, project, ListForm(request.POST or None, initial=known), may.can_keep_majors(request.user, project),
        lambda given: service.list_major(pk, by=person(request), **given),
        title="列入重大项目", button="保存", done="已列入重大项目。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def major_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """Set the planned investment of a month."""
    project = _project(request, pk)
    require(may.can_report, request.user, project)
    return _step(
        request, project, PlanForm(request.POST or None), may.can_report(request.user, project),
        lambda given: service.plan_month(pk, by=person(request), **given),
        title="计划投资", button="保存", done="计划投资已保存。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def major_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Report the investment done in a month."""
    project = _project(request, pk)
    require(may.can_report, request.user, project)
    first = {"month": f"{timing.today():%Y-%m}"}
    return _step(
        request, project, ReportForm(request.POST or None, initial=first), may.can_report(request.user, project),
        lambda given: service.report_month(pk, by=person(request), **given),
        title="填报完成投资", button="填报", done="完成投资已填报。",
        says=("再次填报同一个月的，以后一次为准，两次都留痕。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def ticket_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a project needs an index."""
    project = _project(request, pk)
    require(may.can_report, request.user, project)
    return _step(
        request, project, TicketForm(request.POST or None), may.can_report(request.user, project),
        lambda given: service.open_ticket(pk, by=person(request), **given),
        title="提出资源指标", button="提出", done="已提出，下一步测算需要数量。",
    )


# One ticket ----------------------------------------------------------------------------------------------------------


def _ticket(request: HttpRequest, pk: int) -> ResourceTicket:
    related = ("project__centre", "project__owner", "source")
    found: ResourceTicket = get_object_or_404(
        ResourceTicket.objects.visible_to(request.user).select_related(*related), pk=pk
    )
    return found


def _on_ticket(
    request: HttpRequest, pk: int, rule: Callable[[Any, ResourceTicket], Verdict],
    form: Callable[[ResourceTicket], forms.Form], run: Callable[[Given], object], **words: Any,
) -> HttpResponse:
    ticket = _ticket(request, pk)
    if request.method != "POST":
        require(rule, request.user, ticket)
    unit = major_data.kind_of(ticket.kind).unit
    need = f"{ticket}：{ticket.get_state_display()}，{timing.written(ticket.needed_by)}前需要"
    says = (need + (f" {ticket.quantity} {unit}" if ticket.quantity else f"（单位：{unit}）"), *words.pop("says", ()))
    return _step(request, ticket.project, form(ticket), rule(request.user, ticket), run, says=says, **words)


@login_required
@require_http_methods(["GET", "POST"])
def ticket_measure(request: HttpRequest, pk: int) -> HttpResponse:
    """测算."""
    return _on_ticket(
        request, pk, may.can_measure, lambda ticket: MeasureForm(
            request.POST or None, initial={"quantity": ticket.quantity, "needed_by": ticket.needed_by}
        ),
        lambda given: service.measure(pk, by=person(request), **given), title="测算资源指标", button="保存测算",
        done="测算已保存，下一步申请。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def ticket_apply(request: HttpRequest, pk: int) -> HttpResponse:
    """申请."""
    return _on_ticket(
        request, pk, may.can_apply, lambda _: NothingForm(request.POST or None),
        lambda _: service.apply_for(pk, by=person(request)), title="申请资源指标", button="申请",
        done="已申请，等待统筹平衡。", says=("申请后指标主管部门可以看到本项目。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def ticket_balance(request: HttpRequest, pk: int) -> HttpResponse:
    """统筹平衡."""
    return _on_ticket(
        request, pk, may.can_balance, lambda ticket: BalanceForm(
            request.POST or None, initial={"source": ticket.source_id},
            regions=boards.source_regions(person(request), ticket),
        ),
        lambda given: service.balance(pk, by=person(request), **given), title="统筹平衡", button="平衡",
        done="已平衡，等待主管部门落实。", says=("本区划内由中心主任平衡，从其他区划调剂由工改办平衡。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def ticket_secure(request: HttpRequest, pk: int) -> HttpResponse:
    """指标落实."""
    return _on_ticket(
        request, pk, may.can_secure, lambda ticket: SecureForm(
            request.POST or None, request.FILES or None, initial={"quantity": ticket.quantity}
        ),
        lambda given: service.secure(pk, by=person(request), **given), title="指标落实", button="落实",
        done="指标已落实，依据已归档。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def ticket_write_off(request: HttpRequest, pk: int) -> HttpResponse:
    """核销."""
    return _on_ticket(
        request, pk, may.can_write_off, lambda _: NothingForm(request.POST or None),
        lambda _: service.write_off(pk, by=person(request)), title="指标核销", button="核销", done="指标已核销。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def ticket_send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """退回重新测算."""
    return _on_ticket(
        request, pk, may.can_send_back, lambda _: WhyForm(request.POST or None),
        lambda given: service.send_back(pk, by=person(request), **given), title="退回重新测算", button="退回",
        done="已退回，重新测算后再申请。", danger=True,
    )


@login_required
@require_http_methods(["GET", "POST"])
def quota(request: HttpRequest) -> HttpResponse:
    """Write down what a district has of a kind in a month."""
    require(may.can_set_quota, request.user, None)
    first = {"kind": request.GET.get("kind", ""), "month": f"{timing.today():%Y-%m}"}
    form = QuotaForm(request.POST or None, initial=first, regions=boards.quota_regions(person(request)))
    return ask(request, form, Step(
        title="登记指标额度", button="登记", back=reverse("agency:balance"), done="额度已登记。",
        run=lambda given: service.set_quota(by=person(request), **given), verdict=may.can_set_quota(request.user),
        says=("同一区划、同一个月再次登记的，以后一次为准，两次都留痕。",),
    ))
