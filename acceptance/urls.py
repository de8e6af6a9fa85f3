"""Addresses of ``acceptance``."""

from django.urls import URLPattern, URLResolver, path

from acceptance import joint_urls, supervision_urls, views

app_name = "acceptance"

urlpatterns: list[URLPattern | URLResolver] = [
    path("works/<int:pk>/acceptance/", views.apply, name="apply"),
    path("acceptances/<int:pk>/", views.detail, name="detail"),
    path("acceptances/<int:pk>/accept/", views.accept, name="accept"),
    path("acceptances/<int:pk>/visit/", views.visit, name="visit"),
    path("acceptances/<int:pk>/list/", views.site_list, name="list"),
    path("acceptances/<int:pk>/return/", views.return_rectified, name="return"),
    path("acceptances/<int:pk>/conclude/", views.conclude, name="conclude"),
    path("acceptance-items/<int:pk>/", views.item, name="item"),
    path("acceptance-items/<int:pk>/recheck/", views.recheck, name="recheck"),
    path("acceptance-issues/<int:pk>/answer/", views.answer, name="answer"),
    *joint_urls.urlpatterns,
    *supervision_urls.urlpatterns,
]
