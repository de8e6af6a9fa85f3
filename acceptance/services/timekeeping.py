"""The clocks of a joint acceptance move together: its own and those of every case in it.

While the owner rectifies nobody's time runs (handbook §8.2: rectification does not count).
"""

from __future__ import annotations

import datetime as dt

from acceptance.models import AcceptanceApplication
from acceptance.services.scoping import cases_of
from packages.models import MatterCase
from packages.services.timekeeping import pause_case, resume_case, sync_due
from packages.states import CASE_RUNNING
from projects.back_entry import counted_at
from projects.clock_states import PauseKind, TimeOwner
from projects.clocks import pause_clock, resume_clock


def _cases(acceptance: AcceptanceApplication) -> list[MatterCase]:
    running = cases_of(acceptance).filter(state__in=list(CASE_RUNNING))
    return list(running.select_related("intake_clock", "promised_clock", "statutory_clock").order_by("pk"))


def pause_acceptance(
    acceptance: AcceptanceApplication, *, basis: str, at: dt.datetime, kind: str = PauseKind.RECTIFICATION
) -> None:
    """Pause the clock of the acceptance and of its cases: the time is the owner's.

    A pause that is keyed in late begins when it is keyed in: nobody confirms an earlier time here.
    """
    at = counted_at(at)
    if acceptance.clock:
        pause_clock(
            acceptance.clock, kind=kind, owner=TimeOwner.APPLICANT, basis=basis, at=at
        )
    for case in _cases(acceptance):
        pause_case(case, kind=kind, owner=TimeOwner.APPLICANT, basis=basis, at=at)
        sync_due(case)


def resume_acceptance(
    acceptance: AcceptanceApplication, *, at: dt.datetime, kind: str = PauseKind.RECTIFICATION
) -> None:
    """Let the clocks run again; due days move."""
    if acceptance.clock:
        for pause in acceptance.clock.pauses.filter(kind=kind, ended_at=None):
            resume_clock(pause, at)
    for case in _cases(acceptance):
        resume_case(case, kind=kind, at=at)
        sync_due(case)
