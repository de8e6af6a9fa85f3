"""催办: whom a case waits for gets a message that somebody asked for it, once for each time it was asked."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.urls import reverse

from agency.recipients import OWNER_WHY, STAFF, people_at
from agency.services.telling import tell
from packages.models import MatterCase, ReviewTask
from packages.states import CASE_OPEN, CaseState
from projects.access import OWNER_ROLES
from projects.models import Event, User
from projects.quoting import quoted
from projects.states import Role


@transaction.atomic
def tell_urged(event: Event) -> int:
    """Write one message per person that the case waits for now; return how many.

    Those are the handler of the task or else the people of its department, the clerk who holds the case or else the
    clerks of the centre, the people of the owner; where there is nobody, those who dispatch. Who urged is not told.
    """
    case = MatterCase.objects.select_related("project__owner", "matter", "lead", "window_by").get(pk=event.subject_key)
    if case.state not in CASE_OPEN:
        return 0
    people = {person.pk: person for person in _asked(case, event.data.get("task"))}
    people.pop(event.actor_id or 0, None)
    text = f"{event.actor_name}催办：{case.project.name}{quoted(case)}，请{event.data.get('what', '办理')}"
    why = OWNER_WHY if case.state == CaseState.CORRECTING else "正在等您办理"
    url = reverse("packages:case", args=[case.pk])
    asked = [person for _, person in sorted(people.items())]
    batch = f"event:{event.pk}"
    return len(tell(
        asked, text, project=case.project, url=url, why=why, kind="urge", batch=batch, at=event.recorded_at
    ))


def _asked(case: MatterCase, task_id: int | None) -> Sequence[User]:
    """The people that the case waits for."""
    if case.state == CaseState.RECEIVED:
        found = [case.window_by] if case.window_by else people_at(case.project.centre_id, Role.CLERK)
    elif case.state == CaseState.CORRECTING:
        found = people_at(case.project.owner_id, *OWNER_ROLES)
    else:
        task = ReviewTask.objects.filter(pk=task_id or 0).select_related("handler").first()
        if task is None:
            found = people_at(case.lead_id, *STAFF)
        else:
            found = [task.handler] if task.handler else people_at(task.organisation_id, *STAFF)
    return found or people_at(case.project.centre_id, Role.DISPATCHER, Role.DIRECTOR)
