"""Addresses of the plan: what-if, forecast, milestones, the flow chart as a file."""

from django.urls import URLPattern, URLResolver, path

from packages.views import planning

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<int:pk>/plan/options/", planning.options, name="plan_options"),
    path("projects/<int:pk>/plan/forecast/", planning.forecast, name="forecast"),
    path("projects/<int:pk>/plan/milestones/", planning.milestones, name="milestones"),
    path("projects/<int:pk>/plan/chart.pdf", planning.chart_file, name="plan_chart_pdf"),
]
