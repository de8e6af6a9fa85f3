"""Addresses of ``projects``."""

from django.urls import URLPattern, URLResolver, path

from projects import views

app_name = "projects"

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/", views.project_list, name="list"),
    path("projects/new/", views.register, name="register"),
    path("projects/<int:pk>/", views.detail, name="detail"),
    path("projects/<int:pk>/events/", views.event_list, name="events"),
    path("projects/<int:pk>/parties/", views.party_list, name="parties"),
    path("projects/<int:pk>/code/", views.exchange, name="exchange"),
    path("projects/<int:pk>/suspend/", views.change_status, {"step": "suspend"}, name="suspend"),
    path("projects/<int:pk>/resume/", views.change_status, {"step": "resume"}, name="resume"),
    path("projects/<int:pk>/terminate/", views.change_status, {"step": "terminate"}, name="terminate"),
    path("projects/<int:pk>/grants/", views.grant_list, name="grants"),
    path("projects/<int:pk>/grants/<int:grant>/end/", views.grant_end, name="grant_end"),
    path("clocks/<int:pk>/", views.clock, name="clock"),
]
