"""Sweeps over drawings: what ran out is marked, running one-stop permits are followed."""

from __future__ import annotations

from django.db.models import QuerySet

from packages.drawing_states import DrawingState, OneStopState
from packages.models import DrawingReview, OneStop
from packages.services.drawing_fixing import lapse
from packages.services.one_stop import follow
from projects import timing
from projects.jobs import each
from projects.models import JobRun


def overdue() -> QuerySet[DrawingReview]:
    """The commitments whose day is over and that are not marked yet."""
    return DrawingReview.objects.filter(
        state=DrawingState.COMMITTED, is_lapsed=False, fix_clock__due_on__lt=timing.today()
    ).order_by("pk")


def running() -> QuerySet[OneStop]:
    """Return the one-stop permits that are not issued and not over."""
    return OneStop.objects.filter(state=OneStopState.RUNNING)


def lapse_all(run: JobRun | None = None) -> int:
    """Mark every commitment that ran out; return how many. A wrong row is told in the run; the rest go on."""
    return each(run or JobRun(job="sweep_drawings"), overdue(), lapse)


def follow_all(run: JobRun | None = None) -> int:
    """Follow every running one-stop permit; return how many changed. A wrong row is told in the run; the rest go on."""
    return each(run or JobRun(job="sweep_drawings"), running(), follow)
