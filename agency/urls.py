"""Addresses of ``agency``."""

from django.urls import URLPattern, URLResolver, path

from agency import cockpit_urls, voice_urls
from agency.views import bulletins, desk, inbox, slips

app_name = "agency"

urlpatterns: list[URLPattern | URLResolver] = [
    *cockpit_urls.urlpatterns,
    path("agency/", desk.desk, name="desk"),
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
    path("bulletins/", bulletins.bulletins, name="bulletins"),
    path("bulletins/open/", bulletins.open_month, name="open"),
    path("bulletins/<int:pk>/", bulletins.bulletin, name="bulletin"),
    path("bulletins/<int:pk>/figures/<slug:key>/<int:organisation>/", bulletins.figure, name="figure"),
    path("bulletins/<int:pk>/freeze/", bulletins.freeze, name="freeze"),
    path("bulletins/<int:pk>/publish/", bulletins.publish, name="publish"),
    path("bulletins/<int:pk>/pdf/", bulletins.bulletin_pdf, name="bulletin_pdf"),
    *voice_urls.urlpatterns,
]
