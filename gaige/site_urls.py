"""Addresses of the pages that belong to no single app: home, search, signing in and out, style guide."""

from django.urls import URLPattern, URLResolver, path, re_path

from gaige import account_views as account
from gaige import code_step, joining, views
from gaige import security_views as security
from gaige.api import views as api

app_name = "gaige"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("join/", joining.join, name="join"),
    path("login/", views.login, name="login"),
    path("login/code/", code_step.login_code, name="login_code"),
    path("logout/", views.logout, name="logout"),
    path("api/", api.docs, name="api_docs"),
    path("api/v1/openapi.json", api.openapi, name="api_description"),
    path("api/v1/projects/", api.projects, name="api_projects"),
    path("api/v1/projects/<str:code>/", api.project, name="api_project"),
    path("api/v1/cases/", api.cases, name="api_cases"),
    path("api/v1/waiting/", api.waiting, name="api_waiting"),
    path("api/v1/figures/", api.figures, name="api_figures"),
    path("account/", account.account, name="account"),
    path("account/password/", account.password, name="password"),
    path("account/factor/", account.factor, name="factor"),
    path("account/sessions/end/", account.sessions_end, name="sessions_end"),
    path("account/sessions/<int:pk>/end/", account.session_end, name="session_end"),
    path("account/delegate/<int:pk>/", account.delegate, name="delegate"),
    path("account/delegations/<int:pk>/end/", account.delegation_end, name="delegation_end"),
    path("account/elevate/", account.elevate, name="elevate"),
    path("account/elevate/end/", account.step_down, name="step_down"),
    path("account/consents/<slug:purpose>/<int:agree>/", account.consent, name="consent"),
    path("account/contacts/", account.contacts, name="contacts"),
    path("account/data/", account.my_data, name="my_data"),
    path("account/requests/", account.data_request, name="data_request"),
    path("privacy/", account.privacy_notice, name="privacy"),
    path("security/", security.security, name="security"),
    path("security/<int:pk>/", security.secure, name="secure"),
    path("security/requests/<int:pk>/", security.data_answer, name="data_answer"),
    path("security/records/", security.security_records, name="security_records"),
    path("audit/", security.audit, name="audit"),
    path("audit/changes/", security.audit_changes, name="audit_changes"),
    path("audit/provisions/", security.provisions, name="provisions"),
    path("roles/", security.roles, name="roles"),
    path("styleguide/", views.styleguide, name="styleguide"),
    re_path(r"^type-size/(?P<size>large|normal)/$", views.type_size, name="type_size"),
]
