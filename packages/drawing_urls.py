"""Addresses of drawings, risk and the one-stop permit."""

from django.urls import URLPattern, URLResolver, path

from packages.views import drawings, one_stop, risk

urlpatterns: list[URLPattern | URLResolver] = [
    path("projects/<int:pk>/risk/", risk.risk, name="risk"),
    path("projects/<int:pk>/drawings/", drawings.drawings, name="drawings"),
    path("projects/<int:pk>/drawings/upload/", drawings.upload, name="drawing_upload"),
    path("reviews/<int:pk>/part/", drawings.part, name="drawing_part"),
    path("drawings/<int:pk>/opinion/", drawings.opinion, name="drawing_opinion"),
    path("drawings/<int:pk>/again/", drawings.again, name="drawing_again"),
    path("drawings/<int:pk>/handle/", drawings.handle, name="drawing_handle"),
    path("drawings/<int:pk>/commit/", drawings.commit, name="drawing_commit"),
    path("drawings/<int:pk>/hand-back/", drawings.hand_back, name="drawing_hand_back"),
    path("drawings/<int:pk>/pledge/", drawings.pledge, name="drawing_pledge"),
    path("breaches/<int:pk>/check/", drawings.check, name="drawing_check"),
    path("samples/", drawings.samples, name="samples"),
    path("samples/<int:pk>/", drawings.sample, name="sample"),
    path("samples/<int:pk>/mend/", drawings.sample_mend, name="sample_mend"),
    path("samples/<int:pk>/verify/", drawings.sample_verify, name="sample_verify"),
    path("projects/<int:pk>/one-stop/", one_stop.one_stop, name="one_stop"),
    path("one-stops/<int:pk>/issue/", one_stop.issue, name="one_stop_issue"),
]
