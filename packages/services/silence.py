"""Silence (超时默认): when a department's days are over, and when a session may be merged (handbook §2.4)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q

from packages import floor
from packages.choices import ReviewRole
from packages.models import JointSession, Opinion, ReviewTask
from packages.review_terms import terms_of
from packages.services.locking import lock_task
from packages.services.timekeeping import end_referral
from packages.states import TASK_OPEN, CaseState, OpinionSource, OpinionVerdict, SessionState
from projects import clocks, timing
from projects.events import record
from projects.models import Membership, User
from projects.states import Role
from projects.workdays import due_date

TACIT_TEXT = "超时默认同意"


@transaction.atomic
def apply_tacit(task_id: int) -> bool:
    """Draw the consequence of a department's silence once its days are over; return whether there was one.

    Only after the due day (used > limit), only while the clock runs. Where the catalogue allows it and the floor of
    the code does not forbid it: an opinion of consent from the source tacit, marked 超时默认. A consulted body
    else: 逾期未答复, no consent. A joint body else: nothing, the case stays red and waits. Safe to run twice.
    """
    task = lock_task(task_id)
    if not _is_over(task):
        return False
    if task.is_tacit_allowed and _floor_allows(task):
        _consent(task)
    elif task.role == ReviewRole.CONSULTED:
        _no_opinion(task)
    else:
        return False
    begin_merging_when_done(task.session, by=None, at=None)
    return True


def _is_over(task: ReviewTask) -> bool:
    case = task.session.case
    if task.state not in TASK_OPEN or task.role == ReviewRole.LEAD or case is None:
        return False
    if case.state != CaseState.IN_REVIEW or task.session.state != SessionState.REVIEWING:
        return False
    reading = clocks.read_clock(task.clock)
    return reading.overdue and not reading.paused


def _floor_allows(task: ReviewTask) -> bool:
    case = task.session.case
    code = case.matter.matter.code if case else ""
    rule = task.definition.rule if task.definition else ""
    body = task.organisation
    return floor.may_be_tacit(code, body.kind, body.code, task.role, rule)


def _consent(task: ReviewTask) -> None:
    """Write the opinion of silence; it is the department's and that of its head, no person gave it."""
    now, case = timing.now(), task.session.case
    head = head_of(task.organisation_id)
    Opinion.objects.create(
        task=task, verdict=OpinionVerdict.AGREE, reason=TACIT_TEXT, source=OpinionSource.TACIT, given_at=now, head=head
    )
    old = task.state
    task.fall_silent_tacit()
    days = terms_of(case.matter).supplement if case else 0
    task.supplement_until = due_date(timing.business_day(now), days)
    _finish(task, now)
    record(
        "task.tacit", subject=task, project=task.session.project, by=None,
        summary=f"{task.organisation.label}超时默认：{task.session.case}",
        data={
            "state": [old, task.state], "organisation": task.organisation_id, "head": head.pk if head else None,
            "handler": task.handler_id, "days": task.days, "supplement_until": str(task.supplement_until),
        },
    )


def head_of(organisation_id: int) -> User | None:
    """Return who answers for a department today: its first chief representative."""
    today = timing.today()
    found = Membership.objects.filter(
        Q(until=None) | Q(until__gte=today), organisation_id=organisation_id, role=Role.CHIEF, since__lte=today
    )
    row = found.select_related("user").order_by("pk").first()
    return row.user if row else None


def _no_opinion(task: ReviewTask) -> None:
    now = timing.now()
    old = task.state
    task.fall_silent()
    _finish(task, now)
    record(
        "task.no_opinion", subject=task, project=task.session.project, by=None,
        summary=f"{task.organisation.label}逾期未答复：{task.session.case}", data={"state": [old, task.state]},
    )


def _finish(task: ReviewTask, now: dt.datetime) -> None:
    task.closed_at = now
    end_referral(task, now)
    task.save()
    clocks.stop_clock(task.clock, now)


def begin_merging_when_done(session: JointSession, *, by: User | None, at: dt.datetime | None) -> bool:
    """Move a session of a locked case to 汇总 when nobody but the lead is left to answer; return whether it moved."""
    if session.state != SessionState.REVIEWING:
        return False
    if session.tasks.filter(state__in=TASK_OPEN).exclude(role=ReviewRole.LEAD).exists():
        return False
    old = session.state
    session.begin_merging()
    session.save()
    record(
        "session.merging", subject=session, project=session.project, by=by, at=at,
        summary=f"部门意见已齐，请牵头部门汇总：{session.case}", data={"state": [old, session.state]},
    )
    return True
