"""Lists as files."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from projects.exports import csv_lines


def csv_response(name: str, lines: Iterable[Iterable[str]]) -> HttpResponse:
    """A file of comma-separated values that spreadsheets open with Chinese letters; no cell is read as a formula."""
    response = HttpResponse("".join(csv_lines(lines)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{name}.csv")
    return response
