"""Background jobs of the agency: ids in, one service call."""

from __future__ import annotations

from celery import shared_task

from agency.services import bulletins, rating, reminders, voices
from projects.jobs import each, job_run, nothing_due

#: So many rows of each kind in one run of the voices; the next goes on.
BATCH = 2000


@shared_task(name="agency.tasks.sweep_due")
def sweep_due() -> int:
    """Let every clock speak that turned yellow, is due or turned red."""
    if nothing_due("sweep_due", *reminders.anything()):
        return 0
    with job_run("sweep_due") as run:
        reminders.sweep_due(run=run)
        return run.touched


@shared_task(name="agency.tasks.freeze_month")
def freeze_month() -> int:
    """Freeze the month that is over and begin the next, for every centre; a frozen month stays as it is."""
    with job_run("freeze_month") as run:
        run.touched = bulletins.turn_month()
        return run.touched


@shared_task(name="agency.tasks.sweep_voices")
def sweep_voices() -> int:
    """Invite to rate once more, write default ratings, close what was answered and is over."""
    due = rating.to_remind(), rating.to_default(), voices.to_close()
    if nothing_due("sweep_voices", *due):
        return 0
    with job_run("sweep_voices") as run:
        for rows, act in zip(due, (rating.invite_again, rating.give_default, voices.close_quiet), strict=True):
            each(run, rows, act, most=BATCH)
        return run.touched
