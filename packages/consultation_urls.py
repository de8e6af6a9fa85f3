"""Addresses of consultations, of the versions of their plan, of what is off the list. Part of ``packages.urls``."""

from django.urls import URLPattern, path

from packages.views import consultation, service_plan

urlpatterns: list[URLPattern] = [
    path("consultations/", consultation.consultations, name="consultations"),
    path("projects/<int:pk>/consultation/new/", consultation.convene, name="consultation_new"),
    path("consultations/<int:pk>/", consultation.detail, name="consultation"),
    path("consultations/<int:pk>/invite/", consultation.invite, name="consultation_invite"),
    path("consultations/<int:pk>/survey/", consultation.open_survey, name="consultation_open"),
    path("consultations/<int:pk>/code/", consultation.code, name="consultation_code"),
    path("consultations/<int:pk>/meeting/", consultation.meeting, name="consultation_meeting"),
    path("consultations/<int:pk>/minutes/", consultation.sign_minutes, name="consultation_minutes"),
    path("consultations/<int:pk>/chase/", consultation.chase, name="consultation_chase"),
    path("consultations/<int:pk>/add/", consultation.add, name="consultation_add"),
    path("consultations/<int:pk>/cancel/", consultation.cancel, name="consultation_cancel"),
    path("consultations/<int:pk>/revise/", service_plan.revise, name="consultation_revise"),
    path("consultations/sign/<str:token>/", consultation.sign, name="consultation_sign"),
    path("consultations/units/<int:pk>/", consultation.unit, name="unit"),
    path("consultations/units/<int:pk>/photo/", consultation.photo, name="unit_photo"),
    path("consultations/units/<int:pk>/opinion/", consultation.opinion, name="unit_opinion"),
    path("consultations/units/<int:pk>/release/", consultation.release, name="unit_release"),
    path("service-plans/<int:pk>/", service_plan.version, name="service_plan"),
    path("service-plans/<int:pk>/difference/", service_plan.difference, name="service_plan_difference"),
    path("service-plans/<int:pk>/edit/", service_plan.edit, name="service_plan_edit"),
    path("service-plans/<int:pk>/refresh/", service_plan.refresh, name="service_plan_refresh"),
    path("service-plans/<int:pk>/tell/", service_plan.tell, name="service_plan_tell"),
    path("projects/<int:pk>/off-list/", service_plan.off_list_page, name="off_list"),
    path("projects/<int:pk>/off-list/new/", service_plan.off_list_new, name="off_list_new"),
    path("off-list/<int:pk>/", service_plan.off_list_decide, name="off_list_decide"),
]
