"""The catalogue of packages, for everybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from packages.models import PackageVersion
from packages.planning.build import build_plan, questions_of


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """List the published packages with their days, for everybody."""
    versions = list(PackageVersion.objects.published().select_related("package").order_by("package__order"))
    longest = max((version.total_days for version in versions), default=1)
    return render(request, "packages/catalogue.html", {"versions": versions, "longest": longest})


@require_safe
def package(request: HttpRequest, code: str) -> HttpResponse:
    """Show a package: whom it is for, its promise, and the matters and materials of the standard case."""
    version = get_object_or_404(PackageVersion.objects.published().select_related("package"), package__code=code)
    context = {"version": version, "plan": build_plan(version, {}), "questions": questions_of(version)}
    return render(request, "packages/package.html", context)
