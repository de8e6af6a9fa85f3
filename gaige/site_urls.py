"""Addresses of the pages that belong to no single app: home, search, signing in and out, style guide."""

from django.urls import URLPattern, URLResolver, path, re_path

from gaige import joining, views

app_name = "gaige"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("join/", joining.join, name="join"),
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
    path("styleguide/", views.styleguide, name="styleguide"),
    re_path(r"^type-size/(?P<size>large|normal)/$", views.type_size, name="type_size"),
]
