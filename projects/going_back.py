"""Where a form that was opened from somewhere leads back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.http import url_has_allowed_host_and_scheme

if TYPE_CHECKING:
    from django.http import HttpRequest


def back_to(request: HttpRequest, default: str) -> str:
    """Return the address of this portal that the form named (`next`), else the default; a path, never a name."""
    url = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure())
    return url if safe and url.startswith("/") else default
