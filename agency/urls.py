"""Addresses of ``agency``."""

from django.urls import URLPattern, URLResolver, path

from agency import bulletin_urls, cockpit_urls, desk_urls, message_urls, voice_urls
from agency.views import desk

app_name = "agency"

urlpatterns: list[URLPattern | URLResolver] = [
    *cockpit_urls.urlpatterns,
    path("agency/", desk.desk, name="desk"),
    *desk_urls.urlpatterns,
    path("projects/<int:pk>/assign/", desk.assign, name="assign"),
    *message_urls.urlpatterns,
    *voice_urls.urlpatterns,
    *bulletin_urls.urlpatterns,
]
