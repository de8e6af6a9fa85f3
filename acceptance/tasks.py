"""Background jobs of acceptance: ids in, one service call each, safe to run twice and at once."""

from __future__ import annotations

from celery import shared_task

from acceptance.services import ending_visits, make_ups, rectification
from projects import timing
from projects.jobs import each, job_run, nothing_due


@shared_task(name="acceptance.tasks.sweep_supervision")
def sweep_supervision() -> int:
    """Escalate inspections whose rectification is overdue, call off visits that nobody needs; return how many."""
    late, idle = rectification.overdue(), ending_visits.outlived()
    if nothing_due("sweep_supervision", late, idle):
        return 0
    with job_run("sweep_supervision") as run:
        each(run, late, rectification.escalate)
        each(run, idle, ending_visits.end_visit)
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
