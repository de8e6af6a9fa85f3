"""On whom a follow-up, an enquiry or a complaint waits: sentences of their own pages and lists.

They do not stand on the project's page, where those complained of would read them.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from agency.voice_states import FollowState, VoiceDesk, VoiceState
from projects import timing, workdays
from projects.clocks import read_clock
from projects.waiting import Waiting

if TYPE_CHECKING:
    from agency.models import FollowUp, Voice
    from projects.models import Clock

OFFICER = "中心回访人员"
DESK = {VoiceDesk.CENTRE: "中心受理人员", VoiceDesk.ABOVE: "工改办"}
QUIET = "到期没有追问自动关闭"


def waiting_of_follow_up(row: FollowUp) -> Waiting | None:
    """Return on whom a follow-up waits; None when it has ended. Needs its clock and body."""
    if row.ended_at is not None:
        return None
    who, verb, what = {
        FollowState.TO_CALL: (OFFICER, "实名回访", "差评"),
        FollowState.MENDING: (row.body.label if row.body else "", "整改", row.number),
        FollowState.APPEALED: ("中心主任", "核查", "申诉"),
        FollowState.TO_REPLY: (OFFICER, "答复", "评价人"),
    }[FollowState(row.state)]
    return _waiting(who, verb, what, row.clock)


def waiting_of_voice(row: Voice, *, to_asker: bool = False) -> Waiting | None:
    """Return on whom an enquiry or complaint waits; None when it is closed. Needs its clock and who has it.

    `to_asker`: the reader is whoever asked, who is called 您.
    """
    state, kind, desk = VoiceState(row.state), str(row.get_kind_display()), DESK[VoiceDesk(row.desk)]
    body = row.forwarded_to.label if row.forwarded_to else desk
    owed = {
        VoiceState.WAITING: (desk, "受理", kind), VoiceState.FOLLOWED: (desk, "答复", "追问"),
        VoiceState.FORWARDED: (body, "答复", kind),
    }
    if state in owed:
        return _waiting(*owed[state], row.clock)
    after = {
        VoiceState.UNSATISFIED: (desk, "重新办理或说明后关闭", kind), VoiceState.SATISFIED: ("系统", "关闭", kind),
        VoiceState.ANSWERED: ("您" if to_asker else "提出人", "追问或评价", "答复"),
    }
    if state not in after:
        return None
    is_answered = state == VoiceState.ANSWERED
    return _since(
        *after[state], row.answered_at, row.again_until if is_answered else None, QUIET if is_answered else ""
    )


def _waiting(who: str, verb: str, what: str, clock: Clock) -> Waiting:
    reading = read_clock(clock)
    return Waiting(
        project_id=clock.project_id or 0, rank=3, role=who, verb=verb, what=what, since=clock.started_on,
        days=workdays.workdays_between(clock.started_on, timing.today()), limit=clock.limit + clock.extensions,
        due_on=clock.due_on, is_provisional=clock.is_provisional, light=reading.light,
    )


def _since(
    who: str, verb: str, what: str, moment: dt.datetime | None, due_on: dt.date | None, auto: str
) -> Waiting:
    since = timing.business_day(moment) if moment else None
    days = workdays.workdays_between(since, timing.today()) if since else 0
    return Waiting(
        project_id=0, rank=3, role=who, verb=verb, what=what, since=since, days=days, due_on=due_on, auto=auto
    )
