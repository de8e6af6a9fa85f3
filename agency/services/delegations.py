"""A delegation is told to the stand-in, its end to both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agency.services.telling import tell
from projects.models import User

if TYPE_CHECKING:
    from projects.models import Event

KINDS = ("staff.delegated", "staff.delegation_ended")
PAGE = "/account/"


def tell_delegation(event: Event) -> None:
    """Tell the stand-in (and at the end the giver), in the words of the event."""
    ended = event.kind == "staff.delegation_ended"
    wanted = [event.data.get("to"), *([event.data.get("from")] if ended else [])]
    people = User.objects.filter(pk__in=[pk for pk in wanted if pk], is_active=True).order_by("pk")
    why = "您是代理人或委托人" if ended else "您是代理人"
    tell(list(people), event.summary, url=PAGE, why=why, batch=f"delegation-{event.pk}", at=event.recorded_at)
