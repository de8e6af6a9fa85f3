"""Addresses of the cockpit, of major projects, of batches of starts, and of the tokens of the interface."""

from django.urls import URLPattern, URLResolver, path

from agency.views import batches, cockpit, majors, tokens

urlpatterns: list[URLPattern | URLResolver] = [
    path("cockpit/", cockpit.cockpit, name="cockpit"),
    path("cockpit/eight/", cockpit.eight_ones, name="eight"),
    path("cockpit/lists/<slug:key>/", cockpit.figure, name="cockpit_list"),
    path("majors/", majors.majors, name="majors"),
    path("majors/balance/", majors.balance, name="balance"),
    path("majors/quota/", majors.quota, name="quota"),
    path("projects/<int:pk>/major/", majors.major, name="major"),
    path("projects/<int:pk>/major/list/", majors.major_list, name="major_list"),
    path("projects/<int:pk>/major/plan/", majors.major_plan, name="major_plan"),
    path("projects/<int:pk>/major/report/", majors.major_report, name="major_report"),
    path("projects/<int:pk>/tickets/new/", majors.ticket_new, name="ticket_new"),
    path("tickets/<int:pk>/measure/", majors.ticket_measure, name="ticket_measure"),
    path("tickets/<int:pk>/apply/", majors.ticket_apply, name="ticket_apply"),
    path("tickets/<int:pk>/balance/", majors.ticket_balance, name="ticket_balance"),
    path("tickets/<int:pk>/secure/", majors.ticket_secure, name="ticket_secure"),
    path("tickets/<int:pk>/write-off/", majors.ticket_write_off, name="ticket_write_off"),
    path("tickets/<int:pk>/send-back/", majors.ticket_send_back, name="ticket_send_back"),
    path("starts/", batches.batches, name="batches"),
    path("starts/new/", batches.batch_new, name="batch_new"),
    path("starts/<int:pk>/", batches.batch, name="batch"),
    path("starts/<int:pk>/add/", batches.batch_add, name="batch_add"),
    path("starts/entries/<int:pk>/confirm/", batches.entry_confirm, name="entry_confirm"),
    path("starts/entries/<int:pk>/begin/", batches.entry_start, name="entry_start"),
    path("starts/entries/<int:pk>/postpone/", batches.entry_postpone, name="entry_postpone"),
    path("starts/lines/<int:pk>/", batches.line_answer, name="line_answer"),
    path("starts/checks/<int:pk>/", batches.start_check, name="start_check"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/new/", tokens.token_new, name="token_new"),
    path("tokens/<int:pk>/", tokens.token, name="token"),
    path("tokens/<int:pk>/revoke/", tokens.token_revoke, name="token_revoke"),
]
