"""Settings of a worker that is going to be killed, and of a beat in a hurry: the portal's own but for that."""

import os

from celery import signals

from gaige.settings import *  # noqa: F403
from gaige.settings import CELERY_BEAT_SCHEDULE

for _entry in CELERY_BEAT_SCHEDULE.values():
    _entry["schedule"] = 2.0


def _prepare(**_):
    """Every process of the pool learns where to die."""
    from tests.faults import kill_points

    kill_points.install(os.environ["KILL_POINT"])


if "KILL_POINT" in os.environ:
    signals.worker_process_init.connect(_prepare, weak=False)
