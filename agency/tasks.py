"""Background jobs of the agency: ids in, one service call."""

from __future__ import annotations

from celery import shared_task

from agency.services import bulletins, reminders
from projects import timing
from projects.jobs import job_run
from projects.models import Organisation
from projects.states import OrganisationKind


@shared_task(name="agency.tasks.sweep_due")
def sweep_due() -> int:
    """Let every clock speak that turned yellow, is due or turned red."""
    with job_run("sweep_due") as run:
        run.touched = reminders.sweep_due()
        return run.touched


@shared_task(name="agency.tasks.freeze_month")
def freeze_month() -> int:
    """Freeze the month that is over, for every centre; a month that is frozen stays as it is."""
    with job_run("freeze_month") as run:
        year, month = bulletins.current_month()
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
        for centre in Organisation.objects.filter(kind=OrganisationKind.BUREAU).order_by("pk"):
            bulletin = bulletins.open_bulletin(centre, year=year, month=month)
            if timing.now() >= bulletin.period_end:
                bulletins.freeze(bulletin.pk, by=None)
                run.touched += 1
        return run.touched
