"""扫码记录: how often a code is opened, with which of the three views; no address, no device, no person.

Openings are gathered for seconds and written together, so that a page that many read at once stays one query. A
process that is killed loses a few seconds of counting, nothing else.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.db.models import Count, Max

from archives.models import QrToken, Scan
from projects import timing

if TYPE_CHECKING:
    import datetime as dt

    from projects.models import Project

#: Gathered openings are written so many seconds after those before, or when there are so many.
SECONDS, MOST = 5.0, 200
_log = logging.getLogger(__name__)
_lock = threading.Lock()
_gathered: list[Scan] = []
_written = [0.0]


def note(token_id: int, view: str) -> None:
    """Note that a code was opened."""
    minute = timing.now().replace(second=0, microsecond=0)
    with _lock:
        _gathered.append(Scan(token_id=token_id, view=view, at=minute))
        if len(_gathered) < MOST and time.monotonic() < _written[0] + SECONDS:
            return
    try:
        flush()
    except DatabaseError as error:  # a citizen's page does not fail because it could not be counted
        _log.warning("scans were not counted: %s", error)


def flush() -> int:
    """Write what was gathered; return how many openings."""
    with _lock:
        rows = list(_gathered)
        _gathered.clear()
        _written[0] = time.monotonic()
    known = set(QrToken.objects.filter(pk__in={row.token_id for row in rows}).values_list("pk", flat=True))
    return len(Scan.objects.bulk_create([row for row in rows if row.token_id in known])) if rows else 0


def _flush_at_the_end() -> None:
    try:
        flush()
    except DatabaseError:  # the database is gone before the process is
        return


atexit.register(_flush_at_the_end)


@dataclass(frozen=True, slots=True)
class ScanCount:
    """How often the codes of a project were opened with one view in the last days, and when last."""

    view: str
    count: int
    last: dt.datetime


def counts_of(project: Project, *, since: dt.datetime) -> list[ScanCount]:
    """Return how often the codes of a project were opened since then. One query."""
    rows = Scan.objects.filter(token__project=project, at__gte=since).values("view").order_by("view")
    names = dict(Scan._meta.get_field("view").flatchoices)
    return [
        ScanCount(str(names[row["view"]]), row["count"], row["last"])
        for row in rows.annotate(count=Count("pk"), last=Max("at"))
    ]
