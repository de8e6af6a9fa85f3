"""Sweeps over drawings: what ran out is marked; a run that finds nothing costs one query."""

from __future__ import annotations

import logging

from django.db.models import QuerySet

from packages.drawing_states import DrawingState, OneStopState
from packages.models import DrawingReview, OneStop
from packages.services.drawing_fixing import lapse
from projects import timing
from projects.jobs import BAD_ROW

logger = logging.getLogger(__name__)


def overdue() -> QuerySet[DrawingReview]:
    """The commitments whose day is over and that are not marked yet."""
    return DrawingReview.objects.filter(
        state=DrawingState.COMMITTED, is_lapsed=False, fix_clock__due_on__lt=timing.today()
    ).order_by("pk")


def anything() -> bool:
    """Whether a sweep has something to look at. One query."""
    running = OneStop.objects.filter(state=OneStopState.RUNNING)
    return bool(overdue().order_by().values("pk").union(running.order_by().values("pk"), all=True)[:1])


def lapse_all() -> tuple[int, int]:
    """Mark every commitment that ran out; return done and refused. One bad row does not stop the rest."""
    done = refused = 0
    for pk in list(overdue().values_list("pk", flat=True)):
        try:
            done += lapse(pk)
        except BAD_ROW as error:
            refused += 1
            logger.warning("drawings: %s %s", pk, error)
    return done, refused
