"""Runs of background jobs: each leaves a row, so that people see a dead worker, and one bad row stops nothing.

A sweep asks `nothing_due` first: when nothing is due, the row of the run is written by the query that looked, and that
is all. Else it walks its rows with `each`, in chunks by key, every row in a savepoint of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import EmptyResultSet, ObjectDoesNotExist
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F, QuerySet, Value

from projects import timing
from projects.errors import DomainError
from projects.models import JobRun

logger = logging.getLogger(__name__)
CHUNK = 10_000
#: What a row may be wrong in. A lost connection, a lock that never comes, a time limit end the run: no row's fault.
BAD_ROW = (
    DomainError, ObjectDoesNotExist, IntegrityError, DataError, ArithmeticError, AssertionError, AttributeError,
    LookupError, RuntimeError, TypeError, ValueError,
)


@contextmanager
def job_run(job: str) -> Iterator[JobRun]:
    """Yield the row of this run; set `touched`, `errors`, `note` on it. It is finished also when the job fails."""
    run = JobRun.objects.create(job=job, started_at=timing.now())
    try:
        yield run
    except BaseException as error:
        run.errors, run.note = run.errors + 1, f"{type(error).__name__}: {error}"[:300]
        raise
    finally:
        run.finished_at = timing.now()
        run.save(update_fields=["finished_at", "touched", "errors", "note"])


def nothing_due(job: str, *due: QuerySet[Any] | tuple[str, Sequence[Any]]) -> bool:
    """Write the row of a run that found nothing, when none of these queries holds a row; say whether it was so.

    One query, whatever it finds: `INSERT ... SELECT ... WHERE nothing is counted`. It counts, since for an EXISTS
    PostgreSQL plans as if the first row were near, and looks each clock's reminders up one by one.
    """
    now = connection.ops.adapt_datetimefield_value(timing.now())
    conditions: list[str] = []
    params: list[Any] = []
    for rows in due:
        try:
            sql, given = rows if isinstance(rows, tuple) else rows.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            continue
        conditions.append(f"(SELECT COUNT(*) FROM ({sql}) AS due) = 0")  # noqa: S608 - by the ORM, values apart
        params += given
    where = " AND ".join(conditions) or "1 = 1"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO projects_jobrun (job, started_at, finished_at, touched, errors, note) "
            f"SELECT %s, {_moment()}, {_moment()}, 0, 0, '' WHERE {where}",
            [job, now, now, *params],
        )
        return bool(cursor.rowcount == 1)


def _moment() -> str:
    """A parameter that is a time also where a SELECT does not know the column it goes to."""
    return "CAST(%s AS timestamptz)" if connection.vendor == "postgresql" else "%s"


def each(
    run: JobRun, due: QuerySet[Any], act: Callable[[int], bool | int], *, column: str = "pk", most: int | None = None
) -> int:
    """Call `act` with the key of every row that is due, in the order of keys; return how many it changed.

    Keys are read in chunks, so that a million rows take the memory of one chunk; they are sorted as an expression, else
    PostgreSQL walks the whole table along its primary key for a handful that is due. Each call has a savepoint: when it
    fails, its changes are undone, the error goes into the run (how many, and the first in words), and the next row
    follows. Stops after `most` changes; what is left is due at the next run. Each key comes once, also when its row
    stays due.
    """
    return each_key(run, _keys(due, column), act, most=most)


def each_key(run: JobRun, keys: Iterable[int], act: Callable[[int], bool | int], *, most: int | None = None) -> int:
    """Call `act` with each key as `each` does, in the order given; return how many it changed."""
    done = 0
    for key in keys:
        done += _one(run, key, act)
        if most is not None and done >= most:
            break
    run.touched += done
    return done


def _keys(due: QuerySet[Any], column: str) -> Iterator[int]:
    """Yield the keys of rows in their order, read in chunks as they are asked for."""
    keyed, last = due.annotate(sweep_key=F(column) + Value(0)).order_by("sweep_key"), None
    while True:
        rows = keyed if last is None else keyed.filter(sweep_key__gt=last)
        keys: list[int] = list(rows.values_list("sweep_key", flat=True).distinct()[:CHUNK])
        yield from keys
        if len(keys) < CHUNK:
            return
        last = keys[-1]


def _one(run: JobRun, key: int, act: Callable[[int], bool | int]) -> int:
    try:
        with transaction.atomic():
            return int(act(key))
    except BAD_ROW as error:
        run.errors += 1
        run.note = run.note or f"{key}：{type(error).__name__}: {error}"[:300]
        logger.warning("%s: %s %s", run.job, key, error, exc_info=not isinstance(error, DomainError))
        return 0


def by_key(rows: QuerySet[Any], *, chunk: int = 2000) -> Iterator[Any]:
    """Yield the rows of a queryset in the order of their keys, with what it prefetches, in chunks."""
    last = 0
    while True:
        found = list(rows.filter(pk__gt=last).order_by("pk")[:chunk])
        yield from found
        if len(found) < chunk:
            return
        last = found[-1].pk


def last_run(*jobs: str) -> JobRun | None:
    """Return the newest finished run of one of the jobs."""
    return JobRun.objects.filter(job__in=jobs, finished_at__isnull=False).order_by("-started_at").first()
