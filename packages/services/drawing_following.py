"""What a drawing review does when its case goes its way on another page. Imports no other service."""

from __future__ import annotations

import datetime as dt

from packages.drawing_states import DrawingState
from packages.models import DrawingReview, MatterCase
from packages.states import CASE_ENDED, CASE_PASSED
from projects import clocks, timing
from projects.back_entry import counted_at
from projects.events import record
from projects.models import User

MATTER = "drawing-review"


def follow_decision(case: MatterCase, *, by: User | None, at: dt.datetime | None) -> None:
    """The case of the drawings was decided or ended on its own page: the review follows."""
    if case.matter.matter.code != MATTER:
        return
    one = DrawingReview.objects.select_for_update(of=("self",)).filter(case=case).first()
    if one is None or one.state in (DrawingState.COMMITTED, DrawingState.QUALIFIED, DrawingState.CLOSED):
        return
    one.project = case.project
    if case.state in CASE_PASSED:
        qualify(one, by=by, at=at)
    elif case.state in CASE_ENDED:
        close_review(one, reason=str(case.get_state_display()), by=by, at=at)


def qualify(one: DrawingReview, *, by: User | None, at: dt.datetime | None) -> None:
    """No breach is left: the review is 合格, its clocks stop."""
    old = one.state
    one.qualify()
    one.closed_at = at or timing.now()
    if one.is_first_passed is None:
        one.is_first_passed = True
    one.save()
    for clock, until in ((one.clock, counted_at(at)), (one.fix_clock, one.closed_at)):
        if clock is not None and clock.is_live:
            clocks.stop_clock(clock, until)
    record(
        "drawing.qualified", subject=one, project=one.project, by=by, at=at, summary="施工图审查合格",
        data={"state": [old, one.state]},
    )


def close_review(one: DrawingReview, *, reason: str, by: User | None, at: dt.datetime | None) -> None:
    """End a locked review without a result. Event `drawing.closed`."""
    old = one.state
    one.close()
    one.closed_at = at or timing.now()
    one.save()
    for clock in (one.clock, one.fix_clock):
        if clock is not None and clock.is_live:
            clocks.cancel_clock(clock, one.closed_at)
    record(
        "drawing.closed", subject=one, project=one.project, by=by, at=at, summary=f"施工图审查终止：{reason}",
        data={"state": [old, one.state]},
    )
