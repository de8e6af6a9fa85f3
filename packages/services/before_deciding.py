"""What stands beside a case that is to be decided, looked for by one query: most cases have none of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packages.act_states import PROCEDURE_OPEN, WITHDRAWAL_OPEN, ExtensionState
from packages.models import (
    Commitment,
    ConditionalPermit,
    Extension,
    JointSession,
    LateEntry,
    Letter,
    MaterialItem,
    MatterCase,
    SpecialProcedure,
    Withdrawal,
)
from packages.services.checklist import OPEN_LINES, open_lines
from packages.services.reusing import dead_of
from packages.services.settling import unsettled
from packages.states import SESSION_OPEN, MaterialState
from projects import prepared, timing
from projects.models import ClockPause
from projects.states import IssueKind

if TYPE_CHECKING:
    from django.db.models import QuerySet

#: The clocks of a case that a decision stops.
CLOCKS = ("intake_clock", "promised_clock", "statutory_clock", "special_clock")
#: Lines that were promised.
PROMISED = (MaterialState.DEFERRED, MaterialState.COMMITTED)


@dataclass(frozen=True, slots=True)
class BesideDecision:
    """What a decision has to look at.

    `to_fill`: a line of the project that may be met, or is no longer; `has_promises`: a deferred paper, a commitment,
    or a reused paper that was lost; `is_asked`: a withdrawal, special procedure or extension that waits for an answer;
    `has_living`: the project ever had a permit in part or a letter in lieu; `was_paused`: a clock of the case ever was;
    `has_late_entries`: an earlier time of which the promise hangs that nobody has confirmed (补录).
    """

    to_fill: bool
    has_promises: bool
    has_faults: bool
    has_letters: bool
    has_sessions: bool
    is_asked: bool
    has_living: bool
    was_paused: bool
    has_late_entries: bool


def look_beside_decision(case: MatterCase) -> BesideDecision:
    """Look for what stands beside a locked case. One query."""
    found = iter(prepared.flags(("beside a decision", timing.today()), _beside, case.pk, case.project_id))

    def several(count: int) -> bool:
        return sum(next(found) for _ in range(count)) > 0

    return BesideDecision(
        to_fill=several(2), has_promises=several(4), has_faults=several(1), has_letters=several(1),
        has_sessions=several(1), is_asked=several(3), has_living=several(2), was_paused=several(len(CLOCKS)),
        has_late_entries=several(1),
    )


def _beside(case_id: int, project_id: int) -> list[QuerySet[Any, Any]]:
    lines = MaterialItem.objects.filter(case_id=case_id)
    own = MatterCase.objects.filter(pk=case_id)
    return [
        dead_of(project_id), open_lines(project_id),
        unsettled(case_id, IssueKind.DEFERRAL), Commitment.objects.filter(case_id=case_id).live(),
        lines.filter(state__in=PROMISED), lines.filter(state__in=sorted(OPEN_LINES)).exclude(warning=""),
        unsettled(case_id, IssueKind.CORRECTION), lines.filter(state=MaterialState.LETTER),
        JointSession.objects.filter(case_id=case_id, state__in=list(SESSION_OPEN)),
        Withdrawal.objects.filter(case_id=case_id, state__in=WITHDRAWAL_OPEN),
        SpecialProcedure.objects.filter(case_id=case_id, state__in=PROCEDURE_OPEN),
        Extension.objects.filter(case_id=case_id, state=ExtensionState.REQUESTED),
        ConditionalPermit.objects.filter(project_id=project_id), Letter.objects.filter(project_id=project_id),
        *(ClockPause.objects.filter(clock__in=own.values(name)) for name in CLOCKS),
        LateEntry.objects.filter(case_id=case_id).unconfirmed(),
    ]
