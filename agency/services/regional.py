"""A regional result that nears its end, lapses or is revoked is told to its keeper and to the projects on it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse

from agency.models import Notification
from agency.recipients import AGENT_WHY, STAFF, agents_of, people_at
from agency.services.telling import tell
from packages.models import RegionalResult, RegionalUse
from packages.services.assessment_apply import lock_result
from projects.states import ProjectStatus, Role, Stage

if TYPE_CHECKING:
    from projects.models import Event, User


@transaction.atomic
def tell_regional(event: Event, *, at: dt.datetime | None = None) -> int:
    """Write one message per person about the end of a result; return how many. Twice writes none.

    The keeper of the unit is told, and the owners and agents of running projects that stand on the result.
    """
    result = lock_result(int(event.subject_key))
    text, count = event.summary[:300], 0
    page = reverse("packages:regional_unit", args=[result.unit_id])
    told: set[tuple[int, int | None]] = set(
        Notification.objects.filter(text=text).values_list("user_id", "project_id")
    )
    keepers = [user for user in people_at(result.unit.keeper_id, *STAFF) if (user.pk, None) not in told]
    count += len(tell(keepers, text, why="由贵单位管理", url=page, kind="expiry", batch=f"event:{event.pk}", at=at))
    for use in _open_uses(result):
        url, batch = reverse("packages:assessment", args=[use.project_id]), f"event:{event.pk}:{use.project_id}"
        for user, why in _of_project(use).values():
            if (user.pk, use.project_id) not in told:
                count += len(tell(
                    [user], text, project=use.project, url=url, why=why, kind="expiry", batch=batch, at=at
                ))
    return count


def _open_uses(result: RegionalResult) -> list[RegionalUse]:
    uses = RegionalUse.objects.filter(result=result, project__status=ProjectStatus.ACTIVE).live()
    return list(uses.exclude(project__stage=Stage.DELIVERED).select_related("project").order_by("pk"))


def _of_project(use: RegionalUse) -> dict[int, tuple[User, str]]:
    owners = people_at(use.project.owner_id, Role.OWNER_LEAD, Role.OWNER_STAFF)
    found = {user.pk: (user, "本项目应用了这项成果") for user in owners}
    for user in agents_of(use.project_id):
        found.setdefault(user.pk, (user, AGENT_WHY))
    return found
