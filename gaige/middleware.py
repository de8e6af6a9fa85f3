"""Request id, content security policy, and pages for what a service refuses."""

import logging
import re
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.utils.http import url_has_allowed_host_and_scheme

from gaige.errors import domain_error
from projects.errors import DomainError
from projects.plain_text import plain
from projects.request_context import request_id

GetResponse = Callable[[HttpRequest], HttpResponse]
#: Scanners send what they like; this page mends it itself.
SCAN_FIELD = "/search/"
GIVEN_ID = re.compile(r"[0-9a-f]{32}")


class RequestIdFilter(logging.Filter):
    """Puts the identifier of the running request on every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, with ``request_id`` on it."""
        record.request_id = request_id.get() or "-"
        return True


def request_id_middleware(get_response: GetResponse) -> GetResponse:
    """Name every request; a proxy's own name is kept when it is 32 hexadecimal digits."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        token = request_id.set(given if GIVEN_ID.fullmatch(given) else uuid4().hex)
        try:
            response = get_response(request)
            response["X-Request-Id"] = request_id.get()
        finally:
            request_id.reset(token)
        return response

    return middleware


def null_byte_middleware(get_response: GetResponse) -> GetResponse:
    """Refuse an address with a null byte: nobody types one, and PostgreSQL takes none in a text."""

    def middleware(request: HttpRequest) -> HttpResponse:
        asked = "" if request.path_info == SCAN_FIELD else request.META.get("QUERY_STRING", "")
        if "\x00" in request.path_info or "%00" in asked:
            words = "地址里有不能识别的字符，请检查后重新打开。"
            return HttpResponseBadRequest(words, content_type="text/plain; charset=utf-8")
        return get_response(request)

    return middleware


def content_security_policy_middleware(get_response: GetResponse) -> GetResponse:
    """Allow a page only what comes from the portal itself; no inline script, no inline style."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(self), geolocation=(), microphone=()")
        return response

    return middleware


def sign_in_again_middleware(get_response: GetResponse) -> GetResponse:
    """Lead back to the page with the form after signing in again, not to the address that only takes a POST.

    A session that ends while a form is filled in sends its POST to the sign-in page; what was typed waits in the
    browser, under the page that it was typed on.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        target = urlsplit(response.get("Location", ""))
        if request.method != "POST" or target.path != settings.LOGIN_URL or response.status_code != 302:
            return response
        came_from = request.headers.get("Referer", "")
        if url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure()):
            page = urlsplit(came_from)
            back = urlunsplit(("", "", page.path, page.query, ""))
            response["Location"] = f"{settings.LOGIN_URL}?{urlencode({'next': back})}"
        return response

    return middleware


class PlainTextMiddleware:
    """Takes control and direction characters out of what is sent in a form, before any view reads it.

    A name that turns the direction of writing would read differently on a public page or a paper from what it says.
    Passwords stay as they were typed.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        """Mend the form when there is something to mend."""
        if request.method != "POST":
            return
        mended = {
            key: [plain(value) for value in values] for key, values in request.POST.lists() if "password" not in key
        }
        if any(request.POST.getlist(key) != values for key, values in mended.items()):
            form = request.POST.copy()
            for key, values in mended.items():
                form.setlist(key, values)
            request.POST = form  # type: ignore[assignment]


class DomainErrorMiddleware:
    """Turns what a service refuses into a page: not allowed 403, anything else 409, with the reason in Chinese."""

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a ``DomainError``; leave everything else to Django."""
        if isinstance(exception, DomainError):
            return domain_error(request, exception)
        return None
