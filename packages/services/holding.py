"""At whose window a case lies (领取), and asking whom it waits for to get on with it (催办)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import rules
from packages.models import MatterCase
from packages.services.locking import lock_case
from packages.waiting import case_waiting
from projects import timing
from projects.errors import DomainError, require
from projects.events import record, subject_of
from projects.models import Event, User
from projects.quoting import quoted

URGED = "case.urged"


@transaction.atomic
def take_case(case_id: int, *, by: User, at: dt.datetime | None = None) -> MatterCase:
    """Take an open case to one's own window (领取): after a shift, for somebody who is away, from the net.

    Effects: `window_by`; event `case.taken`. Taking what one holds changes nothing. Raises `NotAllowed`.
    """
    case = lock_case(case_id)
    require(rules.can_take, by, case)
    if case.window_by_id == by.pk:
        return case
    old, case.window_by = case.window_by_id, by
    case.save(update_fields=["window_by"])
    record(
        "case.taken", subject=case, project=case.project, by=by, at=at,
        summary=f"领取到 {by.title or by}：{case.matter.name}", data={"window_by": [old, by.pk]},
    )
    return case


@transaction.atomic
def urge_case(case_id: int, *, by: User, at: dt.datetime | None = None) -> str:
    """Ask whom an open case waits for to get on with it (催办); return the sentence of whom and what.

    Effects: event `case.urged`, on which those it waits for get a message. Nothing of the case changes. Raises
    `NotAllowed`, `DomainError` (`urged` when somebody did so today already, `waits_for_nobody`).
    """
    case = lock_case(case_id)
    require(rules.can_urge, by, case)
    moment = at or timing.now()
    if (earlier := _urged_on(case, timing.business_day(moment))) is not None:
        when = earlier.happened_at.astimezone(timing.BUSINESS_ZONE)
        raise DomainError("urged", f"今天 {when:%H:%M} {earlier.actor_name}已催办过，明天可以再催。")
    waiting = case_waiting([case]).get(case.pk)
    if waiting is None:
        raise DomainError("waits_for_nobody", f"{quoted(case.matter.name)}已经办完，不需要催办。")
    record(
        URGED, subject=case, project=case.project, by=by, at=at, summary=f"催办{waiting.role}：{case.matter.name}",
        data={"role": waiting.role, "what": f"{waiting.verb}{waiting.what}", "task": waiting.task_id},
    )
    return waiting.sentence


def _urged_on(case: MatterCase, day: dt.date) -> Event | None:
    subject_type, subject_key = subject_of(case)
    found = Event.objects.filter(
        project=case.project, subject_type=subject_type, subject_key=subject_key, kind=URGED,
        happened_at__gte=timing.start_of_day(day),
    )
    return found.order_by("pk").last()
