"""Background jobs of packages: ids in, one service call each, safe to run twice and at once."""

from __future__ import annotations

from celery import shared_task

from packages.services import (
    appraisal_sweeps,
    assessment_apply,
    consultation_survey,
    drawing_sweeps,
    forecasting,
    living,
    standard_land,
    sweeping,
)
from packages.services.rounds import open_joint_review as open_review
from packages.services.rounds import open_joint_reviews as open_reviews
from projects import timing
from projects.jobs import job_run, nothing_due


@shared_task(name="packages.tasks.open_joint_review")
def open_joint_review(case_id: int) -> int | None:
    """Open the joint review of one accepted case; return the id of its session."""
    session = open_review(case_id)
    return session.pk if session else None


@shared_task(name="packages.tasks.open_joint_reviews")
def open_joint_reviews(case_ids: list[int]) -> int:
    """Open the joint reviews of several accepted cases; return how many were begun."""
    return open_reviews(case_ids)


@shared_task(name="packages.tasks.sweep_reviews")
def sweep_reviews() -> int:
    """Take up what no worker has opened, and push what its lead has not pushed in time; return how many."""
    if nothing_due("sweep_reviews", *sweeping.rounds_waiting()):
        return 0
    with job_run("sweep_reviews") as run:
        for sweep in (sweeping.open_stuck_reviews, sweeping.push_due, sweeping.resume_all_rectified):
            sweep(run)
        return run.touched


@shared_task(name="packages.tasks.apply_tacit")
def apply_tacit() -> int:
    """Draw the consequence of silence for every review task past its day; return how many."""
    if nothing_due("apply_tacit", sweeping.silent_tasks()):
        return 0
    with job_run("apply_tacit") as run:
        sweeping.apply_all_tacit(run)
        return run.touched


@shared_task(name="packages.tasks.deem_accepted")
def deem_accepted() -> int:
    """Accept by law what nobody answered within five working days; return how many."""
    if nothing_due("deem_accepted", sweeping.unanswered_cases()):
        return 0
    with job_run("deem_accepted") as run:
        sweeping.deem_all_accepted(run)
        return run.touched


@shared_task(name="packages.tasks.sweep_conditional")
def sweep_conditional() -> int:
    """Remind of permits and letters that run out, and let lapse what has; return how many."""
    day = timing.today()
    if nothing_due("sweep_conditional", *living.due(day)):
        return 0
    with job_run("sweep_conditional") as run:
        run.touched, run.errors = living.sweep(living.due_keys(day))
        return run.touched


@shared_task(name="packages.tasks.sweep_regional")
def sweep_regional() -> int:
    """Warn of regional results near their end, let lapse what is over, call checks of land; return how many."""
    if nothing_due("sweep_regional", *assessment_apply.due(), standard_land.check_due()):
        return 0
    with job_run("sweep_regional") as run:
        run.touched = assessment_apply.sweep(run) + standard_land.sweep(run)
        return run.touched


@shared_task(name="packages.tasks.sweep_promises")
def sweep_promises() -> int:
    """Mark deferred papers late, end terms of commitments, drop reused documents that ran out; return how many."""
    if nothing_due("sweep_promises", *sweeping.promises_due()):
        return 0
    with job_run("sweep_promises") as run:
        sweeping.sweep_promises(run)
        return run.touched


@shared_task(name="packages.tasks.sweep_drawings")
def sweep_drawings() -> int:
    """Mark commitments to mend drawings that ran out, follow running one-stop permits; return how many."""
    if nothing_due("sweep_drawings", drawing_sweeps.overdue(), drawing_sweeps.running()):
        return 0
    with job_run("sweep_drawings") as run:
        return drawing_sweeps.lapse_all(run) + drawing_sweeps.follow_all(run)


@shared_task(name="packages.tasks.sweep_pool")
def sweep_pool() -> int:
    """Appraise again what is due, notice what sleeps in the pool; return how many."""
    if nothing_due("sweep_pool", appraisal_sweeps.due_again(), appraisal_sweeps.turned()):
        return 0
    with job_run("sweep_pool") as run:
        appraisal_sweeps.sweep(run)
        return run.touched


@shared_task(name="packages.tasks.chase_absent")
def chase_absent() -> int:
    """Record the units of consultations whose time to write is over; return how many consultations."""
    if nothing_due("chase_absent", consultation_survey.overdue()):
        return 0
    with job_run("chase_absent") as run:
        consultation_survey.close_all(run)
        return run.touched


@shared_task(name="packages.tasks.sweep_forecasts")
def sweep_forecasts() -> int:
    """Forecast the projects that something happened to, or that have slipped; return how many were looked at."""
    if nothing_due("sweep_forecasts", forecasting.due()):
        return 0
    with job_run("sweep_forecasts") as run:
        return forecasting.sweep(run)


@shared_task(name="packages.tasks.refresh_history")
def refresh_history() -> int:
    """Keep anew how long each matter really took here; return how many matters have a history."""
    with job_run("refresh_history") as run:
        run.touched = forecasting.refresh_history()
        return run.touched
