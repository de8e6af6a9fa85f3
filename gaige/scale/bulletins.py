"""Freezing a month beside the bare SQL for the same numbers, on a portal of the size of a city; PostgreSQL only."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from agency.bulletin_facts import DECISIONS, SILENT
from agency.bulletin_periods import Period, first_day, month_before, month_of, period_of
from agency.bulletin_scope import Scope, scope_of
from agency.bulletin_states import BulletinSeries
from agency.models import Bulletin, BulletinList
from agency.services.bulletins import freeze, open_bulletin
from gaige.scale.figures import Beside
from packages.models import MatterCase
from projects import timing
from projects.models import Organisation, Project

MOST_RATIO, MOST_MEGABYTES, TURNS = 3.0, 200, 3
#: The cases of a month with what the figures ask of each, and the numbers and lists by the whole, district and lead.
CASES = """
WITH taken AS (
    SELECT c.id, p.region_code AS region, c.lead_id AS lead, c.used_days AS used,
           c.accepted_at >= %(start)s AS accepted,
           coalesce(c.decided_at >= %(start)s AND c.decided_at < %(end)s AND c.state = ANY(%(decisions)s), false)
               AS decided,
           (c.ended_at IS NULL OR c.ended_at >= %(end)s) AND (c.decided_at IS NULL OR c.decided_at >= %(end)s)
               AS running,
           CASE WHEN c.decided_at < %(end)s THEN c.is_overdue
                ELSE coalesce(k.first_overdue_at < %(end)s, false) END AS late,
           (SELECT count(*) FROM packages_onetimenotice n WHERE n.case_id = c.id) AS notices,
           EXISTS (SELECT 1 FROM packages_deferral d WHERE d.case_id = c.id)
               OR EXISTS (SELECT 1 FROM packages_commitment m WHERE m.case_id = c.id) AS promised
    FROM packages_mattercase c
    JOIN projects_project p ON p.id = c.project_id
    LEFT JOIN projects_clock k ON k.id = c.promised_clock_id
    WHERE p.centre_id = ANY(%(centres)s) AND c.stage <> 'acceptance' AND c.handling <> 'outside'
      AND c.accepted_at < %(end)s AND (c.ended_at IS NULL OR c.ended_at >= %(start)s)
)
SELECT region, lead, array_agg(id) FILTER (WHERE accepted), array_agg(id) FILTER (WHERE decided),
       array_agg(id) FILTER (WHERE running), array_agg(id) FILTER (WHERE decided AND NOT late),
       array_agg(id) FILTER (WHERE late AND (decided OR running)), array_agg(id) FILTER (WHERE decided AND notices = 0),
       array_agg(id) FILTER (WHERE decided AND promised), avg(notices) FILTER (WHERE decided),
       avg(used) FILTER (WHERE decided), percentile_cont(0.5) WITHIN GROUP (ORDER BY used) FILTER (WHERE decided),
       percentile_disc(0.9) WITHIN GROUP (ORDER BY used) FILTER (WHERE decided)
FROM taken GROUP BY GROUPING SETS ((), (region), (lead))
"""
#: Whose days the pauses were, of the cases that were decided.
DAYS = """
SELECT p.region_code, s.owner, count(*), sum(extract(epoch FROM s.ended_at - s.started_at))
FROM packages_mattercase c JOIN projects_project p ON p.id = c.project_id
JOIN projects_clocksegment s ON s.clock_id = c.promised_clock_id
WHERE p.centre_id = ANY(%(centres)s) AND c.stage <> 'acceptance' AND s.owner <> 'government'
  AND c.decided_at >= %(start)s AND c.decided_at < %(end)s GROUP BY 1, 2
"""
OPINIONS = """
SELECT p.region_code, t.organisation_id, t.state = ANY(%(silent)s), count(*), array_agg(t.id)
FROM packages_reviewtask t JOIN packages_jointsession s ON s.id = t.session_id
JOIN projects_project p ON p.id = s.project_id
WHERE p.centre_id = ANY(%(centres)s) AND t.closed_at >= %(start)s AND t.closed_at < %(end)s AND t.role <> 'lead'
GROUP BY GROUPING SETS ((3), (1, 3), (2, 3))
"""


@dataclass(frozen=True, slots=True)
class Frozen(Beside):
    """What freezing a month took, in seconds, beside the bare SQL; the most memory of Python in bytes."""

    name: str
    cases: int
    decided: int
    listed: int
    seconds: float
    bare_seconds: float
    peak: int

    @property
    def words(self) -> str:
        """The figures as a paragraph of Markdown."""
        return (
            f"Freezing {self.name} of a portal with {self.cases:,} cases ({self.decided:,} decided in it), with "
            f"{self.listed:,} entries in the lists behind its figures: {self.seconds:.2f} s; the bare SQL for the same "
            f"numbers and lists {self.bare_seconds:.2f} s: {self.ratio:.2f} times; at most "
            f"{self.peak / 1024 / 1024:.0f} MB of Python."
        )

    @property
    def promises(self) -> list[tuple[str, bool]]:
        """What was promised, and whether it is kept."""
        megabytes = self.peak / 1024 / 1024
        return [
            (
                f"freezing a month: {self.ratio:.2f} times the bare SQL, promised {MOST_RATIO:.0f}",
                self.ratio <= MOST_RATIO,
            ),
            (f"freezing a month: {megabytes:.0f} MB, promised under {MOST_MEGABYTES}", megabytes < MOST_MEGABYTES),
        ]


def measure_bulletin(turns: int = TURNS) -> Frozen:
    """Freeze the last whole month that has decisions, several times, each rolled back; the bare SQL in between."""
    centre, (year, month) = _centre(), _last_whole_month()
    bulletin = open_bulletin(centre, year=year, month=month)
    period = period_of(year, month, starts_on=first_day())
    scope = scope_of(BulletinSeries.PERMIT, centre)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plain, real = [], []
    found = _frozen(bulletin)
    for _ in range(turns):
        plain.append(_timed(lambda: bare(period, scope)))
        real.append(_timed(lambda: _frozen(bulletin)))
    tracemalloc.start()
    _frozen(bulletin)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return Frozen(
        str(bulletin), MatterCase.objects.count(), *found, statistics.median(real), statistics.median(plain), peak
    )


def frozen_month() -> Bulletin:
    """Return the frozen bulletin of the month before the one that is measured; it stays."""
    year, month = month_before(*_last_whole_month())
    return freeze(open_bulletin(_centre(), year=year, month=month).pk, by=None)


def _centre() -> Organisation:
    return Organisation.objects.get(pk=Project.objects.values_list("centre_id", flat=True).order_by("pk")[0])


def _last_whole_month() -> tuple[int, int]:
    """Year and month of the last whole month that has decisions."""
    newest = MatterCase.objects.aggregate(Max("decided_at"))["decided_at__max"] or timing.now()
    return month_before(*month_of(timing.business_day(newest), starts_on=first_day()))


def _frozen(bulletin: Bulletin) -> tuple[int, int]:
    """Freeze and roll back; return how many cases were decided and how long all lists are."""
    with transaction.atomic():
        done = freeze(bulletin.pk, by=None)
        listed = sum(len(ids) for ids in BulletinList.objects.filter(bulletin=done).values_list("ids", flat=True))
        decided = next(one["value"] for one in done.content["big"] if one["label"] == "办结")
        transaction.set_rollback(True)
    return int(decided), listed


def bare(period: Period, scope: Scope) -> list[tuple[Any, ...]]:
    """Run the bare SQL; return its rows of cases: the whole (no district, no lead), each district, each lead."""
    asked: dict[str, Any] = {
        "start": period.start, "end": period.end, "centres": list(scope.centre_ids),
        "decisions": [str(state) for state in DECISIONS], "silent": [str(state) for state in SILENT],
    }
    with connection.cursor() as cursor:
        cursor.execute(CASES, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        for statement in (DAYS, OPINIONS):
            cursor.execute(statement, asked)
            cursor.fetchall()
    return rows


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
