"""An agent's own page, the board and calendar, one order with its steps and its log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency import desk_forms as shown
from agency import desk_queries as queries
from agency import desk_rules as may
from agency.desk_states import MarkKind
from agency.models import OrderLog, WorkOrder
from agency.services import escalating, order_log, order_paper, orders
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.fetching import person
from projects import timing
from projects.errors import DomainError, NotAllowed, Verdict, require
from projects.forms import BackEntryForm, moment_of
from projects.going_back import back_to
from projects.models import Organisation
from projects.quoting import quoted

Given = dict[str, Any]


def order_or_404(request: HttpRequest, pk: int) -> WorkOrder:
    """An order of a visible project, for the office."""
    found = WorkOrder.objects.visible_to(request.user).select_related(
        "project__owner",
        "project__centre",
        "agent__user",
        "case__matter",
        "case__lead",
        "waits_body",
        "clock",
        "agreement",
    )
    order: WorkOrder = get_object_or_404(found, pk=pk)
    return order


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Show an agent what to accept, what to do today, what waits, what to sign."""
    return render(request, "agency/mine.html", {"mine": queries.mine(person(request))})


@login_required
@require_POST
def take_all(request: HttpRequest) -> HttpResponse:
    """Accept everything that is offered."""
    taken = orders.take_all(by=person(request))
    messages.success(request, f"已接 {len(taken)} 张工单。" if taken else "没有待接的工单。")
    return redirect("agency:mine")


@login_required
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Show the open orders as a board by state or as a calendar of the next ten working days."""
    require(may.can_see_desk, request.user, None)
    filters = request.GET.dict()
    user = person(request)
    context: dict[str, Any] = {
        "view": "calendar" if filters.get("view") == "calendar" else "board",
        "filters": filters,
        "people": queries.people(user),
        "marks": MarkKind.choices,
        "is_agent": bool(may.acting_for(user)),
        "late": queries.late_count(user, filters),
    }
    if context["view"] == "calendar":
        context["days"] = queries.calendar(user, filters)
    else:
        context["columns"] = queries.board(user, filters)
    return render(request, "agency/board.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one order; POST writes a line of its log."""
    row = order_or_404(request, pk)
    form = shown.LogForm(request.POST or None, begins="log" in request.GET)
    late = BackEntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and late.is_valid():
        said = form.cleaned_data | {"at": moment_of(late)}
        line = attempt(form, order_log.write_log, row.pk, by=person(request), **said)
        if line is not None:
            messages.success(request, f"已记：{line}。下次核查{timing.spoken(line.next_check)}。")
            return redirect(back_to(request, reverse("agency:order", args=[row.pk])))
    context = {"page": queries.order_page(row, person(request)), "order": row, "project": row.project, "form": form}
    context["late"] = late
    status = status_of(form)
    return render(request, "agency/order.html", context, status=status)


def _press(request: HttpRequest, pk: int, act: Callable[..., WorkOrder], words: str) -> HttpResponse:
    """Carry out a step that asks nothing."""
    row = order_or_404(request, pk)
    try:
        done = act(row.pk, by=person(request))
    except NotAllowed:
        raise
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(
            request, f"{quoted(done.title)}{words if done.close_reason == '' else done.close_reason + '，已关闭'}。"
        )
    return redirect(back_to(request, reverse("agency:order", args=[row.pk])))


@login_required
@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept an order."""
    return _press(request, pk, orders.take_order, "已接")


@login_required
@require_POST
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """Issue the order as a numbered paper and show it."""
    row = order_or_404(request, pk)
    issued = order_paper.issue_sheet(row.pk, by=person(request))
    return redirect("archives:paper", issued.pk)


@login_required
@require_POST
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin, or go on."""
    return _press(request, pk, orders.start_order, "办理中")


def _step(
    request: HttpRequest,
    row: WorkOrder,
    form: forms.Form,
    verdict: Verdict,
    run: Callable[[Given], object],
    **words: Any,
) -> HttpResponse:
    back = reverse("agency:order", args=[row.pk])
    told = f"{row.project.name}，工单{quoted(row.title)}现在是“{row.get_state_display()}”。"
    return ask(
        request, form, Step(back=back, verdict=verdict, run=run, **{**words, "says": (told, *words.get("says", ()))})
    )


@login_required
@require_http_methods(["GET", "POST"])
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Say why one cannot take it; it goes to the next."""
    row = order_or_404(request, pk)
    return _step(
        request,
        row,
        shown.ReasonForm(request.POST or None),
        may.can_take(request.user, row),
        lambda given: orders.refuse_order(row.pk, by=person(request), reason=given["reason"]),
        title="不能接这张工单",
        button="转给下一人",
        done="已转给下一人。",
        says=("写明理由，系统按指派规则派给下一人。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def give(request: HttpRequest, pk: int) -> HttpResponse:
    """The desk gives an order that waits to somebody."""
    row = order_or_404(request, pk)
    form = shown.GiveForm(request.POST or None, people=queries.people(person(request)))
    return _step(
        request,
        row,
        form,
        may.can_give(request.user, row),
        lambda given: orders.give_order(
            row.pk, agent_id=int(given["agent"]), by=person(request), reason=given["reason"]
        ),
        title="派单",
        button="派给此人",
        done="已派单。",
        says=("接单时限重新起算。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def wait(request: HttpRequest, pk: int) -> HttpResponse:
    """Say on whom it waits and for what."""
    row = order_or_404(request, pk)

    def run(given: Given) -> object:
        body = Organisation.objects.get(pk=given["body"]) if given["body"] else None
        return orders.wait_for(row.pk, by=person(request), what=given["what"], body=body)

    return _step(
        request,
        row,
        shown.WaitForm(request.POST or None),
        may.can_work(request.user, row),
        run,
        title="等企业、等部门",
        button="记下在等谁",
        done="已记下在等谁。",
        says=("项目页和提醒里会说在等谁、等什么。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def finish(request: HttpRequest, pk: int) -> HttpResponse:
    """End it well."""
    row = order_or_404(request, pk)
    return _step(
        request,
        row,
        shown.NoteForm(request.POST or None),
        may.can_finish(request.user, row),
        lambda given: orders.finish_order(row.pk, by=person(request), note=given["note"], at=given["at"]),
        may_be_late=True,
        title="工单已完成",
        button="确认完成",
        done="工单已完成。",
        says=("系统里办结的事项会自动完成；这里用于在别处办完的事。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close it with the reason."""
    row = order_or_404(request, pk)
    return _step(
        request,
        row,
        shown.ReasonForm(request.POST or None),
        may.can_close(request.user, row),
        lambda given: orders.close_order(row.pk, by=person(request), reason=given["reason"]),
        title="关闭工单",
        button="关闭",
        done="工单已关闭。",
        danger=True,
        says=("关闭不影响办件本身。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def escalate(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it one step up."""
    row = order_or_404(request, pk)
    level, early = escalating.next_level(row)
    why_not = early or escalating.too_high(person(request), row, level)
    form = shown.EscalateForm(request.POST or None, chooses=level == 1)

    def run(given: Given) -> object:
        body = Organisation.objects.get(pk=given["body"]) if given.get("body") else None
        return escalating.escalate(
            row.pk, by=person(request), question=given["question"], tried=given["tried"], body=body
        )

    verdict = may.can_escalate(request.user, row)
    name = escalating.level_words(level)
    return _step(
        request,
        row,
        form,
        Verdict(ok=False, reason=why_not) if why_not and verdict else verdict,
        run,
        title=f"升级到{name}",
        button="升级",
        done=f"已升级到{name}。",
        says=("能在本级解决的不得上推。写明已经怎么办过，答复单位写明决定、落实人和日期。",),
    )


@login_required
@require_POST
def kept(request: HttpRequest, pk: int) -> HttpResponse:
    """A promise was kept."""
    visible = WorkOrder.objects.visible_to(request.user)
    line = get_object_or_404(OrderLog.objects.filter(order__in=visible), pk=pk)
    order_log.keep_promise(line.pk, by=person(request))
    messages.success(request, f"{line.who}承诺的“{line.promise}”已兑现。")
    return redirect(back_to(request, reverse("agency:order", args=[line.order_id])))
