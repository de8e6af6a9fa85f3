"""What the agency desk does about events: it tells those who were urged."""

from __future__ import annotations

from agency.services.urging import tell_urged
from projects import outbox
from projects.models import Event


def on_urged(event: Event) -> None:
    """Tell whom the case waits for."""
    tell_urged(event)


outbox.subscribe("agency.tell_urged", ["case.urged"], on_urged, queue="deadline")
