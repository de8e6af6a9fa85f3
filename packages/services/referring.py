"""转办: a department sends a task on to one of its units, within its own days; the opinion stays the department's."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import review_rules
from packages.models import Referral, ReviewTask
from packages.services.back_entry import check_task_moment
from packages.services.locking import lock_task
from packages.services.review import check_words
from packages.states import TASK_OPEN
from projects import clocks, timing
from projects.back_entry import check_after
from projects.clock_states import ClockKind, TimeOwner
from projects.errors import DomainError, require
from projects.events import record
from projects.models import Organisation, User
from projects.services.involvement import involve
from projects.states import InvolvementRole


@transaction.atomic
def send_on(
    task_id: int, *, by: User, unit_id: int, days: int, note: str = "", at: dt.datetime | None = None
) -> Referral:
    """Send a task on to a unit of the department, which advises within `days` working days.

    Effects in order: the unit's own clock (inside of the task's, which runs on), the unit is involved, event
    `task.referred`. Raises `NotAllowed`, `DomainError` (`task_state`, `unit`, `referral_open`, `days`).
    """
    task = lock_task(task_id)
    require(review_rules.can_refer, by, task)
    if task.state not in TASK_OPEN:
        raise DomainError("task_state", f"这项意见已是“{task.get_state_display()}”，不能再转办。")
    check_task_moment(task, at)
    unit = Organisation.objects.filter(pk=unit_id, parent_id=task.organisation_id).first()
    if unit is None:
        raise DomainError("unit", f"只能转给{task.organisation.label}的内设机构，请重新选择。")
    if Referral.objects.filter(task=task, ended_at=None).exists():
        raise DomainError("referral_open", "已经转办，反馈或收回后才能再转。")
    moment, case = at or timing.now(), task.session.case
    clock = clocks.build_clock(
        kind=ClockKind.REPLY, limit=days, on=moment, project=task.session.project, owner=TimeOwner.GOVERNMENT,
        label=f"{unit.label} {case.matter.name if case else ''} 转办"[:200],
    )
    if days < 1 or (task.due_on is not None and clock.due_on > task.due_on):
        limit = f"（{timing.spoken(task.due_on)}）" if task.due_on else ""
        raise DomainError("days", f"内部时限至少 1 个工作日，且不能晚于本单位的到期日{limit}，请改短。")
    [clock] = clocks.start_clocks([clock])
    referral = Referral.objects.create(
        task=task, unit=unit, days=days, clock=clock, note=note.strip()[:300], sent_by=by, sent_at=moment
    )
    task.sent_to = unit.label[:60]
    task.save(update_fields=["sent_to"])
    involve(task.session.project, role=InvolvementRole.REVIEWER, organisation=unit, by=by, at=at)
    record(
        "task.referred", subject=task, project=task.session.project, by=by, at=at,
        summary=f"{task.organisation.label}转办{unit.label}：{case}",
        data={"unit": unit.pk, "days": days, "due_on": str(clock.due_on)},
    )
    return referral


@transaction.atomic
def advise(
    referral_id: int, *, by: User, verdict: str, reason: str, basis: str = "", remedy: str = "",
    at: dt.datetime | None = None,
) -> Referral:
    """The unit answers its department; the words become the draft of the department's opinion.

    Effects in order: advice, its clock stops, event `task.advised`. Raises `NotAllowed`, `DomainError`
    (`referral_ended`, those of the words of an opinion).
    """
    referral, task = _locked(referral_id)
    if referral.ended_at is not None:
        raise DomainError("referral_ended", f"这次转办已经结束，不能再反馈；有补充的请告诉{task.organisation.label}。")
    require(review_rules.can_advise, by, referral)
    check_words(verdict, reason, basis, remedy)
    check_after(at, referral.sent_at)
    moment = at or timing.now()
    referral.verdict, referral.reason, referral.basis = verdict, reason.strip()[:1000], basis.strip()[:300]
    referral.remedy, referral.answered_by = remedy.strip()[:1000], by
    referral.answered_at = referral.ended_at = moment
    referral.save()
    _free(task)
    clocks.stop_clock(referral.clock, moment)
    record(
        "task.advised", subject=task, project=task.session.project, by=by, at=at,
        summary=f"{referral.unit.label}已反馈{task.organisation.label}：{task.session.case}",
        data={"unit": referral.unit_id, "verdict": verdict, "late": clocks.read_clock(referral.clock).overdue},
    )
    return referral


@transaction.atomic
def take_back(referral_id: int, *, by: User, at: dt.datetime | None = None) -> Referral:
    """The department takes the task back before its unit has advised; event `task.recalled`. Twice is once.

    Raises `NotAllowed`.
    """
    referral, task = _locked(referral_id)
    require(review_rules.can_take_back, by, task)
    if referral.ended_at is not None:
        return referral
    moment = at or timing.now()
    referral.ended_at = moment
    referral.save(update_fields=["ended_at"])
    _free(task)
    clocks.cancel_clock(referral.clock, moment)
    record(
        "task.recalled", subject=task, project=task.session.project, by=by, at=at,
        summary=f"{task.organisation.label}收回转办：{task.session.case}", data={"unit": referral.unit_id},
    )
    return referral


def _locked(referral_id: int) -> tuple[Referral, ReviewTask]:
    task = lock_task(Referral.objects.values_list("task_id", flat=True).get(pk=referral_id))
    referral = Referral.objects.select_for_update(of=("self",)).select_related("unit", "clock").get(pk=referral_id)
    referral.task = task
    return referral, task


def _free(task: ReviewTask) -> None:
    task.sent_to = ""
    task.save(update_fields=["sent_to"])
