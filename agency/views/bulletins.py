"""Pages of the bulletins: published summaries for everybody, the whole with its lists for the government side."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from agency import bulletin_lists as lists
from agency import bulletin_page as pages
from agency import bulletin_rules as may
from agency import queries, rules
from agency.bulletin_proof import prove
from agency.bulletin_states import BulletinSeries
from agency.models import Bulletin
from agency.views.kept import kept_page
from archives.papering import draft_pdf
from archives.services.papers import file_name, open_pdf
from archives.states import PaperKind
from packages.views.fetching import person
from projects.access import access_of
from projects.errors import require
from projects.exports import FORMATS, book_response, file_response
from projects.states import OrganisationKind

if TYPE_CHECKING:
    from agency.models import BulletinQuerySet

SIZE = 30
PDF = "application/pdf"


def bulletin_or_404(request: HttpRequest, pk: int, among: BulletinQuerySet | None = None) -> Bulletin:
    """Return a bulletin that the reader may know of; `among` may leave large columns for later."""
    people = ("frozen_by", "drafted_by", "checked_by", "signed_by")
    visible = (Bulletin.objects if among is None else among).visible_to(request.user)
    found: Bulletin = get_object_or_404(
        visible.select_related("centre", "region", "paper", "previous", "next", *people), pk=pk
    )
    return found


def _frame(request: HttpRequest) -> dict[str, Any]:
    """Return what decides the frame of the page: the office side reads it inside, everybody else outside."""
    inside = access_of(request.user).is_office
    return {"is_inside": inside, "base": "base_office.html" if inside else "base_public.html"}


@require_safe
def bulletins(request: HttpRequest) -> HttpResponse:
    """List the bulletins; the centre also sees months that nobody has opened, and the jobs."""
    wanted = {name: request.GET.get(name, "") for name in ("series", "year", "region")}
    page = Paginator(pages.bulletins_seen(request.user, **wanted), SIZE).get_page(request.GET.get("page"))
    seen = Bulletin.objects.visible_to(request.user).order_by()
    context = {
        **_frame(request),
        **wanted,
        "page": page,
        "rows": pages.bulletin_rows(list(page.object_list)),
        "all_series": BulletinSeries.choices,
        "years": sorted(set(seen.values_list("year", flat=True)), reverse=True),
        "regions": list(seen.exclude(region=None).values_list("region__code", "region__name").distinct()),
        "is_narrowed": any(wanted.values()),
    }
    if context["is_inside"]:
        bodies = access_of(request.user).organisations
        opening = [o for o in bodies if o.kind == OrganisationKind.BUREAU and may.can_open_bulletin(request.user, o)]
        context |= {
            "months": pages.unopened(opening) if opening else [],
            "jobs": queries.job_rows(),
            "sweep": queries.sweep_line(),
            "can_use_desk": rules.can_use_desk(request.user),
        }
    return render(request, "agency/bulletins.html", context)


@require_safe
def bulletin(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a bulletin: inside all of it with what may be done, outside the public summary."""
    found, frame = bulletin_or_404(request, pk), _frame(request)
    context = {
        **frame,
        "bulletin": found,
        "page": pages.bulletin_page(found, is_inside=frame["is_inside"]),
        "next": getattr(found, "next", None),
    }
    if frame["is_inside"]:
        user = request.user
        context |= {
            "problems": list(found.problems.select_related("owner").order_by("number")),
            "can_freeze": may.can_freeze(user, found),
            "can_draft": may.can_draft(user, found),
            "can_send": may.can_send_to_check(user, found),
            "can_check": may.can_check(user, found),
            "can_return": may.can_send_back(user, found),
            "can_publish": may.can_publish(user, found),
            "can_correct": may.can_correct(user, found),
            "can_see_probe": may.can_see_probe(user, found),
        }
    return render(request, "agency/bulletin.html", context)


@login_required
@require_safe
def part(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    """Show a long table of a bulletin as a whole."""
    found = bulletin_or_404(request, pk)
    require(may.can_see_bulletins, request.user, found)
    shown = pages.part_page(found, name)
    if shown is None:
        raise Http404
    title, blocks = shown
    context = {"bulletin": found, "part": name, "title": title, "blocks": blocks, "is_inside": True}
    return render(request, "agency/bulletin_part.html", context)


@login_required
@require_safe
def figure(request: HttpRequest, pk: int, group: str, row: int, key: str) -> HttpResponseBase:
    """List what a figure counts, as frozen."""
    seen = get_object_or_404(Bulletin.objects.visible_to(request.user).only("centre", "state"), pk=pk)
    require(may.can_see_probe if group == "quality" else may.can_see_bulletins, request.user, seen)

    def whole() -> Bulletin:
        return bulletin_or_404(request, pk, Bulletin.objects.defer("content", "previous__content", "next__content"))

    narrow = {name: request.GET.get(name, "") for name in ("part", "matter", "limit")}
    asked = lists.Asked(group, row, key, **narrow)
    if request.GET.get("export") in FORMATS:
        table = lists.figure_table(whole(), asked, person(request))
        if table is None:
            raise Http404
        return file_response(table, request.GET["export"])

    def shown() -> dict[str, Any]:
        found = whole()
        page = lists.figure_page(found, asked, person(request), page=request.GET.get("page", ""))
        if page is None:
            raise Http404
        return {
            "title": f"{page.indicator.name} {found}", "page": page, "bulletin": found, "asked": asked,
            "can_slip": may.can_see_probe(request.user, found),
        }

    return kept_page(request, "agency/_figure.html", shown)


@login_required
@require_safe
def why(request: HttpRequest, pk: int, group: str, row: int) -> HttpResponse:
    """为什么我们排第几: the three worst cases of a row beside the median of the others."""
    found = bulletin_or_404(request, pk)
    require(may.can_see_bulletins, request.user, found)
    rows = pages.why(found, group, row)
    if rows is None:
        raise Http404
    context = {
        "bulletin": found,
        "rows": rows,
        "name": pages.row_name(found, group, row),
        "group": group,
        "row": row,
        "seen": pages.seen_of(rows, person(request)),
    }
    return render(request, "agency/bulletin_why.html", context)


@login_required
@require_safe
def tables(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Hand out every table of a bulletin as one workbook or one CSV."""
    found = bulletin_or_404(request, pk)
    require(may.can_see_bulletins, request.user, found)
    ending = request.GET.get("export", "xlsx")
    if ending not in FORMATS:
        raise Http404
    return book_response(pages.tables_of(found), str(found), ending)


@login_required
@require_safe
def proof(request: HttpRequest, pk: int) -> HttpResponse:
    """Recompute the figures from the event log and compare; digest the snapshot anew."""
    found = bulletin_or_404(request, pk)
    require(may.can_see_bulletins, request.user, found)
    if not found.is_stored:
        raise Http404
    return render(request, "agency/bulletin_proof.html", {"bulletin": found, "proof": prove(found)})


@login_required
@require_safe
def bulletin_pdf(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Hand out the PDF: of a published bulletin its numbered paper, before that a draft that says so."""
    found = bulletin_or_404(request, pk)
    require(may.can_see_bulletins, request.user, found)
    if found.paper_id is not None:
        paper, content = open_pdf(found.paper_id)
        return FileResponse(content, filename=file_name(paper), content_type=PDF)
    if not found.is_stored:
        raise Http404
    made = draft_pdf(PaperKind.BULLETIN, pages.draft_context(found))
    return FileResponse(io.BytesIO(made), filename=f"{found}（样稿）.pdf", content_type=PDF)
