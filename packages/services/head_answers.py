"""What the head of a body is asked on a case, a special procedure or more time: whether it still waits, and a no."""

from __future__ import annotations

import datetime as dt
from typing import TypeVar

from packages.act_states import ExtensionState, ProcedureState
from packages.models import Extension, SpecialProcedure
from projects.back_entry import check_after
from projects.errors import DomainError
from projects.events import latest_of, record, told_by
from projects.models import User

Asked = TypeVar("Asked", Extension, SpecialProcedure)


def still_asked(row: Extension | SpecialProcedure, word: str) -> None:
    """Refuse what was answered before (`answered`), naming who and when."""
    if row.state not in {ExtensionState.REQUESTED, ProcedureState.REQUESTED}:
        message = f"这项{word}{row.get_state_display()}，不能再批准。"
        raise DomainError("answered", message, latest=told_by(latest_of(row)))


def turn_down(row: Asked, kind: str, words: str, *, by: User, reason: str, at: dt.datetime | None) -> Asked:
    """The head says no and why; nothing else changes. Event `kind`.

    Raises `DomainError` (`reason`, `future`, `time_order`).
    """
    check_after(at, row.requested_at)
    if not reason.strip():
        raise DomainError("reason", "不批准的，须写明理由。")
    old = row.state
    row.refuse()
    row.answer = reason.strip()[:300]
    row.save()
    record(
        kind, subject=row, project=row.case.project, by=by, at=at, summary=f"{words}，{reason.strip()}",
        data={"state": [old, row.state], "by": by.pk},
    )
    return row
