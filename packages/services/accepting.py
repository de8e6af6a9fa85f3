"""What an acceptance does to a locked case, whoever or whatever accepts: the window, the law, the counter."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packages.assessment_states import UseState
from packages.models import Commitment, MaterialItem, MatterCase, RegionalUse
from packages.planning.options import days_with_deferral
from packages.services import paperwork
from packages.services.assessment_uses import fix_uses
from packages.services.checklist import OPEN_LINES, open_lines
from packages.services.reusing import dead_of
from packages.services.settling import raise_promises, unsettled, verify_answered
from packages.services.timekeeping import start_promise, sync_due
from packages.states import MaterialState
from projects import clocks, prepared, timing
from projects.events import record, told_together
from projects.models import ClockPause, User
from projects.states import IssueKind
from projects.status_codes import StatusCode

if TYPE_CHECKING:
    from django.db.models import QuerySet


#: What an acceptance writes into the row of a case.
CHANGED = (
    "state", "accepted_at", "accepted_by", "is_deemed_accepted", "window_by", "promised_clock", "statutory_clock",
    "due_on", "yellow_on", "promised_days",
)


@dataclass(frozen=True, slots=True)
class BesideAcceptance:
    """What stands beside a case that is to be accepted; most cases have none of it.

    `to_fill`: a line of the project that may be met, or is no longer; `lines`: in which states the lines of the case
    are, as far as anything follows from it; faults that were told, a commitment, regional results in use; whether the
    intake was ever paused.
    """

    to_fill: bool
    lines: frozenset[str]
    has_faults: bool
    has_commitment: bool
    has_uses: bool
    was_paused: bool

    @property
    def pauses(self) -> tuple[()] | None:
        """The pauses of the intake clock where it is known that there are none."""
        return None if self.was_paused else ()


def look_beside_acceptance(case: MatterCase) -> BesideAcceptance:
    """Look for what stands beside a locked case. One query."""
    dead, fillable, faults, commitment, uses, paused, *lines = prepared.flags(
        ("beside an acceptance", timing.today()), _beside, case.pk, case.project_id
    )
    found = frozenset(state for state, is_there in zip(TELLING, lines, strict=True) if is_there)
    return BesideAcceptance(dead or fillable, found, faults, commitment, uses, paused)


#: States of lines from which something follows at the acceptance.
TELLING = (*sorted(OPEN_LINES), MaterialState.LETTER, MaterialState.DEFERRED, MaterialState.COMMITTED)


def _beside(case_id: int, project_id: int) -> list[QuerySet[Any]]:
    return [
        dead_of(project_id), open_lines(project_id), unsettled(case_id, IssueKind.CORRECTION),
        Commitment.objects.filter(case_id=case_id).live(),
        RegionalUse.objects.filter(project_id=project_id, state=UseState.APPLIED),
        ClockPause.objects.filter(clock__in=MatterCase.objects.filter(pk=case_id).values("intake_clock")),
        *(MaterialItem.objects.filter(case_id=case_id, state=state) for state in TELLING),
    ]


def take_on(  # noqa: PLR0913 - who, when, and what is told
    case: MatterCase, beside: BesideAcceptance, *, by: User | None, at: dt.datetime, ended_at: dt.datetime,
    note: str = "", deemed: bool = False,
) -> None:
    """Accept a received case as of `at`: transition, clocks, promises owed, event 3, 受理通知书.

    The regional results that it stands on are fixed first.

    `beside`: what stands beside the case now. The intake clock stops at `ended_at` (now); a deemed acceptance has `at`
    at the receipt and `by` None.
    """
    with told_together(case.project):
        _take_on(case, beside, by=by, at=at, ended_at=ended_at, note=note, deemed=deemed)


def _take_on(  # noqa: PLR0913 - as `take_on`
    case: MatterCase, beside: BesideAcceptance, *, by: User | None, at: dt.datetime, ended_at: dt.datetime, note: str,
    deemed: bool,
) -> None:
    if beside.has_uses:
        fix_uses(case, by=by, at=at)
    old = case.state
    if case.intake_clock is not None:
        clocks.stop_clock(case.intake_clock, ended_at, pauses=beside.pauses)
    case.accept()
    case.accepted_at, case.accepted_by, case.is_deemed_accepted = at, by, deemed
    case.window_by = by or case.window_by
    if MaterialState.DEFERRED in beside.lines:
        case.promised_days = days_with_deferral(case.promised_days, timing.business_day(at))
    start_promise(case, at)
    sync_due(case, save=False)
    case.save(update_fields=CHANGED)
    if beside.has_faults:
        verify_answered(case, IssueKind.CORRECTION, by=by, at=ended_at)
    if beside.has_commitment or beside.lines & {MaterialState.DEFERRED, MaterialState.COMMITTED}:
        raise_promises(case, beside.lines, by=by, at=ended_at)
    reading = clocks.read_clock(case.promised_clock, pauses=())
    record(
        "case.accepted", subject=case, project=case.project, by=by, at=at, status_code=StatusCode.ACCEPTED,
        summary=f"视为受理：{case.matter.name}" if deemed else f"受理：{case.matter.name}",
        data={"state": [old, case.state], "due_on": str(reading.due_on), "deemed": deemed, "note": note},
    )
    paperwork.acceptance_notice(case, beside.lines, reading, by=by, at=ended_at)
