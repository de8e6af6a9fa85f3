"""Pages over the whole archive: the search, and whether the store still holds what was filed."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from archives import asof, checks, queries, rules, searching
from archives.forms import AsOfForm, SearchForm
from archives.models import Document, DocumentVersion, FixityRound, Inspection
from projects import timing
from projects.errors import require
from projects.jobs import last_run
from projects.models import Project

ROUNDS = 10
DAMAGED = 50


@login_required
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Find documents of all visible projects by their names and by the words of their files."""
    form = SearchForm(request.GET)
    text, doc_class = form.wanted()
    ids = searching.found_ids(request.user, text, doc_class) if text else []
    page = Paginator(ids, searching.PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form, "text": text, "page": page, "hits": searching.hits(list(page.object_list), text) if text else [],
        "total": len(ids), "is_cut": len(ids) == searching.MOST,
    }
    return render(request, "archives/search.html", context)


@login_required
@require_safe
def integrity(request: HttpRequest) -> HttpResponse:
    """Show the rounds of fixity and every file that is not what was filed."""
    require(rules.can_see_keeping, request.user, None)
    failed = Inspection.objects.visible_to(request.user).failed()
    related = failed.select_related("version__document__project", "paper__issuer").order_by("-inspected_at", "-pk")
    found = list(related[:DAMAGED])
    context = {
        "rounds": list(FixityRound.objects.all()[:ROUNDS]), "last": last_run("nightly_fixity"),
        "rows": [(one, [result for result in checks.revived(one.results) if not result.ok]) for one in found],
        "total": len(found) if len(found) < DAMAGED else failed.count(),
    }
    return render(request, "archives/integrity.html", context)


@login_required
@require_safe
def document_checks(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the four checks of a document's newest version at every moment of its life."""
    visible = Document.objects.visible_to(request.user).select_related("project", "kind", "paper", "holder")
    document = get_object_or_404(visible, pk=pk)
    version = DocumentVersion.objects.filter(document=document).select_related("text").order_by("-version").first()
    inspections = list(version.inspections.order_by("inspected_at")) if version else []
    context = {
        "document": document, "project": document.project, "version": version, "line": queries.line_of(document),
        "inspections": [(one, _by_property(one)) for one in inspections],
    }
    return render(request, "archives/checks.html", context)


@login_required
@require_safe
def as_of(request: HttpRequest, pk: int) -> HttpResponse:
    """时间机器: show a project as it was at the end of a day (`?asof=2026-08-01`)."""
    visible = Project.objects.visible_to(request.user).select_related("owner", "centre", "region")
    project = get_object_or_404(visible, pk=pk)
    form = AsOfForm(request.GET if "asof" in request.GET else {"asof": f"{timing.today():%Y-%m-%d}"})
    day = form.cleaned_data["asof"] if form.is_valid() else timing.today()
    context = {"project": project, "form": form, "then": asof.project_on(project, day, request.user)}
    return render(request, "archives/asof.html", context)


def _by_property(inspection: Inspection) -> list[tuple[str, list[checks.Result]]]:
    results = checks.revived(inspection.results)
    named = [(name, [one for one in results if one.of == name]) for name in checks.PROPERTIES]
    return [(name, found) for name, found in named if found]
