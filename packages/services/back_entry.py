"""补录: an act that is keyed in later keeps the moment at which it happened, never before the step that it follows."""

from __future__ import annotations

import datetime as dt

from django.db.models import Max

from packages.choices import ReviewRole
from packages.models import MatterCase, ReviewTask
from projects import timing
from projects.errors import DomainError
from projects.events import subject_of
from projects.models import Event


def check_moment(case: MatterCase, at: dt.datetime | None) -> None:
    """Refuse a moment that lies in the future or before what happened to the case last. No query without a moment.

    Raises `DomainError` (`future`, `time_order` naming the step and its time). Late entries are counted by the event
    (`Event.late_days`, docs/clocks.md).
    """
    if at is None:
        return
    if at > timing.now():
        raise DomainError("future", "登记的时间晚于现在，请核对日期。")
    label, key = subject_of(case)
    told = Event.objects.filter(
        project_id=case.project_id, subject_type=label, subject_key=key, data__has_key="state"
    ).order_by("-happened_at", "-pk").first()
    if told is not None and at < told.happened_at:
        raise DomainError("time_order", f"补录的时间早于上一步（{_when(told.happened_at)} {told.summary}），请核对。")
    merged = case.sessions.aggregate(last=Max("merged_at"))["last"]
    if merged is not None and at < merged:
        raise DomainError("time_order", f"补录的时间早于联合审查汇总（{_when(merged)}），请核对。")


def check_task_moment(task: ReviewTask, at: dt.datetime | None) -> None:
    """Refuse an opinion or a merged one before its file was pushed, or before the answers that it merges.

    No query without a moment. Raises `DomainError` (`future`, `time_order`).
    """
    if at is None:
        return
    if at > timing.now():
        raise DomainError("future", "登记的时间晚于现在，请核对日期。")
    begun = task.pushed_at
    if task.role == ReviewRole.LEAD:
        answered = ReviewTask.objects.filter(session=task.session_id).aggregate(last=Max("closed_at"))["last"]
        begun = max(begun, answered or begun)
    if at < begun:
        raise DomainError("time_order", f"补录的时间早于推送或各部门答复（{_when(begun)}），请核对。")


def check_after(at: dt.datetime | None, asked_at: dt.datetime) -> None:
    """Refuse an answer that is older than what was asked. Raises `DomainError` (`future`, `time_order`)."""
    if at is not None and at > timing.now():
        raise DomainError("future", "登记的时间晚于现在，请核对日期。")
    if at is not None and at < asked_at:
        raise DomainError("time_order", f"补录的时间早于提出的时间（{_when(asked_at)}），请核对。")


def _when(moment: dt.datetime) -> str:
    return f"{moment.astimezone(timing.BUSINESS_ZONE):%Y-%m-%d %H:%M}"
