"""联合研判: a project's page, the department's scoring form, the chair's opinion, gaps, each step on a page."""

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

from packages import appraisal_data, appraisal_rule
from packages import pool_rules as may
from packages.appraisal_forms import CheckForm, ClaimForm, FilledForm, RoundForm, ScoreForm, SignForm, WhyForm
from packages.appraisal_states import Factor, Maturity
from packages.models import Appraisal, Gap, PoolEntry, ReviewTask
from packages.screens import appraisal as screen
from packages.services import appraisal_gaps as gaps
from packages.services import appraisal_rounds as rounds
from packages.services.appraisal_signing import sign_opinion
from packages.states import SessionKind
from packages.views.acting import Step, ask, attempt, status_of
from packages.views.fetching import person
from projects import timing
from projects.access import access_of
from projects.errors import Verdict
from projects.models import Project

Given = dict[str, Any]


def entry_or_404(request: HttpRequest, **key: int) -> PoolEntry:
    """An entry of a visible project, for the office."""
    found = PoolEntry.objects.visible_to(request.user)
    if not access_of(request.user).is_office:
        found = found.none()
    entry: PoolEntry = get_object_or_404(
        found.select_related("project__owner", "project__centre", "project__region", "merged_into", "entered_by"), **key
    )
    return entry


def round_or_404(request: HttpRequest, pk: int) -> Appraisal:
    """A round of a visible project, for the office."""
    found = Appraisal.objects.visible_to(request.user).select_related(
        "table", "entry", "session__project__owner", "session__project__centre", "session__lead"
    )
    row: Appraisal = get_object_or_404(found, pk=pk)
    row.entry.project = row.session.project
    return row


def score_task_or_404(request: HttpRequest, pk: int) -> ReviewTask:
    """A department's task in a round, for the office that may know of the project."""
    found = ReviewTask.objects.visible_to(request.user).filter(session__kind=SessionKind.APPRAISAL)
    related = ("session__project__owner", "session__project__centre", "session__lead", "organisation", "clock")
    task: ReviewTask = get_object_or_404(found.select_related(*related), pk=pk)
    return task


def gap_or_404(request: HttpRequest, pk: int) -> Gap:
    """A gap of a visible project, for the office."""
    seen = Project.objects.visible_to(request.user) if access_of(request.user).is_office else Project.objects.none()
    found = Gap.objects.filter(issue__project__in=seen).select_related(
        "issue__project__owner", "issue__project__centre", "issue__debtor_organisation", "issue__clock", "appraisal",
        "issue__closed_by", "claimed_by",
    )
    gap: Gap = get_object_or_404(found.prefetch_related(
        "issue__clock__pauses", "issue__evidence__version__document"
    ), pk=pk)
    return gap


@login_required
@require_safe
def appraisal(request: HttpRequest, pk: int) -> HttpResponse:
    """A project's appraisal."""
    entry = entry_or_404(request, project=pk)
    page = screen.appraisal_page(entry, person(request))
    return render(request, "packages/appraisal.html", {"page": page, "entry": entry, "project": entry.project})


# Rounds --------------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def open_round(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a round."""
    entry = entry_or_404(request, pk=pk)
    _, content = appraisal_data.content_now()
    days, _ = appraisal_rule.term(content, "score", timing.today())
    return ask(request, RoundForm(request.POST or None), Step(
        title="提请复评" if entry.appraised_at else "发起联合研判", button="发起并通知各部门",
        back=reverse("packages:appraisal", args=[entry.project_id]), verdict=may.can_open_round(request.user, entry),
        run=lambda given: rounds.open_round(pk, by=person(request), note=given["note"]),
        done=f"研判已发起，各部门 {days} 个工作日内评分。",
        says=(
            f"{entry.project.name}（{entry.project.code}）",
            f"五项要素由各自的部门评分，{days} 个工作日；不评的不推定，成熟度待定，页面写明在等谁。",
        ),
    ))


@login_required
@require_http_methods(["GET", "POST"])
def score(request: HttpRequest, pk: int) -> HttpResponse:
    """The department's scoring form."""
    task = score_task_or_404(request, pk)
    page = screen.score_page(task)
    verdict = may.can_score(request.user, task)
    held = screen.held_documents(task.session.project, person(request)) if verdict else []
    form = ScoreForm(
        request.POST or None, request.FILES or None, factors=page.open_factors, documents=held
    )
    if request.method == "POST" and form.is_valid():
        made = attempt(form, rounds.score_factors, pk, by=person(request), scores=form.scores())
        if made is not None:
            messages.success(request, "评分已提交：" + "，".join(str(row) for row in made) + "。")
            return redirect("packages:appraisal", task.session.project_id)
    status = status_of(form)
    context = {"form": form, "page": page, "task": task, "project": task.session.project, "verdict": verdict}
    return render(request, "packages/appraisal_score.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """The chair signs the opinion of a round."""
    found = round_or_404(request, pk)
    page = screen.appraisal_page(found.entry, person(request))
    disputed = [
        (factor, "，".join(f"{row.organisation.label}评 {row.level}" for row in rows))
        for factor, rows in appraisal_data.disputed([bar.standing for bar in page.bars]).items()
    ]
    machine = found.machine or page.derived.maturity
    form = SignForm(
        request.POST or None, machine=machine, disputed=disputed,
        questions=appraisal_rule.questions(found.table.content, timing.today()), initial={"text": _draft(page)},
    )
    return ask(request, form, Step(
        title="签署联合研判意见", button="签署并出具意见书",
        back=reverse("packages:appraisal", args=[found.session.project_id]), verdict=may.can_sign(request.user, found),
        run=lambda _: sign_opinion(pk, by=person(request), conclusion=form.conclusion()),
        done="研判意见已签署，意见书、责任清单和评价卡已出具。",
        beside={"page": page, "project": found.session.project, "machine_word": Maturity(machine).label},
    ), "packages/appraisal_sign.html")


def _draft(page: screen.AppraisalPage) -> str:
    """A first wording from what the departments have said."""
    short = [bar.name for bar in page.bars if bar.standing.level is not None and bar.standing.level < bar.target]
    if page.silent:
        names = "、".join(f"{bar.standing.organisation.label}（{bar.name}）" for bar in page.silent)
        return f"{names}逾期未评，转入下一轮补评；其余要素按评分结论办理。"
    if short:
        return f"{'、'.join(short)}尚未达到成熟要求，由牵头部门按责任清单补齐，补齐一项复评一次。"
    return "五项要素均已达到要求，转联合会商。"


# Gaps ----------------------------------------------------------------------------------------------------------------


@login_required
@require_safe
def gap(request: HttpRequest, pk: int) -> HttpResponse:
    """One gap."""
    found = gap_or_404(request, pk)
    [row] = screen.gap_rows([found], person(request))
    return render(request, "packages/gap.html", {"row": row, "gap": found, "project": found.issue.project})


def _gap_step(
    request: HttpRequest, found: Gap, form: forms.Form, verdict: Verdict, run: Callable[[Given], object], **words: Any
) -> HttpResponse:
    issue = found.issue
    says = (
        f"{issue.project.name}（{issue.project.code}）",
        f"{Factor(found.factor).label}现为 {found.level}，成熟要求 {found.target}。缺什么：{issue.what}",
        f"补齐动作：{issue.how_to_fix}", *words.pop("says", ()),
    )
    return ask(request, form, Step(
        back=reverse("packages:gap", args=[found.pk]), verdict=verdict, run=run, says=says, **words
    ))


@login_required
@require_http_methods(["GET", "POST"])
def gap_claim(request: HttpRequest, pk: int) -> HttpResponse:
    """The lead department takes a gap on."""
    found = gap_or_404(request, pk)
    form = ClaimForm(request.POST or None, initial={"responsible": found.responsible or person(request).name})
    return _gap_step(
        request, found, form, may.can_claim(request.user, found),
        lambda given: gaps.claim_gap(
            pk, by=person(request), responsible=given["responsible"], promised_on=given["promised_on"]
        ), title="认领缺口", button="认领", done="缺口已认领，按承诺完成日计时。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def gap_report(request: HttpRequest, pk: int) -> HttpResponse:
    """The lead department says that the gap is filled."""
    found = gap_or_404(request, pk)
    verdict = may.can_report(request.user, found)
    held = screen.held_documents(found.issue.project, person(request)) if verdict else []
    form = FilledForm(request.POST or None, request.FILES or None, documents=held)
    return _gap_step(
        request, found, form, verdict,
        lambda given: gaps.report_gap(pk, by=person(request), answer=given["answer"], evidence=form.evidence()),
        title="报告缺口补齐", button="报告补齐", done="已报告，等项目推进中心核实。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def gap_check(request: HttpRequest, pk: int) -> HttpResponse:
    """The convener checks it."""
    found = gap_or_404(request, pk)
    return _gap_step(
        request, found, CheckForm(request.POST or None), may.can_check_gap(request.user, found),
        lambda given: gaps.check_gap(pk, by=person(request), passed=given["passed"] == "yes", reason=given["reason"]),
        title="核实缺口", button="提交核实结果", done="核实结果已登记；补齐的自动复评。",
        says=(f"{found.issue.debtor_organisation.label}报告：{found.issue.answer}",) if found.issue.answer else (),
    )


@login_required
@require_http_methods(["GET", "POST"])
def gap_give_up(request: HttpRequest, pk: int) -> HttpResponse:
    """The chair accepts that a gap cannot be filled."""
    found = gap_or_404(request, pk)
    return _gap_step(
        request, found, WhyForm(request.POST or None), may.can_give_up(request.user, found),
        lambda given: gaps.give_up_gap(pk, by=person(request), reason=given["reason"]),
        title="认定无法补齐", button="认定无法补齐", done="已认定无法补齐，要素水平不变。", danger=True,
    )
