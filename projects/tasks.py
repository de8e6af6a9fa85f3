"""Background jobs of the kernel: ids in, one service call, safe to run twice and at once."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from projects import outbox, recomputing, retention, timing, waking
from projects.credit_states import ListingState
from projects.jobs import each, job_run, nothing_due
from projects.models import CreditListing
from projects.services.credit import expire_listing


@shared_task(name="projects.tasks.drain_outbox")
def drain_outbox(queue: str | None = None) -> int:
    """Carry out what the outbox holds (of one queue's subscribers, or all); return how many rows were done."""
    if not outbox.pending().exists():
        return 0
    with job_run("drain_outbox") as run:
        run.touched = outbox.drain(queue=queue)
        return run.touched


def wake_drain(queue: str) -> None:
    """Ask a worker of the queue to drain; when the broker is down the sweep takes the rows up."""
    if settings.WAKE_APART:
        waking.later(queue, _publish)
    else:
        _publish(queue)


def _publish(queue: str) -> None:
    drain_outbox.apply_async(kwargs={"queue": queue}, queue=queue)


@shared_task(name="projects.tasks.recompute_provisional")
def recompute_provisional() -> int:
    """Move the clocks that stand on an older calendar; return how many due days moved."""
    if nothing_due("recompute_provisional", recomputing.stale_clocks()):
        return 0
    with job_run("recompute_provisional") as run:
        recomputing.recompute_provisional(run=run)
        return run.touched


@shared_task(name="projects.tasks.sweep_credit")
def sweep_credit() -> int:
    """Remove the entries of the list whose last day has passed; return how many."""
    ended = CreditListing.objects.filter(state=ListingState.LISTED, until__lt=timing.today())
    if nothing_due("sweep_credit", ended):
        return 0
    with job_run("sweep_credit") as run:
        each(run, ended, expire_listing)
        return run.touched


@shared_task(name="projects.tasks.apply_retention")
def apply_retention() -> int:
    """Delete or blank what was kept long enough; return how many rows."""
    with job_run("apply_retention") as run:
        done = retention.apply()
        run.touched, run.note = sum(done.values()), "，".join(f"{code} {count}" for code, count in done.items())[:300]
        return run.touched
