"""Addresses of ``acceptance``."""

from django.urls import URLPattern, URLResolver

app_name = "acceptance"

urlpatterns: list[URLPattern | URLResolver] = []
