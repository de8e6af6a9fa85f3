"""Pages for what goes wrong: 403 with the reason, 409 with what happened, 500 with an id to read out."""

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from projects.errors import DomainError, NotAllowed
from projects.request_context import request_id

logger = logging.getLogger(__name__)

CSRF_REASON = "这张页面打开得太久，安全标记已经失效，本次没有保存。请返回上一页刷新后再提交。"
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
    return render(request, "403.html", {"code": "csrf", "message": CSRF_REASON, "reason": CSRF_REASON}, status=403)


def short_id() -> str:
    """Return the first letters of the running request's identifier."""
    return request_id.get()[:SHORT_ID].upper()


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a bug: no database and no session are asked, the page carries the short id of the log line."""
    error_id = short_id()
    logger.error("500 %s %s", error_id, request.path)
    return HttpResponse(render_to_string("500.html", {"error_id": error_id}), status=500)
