"""What earlier bulletins say: the month and the year before, the twelve months, and the version that is corrected."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Q

from agency.bulletin_periods import month_before
from agency.bulletin_states import FigureGroup
from agency.models import Bulletin, BulletinFigure

if TYPE_CHECKING:
    from django.db.models import QuerySet

MONTHS = 12
MEDIAN = "median_days"
Values = dict[str, Decimal | None]


@dataclass(slots=True)
class History:
    """Stored figures of earlier bulletins of the same series, centre and district; empty where there are none."""

    #: Totals of the month (or year) before, and of the same month a year before.
    before: Values = field(default_factory=dict)
    year_before: Values = field(default_factory=dict)
    #: On-time rates of the rows of the month before.
    rows: dict[tuple[str, int, str], Decimal | None] = field(default_factory=dict)
    #: (year, month) -> (key of the bulletin, median) of two years.
    medians: dict[tuple[int, int], tuple[int, Decimal | None]] = field(default_factory=dict)
    last: Bulletin | None = None
    #: Totals of the version that this one corrects.
    corrected: Values | None = None


def same_line(bulletin: Bulletin) -> QuerySet[Bulletin]:
    """Return the newest versions of all months of a bulletin's series, centre and district."""
    return Bulletin.objects.newest().filter(
        series=bulletin.series, centre=bulletin.centre_id, region=bulletin.region_id
    )


def history_of(bulletin: Bulletin) -> History:
    """Return what earlier bulletins say. Five queries at most."""
    found = History()
    before = month_before(bulletin.year, bulletin.month)
    months = span(bulletin.year, bulletin.month, 2 * MONTHS + 1)
    ours = {
        (row.year, row.month): row
        for row in same_line(bulletin)
        .filter(year__gte=months[-1][0])
        .filter(Q(month=0) if not bulletin.month else ~Q(month=0))
        .exclude(snapshot_hash="")
        .exclude(pk=bulletin.pk)
        .defer("content")
    }
    found.last = ours.get(before)
    if found.last is not None:
        found.before = totals(found.last)
        rows = BulletinFigure.objects.filter(bulletin=found.last, key="on_time").exclude(group=FigureGroup.TOTAL)
        found.rows = {(g, row, key): value for g, row, key, value in rows.values_list("group", "row", "key", "value")}
    a_year_ago = ours.get((bulletin.year - 1, bulletin.month))
    if a_year_ago is not None:
        found.year_before = totals(a_year_ago)
    medians = BulletinFigure.objects.filter(
        bulletin__in=[row.pk for row in ours.values()], group=FigureGroup.TOTAL, key=MEDIAN
    )
    values = dict(medians.values_list("bulletin_id", "value"))
    found.medians = {month: (row.pk, values.get(row.pk)) for month, row in ours.items()}
    if bulletin.previous_id:
        found.corrected = totals(Bulletin.objects.get(pk=bulletin.previous_id))
    return found


def totals(bulletin: Bulletin) -> Values:
    """Return the stored totals of a bulletin."""
    rows = BulletinFigure.objects.filter(bulletin=bulletin, group=FigureGroup.TOTAL)
    return dict(rows.values_list("key", "value"))


def span(year: int, month: int, many: int) -> list[tuple[int, int]]:
    """Return so many months, this one first, going back."""
    found = [(year, month)]
    while len(found) < many:
        found.append(month_before(*found[-1]))
    return found
