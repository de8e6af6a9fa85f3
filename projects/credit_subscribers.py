"""What credit archives make of events: records, by the rules of their day."""

from __future__ import annotations

from projects import credit_data, outbox
from projects.models import Event
from projects.services.credit import follow_event


def on_event(event: Event) -> None:
    """Record what the rules say of an event."""
    follow_event(event.pk)


outbox.subscribe("projects.credit", credit_data.event_kinds(), on_event, queue="deadline")
