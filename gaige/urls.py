"""All addresses: the pages of ``gaige`` itself stand in ``gaige/site_urls.py``, those of an app in its ``urls.py``."""

from django.urls import include, path

from gaige.health import healthz

urlpatterns = [
    path("healthz/", healthz, name="healthz"),
    path("", include("archives.urls")),  # first: it begins with the page behind the code, which everybody opens
    path("", include("projects.urls")),  # few, and opened most
    path("", include("gaige.site_urls")),
    path("", include("agency.urls")),
    path("", include("acceptance.urls")),
    path("", include("packages.urls")),
]

handler500 = "gaige.errors.server_error"
