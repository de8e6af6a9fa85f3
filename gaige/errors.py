"""Pages for what goes wrong: 403 with the reason, 409 with what happened, 500 with an id to read out."""

import logging
from urllib.parse import urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme

from projects.errors import DomainError, NotAllowed
from projects.request_context import request_id

logger = logging.getLogger(__name__)

CSRF_HEADING = "页面已过期，没有提交"
CSRF_REASON = (
    "这张页面打开后，登录状态换过了（例如重新登录、在别的窗口退出过，或者浏览器没有保存登录信息），所以没有提交。"
    "请按下面的按钮打开新的页面再提交一次：您填的内容还在本机，不用重填。"
)
#: Letters of the request id that a person can read out on the telephone.
SHORT_ID = 8


def domain_error(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Answer what a service refused: 403 when the rule says no, else 409."""
    status = 403 if isinstance(error, NotAllowed) else 409
    context = {"code": error.code, "message": error.message, "reason": error.message}
    return render(request, f"{status}.html", context, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without a valid token (``reason`` is Django's, for the log only)."""
    logger.warning("csrf: %s", reason)
    came_from = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    page = urlsplit(came_from) if safe else None
    context = {
        "code": "csrf", "heading": CSRF_HEADING, "reason": CSRF_REASON, "back_label": "打开新的页面",
        "back_url": urlunsplit(("", "", page.path, page.query, "")) if page else request.path,
    }
    return render(request, "403.html", context, status=403)


def short_id() -> str:
    """Return the first letters of the running request's identifier."""
    return request_id.get()[:SHORT_ID].upper()


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a bug: no database and no session are asked, the page carries the short id of the log line."""
    error_id = short_id()
    logger.error("500 %s %s", error_id, request.path)
    return HttpResponse(render_to_string("500.html", {"error_id": error_id}), status=500)
