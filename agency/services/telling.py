"""The one way to send a message: a row in the portal for each person, and what goes out of it on other channels.

Who has switched a kind off in the portal still finds the message, but it does not count as unread.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction

from agency import message_data as data
from agency.channels import PORTAL
from agency.models import Notification
from agency.services.dispatching import choices_of, enqueue
from projects import timing

if TYPE_CHECKING:
    from projects.models import Project, User

LONGEST_TEXT, LONGEST_WHY = 300, 120


@transaction.atomic
def tell(
    users: Iterable[User], text: str, *, project: Project | None = None, url: str = "", why: str = "", kind: str = "",
    batch: str = "", at: dt.datetime | None = None,
) -> list[Notification]:
    """Write one message per person, each once, and return them; what goes out on other channels is written as well.

    `kind` is a code of `message_kinds.tsv` (empty: other). `why` stands under 为什么收到. `batch` names the happening,
    common to all its messages: a body's own system gets each batch once, and a second call with the same batch writes
    nothing for those who have it already.
    """
    told = set(Notification.objects.filter(batch=batch).values_list("user_id", flat=True)) if batch else set()
    moment = at or timing.now()
    fresh = {
        user.pk: Notification(
            user=user, project=project, text=text[:LONGEST_TEXT], why=why[:LONGEST_WHY], url=url, kind=kind,
            batch=batch, sent_at=moment,
        )
        for user in users if user.pk not in told
    }
    return send(list(fresh.values()))


def send(messages: list[Notification]) -> list[Notification]:
    """Write messages that are made already, inside the caller's transaction, and what goes out of them.

    Reminders of clocks go out with the digest. A kind that a person has switched off in the portal is not counted as
    unread, unless it must be told.
    """
    if not messages:
        return []
    choices = choices_of(note.user_id for note in messages)
    for note in messages:
        kind = data.kind(note.kind, timing.business_day(note.sent_at))
        if not kind.must and not choices.get((note.user_id, kind.code, PORTAL), True):
            note.over_at = note.sent_at
    made = Notification.objects.bulk_create(messages)
    enqueue([note for note in made if note.clock_id is None], choices)
    return made
