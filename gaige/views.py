"""Pages that belong to no single app."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET

from gaige import styleguide as samples

TYPE_SIZE_AGE = 365 * 24 * 3600


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component in every state, from made-up data."""
    return render(request, "gaige/styleguide.html", samples.context())


@require_GET
def type_size(request: HttpRequest, size: str) -> HttpResponse:
    """Remember large or normal type in this browser and go back to where the reader was."""
    back = request.GET.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    if size == "large":
        response.set_cookie("type_size", "large", max_age=TYPE_SIZE_AGE, samesite="Lax", httponly=True)
    else:
        response.delete_cookie("type_size", samesite="Lax")
    return response
