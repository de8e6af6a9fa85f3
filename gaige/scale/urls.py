"""The portal's addresses and the bare ones beside them."""

from django.urls import include, path

from gaige.scale import views

urlpatterns = [
    path("bare/page/", views.bare_page),
    path("bare/public/", views.bare_public),
    path("bare/write/", views.bare_write),
    path("", include("gaige.urls")),
]

handler500 = "gaige.errors.server_error"
