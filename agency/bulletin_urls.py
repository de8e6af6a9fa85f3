"""Addresses of the bulletins."""

from django.urls import URLPattern, URLResolver, path

from agency.views import bulletin_steps as steps
from agency.views import bulletins

urlpatterns: list[URLPattern | URLResolver] = [
    path("bulletins/", bulletins.bulletins, name="bulletins"),
    path("bulletins/open/", steps.open_month, name="open"),
    path("bulletins/<int:pk>/", bulletins.bulletin, name="bulletin"),
    path("bulletins/<int:pk>/figures/<slug:group>/<int:row>/<slug:key>/", bulletins.figure, name="figure"),
    path("bulletins/<int:pk>/parts/<slug:name>/", bulletins.part, name="bulletin_part"),
    path("bulletins/<int:pk>/why/<slug:group>/<int:row>/", bulletins.why, name="bulletin_why"),
    path("bulletins/<int:pk>/tables/", bulletins.tables, name="bulletin_tables"),
    path("bulletins/<int:pk>/proof/", bulletins.proof, name="bulletin_proof"),
    path("bulletins/<int:pk>/pdf/", bulletins.bulletin_pdf, name="bulletin_pdf"),
    path("bulletins/<int:pk>/freeze/", steps.freeze, name="freeze"),
    path("bulletins/<int:pk>/draft/", steps.send_to_check, name="bulletin_draft"),
    path("bulletins/<int:pk>/check/", steps.confirm, name="bulletin_check"),
    path("bulletins/<int:pk>/return/", steps.send_back, name="bulletin_return"),
    path("bulletins/<int:pk>/publish/", steps.publish, name="publish"),
    path("bulletins/<int:pk>/correct/", steps.correct, name="bulletin_correct"),
    path("bulletin-problems/<int:pk>/", steps.problem, name="bulletin_problem"),
    path("bulletin-problems/<int:pk>/drop/", steps.drop_problem, name="bulletin_problem_drop"),
    path("bulletin-problems/<int:pk>/close/", steps.close_problem, name="bulletin_problem_close"),
]
