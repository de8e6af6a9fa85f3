"""Addresses of what runs out: calendar, permits, letters, feeds. Part of ``packages.urls``."""

from django.urls import URLPattern, path

from packages.views import feeds, living

urlpatterns: list[URLPattern] = [
    path("calendar/", living.calendar, name="calendar"),
    path("calendar/bodies/<int:pk>/feed/", feeds.body_feed, name="body_feed"),
    path("calendar/feeds/<int:pk>/void/", feeds.void_feed, name="void_feed"),
    path("calendar/ics/<str:token>/calendar.ics", feeds.feed, name="feed"),
    path("projects/<int:pk>/calendar/", living.project_calendar, name="project_calendar"),
    path("projects/<int:pk>/calendar/feed/", feeds.project_feed, name="project_feed"),
    path("permits/<int:pk>/", living.permit, name="permit"),
    path("permits/<int:pk>/inspect/", living.inspect, name="inspect"),
    path("permits/<int:pk>/working/", living.report_working, name="report_working"),
    path("permits/<int:pk>/answer/", living.answer_stop, name="answer_stop"),
    path("permits/<int:pk>/stopped/", living.close_stop, name="close_stop"),
    path("letters/", living.letter_list, name="letters"),
    path("letters/<int:pk>/", living.letter, name="letter"),
    path("letters/<int:pk>/convert/", living.convert_letter, name="convert_letter"),
    path("materials/<int:pk>/letter/", living.use_letter, name="use_letter"),
    path("cases/<int:pk>/terms/", living.terms, name="terms"),
    path("cases/<int:pk>/prepermit/", living.prepermit, name="prepermit"),
]
