"""What the agency desk does about events: it tells those whom they concern."""

from __future__ import annotations

from agency.services.agreements import offer_by_itself
from agency.services.asked import TOLD, tell_asked, tell_repeated
from agency.services.credits import TOLD as CREDITS
from agency.services.delegations import KINDS as DELEGATIONS
from agency.services.delegations import tell_delegation
from agency.services.expiries import tell_expiry
from agency.services.gathering import TOLD as GATHERINGS
from agency.services.gathering import tell_gathering
from agency.services.occasions import TOLD as EVENTS
from agency.services.occasions import tell_occasion
from agency.services.order_sync import KINDS as ORDER_KINDS
from agency.services.order_sync import follow_project
from agency.services.rating import ask_after_connection, ask_after_decision, ask_after_submission
from agency.services.regional import tell_regional
from agency.services.sites import TOLD as SITES
from agency.services.urging import tell_urged
from projects import outbox
from projects.models import Event

#: Event -> what is said of it, to whom.
READINGS = {**EVENTS, **SITES, **CREDITS}


def on_urged(event: Event) -> None:
    """Tell whom the case waits for."""
    tell_urged(event)


def on_expiry(event: Event) -> None:
    """Tell both sides of a permit or letter that it runs out, has lapsed, or is checked."""
    tell_expiry(event)


def on_regional(event: Event) -> None:
    """Tell the keeper and the projects that a regional result runs out or is gone."""
    tell_regional(event)


def on_asked(event: Event) -> None:
    """Tell who has to answer what was asked for on a case."""
    tell_asked(event)


def on_special(event: Event) -> None:
    """Tell the director of a special procedure of the same kind."""
    tell_repeated(event)


def on_event(event: Event) -> None:
    """Tell whom an event concerns that nobody asked for."""
    tell_occasion(event, READINGS[event.kind])


def on_delegation(event: Event) -> None:
    """Tell who stands in for whom."""
    tell_delegation(event)


outbox.subscribe("agency.tell_delegation", list(DELEGATIONS), on_delegation, queue="deadline")
outbox.subscribe("agency.tell", sorted(READINGS), on_event, queue="deadline")
outbox.subscribe(
    "agency.tell_expiry", ["permit.warned", "permit.lapsed", "permit.stop_check", "letter.warned", "letter.lapsed"],
    on_expiry, queue="deadline",
)
outbox.subscribe(
    "agency.tell_regional", ["regional.warned", "regional.lapsed", "regional.revoked"], on_regional, queue="deadline"
)
outbox.subscribe("agency.tell_urged", ["case.urged"], on_urged, queue="deadline")
outbox.subscribe("agency.tell_asked", sorted(TOLD), on_asked, queue="deadline")
outbox.subscribe("agency.tell_repeated", ["case.special_started"], on_special, queue="deadline")


def on_gathering(event: Event) -> None:
    """Tell those whom a consultation, or what is off its list, concerns."""
    tell_gathering(event)


outbox.subscribe("agency.tell_gathering", GATHERINGS, on_gathering, queue="deadline")


def on_rateable(event: Event) -> None:
    """Ask for a rating: of the visit and the matters received, of a decided matter, of a connected utility."""
    {
        "application.submitted": ask_after_submission, "case.decided": ask_after_decision,
        "utility.moved": ask_after_connection,
    }[event.kind](event)


outbox.subscribe(
    "agency.ask_rating", ["application.submitted", "case.decided", "utility.moved"], on_rateable, queue="deadline"
)


def on_case_of_order(event: Event) -> None:
    """Bring the work orders of a project in line with its cases and its stage."""
    if event.project_id is not None:
        follow_project(event.project_id)


outbox.subscribe("agency.follow_orders", ORDER_KINDS, on_case_of_order, queue="deadline")


def on_told(event: Event) -> None:
    """Offer the agreement of 代办 when the owner was told everything at once."""
    if event.project_id is not None:
        offer_by_itself(event.project_id)


outbox.subscribe("agency.offer_agreement", ["consultation.told"], on_told, queue="deadline")
