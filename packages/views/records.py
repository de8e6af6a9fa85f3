"""Tender records, services of intermediaries, fees: each step on a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import utility_rules as may
from packages.models import Fee, IntermediaryService, MatterCase, TenderRecord
from packages.screens import utilities as screen
from packages.services import fees as fee_service
from packages.services import intermediary
from packages.services import tender as tender_service
from packages.utility_forms import (
    AgainForm,
    AssessForm,
    CheckForm,
    CompanyForm,
    ContractForm,
    DisputeForm,
    FeeForm,
    NoteForm,
    NothingForm,
    PaidForm,
    ReasonForm,
    ReportForm,
    StepForm,
)
from packages.views.acting import Step, ask
from packages.views.fetching import case_or_404, person, project_or_404
from projects import timing
from projects.errors import Verdict
from projects.models import Project
from projects.quoting import quoted

Given = dict[str, Any]
_CASE = ("case__matter__matter", "case__lead", "project__owner", "project__centre")


def tender_or_404(request: HttpRequest, pk: int) -> TenderRecord:
    """A tender record of a visible project."""
    found: TenderRecord = get_object_or_404(
        TenderRecord.objects.visible_to(request.user).select_related(*_CASE), pk=pk
    )
    found.case.project = found.project
    return found


def service_or_404(request: HttpRequest, pk: int) -> IntermediaryService:
    """A service of a visible project."""
    found: IntermediaryService = get_object_or_404(
        IntermediaryService.objects.visible_to(request.user).select_related(
            *_CASE, "clock", "contract__document", "result__document"
        ), pk=pk,
    )
    found.case.project = found.project
    return found


def fee_or_404(request: HttpRequest, pk: int) -> Fee:
    """A fee of a visible project."""
    found: Fee = get_object_or_404(
        Fee.objects.visible_to(request.user).select_related("project__owner", "project__centre", "payee"), pk=pk
    )
    return found


def _ask(
    request: HttpRequest, project: Project, form: forms.Form, verdict: Verdict, run: Callable[[Given], object], *,
    back: str, **words: Any,
) -> HttpResponse:
    says = (f"{project.name}（{project.code}）", *words.pop("says", ()))
    return ask(request, form, Step(back=back, verdict=verdict, run=run, says=says, **words))


def _form(kind: Callable[..., forms.Form], request: HttpRequest, **options: Any) -> forms.Form:
    return kind(request.POST or None, files=request.FILES or None, **options)


# Tender --------------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def tender_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Open the record of a tender."""
    case = case_or_404(request, pk)
    return _opened(request, case, tender_service.open_tender, word="招标过程", says=(
        "只登记过程、期限和公示，招标活动在公共资源交易平台进行。",
    ))


def _opened(
    request: HttpRequest, case: MatterCase, run: Callable[..., object], *, word: str, says: tuple[str, ...]
) -> HttpResponse:
    return _ask(
        request, case.project, _form(NothingForm, request), may.can_open_record(request.user, case),
        lambda _: run(case.pk, by=person(request)), back=reverse("packages:case", args=[case.pk]),
        title=f"登记{word}：{case.matter.name}", button=f"开始登记{word}", done=f"{word}已建立。", says=says,
    )


@login_required
@require_safe
def tender(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a tender record."""
    found = tender_or_404(request, pk)
    page = screen.tender_page(found, person(request))
    return render(request, "packages/tender.html", {"page": page, "tender": found, "project": found.project})


def _tender_step(
    request: HttpRequest, found: TenderRecord, form: forms.Form, run: Callable[[Given], object], **words: Any
) -> HttpResponse:
    verdict = words.pop("verdict") if "verdict" in words else may.can_step(request.user, found)
    return _ask(
        request, found.project, form, verdict, run,
        back=reverse("packages:tender", args=[found.pk]), **words,
    )


@login_required
@require_http_methods(["GET", "POST"])
def tender_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the next step."""
    found = tender_or_404(request, pk)
    coming = tender_service.next_of(list(found.steps.all()))
    name, code = (coming.step.name, coming.step.code) if coming else ("没有下一步", "")
    early = f"最早{timing.written(coming.earliest)}。" if coming and coming.earliest else ""
    needs = "须附佐证。" if coming and coming.step.needs_evidence else ""
    return _tender_step(
        request, found, _form(StepForm, request), lambda given: tender_service.record_step(
            pk, by=person(request), code=code, on=given["on"], evidence=given["evidence"], note=given["note"],
            link=given["link"],
        ), title=f"登记：{name}", button="登记这一步", done=f"{quoted(name)}已登记。", says=(early + needs,),
        verdict=screen.may_step(person(request), found, coming), may_have_to_wait=True,
    )


@login_required
@require_http_methods(["GET", "POST"])
def tender_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin again from an earlier step."""
    return _tender_step(
        request, tender_or_404(request, pk), _form(AgainForm, request), lambda given: tender_service.begin_again(
            pk, by=person(request), why=given["why"], note=given["note"]
        ), title="重新进行", button="退回并记录", done="已退回，之前的日期保留在经过里。", danger=True,
    )


@login_required
@require_http_methods(["GET", "POST"])
def tender_dispute(request: HttpRequest, pk: int) -> HttpResponse:
    """An objection or a complaint."""
    return _tender_step(
        request, tender_or_404(request, pk), _form(DisputeForm, request), lambda given: tender_service.dispute(
            pk, by=person(request), what=given["what"], on=given["on"]
        ), title="登记异议、投诉", button="登记并暂停", done="已登记，招标暂停。", danger=True,
    )


@login_required
@require_http_methods(["GET", "POST"])
def tender_dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """The complaint was not right."""
    return _tender_step(
        request, tender_or_404(request, pk), _form(NoteForm, request), lambda given: tender_service.dismiss_dispute(
            pk, by=person(request), note=given["note"]
        ), title="异议、投诉不成立", button="继续招标", done="招标继续。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def tender_end(request: HttpRequest, pk: int) -> HttpResponse:
    """It is not held any more."""
    return _tender_step(
        request, tender_or_404(request, pk), _form(ReasonForm, request), lambda given: tender_service.end_tender(
            pk, by=person(request), reason=given["reason"]
        ), title="终止招标", button="终止", done="招标记录已终止，事项仍待办理。", danger=True,
    )


# Intermediary --------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def service_open(request: HttpRequest, pk: int) -> HttpResponse:
    """Open the record of a service."""
    case = case_or_404(request, pk)
    return _opened(request, case, intermediary.open_service, word="中介服务", says=(
        "中介由建设单位自行选取，不指定机构；中介时间单独计算，不计入审批时限。",
    ))


@login_required
@require_safe
def service(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a service."""
    found = service_or_404(request, pk)
    page = screen.service_page(found, person(request))
    return render(request, "packages/service.html", {"page": page, "service": found, "project": found.project})


def _service_step(
    request: HttpRequest, pk: int, kind: Callable[..., forms.Form], run: Callable[[Given], object], **words: Any
) -> HttpResponse:
    found = service_or_404(request, pk)
    rule = may.can_finish_service if words.pop("finishes", False) else may.can_tend_service
    company = f"，{found.company}" if found.company else ""
    return _ask(
        request, found.project, _form(kind, request), rule(request.user, found), run,
        back=reverse("packages:service", args=[pk]),
        says=(f"{found.case.matter.name}{company}，现在是“{found.get_state_display()}”。",), **words,
    )


@login_required
@require_http_methods(["GET", "POST"])
def service_select(request: HttpRequest, pk: int) -> HttpResponse:
    """Which intermediary was chosen."""
    return _service_step(request, pk, CompanyForm, lambda given: intermediary.select_company(
        pk, by=person(request), **given
    ), title="登记选取结果", button="登记", done="选取结果已登记。", seg="mode")


@login_required
@require_http_methods(["GET", "POST"])
def service_contract(request: HttpRequest, pk: int) -> HttpResponse:
    """The contract."""
    return _service_step(request, pk, ContractForm, lambda given: intermediary.sign_contract(
        pk, by=person(request), **given
    ), title="登记合同", button="登记合同，开始计时", done="合同已登记，中介开始计时。")


@login_required
@require_http_methods(["GET", "POST"])
def service_deliver(request: HttpRequest, pk: int) -> HttpResponse:
    """The report."""
    return _service_step(request, pk, ReportForm, lambda given: intermediary.deliver_report(
        pk, by=person(request), **given
    ), title="登记成果", button="归档成果", done="成果已归档，等确认。")


@login_required
@require_http_methods(["GET", "POST"])
def service_return(request: HttpRequest, pk: int) -> HttpResponse:
    """The report does not do."""
    return _service_step(request, pk, ReasonForm, lambda given: intermediary.return_report(
        pk, by=person(request), **given
    ), title="退回成果", button="退回", done="成果已退回，中介恢复计时。", danger=True)


@login_required
@require_http_methods(["GET", "POST"])
def service_finish(request: HttpRequest, pk: int) -> HttpResponse:
    """The report is taken, the matter closed."""
    return _service_step(request, pk, NothingForm, lambda _: intermediary.finish_service(
        pk, by=person(request)
    ), title="确认成果，办结事项", button="确认并办结", done="成果已确认，事项按外部办理办结。", finishes=True)


@login_required
@require_http_methods(["GET", "POST"])
def service_end(request: HttpRequest, pk: int) -> HttpResponse:
    """The service is broken off."""
    return _service_step(request, pk, ReasonForm, lambda given: intermediary.end_service(
        pk, by=person(request), **given
    ), title="中止中介服务", button="中止", done="已中止，可以重新选取。", danger=True)


# Fees ----------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def fees(request: HttpRequest, pk: int) -> HttpResponse:
    """The list of fees of a project."""
    project = project_or_404(request, pk)
    page = screen.fees_page(project, person(request))
    return render(request, "packages/fees.html", {"page": page, "project": project})


def _project_step(
    request: HttpRequest, pk: int, form: forms.Form, run: Callable[[Given], object], **words: Any
) -> HttpResponse:
    project = project_or_404(request, pk)
    return _ask(
        request, project, form, may.can_keep_fees(request.user, project), run,
        back=reverse("packages:fees", args=[pk]), **words,
    )


@login_required
@require_http_methods(["GET", "POST"])
def fees_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Put the fees of the plan on the list."""
    return _project_step(request, pk, _form(NothingForm, request), lambda _: fee_service.list_fees(
        pk, by=person(request)
    ), title="按计划列出收费", button="列入清单", done="计划中的收费已列入清单。", says=("已列入的不重复列。",))


@login_required
@require_http_methods(["GET", "POST"])
def fee_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a fee."""
    return _project_step(request, pk, _form(FeeForm, request), lambda given: fee_service.add_fee(
        pk, by=person(request), **given
    ), title="登记收费", button="列入清单", done="已列入清单。", says=(fee_service.FREE,))


@login_required
@require_http_methods(["GET", "POST"])
def fee_sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the pay sheet."""
    return _project_step(request, pk, _form(NothingForm, request), lambda _: fee_service.issue_sheet(
        pk, by=person(request)
    ), title="开具缴费单", button="开具", done="缴费单已开具。", says=(
        "汇总全部待缴费用，一张单。审批服务中心不代收，代办不收费。",
    ))


def _fee_step(
    request: HttpRequest, found: Fee, kind: Callable[..., forms.Form], verdict: Verdict,
    run: Callable[[Given], object], **words: Any,
) -> HttpResponse:
    amount = f"{found.amount:,} 元" if found.amount is not None else "金额待核定"
    return _ask(
        request, found.project, _form(kind, request), verdict, run,
        back=reverse("packages:fees", args=[found.project_id]),
        says=(f"{found.name}：{amount}，{found.payee.label}，现在是“{found.get_state_display()}”。",), **words,
    )


@login_required
@require_http_methods(["GET", "POST"])
def fee_assess(request: HttpRequest, pk: int) -> HttpResponse:
    """Fix the amount."""
    found = fee_or_404(request, pk)
    return _fee_step(
        request, found, AssessForm, may.can_assess(request.user, found),
        lambda given: fee_service.assess_fee(pk, by=person(request), **given), title=f"核定：{found.name}",
        button="核定", done="金额已核定。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def fee_paid(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt."""
    found = fee_or_404(request, pk)
    return _fee_step(
        request, found, PaidForm, may.can_report_paid(request.user, found),
        lambda given: fee_service.report_paid(pk, by=person(request), **given), title=f"缴款凭证：{found.name}",
        button="提交凭证", done="凭证已归档。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def fee_check(request: HttpRequest, pk: int) -> HttpResponse:
    """Check the receipt."""
    found = fee_or_404(request, pk)
    return _fee_step(
        request, found, CheckForm, may.can_check_paid(request.user, found),
        lambda given: fee_service.check_paid(
            pk, by=person(request), holds=given["holds"] == "yes", reason=given["reason"]
        ), title=f"核对凭证：{found.name}", button="提交核对结果", done="核对结果已记录。", seg="holds",
    )


@login_required
@require_http_methods(["GET", "POST"])
def fee_waive(request: HttpRequest, pk: int) -> HttpResponse:
    """It need not be paid."""
    found = fee_or_404(request, pk)
    return _fee_step(
        request, found, ReasonForm, may.can_assess(request.user, found),
        lambda given: fee_service.waive_fee(pk, by=person(request), **given), title=f"免缴：{found.name}",
        button="免缴", done="已记为免缴。", danger=True,
    )
