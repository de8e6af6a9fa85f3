"""Background jobs of the agency: ids in, one service call."""

from __future__ import annotations

from celery import shared_task

from agency.channels import channels
from agency.models import Dispatch
from agency.services import (
    agreements,
    batches,
    bulletins,
    desk_sweeps,
    digesting,
    dispatching,
    rating,
    reminders,
    undelivered,
    voices,
)
from projects.jobs import each, job_run, nothing_due

#: So many rows of each kind in one run of the voices; the next goes on.
BATCH = 2000


@shared_task(name="agency.tasks.sweep_due")
def sweep_due() -> int:
    """Let every clock speak that turned yellow, is due or turned red; return how many clocks spoke."""
    if nothing_due("sweep_due", *reminders.anything()):
        return 0
    with job_run("sweep_due") as run:
        reminders.sweep_due(run=run)
        return run.touched


@shared_task(name="agency.tasks.digest_notifications")
def digest_notifications() -> int:
    """Merge the reminders of everybody into the digest of the day, at 09:00 of a working day or as soon as possible.

    With it the administrators hear of what did not arrive.
    """
    if not digesting.is_time() or nothing_due("digest_notifications", digesting.loose(), undelivered.fresh()):
        return 0
    with job_run("digest_notifications") as run:
        run.touched += undelivered.tell_undelivered()
        digesting.digest_all(run)
        return run.touched


@shared_task(name="agency.tasks.send_messages")
def send_messages() -> int:
    """Send what waits on every channel (one that is down stops its own only); return how many were handed over."""
    waiting = [Dispatch.objects.filter(dispatching.due(code)) for code in channels()]
    if nothing_due("send_messages", *waiting):
        return 0
    with job_run("send_messages") as run:
        for code in channels():
            done = dispatching.send_waiting(code)
            run.touched, run.errors = run.touched + done.sent, run.errors + done.failed
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


@shared_task(name="agency.tasks.sweep_desk")
def sweep_desk() -> int:
    """End agreements whose term is over, pass on what nobody accepted, remind of empty logs, tell of what is stuck.

    Return how many rows were touched.
    """
    due = agreements.expired(), desk_sweeps.unaccepted(), desk_sweeps.silent(), desk_sweeps.stuck()
    if nothing_due("sweep_desk", *due):
        return 0
    with job_run("sweep_desk") as run:
        desk_sweeps.sweep_desk(run=run)
        return run.touched


@shared_task(name="agency.tasks.sweep_starts")
def sweep_starts() -> int:
    """Tell who has to look at the works of a batch of starts, on the day."""
    if nothing_due("sweep_starts", batches.untold()):
        return 0
    with job_run("sweep_starts") as run:
        each(run, batches.untold(), batches.tell_due, most=BATCH)
        return run.touched
