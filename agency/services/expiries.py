"""What runs out is told to both sides: the owner and the agents, and the bodies that issued and supervise it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from agency.models import Notification
from agency.services.reminders import STAFF, _agents, _people
from packages.models import ConditionalPermit, Letter
from projects import timing
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
    url = reverse(page, args=[row.pk])
    fresh = [
        Notification(user=user, project=row.project, text=text, why=why, url=url, sent_at=at or timing.now())
        for user, why in _both_sides(row).values() if user.pk not in told
    ]
    Notification.objects.bulk_create(fresh)
    return len(fresh)


def _both_sides(row: ConditionalPermit | Letter) -> dict[int, tuple[User, str]]:
    owner = _people(row.project.owner_id, Role.OWNER_LEAD, Role.OWNER_STAFF)
    users = {user.pk: (user, "由贵单位办理") for user in owner}
    for user in _agents(row.project_id):
        users.setdefault(user.pk, (user, "您是项目的项目长或服务专员"))
    bodies = {row.issuer_id: "贵单位出具"}
    if isinstance(row, ConditionalPermit):
        bodies[row.supervisor_id] = "由贵单位监管"
    for body, why in bodies.items():
        for user in _people(body, *STAFF):
            users.setdefault(user.pk, (user, why))
    return users
