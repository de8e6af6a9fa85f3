"""Addresses of the pages that belong to no single app: home, search, signing in and out, style guide."""

from django.urls import URLPattern, URLResolver, path, re_path

from gaige import code_step, joining, views
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
    path("styleguide/", views.styleguide, name="styleguide"),
    re_path(r"^type-size/(?P<size>large|normal)/$", views.type_size, name="type_size"),
]
