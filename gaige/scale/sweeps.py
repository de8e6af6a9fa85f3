"""The deadline sweep over many running clocks, beside the bare SQL that finds those which have something new to say.

The clocks are made by one statement, and those that have reached a rung of the ladder have said so, but for a few: what
is measured is a sweep that looks at everything and finds nothing, and then one that finds those few.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

from agency.models import LadderMark, Notification
from agency.services.reminders import rung_days
from agency.tasks import sweep_due
from gaige.scale.figures import Beside
from projects import timing, workdays
from projects.clock_states import ClockKind, ClockState
from projects.models import Clock

MOST_RATIO, TURNS, NEWS = 2.0, 5, 50
#: Flat: whatever the number of clocks.
MOST_KILOBYTES = 1024
LABEL = "巡检测量"
CLOCKS = """
INSERT INTO projects_clock (project_id, kind, label, owner, unit, "limit", extensions, started_on, started_at, state,
                            due_on, yellow_on, is_provisional, calendar_version)
SELECT whose.ids[1 + n %% cardinality(whose.ids)], %(kind)s, %(label)s, 'government', 'working_day', 20, 0,
       %(today)s::date - 30, %(now)s::timestamptz - interval '30 days', 'running',
       %(today)s::date - 5 + n %% 60, %(today)s::date - 8 + n %% 60, false, %(calendar)s
FROM generate_series(1, %(count)s) AS n, (SELECT array_agg(id) AS ids FROM projects_project) AS whose
"""
THRESHOLD = """CASE WHEN c.due_on < %(weekly)s THEN 'weekly' WHEN c.due_on < %(director)s THEN 'director'
 WHEN c.due_on < %(red)s THEN 'red' WHEN c.due_on = %(today)s THEN 'due' ELSE 'yellow' END"""
UNTOLD = f"""
 FROM projects_clock c WHERE c.state = 'running' AND c.yellow_on <= %(today)s
 AND c.kind NOT IN ('permit', 'work_order') AND NOT EXISTS (
    SELECT 1 FROM agency_laddermark n WHERE n.clock_id = c.id AND n.threshold = {THRESHOLD})
"""  # noqa: S608 - constants
FIND = f"SELECT c.id {UNTOLD}"
TELL = f"""
INSERT INTO agency_laddermark (clock_id, threshold, reached_on, said_at)
SELECT c.id, {THRESHOLD}, c.due_on, %(now)s {UNTOLD}
"""
OPENED = """
INSERT INTO agency_laddermark (clock_id, threshold, reached_on, said_at)
SELECT DISTINCT t.clock_id, w.word, %(today)s::date, %(now)s::timestamptz FROM packages_reviewtask t,
 (VALUES ('assigned'), ('unopened')) AS w (word) WHERE t.state = 'invited' ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Swept(Beside):
    """What a sweep took, in seconds, beside the bare SQL; the most memory of Python in bytes."""

    clocks: int
    due: int
    seconds: float
    bare_seconds: float
    peak: int
    news_seconds: float
    told: int

    @property
    def words(self) -> str:
        """The figures as a paragraph of Markdown."""
        return (
            f"A deadline sweep over {self.clocks:,} running clocks, {self.due:,} of them past a threshold, all told: "
            f"{self.seconds * 1000:.1f} ms; the bare SQL that finds the due ones {self.bare_seconds * 1000:.1f} ms: "
            f"{self.ratio:.2f} times; at most {self.peak / 1024:.0f} KB of Python. A sweep with {NEWS} clocks that "
            f"have something new to say: {self.news_seconds:.2f} s for {self.told} reminders."
        )

    @property
    def promises(self) -> list[tuple[str, bool]]:
        """What was promised, and whether it is kept."""
        kilobytes = self.peak // 1024
        return [
            (
                f"deadline sweep: {self.ratio:.2f} times the bare SQL, promised {MOST_RATIO:.0f}",
                self.ratio <= MOST_RATIO,
            ),
            (f"deadline sweep: {kilobytes} KB of Python, promised {MOST_KILOBYTES}", kilobytes <= MOST_KILOBYTES),
        ]


def measure_sweep(count: int) -> Swept:
    """Fill up to so many running clocks and measure; PostgreSQL only. The rows stay."""
    _fill(count)
    today, found = timing.today(), Clock.objects.filter(state=ClockState.RUNNING).order_by()
    due = found.filter(yellow_on__lte=today)
    bare, real = [], []
    for _ in range(TURNS):
        bare.append(_timed(lambda: _run(FIND)))
        real.append(_timed(sweep_due))
    tracemalloc.start()
    sweep_due()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    news = list(found.filter(label=LABEL, due_on__lt=today).values_list("pk", flat=True)[:NEWS])
    LadderMark.objects.filter(clock__in=news).delete()
    before = Notification.objects.count()
    seconds = _timed(sweep_due)
    return Swept(
        found.count(), due.count(), statistics.median(real), statistics.median(bare), peak, seconds,
        Notification.objects.count() - before,
    )


def _fill(count: int) -> None:
    missing = count - Clock.objects.filter(state=ClockState.RUNNING).count()
    with connection.cursor() as cursor:
        if missing > 0:
            cursor.execute(CLOCKS, {
                "kind": ClockKind.OTHER, "label": LABEL, "today": timing.today(),
                "now": timing.now(), "calendar": workdays.version(), "count": missing,
            })
        given = rung_days(timing.today()) | {"now": timing.now()}
        cursor.execute(TELL, given)
        cursor.execute(OPENED, given)
        cursor.execute("ANALYZE")


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, rung_days(timing.today()))
        cursor.fetchall()


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
