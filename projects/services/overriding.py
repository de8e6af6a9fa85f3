"""超时说明: why a limit was exceeded, in the words of the director; clock, light and every figure stay as they are."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import transaction

from projects import rules
from projects.errors import DomainError, require
from projects.events import lock_project, record, subject_of
from projects.models import Clock, Event

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import User

KIND = "clock.overdue_explained"


@transaction.atomic
def explain_overdue(clock_id: int, *, by: User, reason: str, at: dt.datetime | None = None) -> Event:
    """Write down why a limit was exceeded. Event `clock.overdue_explained`; the same words again are not told twice.

    Raises `NotAllowed`, `DomainError` `reason_missing`.
    """
    found = Clock.objects.select_related("project").get(pk=clock_id)
    project = lock_project(found.project_id or 0)
    require(rules.can_explain_overdue, by, found)
    if not reason.strip():
        raise DomainError("reason_missing", "请写明为什么超时，例如：系统故障两天，已书面告知企业。")
    last = notes_of(found).first()
    if last is not None and last.data.get("reason") == reason.strip():
        return last
    return record(
        KIND, subject=found, project=project, by=by, at=at, summary=f"超时说明：{found}，{reason.strip()}"[:300],
        data={"reason": reason.strip()[:200]},
    )


def notes_of(clock: Clock) -> QuerySet[Event]:
    """Return what was written about one clock, the newest first."""
    label, key = subject_of(clock)
    return Event.objects.filter(subject_type=label, subject_key=key, kind=KIND).order_by("-pk")
