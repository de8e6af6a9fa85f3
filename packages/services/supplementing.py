"""补充意见: what a department says within two working days after its silence counted as consent (handbook §2.4)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import review_rules
from packages.models import Supplement
from packages.services.locking import lock_task
from packages.states import TaskState
from projects import timing
from projects.back_entry import check_after
from projects.errors import DomainError, require
from projects.events import latest_of, record, told_by
from projects.models import User


@transaction.atomic
def supplement(task_id: int, *, by: User, text: str, basis: str, at: dt.datetime | None = None) -> Supplement:
    """File what a silent department says afterwards. The consent of its silence stands; nothing waits for this.

    Effects in order: transition 超时默认 -> 已补充意见, the supplement, event `task.supplemented`. Raises
    `NotAllowed`, `DomainError` (`task_state`, `supplement_over`, `words`).
    """
    task = lock_task(task_id)
    if task.state != TaskState.TACIT:
        message = f"这项意见是“{task.get_state_display()}”，补充意见只在超时默认之后提交一次。"
        raise DomainError("task_state", message, latest=told_by(latest_of(task)))
    require(review_rules.can_supplement, by, task)
    check_after(at, task.closed_at or task.pushed_at)
    moment = at or timing.now()
    if task.supplement_until is None or timing.business_day(moment) > task.supplement_until:
        raise DomainError("supplement_over", "补充意见的期限已过，不再收存；如有问题请直接告知牵头部门。")
    if not text.strip() or not basis.strip():
        raise DomainError("words", "补充意见须写明内容和依据，请补充后再提交。")
    old = task.state
    task.add_supplement()
    task.save()
    filed = Supplement.objects.create(
        task=task, text=text.strip()[:1000], basis=basis.strip()[:300], given_by=by, given_at=moment
    )
    record(
        "task.supplemented", subject=task, project=task.session.project, by=by, at=at,
        summary=f"{task.organisation.label}补充意见：{task.session.case}", data={"state": [old, task.state]},
    )
    return filed
