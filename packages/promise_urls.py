"""Addresses of what is owed after the acceptance and of what is not asked for. Part of ``packages.urls``."""

from django.urls import URLPattern, path

from packages.views import promises, savings

urlpatterns: list[URLPattern] = [
    path("owed/", promises.owed, name="owed"),
    path("owed/<int:pk>/", promises.deferral, name="deferral"),
    path("owed/<int:pk>/time/", promises.give_time, name="deferral_time"),
    path("commitments/", promises.commitments, name="commitments"),
    path("commitments/<int:pk>/", promises.commitment, name="commitment"),
    path("commitments/<int:pk>/sign/", promises.sign, name="commitment_sign"),
    path("commitments/<int:pk>/kept/", promises.kept, name="commitment_kept"),
    path("commitments/<int:pk>/check/", promises.check, name="commitment_check"),
    path("commitments/<int:pk>/breach/", promises.breach, name="commitment_breach"),
    path("supplies/", promises.supplies, name="supplies"),
    path("materials/<int:pk>/supply/", promises.supply, name="supply"),
    path("materials/<int:pk>/absent/", promises.absent, name="absent"),
    path("savings/", savings.figures, name="savings"),
    path("savings/lines/", savings.lines, name="savings_lines"),
]
