"""Gap-free numbers per issuer, series and year (e.g. 〔2026〕高审受字第000123号)."""

from __future__ import annotations

from django.db import connection

from projects import timing
from projects.models import NumberSeries, Organisation


def take_number(issuer: Organisation, series: str, *, year: int | None = None) -> tuple[int, int]:
    """Return (year, serial), the next of its series.

    Runs inside the service's transaction: when that is rolled back the number is free again, so there is no gap. The
    row is locked until the transaction ends.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("take_number() belongs inside the service's transaction")
    year = year or timing.today().year
    NumberSeries.objects.get_or_create(issuer=issuer, series=series, year=year)
    row = NumberSeries.objects.select_for_update().get(issuer=issuer, series=series, year=year)
    row.last += 1
    row.save(update_fields=["last"])
    return row.year, row.last
