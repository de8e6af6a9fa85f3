"""Background jobs of acceptance: ids in, one service call each, safe to run twice and at once."""

from __future__ import annotations

from celery import shared_task

from acceptance.services import make_ups, rectification
from projects import timing
from projects.jobs import each, job_run, nothing_due


@shared_task(name="acceptance.tasks.sweep_supervision")
def sweep_supervision() -> int:
    """Escalate the inspections whose rectification is overdue; return how many."""
    if nothing_due("sweep_supervision", rectification.overdue()):
        return 0
    with job_run("sweep_supervision") as run:
        each(run, rectification.overdue(), rectification.escalate)
        return run.touched


@shared_task(name="acceptance.tasks.sweep_make_ups")
def sweep_make_ups() -> int:
    """Draw the consequence of papers that did not follow a conclusion in time; return how many."""
    due = make_ups.late_make_ups(timing.today())
    if nothing_due("sweep_make_ups", due):
        return 0
    with job_run("sweep_make_ups") as run:
        each(run, due, make_ups.mark_late)
        return run.touched
