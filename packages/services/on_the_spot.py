"""即办: accepted and decided at the counter in one step (events 1, 3, 8, 11)."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from packages import rules
from packages.models import MatterCase
from packages.services.accepting import look_beside_acceptance, take_on
from packages.services.back_entry import check_moment
from packages.services.checklist import fill_lines, missing_words
from packages.services.concluding import conclude
from packages.services.lapsing import nothing_asked
from packages.services.locking import expect, lock_case
from packages.services.review import begin_review
from packages.states import CaseState, Handling, Outcome
from projects import timing
from projects.errors import DomainError, require
from projects.models import User
from projects.quoting import quoted


@transaction.atomic
def decide_on_spot(
    case_id: int, *, by: User, note: str = "", outcome: str = Outcome.PASS, at: dt.datetime | None = None
) -> MatterCase:
    """Accept and grant a matter of promise 0 at once; also one that was accepted and is still open.

    Effects in order: those of the acceptance, event 8, those of the decision. Raises `NotAllowed`, `DomainError`
    (`case_state`, `materials`, `prerequisites`, `handling`). Source: handbook §2.2 (d); Appendix D 即办.
    """
    case = lock_case(case_id)
    if case.handling != Handling.REVIEW:
        raise DomainError("handling", f"{quoted(case.matter.name)}不在窗口即办。")
    expect(case, CaseState.RECEIVED, CaseState.ACCEPTED, CaseState.IN_REVIEW, verb="即办")
    require(rules.can_decide_on_spot, by, case)
    check_moment(case, at)
    nothing_asked(case)
    moment = at or timing.now()
    if case.state == CaseState.RECEIVED:
        fill_lines(case.project, at=at)
        lacking = missing_words(case)
        if lacking:
            raise DomainError("materials", f"{quoted(case.matter.name)}还缺材料：{lacking}。请补齐后再即办。")
        take_on(case, look_beside_acceptance(case), by=by, at=moment, ended_at=moment, note=note)
    if case.state == CaseState.ACCEPTED:
        begin_review(case, by=by, at=at)
    return conclude(case, outcome=outcome, note=note, by=by, at=at)
