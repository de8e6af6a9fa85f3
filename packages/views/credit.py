"""信用档案: enterprises with records, one archive, entries of the list and each of their steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages.credit_forms import ConductForm, DecideForm, ProposeForm, SearchForm, TextForm
from packages.screens import credit as screen
from packages.views.acting import Step, ask
from packages.views.fetching import person
from projects import credit_rules as may
from projects import timing
from projects.access import access_of
from projects.errors import Verdict
from projects.models import CreditListing, CreditRecord, Organisation
from projects.services import credit as service

Given = dict[str, Any]


def _body(request: HttpRequest, pk: int) -> Organisation:
    """An enterprise for the office, and for its own people."""
    access = access_of(request.user)
    found = get_object_or_404(Organisation.objects.filter(kind__in=screen.BODIES), pk=pk)
    if not access.is_office and pk not in access.organisation_ids:
        raise Http404
    return found


def _record(request: HttpRequest, pk: int) -> CreditRecord:
    found: CreditRecord = get_object_or_404(
        CreditRecord.objects.visible_to(request.user).select_related("organisation"), pk=pk
    )
    return found


def _listing(request: HttpRequest, pk: int) -> CreditListing:
    found: CreditListing = get_object_or_404(
        CreditListing.objects.visible_to(request.user).select_related(
            "organisation", "source", "record", "project", "decided_by", "proposed_by", "told_by"
        ), pk=pk,
    )
    return found


@login_required
@require_safe
def archives(request: HttpRequest) -> HttpResponse:
    """List the enterprises that have records, or find one."""
    form = SearchForm(request.GET)
    text = form.cleaned_data["q"].strip() if form.is_valid() else ""
    page = screen.archives(
        person(request), text=text, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    context = {"page": page, "form": form, "text": text, "work": screen.open_work(person(request))}
    return render(request, "packages/credit_archives.html", context)


@login_required
@require_safe
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the archive of one enterprise."""
    body = _body(request, pk)
    context = {"body": body, "page": screen.archive_page(body, person(request))}
    return render(request, "packages/credit_archive.html", context)


def _ask(
    request: HttpRequest, form: forms.Form, back: str, verdict: Verdict, run: Callable[[Given], object], **words: Any
) -> HttpResponse:
    return ask(request, form, Step(back=back, verdict=verdict, run=run, **words))


@login_required
@require_http_methods(["GET", "POST"])
def conduct(request: HttpRequest, pk: int) -> HttpResponse:
    """Record by hand what a department has found."""
    body = _body(request, pk)
    return _ask(
        request, ConductForm(request.POST or None, body=body), reverse("packages:credit", args=[pk]),
        may.can_record(request.user, body),
        lambda given: service.record_conduct(pk, by=person(request), **given),
        title=f"录入信用记录：{body.name}", button="录入", done="已记入信用档案，企业可以提出异议。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def contest(request: HttpRequest, pk: int) -> HttpResponse:
    """The enterprise objects to a record."""
    row = _record(request, pk)
    return _ask(
        request, TextForm(request.POST or None), reverse("packages:credit", args=[row.organisation_id]),
        may.can_contest(request.user, row),
        lambda given: service.contest_record(pk, by=person(request), objection=given["text"]),
        title="对信用记录提出异议", button="提出异议", done="异议已提出，核查期间该记录不计分。",
        says=(f"{row.name}（{timing.written(row.happened_on)}）：{row.detail}",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The head answers an objection, or takes a record out of the count."""
    row = _record(request, pk)
    form = DecideForm(request.POST or None, yes="记录成立", no="不计分（差错、代办责任）")
    return _ask(
        request, form, reverse("packages:credit", args=[row.organisation_id]), may.can_answer(request.user, row),
        lambda given: service.answer_record(
            pk, by=person(request), holds=given["choice"] == "yes", answer=given["note"]
        ),
        title="核查信用记录", button="提交", done="已处理。",
        says=(f"{row.name}：{row.detail}", f"异议：{row.objection or '—'}"),
    )


@login_required
@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose to list an enterprise for a record."""
    row = _record(request, pk)
    return _ask(
        request, ProposeForm(request.POST or None), reverse("packages:credit", args=[row.organisation_id]),
        may.can_propose(request.user, row),
        lambda given: service.propose_listing(pk, by=person(request), **given),
        title=f"提出列入失信名单：{row.organisation.name}", button="提出", danger=True,
        done="已提出，由首席代表审核后告知企业。",
        says=(
            f"{row.name}（{timing.written(row.happened_on)}）：{row.detail}",
            "列入前书面告知、听取陈述申辩，由中心主任决定。",
        ),
    )


@login_required
@require_safe
def listing(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one entry of the list."""
    row = _listing(request, pk)
    context = {"row": row, "page": screen.listing_page(row, person(request))}
    return render(request, "packages/credit_listing.html", context)


def _on_listing(
    request: HttpRequest, row: CreditListing, form: forms.Form, verdict: Verdict, run: Callable[[Given], object],
    **words: Any,
) -> HttpResponse:
    says = (f"{row.organisation.name}：{row.reason}（{row.basis}）", *words.pop("says", ()))
    return _ask(request, form, reverse("packages:credit_listing", args=[row.pk]), verdict, run, says=says, **words)


@login_required
@require_http_methods(["GET", "POST"])
def tell(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the enterprise know."""
    row = _listing(request, pk)
    return _on_listing(
        request, row, forms.Form(request.POST or None), may.can_tell(request.user, row),
        lambda _: service.tell_listing(pk, by=person(request)),
        title="告知企业", button="发出信用告知书", done="信用告知书已发出。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def plead(request: HttpRequest, pk: int) -> HttpResponse:
    """The enterprise speaks."""
    row = _listing(request, pk)
    return _on_listing(
        request, row, TextForm(request.POST or None), may.can_plead(request.user, row),
        lambda given: service.plead(pk, by=person(request), plea=given["text"]),
        title="陈述申辩", button="提交", done="陈述申辩已提交。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """The head decides."""
    row = _listing(request, pk)
    return _on_listing(
        request, row, DecideForm(request.POST or None, yes="列入", no="不予列入"), may.can_decide(request.user, row),
        lambda given: service.decide_listing(
            pk, by=person(request), enters=given["choice"] == "yes", note=given["note"]
        ),
        title="决定是否列入", button="作出决定", done="决定已作出。", says=(f"陈述申辩：{row.plea or '没有提交'}",),
    )


@login_required
@require_http_methods(["GET", "POST"])
def object_to(request: HttpRequest, pk: int) -> HttpResponse:
    """The enterprise objects to its entry."""
    row = _listing(request, pk)
    return _on_listing(
        request, row, TextForm(request.POST or None), may.can_object(request.user, row),
        lambda given: service.object_listing(pk, by=person(request), objection=given["text"]),
        title="对列入提出异议", button="提出异议", done="异议已提出，核查期间列入的效力中止。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def repair(request: HttpRequest, pk: int) -> HttpResponse:
    """The enterprise asks for repair."""
    row = _listing(request, pk)
    return _on_listing(
        request, row, TextForm(request.POST or None), may.can_ask_repair(request.user, row),
        lambda given: service.ask_repair(pk, by=person(request), note=given["text"]),
        title="申请信用修复", button="申请", done="信用修复申请已提交。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def settle(request: HttpRequest, pk: int) -> HttpResponse:
    """The head answers an objection or an application for repair."""
    row = _listing(request, pk)
    told = row.repair_note if row.state == "repairing" else row.objection
    return _on_listing(
        request, row, DecideForm(request.POST or None, yes="移出失信名单", no="维持列入"),
        may.can_settle(request.user, row),
        lambda given: service.settle_listing(
            pk, by=person(request), removes=given["choice"] == "yes", note=given["note"]
        ),
        title="处理异议和信用修复", button="作出决定", done="已处理。", says=(f"企业陈述：{told}",),
    )
