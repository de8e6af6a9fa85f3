"""水电气通联合报装: the form, the page, and each step on a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import utility_rules as may
from packages.models import UtilityLine, UtilityRequest
from packages.screens import utilities as screen
from packages.services import utilities as service
from packages.services import utility_works
from packages.utility_forms import (
    AnswerForm,
    AppointForm,
    ConfirmForm,
    NeedsForm,
    NothingForm,
    OnForm,
    ReasonForm,
    SurveyForm,
)
from packages.utility_states import TONES as UTILITY_TONES
from packages.utility_states import LineState
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.fetching import person, project_or_404
from projects import timing
from projects.errors import Verdict
from projects.forms import back_entry_form, moment_of

Given = dict[str, Any]


def request_or_404(request: HttpRequest, pk: int) -> UtilityRequest:
    """A joint application of a visible project."""
    found: UtilityRequest = get_object_or_404(
        UtilityRequest.objects.visible_to(request.user).select_related(
            "project__owner", "project__centre", "clock", "case__matter", "opened_by", "accepted_by"
        ), pk=pk,
    )
    return found


def line_or_404(request: HttpRequest, pk: int) -> UtilityLine:
    """A line of a joint application of a visible project."""
    found: UtilityLine = get_object_or_404(
        UtilityLine.objects.visible_to(request.user).select_related(
            "request__project__owner", "request__project__centre", "body"
        ).prefetch_related("items"), pk=pk,
    )
    return found


@login_required
@require_safe
def line_list(request: HttpRequest) -> HttpResponse:
    """What is open at the utilities of the asker, or in all visible projects."""
    page = screen.open_lines(person(request), request.GET.get("after", ""), request.GET.get("before", ""))
    return render(request, "packages/utility_lines.html", {"page": page, "tones": UTILITY_TONES})


@login_required
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest, pk: int) -> HttpResponse:
    """One form for all utilities."""
    project = project_or_404(request, pk)
    form = NeedsForm(
        request.POST or None, day=timing.today(), initial={"site": project.address, "kind": request.GET.get("kind")}
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = attempt(
            form, service.register_request, pk, by=person(request), needs=form.needs(), site=given["site"],
            kind=given["kind"], wanted_on=given["wanted_on"], note=given["note"],
        )
        if made is not None:
            messages.success(request, f"已登记 {made.number}，等窗口受理。")
            return redirect("packages:utilities", made.pk)
    status = status_of(form)
    context = {"form": form, "project": project, "verdict": may.can_register(request.user, project)}
    return render(request, "packages/utility_new.html", context, status=status)


@login_required
@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of a joint application."""
    page = screen.utility_page(request_or_404(request, pk), person(request))
    context = {"page": page, "joint": page.request, "project": page.request.project}
    return render(request, "packages/utilities.html", context)


def _step(
    request: HttpRequest, found: UtilityRequest, form: forms.Form, verdict: Verdict, run: Callable[[Given], object],
    **words: Any,
) -> HttpResponse:
    says = (f"{found.project.name}（{found.project.code}）联合报装 {found.number}", *words.pop("says", ()))
    back = reverse("packages:utilities", args=[found.pk])
    return ask(request, form, Step(back=back, verdict=verdict, run=run, says=says, may_be_late=True, **words))


@login_required
@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept for all utilities at once."""
    found = request_or_404(request, pk)
    names = "、".join(f"{line.name} {line.need}" for line in found.lines.all())
    return _step(
        request, found, NothingForm(request.POST or None), may.can_accept_utilities(request.user, found),
        lambda given: service.accept_request(pk, by=person(request), at=given["at"]),
        title="受理联合报装", button="受理全部并出回执",
        done="已受理，受理回执已出具，各公用企业可以看到。",
        says=(f"一次受理：{names}。", "受理后各项分别计时，一项不影响其他项。"),
    )


@login_required
@require_http_methods(["GET", "POST"])
def appoint(request: HttpRequest, pk: int) -> HttpResponse:
    """Fix the day of the one survey."""
    found = request_or_404(request, pk)
    form = AppointForm(request.POST or None, initial={"place": found.survey_place or found.site})
    return _step(
        request, found, form, may.can_lead(request.user, found),
        lambda given: service.appoint_survey(
            pk, by=person(request), on=given["on"], place=given["place"], at=given["at"]
        ),
        title="约定联合踏勘", button="约定并通知", done="踏勘日期已约定。",
        says=("各公用企业和建设单位一次到场，不分头踏勘。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def survey(request: HttpRequest, pk: int) -> HttpResponse:
    """Record the survey."""
    found = request_or_404(request, pk)
    lines = list(found.lines.filter(state__in=[LineState.ACCEPTED, LineState.SURVEY]).select_related("body"))
    form = SurveyForm(request.POST or None, lines=lines, initial={"on": found.survey_on or timing.today()})
    return _step(
        request, found, form, may.can_lead(request.user, found),
        lambda given: service.record_survey(
            pk, by=person(request), on=given["on"], note=given["note"], seen=form.seen(), at=given["at"]
        ),
        title="登记联合踏勘", button="登记踏勘结果", done="踏勘结果已登记，等各公用企业答复方案。",
        says=("缺席的单位照样在时限内答复，记录在案。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the one reply."""
    found = request_or_404(request, pk)
    lines = list(found.lines.all())
    ready = "、".join(line.name for line in lines if line.state == LineState.ANSWERING and line.answered_at)
    late = "、".join(line.name for line in lines if line.is_before_reply and line.answered_at is None)
    return _step(
        request, found, NothingForm(request.POST or None), may.can_lead(request.user, found),
        lambda given: service.send_reply(pk, by=person(request), at=given["at"]),
        title="发出一次答复", button="出具接入方案及报价书",
        done="答复已发出，等企业确认。",
        says=(f"本次发出：{ready or '无'}。", f"尚未答复：{late}，答复后补充发出，不影响其他项。" if late else ""),
    )


# Lines ---------------------------------------------------------------------------------------------------------------


def _line_step(
    request: HttpRequest, line: UtilityLine, form: forms.Form, verdict: Verdict, run: Callable[[Given], object],
    **words: Any,
) -> HttpResponse:
    told = f"{line.name}：{line.need}，{line.body.label}，现在是“{line.get_state_display()}”。"
    says = (told, *words.pop("says", ()))
    return _step(request, line.request, form, verdict, run, says=says, **words)


@login_required
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The utility writes scheme and quote."""
    line = line_or_404(request, pk)
    initial: Given = {
        "access_point": line.access_point, "scheme": line.scheme, "owner_works": line.owner_works,
        "outside": "yes" if line.has_outside_works else "no",
    }
    for row, item in enumerate(line.items.all(), 1):
        initial |= {f"name_{row}": item.name, f"side_{row}": item.side, f"quantity_{row}": item.quantity,
                    f"unit_{row}": item.unit, f"price_{row}": item.unit_price}
    form = AnswerForm(request.POST or None, initial=initial)
    late = back_entry_form(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid() and (late is None or late.is_valid()):
        given = form.cleaned_data
        if attempt(
            form, service.answer_line, pk, by=person(request), access_point=given["access_point"],
            scheme=given["scheme"], items=form.items(), has_outside_works=given["outside"] == "yes",
            owner_works=given["owner_works"], at=moment_of(late),
        ) is not None:
            messages.success(request, f"{line.name}方案和报价已拟定，随一次答复发出。")
            return redirect("packages:utilities", line.request_id)
    status = status_of(form)
    context = {"form": form, "line": line, "project": line.request.project,
               "verdict": may.can_answer_line(request.user, line), "late": late}
    return render(request, "packages/utility_answer.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner agrees to scheme and quote, or not."""
    line = line_or_404(request, pk)
    form = ConfirmForm(request.POST or None)
    step = Step(
        title=f"确认{line.name}方案和报价", button="提交意见",
        back=reverse("packages:utilities", args=[line.request_id]),
        done="已提交，方案和报价按您的意见办理。", verdict=may.can_confirm(request.user, line), seg="agrees",
        run=lambda given: service.confirm_quote(
            pk, by=person(request), agrees=given["agrees"] == "yes", note=given["note"]
        ),
        says=("您确认前不施工、不收费；确认期间不计入公用企业时限。",),
        beside={"line": line, "project": line.request.project},
    )
    return ask(request, form, step, "packages/utility_confirm.html")


@login_required
@require_http_methods(["GET", "POST"])
def own_works(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner reports that its own works are done."""
    line = line_or_404(request, pk)
    return _line_step(
        request, line, OnForm(request.POST or None), may.can_report_own_works(request.user, line),
        lambda given: utility_works.report_own_works(pk, by=person(request), on=given["on"], at=given["at"]),
        title=f"报告{line.name}自建完成", button="报告完成", done="已报告，公用企业恢复计时。",
        says=(f"红线内自建：{line.owner_works}",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def works(request: HttpRequest, pk: int) -> HttpResponse:
    """The utility reports that the works outside are done."""
    line = line_or_404(request, pk)
    return _line_step(
        request, line, OnForm(request.POST or None), may.can_finish_works(request.user, line),
        lambda given: utility_works.finish_works(pk, by=person(request), on=given["on"], at=given["at"]),
        title=f"登记{line.name}外线完工", button="登记完工", done="外线完工已登记。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def fix(request: HttpRequest, pk: int) -> HttpResponse:
    """Fix the day of the connection."""
    line = line_or_404(request, pk)
    return _line_step(
        request, line, OnForm(request.POST or None), may.can_fix_connection(request.user, line),
        lambda given: utility_works.fix_connection(pk, by=person(request), on=given["on"], at=given["at"]),
        title=f"约定{line.name}接入", button="约定接入日", done="接入日期已约定。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def connect(request: HttpRequest, pk: int) -> HttpResponse:
    """It flows."""
    line = line_or_404(request, pk)
    return _line_step(
        request, line, OnForm(request.POST or None), may.can_connect(request.user, line),
        lambda given: utility_works.confirm_connected(pk, by=person(request), on=given["on"], at=given["at"]),
        title=f"确认{line.name}接通", button="确认接通并出单", done="已接通，接入确认单已出具。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """One utility leaves, the others go on."""
    line = line_or_404(request, pk)
    return _line_step(
        request, line, ReasonForm(request.POST or None), may.can_leave(request.user, line),
        lambda given: utility_works.leave_line(pk, by=person(request), reason=given["reason"], at=given["at"]),
        title=f"{line.name}退出联合报装", button="退出这一项", done="这一项已退出，其他项照常办理。", danger=True,
        says=("只退出这一项，其他项不受影响；以后需要时可以重新登记。",),
    )
