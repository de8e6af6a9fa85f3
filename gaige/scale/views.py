"""What "bare" means: the same server and session, one indexed query, a loop that writes as many rows and bytes."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from projects import timing
from projects.models import AccessLog, Project

#: Bytes of one Chinese character in UTF-8, and of a row and the page around it without the filler.
LETTER, ROW, PAGE = 3, 120, 110


def _page(request: HttpRequest) -> HttpResponse:
    """Write `rows` rows and about `bytes` bytes; no context processor takes part."""
    rows, size = max(1, int(request.GET["rows"])), int(request.GET["bytes"])
    found = Project.objects.order_by("-pk").only("pk", "code", "name")[:rows]
    filler = "档" * max(0, ((size - PAGE) // rows - ROW) // LETTER)
    return HttpResponse(get_template("gaige/bare.html").render({"rows": found, "filler": filler}))


@login_required
@require_safe
def bare_page(request: HttpRequest) -> HttpResponse:
    """Answer somebody who is signed in: session and user are read as on every page."""
    return _page(request)


@require_safe
def bare_public(request: HttpRequest) -> HttpResponse:
    """Answer anybody."""
    return _page(request)


@csrf_exempt
@require_POST
@login_required
def bare_write(request: HttpRequest) -> HttpResponse:
    """Lock one row, update it, insert one row."""
    with transaction.atomic():
        project = Project.objects.select_for_update(of=("self",)).get(pk=int(request.POST["pk"]))
        Project.objects.filter(pk=project.pk).update(address=request.POST["address"])
        AccessLog.objects.create(
            user_id=request.user.pk, project=project, subject_type="bare", subject_key=str(project.pk),
            subject_label="bare", action="bare", read_at=timing.now(),
        )
    return HttpResponse("ok")
