"""The register of agents, their leave, hand-over packs, and how they are doing."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency import desk_forms as shown
from agency import desk_queries as queries
from agency import desk_rules as may
from agency import evaluation_page
from agency.models import Agent, AgentLeave, HandOver
from agency.services import evaluating, handing_over, leaves
from agency.services.agents import eligible, save_agent
from packages.models import PackageVersion
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.fetching import person
from projects import timing
from projects.access import access_of
from projects.errors import require
from projects.models import Project, Region
from projects.paging import as_day
from projects.states import Role


def _agent(request: HttpRequest, pk: int) -> Agent:
    """An agent for the desk, or for himself."""
    found = Agent.objects.select_related("user").prefetch_related("regions", "conflicts")
    agent: Agent = get_object_or_404(found, pk=pk)
    if not (may.can_keep_agents(request.user) or agent.user_id == request.user.pk):
        raise Http404
    return agent


def _others(request: HttpRequest, agent: Agent) -> list[Agent]:
    """The agents of the asker's centres and regions who may take over something that one has in hand."""
    near = may.serving(request.user, *may.DESK, Role.AGENT)
    found = Agent.objects.filter(near, user__is_active=True, is_on_duty=True).exclude(pk=agent.pk)
    return handing_over.takers(agent, found.select_related("user").order_by("pk"))


def _packages() -> list[tuple[str, str]]:
    return list(PackageVersion.objects.published().order_by("package__order").values_list("package__code", "name"))


def _regions(request: HttpRequest) -> object:
    """The regions of the asker's centres, with those above and below them."""
    codes = {body.region.code for body in access_of(request.user).organisations if body.region}
    prefix = {code[:4] for code in codes}
    found = Region.objects.none()
    for start in prefix:
        found = found | Region.objects.filter(code__startswith=start) | Region.objects.filter(code=f"{start[:2]}0000")
    return found.order_by("code")


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Enter somebody as an agent."""
    require(may.can_keep_agents, request.user, None)
    people = eligible(person(request))
    form = shown.AgentForm(request.POST or None, packages=_packages(), regions=_regions(request), people=people)
    if request.method == "POST" and people and form.is_valid():
        agent = attempt(form, save_agent, int(form.cleaned_data["user"]), form.entry(), by=person(request))
        if agent is not None:
            messages.success(request, f"{agent.user}已登记为代办人员。")
            return redirect("agency:agent", agent.pk)
    return render(request, "agency/agent_new.html", {"form": form, "people": people}, status=status_of(form))


def _entry_of(row: Agent) -> dict[str, object]:
    """What the form of an agent shows at first."""
    return {
        "regions": [region.pk for region in row.regions.all()],
        "specialties": row.specialties,
        "duty_days": [str(day) for day in row.duty_days],
        "load_cap": row.load_cap,
        "can_lead": row.can_lead,
        "can_serve": row.can_serve,
        "is_on_duty": row.is_on_duty,
        "conflicts": "\n".join(body.name for body in row.conflicts.all()),
    }


@login_required
@require_http_methods(["GET", "POST"])
def agent(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an agent with his leave, load and orders; POST changes what is kept of him."""
    row = _agent(request, pk)
    form = shown.AgentForm(
        request.POST or None, packages=_packages(), regions=_regions(request), initial=_entry_of(row)
    )
    if request.method == "POST" and form.is_valid():
        kept = attempt(form, save_agent, row.user_id, form.entry(), by=person(request))
        if kept is not None:
            messages.success(request, f"{kept.user}的登记已更新。")
            return redirect("agency:agent", row.pk)
    load, number = queries.load_of(row)
    context = {
        "agent": row,
        "form": form,
        "keeps": may.can_keep_agents(request.user, row),
        "leaves": queries.leaves_of(row),
        "load": load,
        "number": number,
        "away": queries.away_words(row),
        "can_hand_over": may.can_hand_over(request.user, row),
        "today": timing.today(),
    }
    return render(request, "agency/agent.html", context, status=status_of(form))


@login_required
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Enter a leave with its cover."""
    row = _agent(request, pk)
    return ask(
        request,
        shown.LeaveForm(request.POST or None, people=_others(request, row)),
        Step(
            title=f"{row.user}请假",
            button="登记请假",
            back=reverse("agency:agent", args=[row.pk]),
            done="请假已登记。",
            verdict=may.can_keep_agents(request.user, row),
            says=("请假期间不再建议此人。选了代班人员的，逐个项目生成交接单请代班人员签收。",),
            run=lambda given: leaves.enter_leave(
                row.pk,
                since=given["since"],
                until=given["until"],
                reason=given["reason"],
                by=person(request),
                cover_id=int(given["cover"]) if given["cover"] else None,
            ),
        ),
    )


@login_required
@require_POST
def leave_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Back early."""
    row = get_object_or_404(AgentLeave.objects.select_related("agent__user"), pk=pk)
    leaves.cancel_leave(row.pk, by=person(request))
    messages.success(request, "已销假。")
    return redirect("agency:agent", row.agent_id)


@login_required
@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw up the sheets for whoever takes over."""
    row = _agent(request, pk)
    parts = handing_over.parts_of(row)
    names = dict(Project.objects.filter(pk__in=[project for project, _ in parts]).values_list("pk", "name"))
    projects = [(project, names[project]) for project, _ in parts]
    form = shown.PackForm(request.POST or None, people=_others(request, row), projects=projects)
    return ask(
        request,
        form,
        Step(
            title=f"{row.user}的工作交接",
            button="生成交接单",
            back=reverse("agency:agent", args=[row.pk]),
            done="交接单已生成，等接收人签收。",
            verdict=may.can_hand_over(request.user, row),
            says=("一个项目一张：到哪一步、答应过什么、找谁、接下来三件事。接收人签收后身份和工单一并转过去。",),
            run=lambda given: handing_over.prepare_pack(
                row.pk, to_id=int(given["to"]), by=person(request), reason=given["reason"],
                projects=[int(pk) for pk in given["projects"]],
            ),
        ),
    )


@login_required
@require_http_methods(["GET", "POST"])
def pack(request: HttpRequest, pack: str) -> HttpResponse:
    """Show a pack of sheets, one page per project; POST signs all that wait for the asker."""
    sheets = queries.pack_sheets(pack, person(request))
    if not sheets:
        raise Http404
    if request.method == "POST":
        signed = handing_over.sign_pack(pack, by=person(request))
        messages.success(request, f"已签收 {len(signed)} 个项目。" if signed else "没有待签收的交接单。")
        return redirect("agency:pack", pack)
    waiting = [sheet for sheet in sheets if may.can_sign_hand_over(request.user, sheet)]
    context = {"pack": pack, "sheets": sheets, "first": sheets[0], "waiting": waiting}
    return render(request, "agency/pack.html", context)


@login_required
@require_POST
def sheet_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a sheet back."""
    row = get_object_or_404(HandOver.objects.visible_to(request.user), pk=pk)
    handing_over.cancel_sheet(row.pk, by=person(request))
    messages.success(request, "交接单已作废。")
    return redirect("agency:pack", row.pack)


@login_required
@require_safe
def evaluation(request: HttpRequest) -> HttpResponse:
    """Show how the agents are doing over a span of days, set against projects of the same grade."""
    require(may.can_see_evaluation, request.user, None)
    today = timing.today()
    end = as_day(request.GET.get("end")) or today
    start = as_day(request.GET.get("start")) or end - dt.timedelta(days=90)
    rows = queries.evaluated(evaluating.evaluate(start, end), person(request))
    context = {
        "rows": rows, "start": start, "end": end, "few": queries.few(),
        "counted": evaluation_page.counted(rows, request.GET.dict()),
    }
    return render(request, "agency/evaluation.html", context)
