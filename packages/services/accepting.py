"""What an acceptance does to a locked case, whoever or whatever accepts: the window, the law, the counter."""

from __future__ import annotations

import datetime as dt

from packages.models import MatterCase
from packages.services import paperwork
from packages.services.assessment_uses import fix_uses
from packages.services.settling import raise_promises, verify_answered
from packages.services.timekeeping import start_promise, sync_due
from projects import clocks
from projects.events import record
from projects.models import User
from projects.states import IssueKind
from projects.status_codes import StatusCode


def take_on(
    case: MatterCase, lines: frozenset[str], *, by: User | None, at: dt.datetime, ended_at: dt.datetime, note: str = "", deemed: bool = False
) -> None:
    """Accept a received case as of `at`: transition, clocks, promises owed, event 3, 受理通知书;
    the regional results that it stands on are fixed.

    `lines`: the states of its checklist. The intake clock stops at `ended_at` (now); a deemed acceptance has `at` at the receipt and `by` None.
    """
    fix_uses(case, by=by, at=at)
    old = case.state
    if case.intake_clock is not None:
        clocks.stop_clock(case.intake_clock, ended_at)
    case.accept()
    case.accepted_at, case.accepted_by, case.is_deemed_accepted = at, by, deemed
    case.window_by = by or case.window_by
    start_promise(case, at)
    sync_due(case, save=False)
    case.save()
    verify_answered(case, IssueKind.CORRECTION, by=by, at=ended_at)
    raise_promises(case, lines, by=by, at=ended_at)
    reading = clocks.read_clock(case.promised_clock, pauses=())
    record(
        "case.accepted", subject=case, project=case.project, by=by, at=at, status_code=StatusCode.ACCEPTED,
        summary=f"视为受理：{case.matter.name}" if deemed else f"受理：{case.matter.name}",
        data={"state": [old, case.state], "due_on": str(reading.due_on), "deemed": deemed, "note": note},
    )
    paperwork.acceptance_notice(case, lines, reading, by=by, at=ended_at)
