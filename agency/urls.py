"""Addresses of ``agency``."""

from django.urls import URLPattern, URLResolver, path

from agency import cockpit_urls, desk_urls, voice_urls
from agency.views import desk, inbox, slips

app_name = "agency"

urlpatterns: list[URLPattern | URLResolver] = [
    *cockpit_urls.urlpatterns,
    path("agency/", desk.desk, name="desk"),
    *desk_urls.urlpatterns,
    path("projects/<int:pk>/assign/", desk.assign, name="assign"),
    path("slips/", slips.listing, name="slips"),
    path("slips/<int:pk>/", slips.slip, name="slip"),
    path("slips/<int:pk>/answer/", slips.answer, name="slip_answer"),
    path("slips/<int:pk>/return/", slips.send_back, name="slip_return"),
    path("slips/<int:pk>/close/", slips.close, name="slip_close"),
    path("projects/<int:pk>/slip/", slips.issue_for_project, name="slip_project"),
    path("cases/<int:pk>/slip/", slips.issue_for_case, name="slip_case"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.read_all, name="read_all"),
    path("inbox/<int:pk>/read/", inbox.read, name="read"),
    *voice_urls.urlpatterns,
]
