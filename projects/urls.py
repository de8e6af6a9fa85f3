"""Addresses of ``projects``."""

from django.urls import URLPattern, URLResolver, path

from projects import clock_views, staff_views, views

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
    path("staff/", staff_views.own, name="own_staff"),
    path("projects/<int:pk>/account/", staff_views.first_account, name="first_account"),
    path("staff/act/", staff_views.act_for, name="act_for"),
    path("staff/<int:pk>/", staff_views.staff, name="staff"),
    path("staff/<int:pk>/invite/", staff_views.invite, name="invite"),
    path("members/<int:pk>/end/", staff_views.end, name="member_end"),
    path("members/<int:pk>/lead/", staff_views.hand_over, name="member_lead"),
    path("members/<int:pk>/password/", staff_views.reset, name="member_reset"),
    path("invitations/<int:pk>/renew/", staff_views.renew, name="invitation_renew"),
    path("invitations/<int:pk>/revoke/", staff_views.revoke, name="invitation_revoke"),
    path("people/", staff_views.people, name="people"),
    path("clocks/<int:pk>/", clock_views.clock, name="clock"),
    path("clocks/<int:pk>/overdue/", clock_views.explain_overdue, name="explain_overdue"),
    path("workdays/", clock_views.calendar, name="calendar"),
    path("workdays/day/", clock_views.calendar_day, name="calendar_day"),
    path("back-entries/", clock_views.back_entries, name="back_entries"),
]
