"""How often one address may open public pages by code: thirty times a minute, so that codes cannot be tried out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from ipaddress import IPv4Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache
from django.shortcuts import render
from redis.exceptions import RedisError

from projects import timing

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

WINDOW = 60
_log = logging.getLogger(__name__)


def address_of(request: HttpRequest) -> str:
    """Return the address of the reader; behind our own proxy the last one it names."""
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        named = request.headers.get("X-Forwarded-For", "").rsplit(",", 1)[-1].strip()
        if named:
            return named
    return str(request.META.get("REMOTE_ADDR", ""))


def network_of(address: str) -> str:
    """Return by what an address is counted: of IPv6 the first 64 bits, for whoever has one address there has all."""
    try:
        read = ip_address(address)
    except ValueError:  # a person, or what a proxy wrote
        return address
    return address if isinstance(read, IPv4Address) else str(read.ipv4_mapped or ip_network((read, 64), strict=False))


def allowed(scope: str, address: str, *, limit: int | None = None) -> bool:
    """Count one opening and return whether it is within the limit of this minute: that of public pages, or `limit`."""
    limit = settings.PUBLIC_RATE_PER_MINUTE if limit is None else limit
    if not limit:
        return True
    try:
        return _counted(_key(scope, address)) <= limit
    except RedisError:  # a citizen's page does not wait for the queue to come back
        _log.warning("openings are not counted: the cache does not answer")
        return True


def is_spent(scope: str, address: str) -> bool:
    """Return whether the limit of this minute is used up, without counting: where only failures are counted."""
    limit = settings.PUBLIC_RATE_PER_MINUTE
    if not limit:
        return False
    try:
        return int(cache.get(_key(scope, address), 0)) >= limit
    except RedisError:
        _log.warning("failures are not counted: the cache does not answer")
        return False


def _key(scope: str, address: str) -> str:
    return f"rate:{scope}:{int(timing.now().timestamp()) // WINDOW}:{network_of(address)}"


def _counted(key: str) -> int:
    """Count one more; the first of a minute makes the counter."""
    try:
        return cache.incr(key)
    except ValueError:
        if cache.add(key, 1, WINDOW * 2):
            return 1
    try:
        return cache.incr(key)
    except ValueError:  # the counter was dropped between the two steps
        return 0


View = Callable[..., "HttpResponseBase"]


def rate_limited(scope: str) -> Callable[[View], View]:
    """Answer 429 with a page when somebody opens too many codes in a minute.

    Strangers are counted by address. Who is signed in opens as many pages as there are, but what is sent is counted by
    person: codes are typed into forms, and an account is no licence to try them out.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            known = request.user.is_authenticated
            who = f"person-{request.user.pk}" if known else address_of(request)
            if (known and request.method != "POST") or allowed(scope, who):
                return view(request, *args, **kwargs)
            context = {"limit": settings.PUBLIC_RATE_PER_MINUTE}
            response = render(request, "archives/busy.html", context, status=429)
            response["Retry-After"] = str(WINDOW)
            return response

        return limited

    return decorate
