"""Lists as files."""

from __future__ import annotations

import csv
from collections.abc import Iterable

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def csv_response(name: str, lines: Iterable[Iterable[str]]) -> HttpResponse:
    """A file of comma-separated values that spreadsheets open with Chinese letters (byte order mark first)."""
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=f"{name}.csv")
    csv.writer(response).writerows(lines)
    return response
