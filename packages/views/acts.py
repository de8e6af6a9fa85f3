"""Steps on a case beside intake and decision: withdrawal, special procedure, extension, delivery, revocation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from packages import act_forms, rules
from packages.screens import acting as screens
from packages.services import delivering, ending, extending, revoking, special, withdrawing
from packages.verdict_words import words_of
from packages.views.acting import Step, ask
from packages.views.fetching import case_or_404, extension_or_404, person, procedure_or_404, withdrawal_or_404


def _page(pk: int) -> str:
    return reverse("packages:case", args=[pk])


# Withdrawal --------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner asks to withdraw; the window enters the owner's written request and confirms it at once (撤件)."""
    case, user = case_or_404(request, pk), person(request)
    if rules.is_owner(user, case.project):
        return ask(request, act_forms.WithdrawForm(request.POST or None), Step(
            title=f"申请撤件：{case.matter.name}", button="提交撤件申请", back=_page(pk), case=case, danger=True,
            verdict=screens.may_ask_to_withdraw(user, case), done="撤件申请已提交，等待窗口或部门确认。",
            run=lambda given: withdrawing.request_withdrawal(pk, by=user, reason=given["reason"]),
            says=(
                "确认后时限停止，材料仍在档案里，重新申报时自动带入。确认前办理照常进行。", *screens.tacit_kept(case),
            ),
        ))
    asked = withdrawing.open_withdrawal(case) is not None
    return ask(request, act_forms.WrittenWithdrawForm(request.POST or None, request.FILES or None, asked=asked), Step(
        title=f"撤件：{case.matter.name}", button="确认撤件", back=_page(pk), case=case, danger=True,
        verdict=rules.can_withdraw(user, case), done="已撤件，时限停止，撤件确认书已出具。",
        run=lambda given: withdrawing.withdraw_case(pk, by=user, **given), may_be_late=True,
        says=("按建设单位的书面申请办理。撤件后时限停止，材料仍在档案里，可以重新申报。", *screens.tacit_kept(case)),
    ))


@login_required
@require_POST
def withdrawal_take(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a request to withdraw in hand (已接收)."""
    row = withdrawal_or_404(request, pk)
    withdrawing.take_withdrawal(pk, by=person(request))
    messages.success(request, "撤件申请已接收，请答复。")
    return redirect("packages:withdrawal", pk=row.pk)


@login_required
@require_http_methods(["GET", "POST"])
def withdrawal(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm or refuse a request to withdraw."""
    row = withdrawal_or_404(request, pk)
    step = Step(
        title=f"答复撤件申请：{row.case.matter.name}", button="提交答复", back=_page(row.case_id), case=row.case,
        seg="granted", verdict=screens.may_answer(person(request), row), done=screens.answered_words,
        run=lambda given: withdrawing.answer_withdrawal(
            pk, by=person(request), granted=given["granted"] == "yes", note=given["note"], at=given["at"]
        ),
        may_be_late=True,
        says=(f"{row.requested_by}申请撤件，原因：{row.reason}", *screens.tacit_words(row.case)),
        beside={"withdrawal": row},
    )
    return ask(request, act_forms.AnswerWithdrawalForm(request.POST or None), step, "packages/withdrawal.html")


# Ending by the department --------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def recall(request: HttpRequest, pk: int) -> HttpResponse:
    """The lead department takes back its step (撤回)."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"部门撤回：{case.matter.name}", button="确认撤回", case=case, danger=True, back=_page(pk),
        verdict=rules.can_recall(request.user, case), done="已撤回，时限停止，撤回说明已出具。",
        run=lambda given: ending.recall_case(pk, by=person(request), **given), may_be_late=True,
        says=("部门收回本次办理，不是建设单位撤件。撤回后时限停止，事项可以重新申报。理由写进撤回说明，申请人会看到。",),
    )
    return ask(request, act_forms.RecallForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def overdue(request: HttpRequest, pk: int) -> HttpResponse:
    """A correction never came: recall or refuse, by the department's choice."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"逾期未补正：{case.matter.name}", button="确认处理", case=case, danger=True, seg="choice",
        back=_page(pk),
        verdict=screens.may_close_overdue(person(request), case), done="已处理，文书已出具。",
        run=lambda given: ending.close_overdue(
            pk, by=person(request), choice=given["choice"], reason=given["reason"], at=given["at"]
        ),
        may_be_late=True,
    )
    return ask(request, act_forms.OverdueForm(request.POST or None, words=words_of(case.matter)), step)


# Special procedure -------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def special_start(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a special procedure; the clock runs until somebody else approves."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"申请特别程序：{case.matter.name}", button="提交批准", case=case, back=_page(pk),
        verdict=rules.can_start_special(request.user, case), done="已提交，等首席代表批准；批准后时限才暂停。",
        run=lambda given: special.request_special(pk, by=person(request), **given), may_be_late=True,
        says=screens.special_words(case),
    )
    return ask(request, act_forms.SpecialStartForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def special_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """The head approves what another asked for, or does not."""
    row = procedure_or_404(request, pk)

    def run(given: dict[str, Any]) -> object:
        if given["approved"] == "yes":
            return special.approve_special(pk, by=person(request), at=given["at"])
        return special.refuse_special(pk, by=person(request), reason=given["reason"], at=given["at"])

    step = Step(
        title=f"批准特别程序：{row.case.matter.name}", button="提交", case=row.case, seg="approved",
        back=_page(row.case_id), verdict=screens.may_approve_special(person(request), row), run=run,
        done=screens.answered_special, says=screens.procedure_words(row), may_be_late=True,
    )
    return ask(request, act_forms.ApproveForm(request.POST or None), step)


@login_required
@require_http_methods(["GET", "POST"])
def special_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a special procedure with its result; the clock runs again."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"结束特别程序：{case.matter.name}", button="结束，时限恢复", case=case, back=_page(pk),
        verdict=rules.can_end_special(request.user, case), done="特别程序已结束，时限恢复计算。",
        run=lambda given: special.end_special(pk, by=person(request), **given), may_be_late=True,
    )
    return ask(request, act_forms.SpecialEndForm(request.POST or None, request.FILES or None), step)


# Extension -----------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def extend(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for more time (行政许可法 42)."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"申请延长办理期限：{case.matter.name}", button="提交批准", case=case, back=_page(pk),
        verdict=rules.can_request_extension(request.user, case), done="已提交，等批准；批准前期限不变。",
        run=lambda given: extending.request_extension(pk, by=person(request), **given), may_be_late=True,
        says=("一个办件只能延长一次，须在期限届满前批准；理由会书面告知申请人（行政许可法第四十二条）。",),
    )
    return ask(request, act_forms.ExtendForm(request.POST or None, most=extending.longest_days(case)), step)


@login_required
@require_http_methods(["GET", "POST"])
def extension_approve(request: HttpRequest, pk: int) -> HttpResponse:
    """The head approves an extension, or does not."""
    row = extension_or_404(request, pk)

    def run(given: dict[str, Any]) -> object:
        if given["approved"] == "yes":
            approval = given.get("approval", "")
            return extending.approve_extension(pk, by=person(request), approval=approval, at=given["at"])
        return extending.refuse_extension(pk, by=person(request), reason=given["reason"], at=given["at"])

    step = Step(
        title=f"批准延长：{row.case.matter.name}", button="提交", case=row.case, seg="approved",
        back=_page(row.case_id),
        verdict=screens.may_approve_extension(person(request), row), done=screens.answered_extension, run=run,
        says=(f"{row.requested_by}申请延长 {row.days} 个工作日，理由：{row.reason}",), may_be_late=True,
    )
    return ask(request, act_forms.ApproveExtensionForm(request.POST or None, is_joint=row.is_joint), step)


# After the decision --------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def deliver(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand out what was granted: at the window, by post, as a download (送达)."""
    case, user = case_or_404(request, pk), person(request)
    word, button = ("领取", "确认领取") if screens.is_fetched(user, case) else ("送达", "登记送达")
    step = Step(
        title=f"{word}：{case.matter.name}", button=button, case=case, seg="way", back=_page(pk),
        verdict=lambda: screens.may_deliver(user, case), done=f"已{button.removeprefix('确认')}，领证回执已出具。",
        run=lambda given: delivering.deliver_case(pk, by=user, **given), may_be_late=True,
        says=lambda: screens.delivery_words(case),
    )
    return ask(request, act_forms.DeliverForm(request.POST or None, ways=screens.ways_of(user, case)), step)


@login_required
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a decision away (撤销)."""
    case = case_or_404(request, pk)
    step = Step(
        title=f"撤销决定：{case.matter.name}", button="确认撤销", case=case, danger=True, seg="hearing", back=_page(pk),
        verdict=rules.can_revoke(request.user, case), done="决定已撤销，撤销决定书已出具。",
        run=lambda given: revoking.revoke_case(
            pk, by=person(request), reason=given["reason"], basis=given["basis"], is_heard=given["hearing"] == "yes",
            hearing_note=given["hearing_note"], at=given["at"],
        ),
        may_be_late=True,
        says=lambda: tuple(screens.revoke_says(case)),
    )
    return ask(request, act_forms.RevokeForm(request.POST or None), step)


# Second notices ------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def notices_again(request: HttpRequest) -> HttpResponse:
    """The second notices that this person may see, booked to who gave them (再次告知)."""
    page = screens.notices_again(person(request), request.GET)
    return render(request, "packages/notices_again.html", {"page": page})
