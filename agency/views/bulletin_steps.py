"""Steps of a bulletin: opened, frozen, drafted, checked, signed, corrected; its problems worded and closed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST

from agency import bulletin_rules as may
from agency.bulletin_forms import ErratumForm, MonthForm, NoteForm, OutcomeForm, ProblemForm, ReasonForm
from agency.models import Bulletin, BulletinProblem
from agency.services import bulletin_problems as wording
from agency.services import bulletins as services
from agency.views.bulletins import bulletin_or_404
from packages.views.acting import Step, ask
from packages.views.fetching import person
from projects.errors import Verdict, require
from projects.models import Organisation
from projects.states import OrganisationKind


def _given(request: HttpRequest) -> Any:
    """Return what was posted, also where the form has no field."""
    return request.POST if request.method == "POST" else None


@login_required
@require_POST
def open_month(request: HttpRequest) -> HttpResponse:
    """Begin the bulletins of a month and show the first."""
    form = MonthForm(request.POST)
    if not form.is_valid():
        raise Http404
    centre = get_object_or_404(Organisation, pk=form.cleaned_data["centre"], kind=OrganisationKind.BUREAU)
    month = {name: form.cleaned_data[name] for name in ("year", "month")}
    opened = [services.open_bulletin(centre, **month, series=series, by=person(request)) for series in form.wanted]
    return redirect("agency:bulletin", opened[0].pk)


def _step(  # noqa: PLR0913 - what a step is: who may, what runs, which form, three texts
    request: HttpRequest,
    found: Bulletin,
    rule: Callable[[Any, Any], Verdict],
    run: Callable[[dict[str, Any]], object],
    form: forms.Form,
    *,
    title: str,
    says: tuple[str, ...],
    done: str,
    danger: bool = False,
    on: Any = None,
) -> HttpResponse:
    """Ask on a page of its own, which works without scripts; POST carries it out."""
    if request.method == "GET" or not form.is_valid():
        require(rule, request.user, on or found)
    back = reverse("agency:bulletin", args=[found.pk])
    step = Step(title, title, run, back, done, verdict=rule(request.user, on or found), says=says, danger=danger)
    return ask(request, form, step)


@login_required
@require_http_methods(["GET", "POST"])
def freeze(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze the figures of a month that is over."""
    found = bulletin_or_404(request, pk)
    return _step(
        request,
        found,
        may.can_freeze,
        lambda _: services.freeze(pk, by=person(request)),
        forms.Form(_given(request)),
        title="冻结数据",
        done="数据已冻结。",
        says=("冻结后所有数字和所计的清单都存下来，以后不再变；有错只能另出更正版。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def send_to_check(request: HttpRequest, pk: int) -> HttpResponse:
    """起草送核."""
    found = bulletin_or_404(request, pk)
    return _step(
        request,
        found,
        may.can_send_to_check,
        lambda _: services.send_to_check(pk, by=person(request)),
        forms.Form(_given(request)),
        title="送核",
        done="已送核，等另一人核对。",
        says=("典型问题写全原因和整改措施后送核；核对人不能是您本人。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """核对."""
    found = bulletin_or_404(request, pk)
    proof = reverse("agency:bulletin_proof", args=[pk])
    return _step(
        request,
        found,
        may.can_check,
        lambda given: services.confirm(pk, by=person(request), note=given["note"]),
        NoteForm(_given(request)),
        title="核对无误",
        done="已核对，等主任签发。",
        says=(
            format_html('请先<a href="{}">重新计算并核对</a>，看数字与事件是否一致，再读一遍典型问题。', proof),
            "核对之后由另一位负责人签发，核对人不能签发。",
        ),
    )


@login_required
@require_http_methods(["GET", "POST"])
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """退回起草."""
    found = bulletin_or_404(request, pk)
    return _step(
        request,
        found,
        may.can_send_back,
        lambda given: services.send_back(pk, by=person(request), note=given["note"]),
        ReasonForm(_given(request)),
        title="退回起草",
        done="已退回，改好文字后再送核。",
        says=("退回只改文字，数字不变；数字有误请出更正版。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """签发."""
    found = bulletin_or_404(request, pk)
    return _step(
        request,
        found,
        may.can_publish,
        lambda _: services.publish(pk, by=person(request)),
        forms.Form(_given(request)),
        title="签发并发布",
        done="通报已签发，文书已编号。",
        says=("签发后审批侧看到全文，企业和公众只看到公开摘要，任何人都看不到未经授权的办件。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """更正: open the next version."""
    found = bulletin_or_404(request, pk)
    return _step(
        request,
        found,
        may.can_correct,
        lambda given: services.correct(pk, by=person(request), **given),
        ErratumForm(_given(request)),
        title="出更正版",
        done="更正版已开始采集，核对后签发；原版保留。",
        danger=True,
        says=("已冻结的数字不能改，只能出新版；新版发布后原版标为已更正，两版都保留。",),
    )


# Problems -------------------------------------------------------------------------------------------------------------


def _problem(request: HttpRequest, pk: int) -> BulletinProblem:
    found: BulletinProblem = get_object_or_404(
        BulletinProblem.objects.select_related("bulletin__centre", "owner").filter(
            bulletin__in=Bulletin.objects.visible_to(request.user)
        ),
        pk=pk,
    )
    if not may.can_see_bulletins(request.user):  # who reads the summary only does not learn which problems there are
        raise Http404
    return found


def _can_draft(user: Any, problem: BulletinProblem) -> Verdict:
    """Whoever may draft its bulletin."""
    return may.can_draft(user, problem.bulletin)


@login_required
@require_http_methods(["GET", "POST"])
def problem(request: HttpRequest, pk: int) -> HttpResponse:
    """Word a typical problem."""
    found = _problem(request, pk)
    told = {name: getattr(found, name) for name in ("what", "cause", "fix", "due_on")}
    act = partial(wording.word_problem, pk, by=person(request))
    return _step(
        request,
        found.bulletin,
        _can_draft,
        lambda given: act(**given),
        ProblemForm(_given(request), initial=told),
        title="保存典型问题",
        done="已保存。",
        on=found,
        says=(f"责任单位：{found.owner.label}。问题、原因、措施、责任、期限写全，不写项目和企业的名称。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def drop_problem(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave a proposed problem out."""
    found = _problem(request, pk)

    def act(_: dict[str, Any]) -> bool:
        wording.drop_problem(pk, by=person(request))
        return True

    return _step(
        request,
        found.bulletin,
        _can_draft,
        act,
        forms.Form(_given(request)),
        title="不列这个问题",
        done="已去掉。",
        says=(found.what,),
        on=found,
        danger=True,
    )


@login_required
@require_http_methods(["GET", "POST"])
def close_problem(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm that a problem was mended."""
    found = _problem(request, pk)
    return _step(
        request,
        found.bulletin,
        may.can_close_problem,
        lambda given: wording.close_problem(pk, by=person(request), outcome=given["outcome"]),
        OutcomeForm(_given(request)),
        title="核实销号",
        done="已销号，下期通报写明。",
        says=(found.what,),
        on=found,
    )
