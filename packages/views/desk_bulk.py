"""One action on many rows of the work list: the page that asks, the run, what came of each row; receipts together."""

from __future__ import annotations

import tempfile

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from packages.models import BulkRun
from packages.screens import desk_acts
from packages.services import bulk as services
from packages.states import BulkAction
from packages.views.fetching import person
from projects import timing

RUN = "packages:desk_run"
#: What a bundle may be in memory before it goes to the disk, in bytes.
IN_MEMORY = 1024 * 1024


@login_required
@require_http_methods(["GET", "POST"])
def bulk(request: HttpRequest, action: str) -> HttpResponse:
    """Ask before an action on many rows; the POST does it, the same POST again finds what it did."""
    if action not in BulkAction.values:
        raise Http404
    user = person(request)
    if request.method == "POST":
        chosen = desk_acts.keys_of(request.POST.getlist("case"))
        key = request.POST.get("key", "")[:36]
        run = services.start_run(by=user, action=action, case_ids=chosen, key=key)
        services.carry_on(run.pk, by=user)
        return redirect(RUN, pk=run.pk)
    chosen = desk_acts.keys_of(request.GET.getlist("case"))
    back = f"{reverse('packages:desk')}?{request.GET.get('back', '')}"
    page = desk_acts.bulk_page(user, action, chosen, back)
    return render(request, "packages/desk_bulk.html", {"page": page})


@login_required
@require_http_methods(["GET", "POST"])
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what came of each row; the POST goes on with what is left."""
    found = get_object_or_404(BulkRun.objects.visible_to(request.user), pk=pk)
    if request.method == "POST":
        services.carry_on(pk, by=person(request))
        return redirect(RUN, pk=pk)
    return render(request, "packages/desk_run.html", {"page": desk_acts.run_page(found)})


@login_required
@require_safe
def receipts(request: HttpRequest) -> HttpResponseBase:
    """Show the receipts of the chosen cases; `export=zip` gives their PDFs in one file."""
    page = desk_acts.receipt_page(person(request), desk_acts.keys_of(request.GET.getlist("case")))
    if request.GET.get("export") != "zip" or not page.papers:
        return render(request, "packages/desk_receipts.html", {"page": page})
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    desk_acts.write_receipts(person(request), page, file)
    file.seek(0)
    name = f"材料回执-{timing.today():%Y%m%d}.zip"
    response = FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
    response["Cache-Control"] = "private, no-store"
    return response
