"""Addresses of credit archives. Part of ``packages.urls``."""

from django.urls import URLPattern, path

from packages.views import credit

urlpatterns: list[URLPattern] = [
    path("credit/", credit.archives, name="credits"),
    path("credit/<int:pk>/", credit.archive, name="credit"),
    path("credit/<int:pk>/record/", credit.conduct, name="credit_record"),
    path("credit/records/<int:pk>/contest/", credit.contest, name="credit_contest"),
    path("credit/records/<int:pk>/answer/", credit.answer, name="credit_answer"),
    path("credit/records/<int:pk>/propose/", credit.propose, name="credit_propose"),
    path("credit/listings/<int:pk>/", credit.listing, name="credit_listing"),
    path("credit/listings/<int:pk>/tell/", credit.tell, name="credit_tell"),
    path("credit/listings/<int:pk>/plead/", credit.plead, name="credit_plead"),
    path("credit/listings/<int:pk>/decide/", credit.decide, name="credit_decide"),
    path("credit/listings/<int:pk>/object/", credit.object_to, name="credit_object"),
    path("credit/listings/<int:pk>/repair/", credit.repair, name="credit_repair"),
    path("credit/listings/<int:pk>/settle/", credit.settle, name="credit_settle"),
]
