"""Addresses of chase slips, inbox, settings and the log of what went out."""

from django.urls import URLPattern, URLResolver, path

from agency.views import dispatches, inbox, slips

urlpatterns: list[URLPattern | URLResolver] = [
    path("slips/", slips.listing, name="slips"),
    path("slips/<int:pk>/", slips.slip, name="slip"),
    path("slips/<int:pk>/answer/", slips.answer, name="slip_answer"),
    path("slips/<int:pk>/return/", slips.send_back, name="slip_return"),
    path("slips/<int:pk>/close/", slips.close, name="slip_close"),
    path("projects/<int:pk>/slip/", slips.issue_for_project, name="slip_project"),
    path("cases/<int:pk>/slip/", slips.issue_for_case, name="slip_case"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.read_all, name="read_all"),
    path("inbox/settings/", inbox.message_settings, name="message_settings"),
    path("inbox/<int:pk>/", inbox.digest, name="digest"),
    path("inbox/<int:pk>/read/", inbox.read, name="read"),
    path("dispatches/", dispatches.log, name="dispatches"),
    path("dispatches/again/", dispatches.all_again, name="dispatches_again"),
    path("dispatches/<int:pk>/", dispatches.dispatch, name="dispatch"),
    path("dispatches/<int:pk>/again/", dispatches.again, name="dispatch_again"),
    path("webhooks/", dispatches.webhooks, name="webhooks"),
    path("webhooks/<int:pk>/end/", dispatches.end_webhook, name="webhook_end"),
]
