"""项目池: the list, the board, entering, duplicates, resting and leaving; the list of gaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages import pool_rules as may
from packages.appraisal_forms import EnterForm, PairForm, WhyForm
from packages.appraisal_states import Grade, Maturity
from packages.models import DuplicatePair, PoolEntry
from packages.screens import pool as screen
from packages.services import appraisal_pool as service
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.appraisal import entry_or_404
from packages.views.fetching import person, project_or_404
from projects.access import access_of
from projects.errors import Verdict
from projects.exports import FORMATS, file_response
from projects.models import Project


@login_required
@require_safe
def pool(request: HttpRequest) -> HttpResponseBase:
    """The pool as a list, or as a file."""
    user = person(request)
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(screen.pool_table(user, request.GET.dict()), ending)
    page = screen.pool_page(user, request.GET.dict())
    context = {"page": page, "maturities": Maturity.choices, "grades": Grade.choices}
    return render(request, "packages/pool.html", context)


@login_required
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """The pool by maturity and grade."""
    return render(request, "packages/pool_board.html", {"page": screen.board_page(person(request))})


@login_required
@require_safe
def gap_list(request: HttpRequest) -> HttpResponseBase:
    """The gaps: a department's own, or all of visible projects."""
    user = person(request)
    if (ending := request.GET.get("export", "")) in FORMATS:
        return file_response(screen.gap_table(user, request.GET.dict()), ending)
    return render(request, "packages/gaps.html", {"page": screen.gap_page(user, request.GET.dict())})


@login_required
@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter a project in the pool."""
    project = project_or_404(request, pk)
    user = person(request)
    names = [body.name for body in access_of(user).organisations]
    old = PoolEntry.objects.filter(project=project).first()
    initial = {"proposer": names[0] if names else ""}
    if old is not None:
        initial |= {name: getattr(old, name) for name in EnterForm.base_fields}
    form = EnterForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        entry = attempt(form, service.enter_pool, pk, by=user, card=form.card())
        if entry is not None:
            alike = "发现疑似重复项目，等认定。" if entry.state == "entered" else "等待联合研判。"
            messages.success(request, f"项目已入库，{alike}")
            office = access_of(user).is_office
            return redirect("packages:appraisal" if office else "projects:detail", pk)
    status = status_of(form)
    context = {"form": form, "project": project, "verdict": may.can_enter(user, project)}
    return render(request, "packages/pool_enter.html", context, status=status)


def pair_or_404(request: HttpRequest, pk: int) -> DuplicatePair:
    """A pair of which the asker sees both projects, for the office."""
    seen = Project.objects.visible_to(request.user) if access_of(request.user).is_office else Project.objects.none()
    found = DuplicatePair.objects.filter(first__in=seen, second__in=seen)
    pair: DuplicatePair = get_object_or_404(found.select_related(
        "first__owner", "second__owner", "first__centre", "second__centre", "first__pool_entry", "second__pool_entry",
    ), pk=pk)
    return pair


@login_required
@require_http_methods(["GET", "POST"])
def pair(request: HttpRequest, pk: int) -> HttpResponse:
    """Two projects side by side: a person decides."""
    found = pair_or_404(request, pk)
    form = PairForm(
        request.POST or None, first=(found.first_id, found.first.name), second=(found.second_id, found.second.name)
    )

    def decide(given: dict[str, Any]) -> object:
        if given["outcome"] == "distinct":
            return service.keep_apart(pk, by=person(request), reason=given["reason"])
        return service.merge_pair(pk, by=person(request), keep=int(given["outcome"]), reason=given["reason"])

    return ask(request, form, Step(
        title="认定疑似重复项目", button="提交认定", back=reverse("packages:appraisal", args=[found.second_id]),
        verdict=may.can_keep_apart(request.user, found), run=decide, done="认定已记录在两个项目中。",
        says=("系统只提示，不自动合并；合并后另一个项目终结，历史保留。合并由代办调度或中心主任办理。",),
        beside={"pair": found, "sides": (found.first, found.second)},
    ), "packages/pool_pair.html")


def _step(
    request: HttpRequest, entry: PoolEntry, verdict: Verdict, run: Callable[..., object], **words: Any
) -> HttpResponse:
    return ask(request, WhyForm(request.POST or None), Step(
        back=reverse("packages:appraisal", args=[entry.project_id]), verdict=verdict,
        run=lambda given: run(entry.pk, by=person(request), reason=given["reason"]),
        says=(
            f"{entry.project.name}（{entry.project.code}），现在是“{entry.get_state_display()}”。",
            *words.pop("says", ()),
        ), **words,
    ))


@login_required
@require_http_methods(["GET", "POST"])
def rest(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave a project alone for a while."""
    entry = entry_or_404(request, pk=pk)
    return _step(
        request, entry, may.can_steer(request.user, entry), service.rest_entry, title="暂缓研判", button="暂缓",
        done="已暂缓，暂缓期间不复评。", says=("正在进行的一轮研判随之终止，已有评分保留。",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def take_up(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a project that rests."""
    entry = entry_or_404(request, pk=pk)
    return _step(
        request, entry, may.can_take_up(request.user, entry), service.take_up_entry, title="恢复研判", button="恢复",
        done="已恢复，等待发起研判。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def drop(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a project out of the pool."""
    entry = entry_or_404(request, pk=pk)
    return _step(
        request, entry, may.can_drop(request.user, entry), service.drop_entry, title="退库", button="退库",
        done="项目已退库，需要时可以重新入库。", danger=True, says=("项目本身不终止，只退出项目池；历史保留。",),
    )
