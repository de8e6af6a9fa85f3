"""Addresses of ``packages``."""

from django.urls import URLPattern, URLResolver, path

from packages.views import catalogue, decision, desk, enrol, intake, notices, plan, review

app_name = "packages"

urlpatterns: list[URLPattern | URLResolver] = [
    path("packages/", catalogue.catalogue, name="catalogue"),
    path("packages/<slug:code>/", catalogue.package, name="package"),
    path("projects/<int:pk>/enrol/", enrol.enrol, name="enrol"),
    path("projects/<int:pk>/plan/", plan.plan, name="plan"),
    path("projects/<int:pk>/plan/chart/", plan.plan_chart, name="plan_chart"),
    path("intake/", intake.home, name="intake"),
    path("projects/<int:pk>/intake/", intake.start, name="start"),
    path("projects/<int:pk>/apply/", intake.apply, name="apply"),
    path("applications/<int:pk>/", intake.application, name="application"),
    path("applications/<int:pk>/papers/", intake.papers, name="papers"),
    path("applications/<int:pk>/submit/", intake.submit, name="submit"),
    path("applications/<int:pk>/discard/", intake.discard, name="discard"),
    path("applications/<int:pk>/accept/", intake.accept, name="accept"),
    path("applications/<int:pk>/notice/", notices.notice, name="notice"),
    path("applications/<int:pk>/return/", intake.return_corrected, name="return_corrected"),
    path("materials/<int:pk>/", intake.material, name="material"),
    path("faults/<int:pk>/answer/", intake.answer, name="answer"),
    path("faults/<int:pk>/settle/", intake.settle, name="settle"),
    path("desk/", desk.desk, name="desk"),
    path("todos/", desk.todos, name="todos"),
    path("cases/<int:pk>/", desk.case, name="case"),
    path("cases/<int:pk>/accept/", intake.case_accept, name="case_accept"),
    path("cases/<int:pk>/on-spot/", intake.on_spot, name="on_spot"),
    path("cases/<int:pk>/notice/", notices.case_notice, name="case_notice"),
    path("cases/<int:pk>/refuse/", intake.refuse, name="refuse"),
    path("cases/<int:pk>/withdraw/", intake.withdraw, name="withdraw"),
    path("cases/<int:pk>/decide/", decision.decide, name="decide"),
    path("cases/<int:pk>/outside/", decision.outside, name="outside"),
    path("cases/<int:pk>/special/start/", decision.special_start, name="special_start"),
    path("cases/<int:pk>/special/end/", decision.special_end, name="special_end"),
    path("cases/<int:pk>/recall/", decision.recall, name="recall"),
    path("reviews/", review.reviews, name="reviews"),
    path("reviews/<int:pk>/", review.review, name="review"),
    path("reviews/<int:pk>/open/", review.open_task, name="open_task"),
    path("reviews/<int:pk>/reconsult/", review.reconsult, name="reconsult"),
    path("sessions/<int:pk>/merge/", review.merge, name="merge"),
]
