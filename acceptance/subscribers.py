"""What the joint acceptance does about events of cases."""

from __future__ import annotations

from acceptance.services.ending_visits import end_visits
from acceptance.services.filing import follow_record
from acceptance.services.points import tell_points
from acceptance.services.pre_acceptance import end_bookings
from projects import outbox
from projects.models import Event


def on_decided(event: Event) -> None:
    """Settle the item of the completion record when its case is decided."""
    follow_record(int(event.subject_key))


outbox.subscribe("acceptance.record", {"case.decided"}, on_decided)


def on_permit(event: Event) -> None:
    """Tell what will be looked at, and plan the inspections, when a works has its permit."""
    tell_points(int(event.subject_key))


outbox.subscribe("acceptance.points", {"case.decided"}, on_permit)


def on_ended(event: Event) -> None:
    """Call off the visits that a project no longer needs."""
    if event.project_id is not None:
        end_visits(event.project_id)


outbox.subscribe(
    "acceptance.visits",
    {"acceptance.concluded", "project.stage_moved", "project.terminated", "project.merged"}, on_ended,
)


def on_accepted(event: Event) -> None:
    """End the pre-acceptance that was booked and not held, once the acceptance itself has begun."""
    if event.project_id is not None:
        end_bookings(event.project_id)


outbox.subscribe("acceptance.bookings", {"acceptance.accepted"}, on_accepted)
