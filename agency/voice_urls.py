"""Addresses of ratings, enquiries and complaints."""

from django.urls import URLPattern, URLResolver, path

from agency.views import ratings, voices

urlpatterns: list[URLPattern | URLResolver] = [
    path("rate/", ratings.rate_entry, name="rate_entry"),
    path("rate/<str:token>/", ratings.rate, name="rate"),
    path("rate/<str:token>/reply/", ratings.rate_reply, name="rate_reply"),
    path("projects/<int:pk>/rate/", ratings.rate_here, name="rate_here"),
    path("ratings/", ratings.ratings, name="ratings"),
    path("ratings/mine/", ratings.ratings_mine, name="ratings_mine"),
    path("ratings/follow-ups/<int:pk>/", ratings.follow_up, name="follow_up"),
    path("ratings/follow-ups/<int:pk>/reply.pdf", ratings.follow_reply, name="follow_reply"),
    path("ratings/follow-ups/<int:pk>/<str:step>/", ratings.follow_step, name="follow_step"),
    path("ratings/rectifications/", ratings.rectifications, name="rectifications"),
    path("ratings/rectifications/<int:pk>/", ratings.rectification, name="rectification"),
    path("ratings/rectifications/<int:pk>/<str:step>/", ratings.rectify_step, name="rectify_step"),
    path("voices/", voices.voices, name="voices"),
    path("voices/ask/", voices.voice_ask, name="voice_ask"),
    path("voices/mine/", voices.voices_mine, name="voices_mine"),
    path("voices/<int:pk>/", voices.voice, name="voice"),
    path("voices/<int:pk>/<str:step>/", voices.voice_step, name="voice_step"),
    path("voices/replies/<int:pk>/", voices.voice_pdf, name="voice_pdf"),
    path("voices/of/<str:token>/", voices.voice_track, name="voice_track"),
    path("voices/of/<str:token>/replies/<int:pk>/", voices.voice_track_pdf, name="voice_track_pdf"),
    path("voices/of/<str:token>/<str:step>/", voices.voice_say, name="voice_say"),
]
