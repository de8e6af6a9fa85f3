"""Gap-free numbers per issuer, series and year (e.g. 〔2026〕高审受字第000123号)."""

from __future__ import annotations

from django.db import connection

from projects import plans, timing
from projects.models import NumberSeries, Organisation


def take_number(issuer: Organisation, series: str, *, year: int | None = None) -> tuple[int, int]:
    """Return (year, serial), the next of its series.

    Runs inside the service's transaction: when that is rolled back the number is free again, so there is no gap. The
    row is locked until the transaction ends.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("take_number() belongs inside the service's transaction")
    year = year or timing.today().year
    serial = _next(issuer, series, year)
    if serial is None:
        NumberSeries.objects.get_or_create(issuer=issuer, series=series, year=year)
        serial = _next(issuer, series, year)
    if serial is None:
        raise RuntimeError(f"no number of {series} {year} can be taken")
    return year, serial


NEXT = (
    "UPDATE projects_numberseries SET last = last + 1 WHERE issuer_id = %s AND series = %s AND year = %s RETURNING last"
)


def _next(issuer: Organisation, series: str, year: int) -> int | None:
    """Take the next number of a series in one statement, which locks its row; None while it has no row."""
    with connection.cursor() as cursor:
        plans.carry_out(cursor, NEXT, [issuer.pk, series, year])
        row = cursor.fetchone()
    return int(row[0]) if row else None
