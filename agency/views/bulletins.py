"""Pages of the monthly bulletins: published ones for everybody, the cases behind the numbers for the office side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agency import queries, reporting, rules
from agency.forms import MonthForm
from agency.indicators import INDICATORS
from agency.models import Bulletin
from agency.services import bulletins as services
from archives.services.papers import file_name, open_pdf
from packages.views.fetching import person
from projects.access import access_of
from projects.errors import Verdict, require
from projects.exports import csv_response
from projects.models import Organisation
from projects.states import OrganisationKind


def _bulletin(request: HttpRequest, pk: int) -> Bulletin:
    visible = Bulletin.objects.visible_to(request.user).select_related("centre", "paper", "frozen_by")
    return get_object_or_404(visible, pk=pk)


def _frame(request: HttpRequest) -> dict[str, Any]:
    """Return what decides the frame of the page: the office side reads it inside, everybody else outside."""
    inside = access_of(request.user).is_office
    return {"is_inside": inside, "base": "base_office.html" if inside else "base_public.html"}


@require_safe
def bulletins(request: HttpRequest) -> HttpResponse:
    """List the bulletins; the director also sees months that nobody has opened, and the runs of the jobs."""
    context = {**_frame(request), "rows": reporting.bulletin_rows(request.user)}
    if context["is_inside"]:
        access = access_of(request.user)
        centres = [o for o in access.organisations if o.kind == OrganisationKind.BUREAU]
        opening = [centre for centre in centres if rules.can_open_bulletin(request.user, centre)]
        context |= {
            "months": reporting.unopened(opening) if opening else [], "jobs": queries.job_rows(),
            "sweep": queries.sweep_line(), "can_use_desk": rules.can_use_desk(request.user),
        }
    return render(request, "agency/bulletins.html", context)


@login_required
@require_POST
def open_month(request: HttpRequest) -> HttpResponse:
    """Begin the bulletin of a month and show it."""
    form = MonthForm(request.POST)
    if not form.is_valid():
        raise Http404
    centre = get_object_or_404(Organisation, pk=form.cleaned_data["centre"], kind=OrganisationKind.BUREAU)
    month = {name: form.cleaned_data[name] for name in ("year", "month")}
    return redirect("agency:bulletin", services.open_bulletin(centre, **month, by=person(request)).pk)


@require_safe
def bulletin(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a bulletin: big numbers, the table by department, charts, definitions, and what may be done."""
    found, frame = _bulletin(request, pk), _frame(request)
    context = {
        **frame, "page": reporting.bulletin_page(found, is_inside=frame["is_inside"]), "bulletin": found,
        "indicators": INDICATORS.values(), "can_freeze": rules.can_freeze(request.user, found),
        "can_publish": rules.can_publish(request.user, found),
    }
    return render(request, "agency/bulletin.html", context)


@login_required
@require_safe
def figure(request: HttpRequest, pk: int, key: str, organisation: int) -> HttpResponseBase:
    """List the cases that a number counts, as frozen."""
    found = _bulletin(request, pk)
    require(rules.can_see_bulletins, request.user, None)
    narrow = {name: request.GET.get(name, "") for name in ("part", "matter", "limit", "page")}
    if request.GET.get("export") == "csv":
        lines = reporting.figure_lines(found, key, organisation, person(request), part=request.GET.get("part", ""))
        return csv_response(lines, f"{found}-{key}")
    page = reporting.figure_page(found, key, organisation, person(request), **narrow)
    if page is None:
        raise Http404
    return render(request, "agency/figure.html", {"page": page, "bulletin": found})


def _step(
    request: HttpRequest, pk: int, rule: Callable[[Any, Any], Verdict], run: Callable[[Bulletin], object], **words: str
) -> HttpResponse:
    """Ask on a page of its own, which works without scripts; POST carries it out."""
    found = _bulletin(request, pk)
    if request.method == "POST":
        run(found)
        messages.success(request, words["done"])
        return redirect("agency:bulletin", pk=pk)
    require(rule, request.user, found)
    return render(request, "agency/confirm.html", {"bulletin": found, **words})


@login_required
@require_http_methods(["GET", "POST"])
def freeze(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze the figures of a month that is over."""
    return _step(
        request, pk, rules.can_freeze, lambda found: services.freeze(found.pk, by=person(request)), title="冻结数据",
        says="冻结后所有数字和所计的办件清单都存下来，以后不再变；有错只能另出更正版。",
        done="数据已冻结，通报文书已编号。",
    )


@login_required
@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign and publish a frozen bulletin."""
    return _step(
        request, pk, rules.can_publish, lambda found: services.publish(found.pk, by=person(request)),
        title="签发并发布", says="发布后任何人都能看到总体数字和分部门数字，看不到办件清单。", done="通报已发布。",
    )


@require_safe
def bulletin_pdf(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Hand out the PDF of a frozen bulletin; a published one to everybody."""
    found = _bulletin(request, pk)
    if found.paper_id is None:
        raise Http404
    paper, content = open_pdf(found.paper_id)
    return FileResponse(content, filename=file_name(paper), content_type="application/pdf")
