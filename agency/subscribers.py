"""What the agency desk does about events: it tells those who were urged."""

from __future__ import annotations

from agency.services.expiries import tell_expiry
from agency.services.urging import tell_urged
from projects import outbox
from projects.models import Event


def on_urged(event: Event) -> None:
    """Tell whom the case waits for."""
    tell_urged(event)


def on_expiry(event: Event) -> None:
    """Tell both sides of a permit or letter that it runs out, has lapsed, or is checked."""
    tell_expiry(event)


outbox.subscribe(
    "agency.tell_expiry", ["permit.warned", "permit.lapsed", "permit.stop_check", "letter.warned", "letter.lapsed"],
    on_expiry, queue="deadline",
)
outbox.subscribe("agency.tell_urged", ["case.urged"], on_urged, queue="deadline")
