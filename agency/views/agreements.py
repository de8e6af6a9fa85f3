"""代办 of one project: agreement, card, marks, accompanied walks and their tickets."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency import desk_forms as shown
from agency import desk_project
from agency import desk_queries as queries
from agency import desk_rules as may
from agency.models import Accompaniment, Agreement
from agency.services import accompanying, agreements
from packages.models import MatterCase
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.fetching import person, project_or_404
from projects.access import access_of
from projects.errors import DomainError, NotAllowed, require
from projects.going_back import back_to
from projects.models import IssueItem

Given = dict[str, Any]
PAGE = 20


def _agreement(request: HttpRequest, pk: int) -> Agreement:
    found = Agreement.objects.visible_to(request.user).select_related("project__owner", "project__centre", "paper")
    row: Agreement = get_object_or_404(found, pk=pk)
    return row


@login_required
@require_safe
def project_desk(request: HttpRequest, pk: int) -> HttpResponse:
    """Show 代办 of a project to its owner and to the office."""
    project = project_or_404(request, pk)
    desk = desk_project.project_desk(project, person(request))
    live = desk.live
    context = {
        "project": project,
        "desk": desk,
        "live": live,
        "duties": agreements.DUTIES,
        "powers": desk_project.power_words(live) if live else [],
        "can_ask": may.can_ask(request.user, project),
        "can_offer": may.can_offer(request.user, project),
        "can_mark": may.can_mark(request.user, project),
        "can_sign": may.can_sign(request.user, live) if live else None,
        "can_decline": may.can_decline(request.user, live) if live else None,
        "can_end": may.can_end(request.user, live) if live else None,
        "can_accompany": may.can_accompany(request.user, project),
        "enterprise": access_of(request.user).is_enterprise,
    }
    return render(request, "agency/project.html", context)


@login_required
@require_safe
def contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the card 服务专员联络卡: whom to call, to be printed or kept on the telephone."""
    project = project_or_404(request, pk)
    desk = desk_project.project_desk(project, person(request))
    return render(request, "agency/contact.html", {"project": project, "desk": desk})


@login_required
@require_http_methods(["GET", "POST"])
def ask_for_agent(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner asks for 代办."""
    project = project_or_404(request, pk)
    form = shown.AskForm(request.POST or None, initial={"contact": str(request.user)})
    return ask(
        request,
        form,
        Step(
            title="申请代办",
            button="申请",
            back=reverse("agency:project", args=[project.pk]),
            done="已申请，服务专员会拟好协议请您签。",
            verdict=may.can_ask(request.user, project),
            says=(f"{project.name}。代办合法、自愿、无偿，可以随时终止。", "承诺书仍由贵单位自己签。"),
            run=lambda given: agreements.ask_for_agent(
                project.pk, by=person(request), contact=given["contact"], wish=given["wish"]
            ),
        ),
    )


@login_required
@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest, pk: int) -> HttpResponse:
    """Draw the agreement up."""
    project = project_or_404(request, pk)
    asked = Agreement.objects.live().filter(project=project).first()
    form = shown.OfferForm(
        request.POST or None,
        matters=agreements.open_matters(project),
        initial={"contact": asked.contact if asked else ""},
    )
    wish = (f"申请说明：{asked.wish}",) if asked and asked.wish else ()
    return ask(
        request,
        form,
        Step(
            title="拟定代办委托协议",
            button="请建设单位签订",
            back=reverse("agency:project", args=[project.pk]),
            done="协议已请建设单位签订。",
            verdict=may.can_offer(request.user, project),
            says=(f"{project.name}，{project.owner}。代办不收费，建设单位可随时终止。", *wish),
            run=lambda given: agreements.offer_agreement(project.pk, by=person(request), **given),
        ),
    )


def _decide(request: HttpRequest, row: Agreement, form: forms.Form, **words: Any) -> HttpResponse:
    return ask(request, form, Step(back=reverse("agency:project", args=[row.project_id]), **words))


@login_required
@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner reads the agreement and signs."""
    row = _agreement(request, pk)
    names = "、".join(name for _, name in row.matters)
    return _decide(
        request,
        row,
        forms.Form(request.POST if request.method == "POST" else None),
        title="签订代办委托协议",
        button="签订",
        done="协议已签订，服务专员开始代办。",
        verdict=may.can_sign(request.user, row),
        says=(
            f"{row.project.name}：委托 {len(row.matters)} 个事项，列在最后。",
            f"委托权限：{'、'.join(desk_project.power_words(row))}。",
            f"期限：自签订之日起，{row.term}，可随时终止。",
            *agreements.DUTIES,
            f"委托事项（{len(row.matters)} 个）：{names}。",
        ),
        run=lambda _: agreements.sign_agreement(row.pk, by=person(request)),
    )


@login_required
@require_http_methods(["GET", "POST"])
def decline(request: HttpRequest, pk: int) -> HttpResponse:
    """It is not signed."""
    row = _agreement(request, pk)
    return _decide(
        request,
        row,
        shown.MayReasonForm(request.POST or None),
        title="不签协议",
        button="不签",
        done="已记为不签，以后可以再申请。",
        verdict=may.can_decline(request.user, row),
        says=("不签协议不影响办事；项目长和服务专员照样提供咨询（帮办）。",),
        run=lambda given: agreements.decline_agreement(row.pk, by=person(request), reason=given["reason"]),
    )


@login_required
@require_http_methods(["GET", "POST"])
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner ends it."""
    row = _agreement(request, pk)
    return _decide(
        request,
        row,
        shown.MayReasonForm(request.POST or None),
        title="终止代办委托",
        button="终止委托",
        danger=True,
        done="委托已终止，未办完的工单已关闭。",
        verdict=may.can_end(request.user, row),
        says=(
            "随时可以终止，不收费，不须说明理由。",
            "已办事项的结果继续有效；没办完的由贵单位自己办，或另行申请代办。",
        ),
        run=lambda given: agreements.end_agreement(row.pk, by=person(request), reason=given["reason"]),
    )


@login_required
@require_POST
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Set or clear 盯、关、跟."""
    project = project_or_404(request, pk)
    form = shown.MarkForm(request.POST)
    if form.is_valid():
        try:
            accompanying.toggle_mark(project.pk, by=person(request), **form.cleaned_data)
        except NotAllowed:
            raise
        except DomainError as error:
            messages.error(request, error.message)
    return redirect(back_to(request, reverse("agency:project", args=[project.pk])))


# 陪办 -------------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def accompany(request: HttpRequest, pk: int) -> HttpResponse:
    """Write an accompanied walk down."""
    project = project_or_404(request, pk)
    require(may.can_accompany, request.user, project)
    cases = MatterCase.objects.filter(project=project).select_related("matter").order_by("package_row__order", "pk")
    form = shown.WalkForm(request.POST or None, cases=list(cases), initial={"form_key": uuid.uuid4().hex})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        said = {name: given[name] for name in ("on", "official", "post", "walked", "good", "form_key")}
        case_id = int(given["case"]) if given["case"] else None
        row = attempt(
            form, accompanying.write_accompaniment, project.pk,
            by=person(request), case_id=case_id, frictions=form.frictions(), **said,
        )
        if row is not None:
            messages.success(request, "陪办记录已存，堵点已转责任单位。")
            return redirect("agency:walk", row.pk)
    context = {"project": project, "form": form, "verdict": may.can_accompany(request.user, project)}
    return render(request, "agency/accompany.html", context, status=status_of(form))


@login_required
@require_safe
def walk(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an accompanied walk with its friction points."""
    found = Accompaniment.objects.visible_to(request.user).select_related(
        "project__owner", "case__matter", "by", "paper"
    )
    row = get_object_or_404(found, pk=pk)
    points = (
        queries.frictions(person(request))
        .filter(subject_type=Accompaniment._meta.label, subject_key=str(row.pk))
        .order_by("pk")
    )
    return render(request, "agency/walk.html", {"row": row, "project": row.project, "points": list(points)})


@login_required
@require_safe
def frictions(request: HttpRequest) -> HttpResponse:
    """List the friction points: what is open, what is gone."""
    require(may.can_see_desk, request.user, None)
    rows = queries.frictions(person(request))
    counts = queries.friction_counts(rows)
    which = "gone" if request.GET.get("state") == "gone" else "open"
    chosen = rows.filter(state="verified") if which == "gone" else rows.exclude(state__in=["verified", "waived"])
    page = Paginator(chosen, PAGE).get_page(request.GET.get("page"))
    lines = [
        (issue, may.can_answer_friction(request.user, issue), may.can_check_friction(request.user, issue))
        for issue in page.object_list
    ]
    return render(request, "agency/frictions.html", {"page": page, "lines": lines, "counts": counts, "which": which})


def _friction(request: HttpRequest, pk: int) -> IssueItem:
    issue: IssueItem = get_object_or_404(queries.frictions(person(request)), pk=pk)
    return issue


@login_required
@require_http_methods(["GET", "POST"])
def friction_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The body says what it has changed."""
    issue = _friction(request, pk)
    return ask(
        request,
        shown.AnswerForm(request.POST or None),
        Step(
            title="堵点整改",
            button="提交复核",
            back=reverse("agency:frictions"),
            done="已提交复核。",
            verdict=may.can_answer_friction(request.user, issue),
            says=(f"{issue.project.name}：{issue.what}", f"希望：{issue.how_to_fix}"),
            run=lambda given: accompanying.answer_friction(issue.pk, by=person(request), answer=given["answer"]),
        ),
    )


@login_required
@require_http_methods(["GET", "POST"])
def friction_check(request: HttpRequest, pk: int) -> HttpResponse:
    """The desk looks whether it is gone."""
    issue = _friction(request, pk)
    return ask(
        request,
        shown.CheckForm(request.POST or None),
        Step(
            title="堵点复核",
            button="提交",
            back=reverse("agency:frictions"),
            done="复核已记。",
            seg="gone",
            verdict=may.can_check_friction(request.user, issue),
            says=(f"{issue.what}", f"整改：{issue.answer or '—'}"),
            run=lambda given: accompanying.check_friction(
                issue.pk, by=person(request), gone=given["gone"] == "yes", reason=given["reason"]
            ),
        ),
    )
