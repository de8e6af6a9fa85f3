"""How a worker takes a message that Celery itself stumbles over.

Celery reads a message in its own process before a task runs. What names no run, names a task by something that is no
name or carries a limit that is no number raises there: the worker would end, put the message back and end on it again.
"""

from collections.abc import Callable
from typing import Any

from celery.worker import consumer


class Consumer(consumer.Consumer):  # type: ignore[misc]
    """A consumer that refuses such a message, as it does one that names no known task."""

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], None]:
        """Return what is called with each message."""
        take = super().create_task_handler(*args, **options)

        def on_message(message: Any) -> None:
            try:
                take(message)
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                self.on_invalid_task(None, message, error)

        return on_message
