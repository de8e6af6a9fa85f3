"""Addresses of the joint survey, pre-acceptance and of what follows the conclusion. Part of ``acceptance.urls``."""

from django.urls import URLPattern, path

from acceptance import joint_views as views
from acceptance import phase_views

urlpatterns: list[URLPattern] = [
    path("works/<int:pk>/survey/", views.works_survey, name="survey"),
    path("works/<int:pk>/buildings/", views.buildings, name="buildings"),
    path("works/<int:pk>/phases/new/", phase_views.register, name="phase_new"),
    path("works/<int:pk>/survey/new/", views.commission, name="survey_new"),
    path("surveys/<int:pk>/hand-in/", views.hand_in, name="survey_hand_in"),
    path("surveys/<int:pk>/share/", views.share, name="survey_share"),
    path("surveys/<int:pk>/return/", views.send_back, name="survey_return"),
    path("surveys/<int:pk>/cancel/", views.cancel_survey, name="survey_cancel"),
    path("works/<int:pk>/pre-acceptance/", views.book, name="pre_book"),
    path("pre-acceptances/<int:pk>/confirm/", views.confirm_pre, name="pre_confirm"),
    path("pre-acceptances/<int:pk>/hold/", views.hold_pre, name="pre_hold"),
    path("pre-acceptances/<int:pk>/cancel/", views.cancel_pre, name="pre_cancel"),
    path("acceptances/<int:pk>/papers/", views.return_papers, name="papers"),
    path("acceptances/<int:pk>/papers/back/", views.hand_back, name="papers_back"),
    path("acceptances/<int:pk>/visit/refuse/", views.refuse_day, name="visit_refuse"),
    path("acceptances/<int:pk>/visit/name/", views.name_day, name="visit_name"),
    path("acceptance-items/<int:pk>/late/", views.ask_late, name="late_ask"),
    path("late-faults/<int:pk>/", views.decide_late, name="late"),
    path("shared-facilities/<int:pk>/", views.facility, name="facility"),
    path("make-ups/<int:pk>/bring/", views.bring, name="make_up_bring"),
    path("make-ups/<int:pk>/check/", views.check_paper, name="make_up_check"),
    path("acceptances/<int:pk>/handover/", views.hand_over, name="hand_over"),
    path("handovers/<int:pk>/", views.handover, name="handover"),
    path("handovers/<int:pk>/receive/", views.receive, name="handover_receive"),
    path("handovers/<int:pk>/keys/", views.keys, name="handover_keys"),
    path("handovers/<int:pk>/registered/", views.registered, name="handover_registered"),
]
