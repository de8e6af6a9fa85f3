"""Addresses of the joint supervision. Part of ``acceptance.urls``."""

from django.urls import URLPattern, path

from acceptance import supervision_views as views

urlpatterns: list[URLPattern] = [
    path("inspections/", views.listing, name="inspections"),
    path("projects/<int:pk>/visits/", views.visits, name="visits"),
    path("projects/<int:pk>/visits/new/", views.wish, name="visit_new"),
    path("inspections/<int:pk>/", views.detail, name="inspection"),
    path("inspections/<int:pk>/notify/", views.notify, name="inspection_notify"),
    path("inspections/<int:pk>/decline/", views.decline, name="inspection_decline"),
    path("inspections/<int:pk>/bring/", views.bring, name="inspection_bring"),
    path("inspections/<int:pk>/cancel/", views.cancel, name="inspection_cancel"),
    path("inspections/<int:pk>/start/", views.start, name="inspection_start"),
    path("inspections/<int:pk>/close/", views.close, name="inspection_close"),
    path("inspections/units/<int:pk>/", views.unit, name="inspection_unit"),
    path("inspections/units/<int:pk>/photo/", views.photo, name="inspection_photo"),
    path("inspections/findings/<int:pk>/answer/", views.answer, name="finding_answer"),
    path("inspections/findings/<int:pk>/recheck/", views.recheck, name="finding_recheck"),
]
