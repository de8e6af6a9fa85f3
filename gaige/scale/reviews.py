"""Opening many joint reviews by workers, beside the same rows by plain bulk SQL plus as many empty tasks.

The workers open them as they do after a rush at the window: so many of one subscriber to a transaction as the outbox
carries out together (`outbox.AT_ONCE`). There are as many empty tasks as tasks were sent.

The bare rows are the rows that the real run has written, inserted again into empty tables of the same columns,
constraints, indexes and foreign keys, a thousand to a statement, in one transaction; the rows that a real run updates
are updated as well.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Max
from django.test.utils import CaptureQueriesContext

from gaige.scale.tasks import empty, mark
from packages.models import Enrolment, JointSession, MatterCase, MatterVersion, ReviewTask
from packages.planning.build import taking_part
from packages.services.rounds import open_joint_review
from packages.states import CaseState
from packages.tasks import open_joint_reviews as opening
from projects import timing
from projects.models import Clock, ClockSegment, Event, Involvement, Outbox, Project, WorkUnit
from projects.outbox import AT_ONCE

ROOT = Path(__file__).resolve().parents[2]
MATTER, BODIES = "design-scheme", 8
MOST_RATIO, MOST_QUERIES = 3.0, 15
STATEMENT, WORKERS, PATIENCE = 1000, 2, 600.0
QUEUE = "review"
#: Ends the codes of the works that the reviews are about.
WORKS = "-R"


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening took, in seconds, and what the same rows and as many empty tasks took."""

    reviews: int
    tasks: int
    rows: int
    seconds: float
    bulk_seconds: float
    empty_seconds: float
    queries: int

    @property
    def ratio(self) -> float:
        """How many times the bare half the real one takes."""
        return self.seconds / (self.bulk_seconds + self.empty_seconds)

    @property
    def words(self) -> str:
        """The figures as a paragraph of Markdown."""
        return (
            f"Opening {self.reviews:,} joint reviews ({self.tasks:,} tasks, {self.rows:,} rows) by {WORKERS} worker "
            f"processes, {AT_ONCE} to a transaction: {self.seconds:.2f} s; the rows by bulk SQL "
            f"{self.bulk_seconds:.2f} s and as many empty tasks {self.empty_seconds:.2f} s: {self.ratio:.2f} times. "
            f"Queries of one opening by itself: {self.queries}."
        )

    @property
    def promises(self) -> list[tuple[str, bool]]:
        """What was promised, and whether it is kept."""
        ratio, queries = self.ratio, self.queries
        return [
            (f"opening joint reviews: {ratio:.2f} times the bare one, promised {MOST_RATIO:.0f}", ratio <= MOST_RATIO),
            (f"opening a joint review: {queries} queries, promised {MOST_QUERIES}", queries <= MOST_QUERIES),
        ]


def measure_reviews(count: int) -> Opened:
    """Open `count` joint reviews of eight departments and more by workers, and measure the bare halves beside."""
    [probe, *cases] = accepted_cases(count + 1)
    queries = _queries(probe)
    marks = {model: _last(model) for model in (Event, Clock, ClockSegment, Outbox, Involvement)}
    with workers() as wait_for_mark:
        empty_seconds = _timed(lambda: _empty(-(-len(cases) // AT_ONCE), wait_for_mark))
        seconds = _timed(lambda: _open(cases, wait_for_mark))
    sessions = JointSession.objects.filter(case__in=cases)
    if (there := sessions.count()) != len(cases):
        raise RuntimeError(f"{there} of {len(cases)} reviews were opened")
    asked = ReviewTask.objects.filter(session__in=sessions)
    written: list[tuple[type[models.Model], Sequence[int]]] = [
        (model, list(model._default_manager.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)))
        for model, last in marks.items()
    ]
    written.append((JointSession, list(sessions.values_list("pk", flat=True))))
    written.append((ReviewTask, list(asked.values_list("pk", flat=True))))
    return Opened(
        len(cases), asked.count(), sum(len(ids) for _, ids in written), seconds, bulk_seconds(written, cases),
        empty_seconds, queries,
    )


def _last(model: type[models.Model]) -> int:
    return int(model._default_manager.aggregate(last=Max("pk"))["last"] or 0)


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


# Cases ---------------------------------------------------------------------------------------------------------------


def _projects_for(version: MatterVersion, count: int) -> list[Project]:
    """Return so many projects in whose plan enough bodies take part in a review of the matter."""
    taken = WorkUnit.objects.filter(code__endswith=WORKS).values("project_id")  # a portal may be measured again
    found = Enrolment.objects.exclude(project_id__in=taken).select_related("package_version", "project").order_by("pk")
    chosen: list[Project] = []
    known: dict[str, bool] = {}
    for enrolment in found.iterator(chunk_size=2000):
        key = f"{enrolment.package_version_id} {sorted(enrolment.facts.items())}"
        if key not in known:
            bodies = taking_part(enrolment.package_version, enrolment.facts, version.pk)
            known[key] = bodies is None or len(bodies) > BODIES
        if known[key]:
            chosen.append(enrolment.project)
        if len(chosen) == count:
            break
    if len(chosen) < count:
        raise RuntimeError(f"only {len(chosen)} of {count} projects can hold such a review")
    return chosen


def accepted_cases(count: int) -> list[int]:
    """Return new accepted cases of projects and works of their own, in which eight departments and more take part."""
    version = MatterVersion.objects.published().select_related("lead", "matter").get(matter__code=MATTER)
    chosen = _projects_for(version, count)
    works = WorkUnit.objects.bulk_create(
        [
            WorkUnit(project=row, code=f"{row.code}{WORKS}", name=f"{row.name}扩建", is_default=False) for row in chosen
        ],
        batch_size=STATEMENT,
    )
    now = timing.now()
    rows = MatterCase.objects.bulk_create(
        [
            MatterCase(
                project=project, work_unit=unit, matter=version, stage=version.stage,
                lead=version.lead, state=CaseState.ACCEPTED, promised_days=version.promised_days, accepted_at=now,
                received_at=now,
            )
            for project, unit in zip(chosen, works, strict=True)
        ],
        batch_size=STATEMENT,
    )
    return [row.pk for row in rows]


def _queries(case_id: int) -> int:
    """How many statements one opening sends, without the two ends of its transaction."""
    with CaptureQueriesContext(connection) as seen:
        open_joint_review(case_id)
    ends = ("BEGIN", "COMMIT")
    return sum(not query["sql"].startswith(ends) for query in seen.captured_queries)


# Workers -------------------------------------------------------------------------------------------------------------


@contextmanager
def workers() -> Iterator[Callable[[], None]]:
    """Run the workers of the queue; yield what waits until all that was published has been taken up."""
    command = [
        sys.executable, "-m", "celery", "-A", "gaige", "worker", "-Q", QUEUE, "-c", str(WORKERS), "-l", "WARNING",
        "-I", "gaige.scale.tasks", "--without-gossip", "--without-mingle",
    ]
    with tempfile.TemporaryDirectory(prefix="gaige-marks-") as folder, tempfile.TemporaryFile() as log:
        process = subprocess.Popen(  # noqa: S603 - our own worker
            command, cwd=ROOT, env=dict(os.environ), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True,
        )

        def wait() -> None:
            path = Path(folder) / str(time.monotonic_ns())
            mark.apply_async(args=[str(path)], queue=QUEUE)
            deadline = time.monotonic() + PATIENCE
            while not path.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise RuntimeError(f"no worker answers: {log.read()[-2000:].decode(errors='replace')}")
                time.sleep(0.02)

        try:
            wait()
            yield wait
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def _empty(count: int, wait: Callable[[], None]) -> None:
    for number in range(count):
        empty.apply_async(args=[number], queue=QUEUE)
    wait()


def _open(cases: Sequence[int], wait: Callable[[], None]) -> None:
    for start in range(0, len(cases), AT_ONCE):
        opening.apply_async(args=[list(cases[start:start + AT_ONCE])], queue=QUEUE)
    wait()
    while MatterCase.objects.filter(pk__in=cases, state=CaseState.ACCEPTED).exists():
        time.sleep(0.02)


# Bare rows -----------------------------------------------------------------------------------------------------------


def bulk_seconds(written: Sequence[tuple[type[models.Model], Sequence[int]]], cases: Sequence[int]) -> float:
    """Insert the same rows again into empty twins of their tables; return the seconds that it takes."""
    batches = [_batch(model, ids) for model, ids in written if ids]
    with connection.cursor() as cursor:
        started = time.perf_counter()
        with transaction.atomic():
            for table, columns, rows in batches:
                _insert(cursor, table, columns, rows)
            cursor.execute("UPDATE packages_mattercase SET state = state WHERE id = ANY(%s)", [list(cases)])
            cursor.execute(
                "UPDATE projects_project SET event_seq = event_seq WHERE id IN "
                "(SELECT project_id FROM packages_mattercase WHERE id = ANY(%s))", [list(cases)],
            )
        return time.perf_counter() - started


def _batch(model: type[models.Model], ids: Sequence[int]) -> tuple[str, list[str], list[tuple[Any, ...]]]:
    """Make an empty twin of the table with its foreign keys; return its name and the rows that belong into it."""
    table = model._meta.db_table
    twin = f"bare_{table}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE IF EXISTS "{twin}"')
        cursor.execute(f'CREATE TABLE "{twin}" (LIKE "{table}" INCLUDING ALL)')
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'",
            [table],
        )
        for [definition] in cursor.fetchall():
            cursor.execute(f'ALTER TABLE "{twin}" ADD {definition}')
        columns = [str(field.column) for field in model._meta.concrete_fields]
        texts = {field.column for field in model._meta.concrete_fields if isinstance(field, models.JSONField)}
        shown = ", ".join(f'"{name}"::text' if name in texts else f'"{name}"' for name in columns)
        cursor.execute(f'SELECT {shown} FROM "{table}" WHERE id = ANY(%s) ORDER BY id', [list(ids)])  # noqa: S608
        return twin, columns, cursor.fetchall()


def _insert(cursor: Any, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    one = f"({', '.join(['%s'] * len(columns))})"
    most = min(STATEMENT, 60_000 // len(columns))
    for start in range(0, len(rows), most):
        part = rows[start:start + most]
        values = ", ".join([one] * len(part))
        cursor.execute(
            f'INSERT INTO "{table}" ({names}) VALUES {values}',  # noqa: S608 - names from the models
            [value for row in part for value in row],
        )
