"""What runs out is told to both sides: the owner and the agents, and the bodies that issued and supervise it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from agency.models import Notification
from agency.recipients import AGENT_WHY, OWNER_WHY, STAFF, agents_of, people_at
from agency.services.telling import tell
from packages.models import ConditionalPermit, Letter
from projects.events import lock_project
from projects.states import Role

if TYPE_CHECKING:
    from projects.models import Event, User

#: First part of the kind of an event -> model and page.
ABOUT: dict[str, tuple[type[ConditionalPermit | Letter], str]] = {
    "permit": (ConditionalPermit, "packages:permit"), "letter": (Letter, "packages:letter"),
}


@transaction.atomic
def tell_expiry(event: Event, *, at: dt.datetime | None = None) -> int:
    """Write one message per person about a reminder, a lapse or a stop check; return how many. Twice writes none.

    The project is locked, and a person who has a message with these words already gets no second.
    """
    word = event.kind.partition(".")[0]
    model, page = ABOUT[word]
    lock_project(event.project_id or 0)
    row = model.objects.select_related("project").get(pk=int(event.subject_key))
    text = f"{row.project.name} {event.summary}"[:300]
    told = set(Notification.objects.filter(project=row.project, text=text).values_list("user_id", flat=True))
    url, count = reverse(page, args=[row.pk]), 0
    for user, why in _both_sides(row).values():
        if user.pk not in told:
            batch = f"event:{event.pk}"
            count += len(tell([user], text, project=row.project, url=url, why=why, kind="expiry", batch=batch, at=at))
    return count


def _both_sides(row: ConditionalPermit | Letter) -> dict[int, tuple[User, str]]:
    owner = people_at(row.project.owner_id, Role.OWNER_LEAD, Role.OWNER_STAFF)
    users = {user.pk: (user, OWNER_WHY) for user in owner}
    for user in agents_of(row.project_id):
        users.setdefault(user.pk, (user, AGENT_WHY))
    bodies = {row.issuer_id: "贵单位出具"}
    if isinstance(row, ConditionalPermit):
        bodies[row.supervisor_id] = "由贵单位监管"
    for body, why in bodies.items():
        for user in people_at(body, *STAFF):
            users.setdefault(user.pk, (user, why))
    return users
