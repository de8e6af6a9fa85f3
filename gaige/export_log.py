"""Every list that somebody takes as a file leaves a row in the log of reads, whichever page gives it (GB/T 22239)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.http import parse_header_parameters

from projects.exports import XLSX_TYPE
from projects.models import User
from projects.services.reads import note_export

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

#: What lists are handed out as, and how an address asks for it.
TYPES, FORMAT_KEYS = frozenset({"text/csv", XLSX_TYPE}), frozenset({"export", "format"})
#: Pages that note their exports themselves, with more than the name.
NOTED_BY_THE_VIEW = frozenset({"archives:archive", "gaige:audit"})
HANDED_OUT = 200


def export_log_middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Note who took which list, filtered how."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_list = response.get("Content-Type", "").partition(";")[0] in TYPES
        if is_list and response.status_code == HANDED_OUT and request.method == "GET":
            _note(request, response)
        return response

    return middleware


def _note(request: HttpRequest, response: HttpResponse) -> None:
    match = request.resolver_match
    if not isinstance(request.user, User) or (match is not None and match.view_name in NOTED_BY_THE_VIEW):
        return
    name = parse_header_parameters(response.get("Content-Disposition", ""))[1].get("filename", "")
    asked = "，".join(f"{key} {value}" for key, value in request.GET.items() if value and key not in FORMAT_KEYS)
    note_export(request.user, name or request.path, asked)
