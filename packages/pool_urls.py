"""Addresses of the pool and its appraisals. Part of ``packages.urls``."""

from django.urls import URLPattern, path

from packages.views import appraisal, pool

urlpatterns: list[URLPattern] = [
    path("pool/", pool.pool, name="pool"),
    path("pool/board/", pool.board, name="pool_board"),
    path("pool/pairs/<int:pk>/", pool.pair, name="pool_pair"),
    path("pool/<int:pk>/rest/", pool.rest, name="pool_rest"),
    path("pool/<int:pk>/take-up/", pool.take_up, name="pool_take_up"),
    path("pool/<int:pk>/drop/", pool.drop, name="pool_drop"),
    path("pool/<int:pk>/appraise/", appraisal.open_round, name="appraisal_open"),
    path("projects/<int:pk>/pool/", pool.enter, name="pool_enter"),
    path("projects/<int:pk>/appraisal/", appraisal.appraisal, name="appraisal"),
    path("appraisals/<int:pk>/sign/", appraisal.sign, name="appraisal_sign"),
    path("appraisals/tasks/<int:pk>/", appraisal.score, name="appraisal_score"),
    path("gaps/", pool.gap_list, name="gaps"),
    path("gaps/<int:pk>/", appraisal.gap, name="gap"),
    path("gaps/<int:pk>/claim/", appraisal.gap_claim, name="gap_claim"),
    path("gaps/<int:pk>/report/", appraisal.gap_report, name="gap_report"),
    path("gaps/<int:pk>/check/", appraisal.gap_check, name="gap_check"),
    path("gaps/<int:pk>/give-up/", appraisal.gap_give_up, name="gap_give_up"),
]
