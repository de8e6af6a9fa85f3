"""Addresses of the pages that belong to no single app: home, search, style guide."""

from django.urls import URLPattern, URLResolver

app_name = "gaige"

urlpatterns: list[URLPattern | URLResolver] = []
