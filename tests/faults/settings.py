"""Settings of a worker that is going to be killed, and of a beat in a hurry: the portal's own but for that."""

import os

from celery import signals
from django.core.signals import request_started

from tests.portal_settings import *  # noqa: F403
from tests.portal_settings import CELERY_BEAT_SCHEDULE

#: What the stories of these tests wait for; the rest keeps its own pace.
for _name in ("drain_outbox", "sweep_due", "apply_tacit", "sweep_reviews", "render_pending"):
    CELERY_BEAT_SCHEDULE[_name]["schedule"] = 2.0


def _prepare(**_):
    """Every process of the pool learns where to die."""
    from tests.faults import kill_points

    kill_points.install(os.environ["KILL_POINT"])


if "KILL_POINT" in os.environ:
    signals.worker_process_init.connect(_prepare, weak=False)
    _armed = []

    def _prepare_web(**_):
        """The web server learns it with its first request."""
        if not _armed:
            _armed.append(True)
            _prepare()

    request_started.connect(_prepare_web, weak=False)
