"""Addresses of ``agency``."""

from django.urls import URLPattern, URLResolver, path

from agency import report_views, views

app_name = "agency"

urlpatterns: list[URLPattern | URLResolver] = [
    path("agency/", views.desk, name="desk"),
    path("projects/<int:pk>/assign/", views.assign, name="assign"),
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read_all, name="read_all"),
    path("inbox/<int:pk>/read/", views.read, name="read"),
    path("bulletins/", report_views.bulletins, name="bulletins"),
    path("bulletins/open/", report_views.open_month, name="open"),
    path("bulletins/<int:pk>/", report_views.bulletin, name="bulletin"),
    path("bulletins/<int:pk>/figures/<slug:key>/<int:organisation>/", report_views.figure, name="figure"),
    path("bulletins/<int:pk>/freeze/", report_views.freeze, name="freeze"),
    path("bulletins/<int:pk>/publish/", report_views.publish, name="publish"),
    path("bulletins/<int:pk>/pdf/", report_views.bulletin_pdf, name="bulletin_pdf"),
]
