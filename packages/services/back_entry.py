"""补录 on a case: never before what happened to it last, nor before what it merges (`projects/back_entry.py`)."""

from __future__ import annotations

import datetime as dt

from django.db.models import Max

from packages.choices import ReviewRole
from packages.models import MatterCase, ReviewTask
from projects.back_entry import check_follows, check_not_future, when
from projects.errors import DomainError


def check_moment(case: MatterCase, at: dt.datetime | None) -> None:
    """Refuse a moment that lies in the future or before what happened to the case last. No query without a moment.

    Raises `DomainError` (`future`, `time_order` naming the step and its time). Late entries are counted by the event
    (`Event.late_days`, docs/clocks.md).
    """
    if at is None:
        return
    check_follows(at, case)
    merged = case.sessions.aggregate(last=Max("merged_at"))["last"]
    if merged is not None and at < merged:
        raise DomainError("time_order", f"补录的时间早于联合审查汇总（{when(merged)}），请核对。")


def check_task_moment(task: ReviewTask, at: dt.datetime | None) -> None:
    """Refuse an opinion or a merged one before its file was pushed, or before the answers that it merges.

    No query without a moment. Raises `DomainError` (`future`, `time_order`).
    """
    if at is None:
        return
    check_not_future(at)
    begun = task.pushed_at
    if task.role == ReviewRole.LEAD:
        answered = ReviewTask.objects.filter(session=task.session_id).aggregate(last=Max("closed_at"))["last"]
        begun = max(begun, answered or begun)
    if at < begun:
        raise DomainError("time_order", f"补录的时间早于推送或各部门答复（{when(begun)}），请核对。")
