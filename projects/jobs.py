"""Every run of a background job leaves a row, so that people see a dead worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from projects import timing
from projects.models import JobRun


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


def last_run(*jobs: str) -> JobRun | None:
    """Return the newest finished run of one of the jobs."""
    return JobRun.objects.filter(job__in=jobs, finished_at__isnull=False).order_by("-started_at").first()
