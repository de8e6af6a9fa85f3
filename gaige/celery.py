"""The Celery application. A broker that is down costs a log line, never a user's action.

Every task is also found by a sweep (outbox, stuck reviews, unrendered papers), so publishing is only a wake-up call:
when it fails it is written down and the sweep takes the work up when the broker is back.
"""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from celery import Celery, signals
from celery.contrib.django.task import DjangoTask
from celery.result import AsyncResult
from kombu.exceptions import OperationalError
from kombu.transport import TRANSPORT_ALIASES

from projects.request_context import request_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gaige.settings")

logger = logging.getLogger(__name__)

#: Seconds in which a process does not try a broker again that has just refused.
QUIET_SECONDS = 15.0


class WakeUpTask(DjangoTask):  # type: ignore[misc]
    """A task whose publishing never raises because of the broker."""

    abstract = True
    broker_down_until = 0.0

    def apply_async(  # noqa: PLR0913, PLR0917 - the signature is Celery's
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        task_id: str | None = None,
        producer: Any = None,
        link: Any = None,
        link_error: Any = None,
        shadow: str | None = None,
        **options: Any,
    ) -> AsyncResult[Any] | None:
        """Publish; return None and leave the work to the sweep when the broker does not answer."""
        if time.monotonic() < WakeUpTask.broker_down_until:
            return None
        try:
            result: AsyncResult[Any] = super().apply_async(
                args, kwargs, task_id, producer, link, link_error, shadow, **options
            )
        except (OperationalError, OSError) as error:
            WakeUpTask.broker_down_until = time.monotonic() + QUIET_SECONDS
            logger.warning("broker does not answer, %s is left to the sweep: %s", self.name, error)
            return None
        return result


TRANSPORT_ALIASES["filesystem"] = "gaige.folder_queue:Transport"
app = Celery("gaige", task_cls=WakeUpTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def name_the_run(task_id: str | None = None, **_: Any) -> None:
    """Give the events that a task writes the identifier of its run."""
    request_id.set(task_id or uuid4().hex)


def forget_the_run(**_: Any) -> None:
    """Leave no identifier behind for the next task of the process."""
    request_id.set("")


signals.task_prerun.connect(name_the_run, weak=False)
signals.task_postrun.connect(forget_the_run, weak=False)
