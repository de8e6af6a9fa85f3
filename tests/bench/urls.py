"""The bare page and the bare write that real ones are compared with, beside all addresses of the portal."""

from django.db import transaction
from django.http import HttpResponse
from django.template import engines
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from gaige import urls
from projects.models import JobRun, Project

PAGE = engines["django"].from_string(
    "<!doctype html><title>bare</title><table>"
    "{% for row in rows %}<tr><td>{{ row.code }}</td><td>{{ row.name }}</td><td>{{ filler }}</td></tr>{% endfor %}"
    "</table>"
)
ROW_BYTES = 100  # what a row has without its filler, about


@require_safe
def bare_page(request, rows, size):
    """One indexed query and a loop that writes about ``size`` bytes in ``rows`` rows."""
    filler = "x" * max(0, size // max(1, rows) - ROW_BYTES)
    return HttpResponse(PAGE.render({"rows": Project.objects.order_by("-pk")[:rows], "filler": filler}, request))


@require_safe
def bare_page_signed_in(request, rows, size):
    """The same for somebody who is signed in: session and user are read as on every page of the office."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    return bare_page(request, rows, size)


@require_POST
def bare_write(request, pk):
    """Lock one row, update it, insert one row."""
    if not request.user.is_authenticated:
        return HttpResponse(status=403)
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=pk)
        Project.objects.filter(pk=project.pk).update(address=project.address)
        JobRun.objects.create(job="bare", started_at=timezone.now())
    return HttpResponse("ok")


urlpatterns = [
    path("bare/<int:rows>/<int:size>/", bare_page),
    path("bare/signed-in/<int:rows>/<int:size>/", bare_page_signed_in),
    path("bare/write/<int:pk>/", bare_write),
    *urls.urlpatterns,
]
handler500 = urls.handler500
