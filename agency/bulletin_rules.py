"""Who may do what with a bulletin: drafted by one, checked by another, signed by a director who did not check it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from agency.bulletin_states import BulletinState
from projects import timing
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from agency.models import Bulletin, BulletinProblem
    from projects.models import Organisation, User

    Person = User | AnonymousUser

#: They draft and check; the first two also sign.
SIGNERS = (Role.DIRECTOR, Role.SUPERVISOR)
DRAFTERS = (*SIGNERS, Role.DISPATCHER)


def _is_drafter(user: Person | None, centre_id: int) -> bool:
    return access_of(user).has_at(centre_id, *DRAFTERS)


def can_see_bulletins(user: Person, _: object = None) -> Verdict:
    """The government side sees bulletins and what is behind their figures."""
    access = access_of(user)
    return ALLOWED if access.is_office and not access.is_archive else refuse("通报的明细供审批侧查看。")


def can_see_probe(user: Person, bulletin: Bulletin) -> Verdict:
    """What looks as if it had been decided elsewhere goes to the centre only, politely."""
    return ALLOWED if _is_drafter(user, bulletin.centre_id) else refuse("体外循环线索只供本中心核实。")


def can_open_bulletin(user: Person, centre: Organisation) -> Verdict:
    """The centre begins a month before the job does."""
    return ALLOWED if _is_drafter(user, centre.pk) else refuse("由中心主任或调度开始采集。")


def can_freeze(user: Person, bulletin: Bulletin) -> Verdict:
    """The centre, once the month is over."""
    if not _is_drafter(user, bulletin.centre_id):
        return refuse("由中心主任或调度冻结。")
    if bulletin.is_stored:
        return refuse(f"本期通报已是“{bulletin.get_state_display()}”。")
    return month_is_over(bulletin)


def month_is_over(bulletin: Bulletin) -> Verdict:
    """A period is frozen when its last day is over, by whomever."""
    if timing.now() >= bulletin.period_end:
        return ALLOWED
    last = timing.business_day(bulletin.period_end) - dt.timedelta(days=1)
    return refuse(f"本期到{last.month}月{last.day}日24:00截止，之后才能冻结。")


def can_draft(user: Person, bulletin: Bulletin) -> Verdict:
    """Words beside the figures are written until they are handed over to be checked; figures never."""
    if not _is_drafter(user, bulletin.centre_id):
        return refuse("由中心主任或调度起草。")
    if bulletin.state in (BulletinState.CHECKING, BulletinState.SIGNING):
        return refuse("已送核，不能改写；要改请先退回起草。")
    return ALLOWED if bulletin.state == BulletinState.FROZEN else refuse("冻结后、送核前起草；已签发的只能出更正版。")


def can_send_to_check(user: Person, bulletin: Bulletin) -> Verdict:
    """Whoever drafts hands it over when it is frozen."""
    if not _is_drafter(user, bulletin.centre_id):
        return refuse("由中心主任或调度起草送核。")
    if bulletin.state != BulletinState.FROZEN:
        return refuse(
            "先冻结数据，再送核。" if not bulletin.is_stored else f"本期通报已是“{bulletin.get_state_display()}”。"
        )
    return ALLOWED


def can_check(user: Person, bulletin: Bulletin) -> Verdict:
    """Somebody else than who drafted it."""
    if not _is_drafter(user, bulletin.centre_id):
        return refuse("由中心主任或调度核对。")
    if bulletin.state != BulletinState.CHECKING:
        return refuse("送核之后才能核对。")
    same = access_of(user).speaks_for(bulletin.drafted_by_id)
    return refuse("核对人不能是起草人，请由另一人核对。") if same else ALLOWED


def can_send_back(user: Person, bulletin: Bulletin) -> Verdict:
    """Whoever checks or signs may want other words; the figures stay."""
    if not _is_drafter(user, bulletin.centre_id):
        return refuse("由核对人或签发人退回。")
    if bulletin.state not in (BulletinState.CHECKING, BulletinState.SIGNING):
        return refuse("核对或待签时才能退回。")
    return ALLOWED


def can_publish(user: Person, bulletin: Bulletin) -> Verdict:
    """The director, when somebody else has checked it: the second look is worth something only from a second person."""
    if not access_of(user).has_at(bulletin.centre_id, *SIGNERS):
        return refuse("由中心主任签发。")
    if bulletin.state == BulletinState.SIGNING:
        same = access_of(user).speaks_for(bulletin.checked_by_id)
        return refuse("签发人不能是核对人；请另一位负责人签发，或退回后由另一人核对。") if same else ALLOWED
    if bulletin.state in (BulletinState.PUBLISHED, BulletinState.CORRECTED):
        return refuse("本期通报已发布。")
    return refuse("先核对，再签发。" if bulletin.is_stored else "先冻结数据，再送核、签发。")


def can_correct(user: Person, bulletin: Bulletin) -> Verdict:
    """The director; only the newest version, and only one at a time."""
    if not access_of(user).has_at(bulletin.centre_id, *SIGNERS):
        return refuse("由中心主任决定更正。")
    if not bulletin.is_stored:
        return refuse("采集中的数字还在变，不用更正。")
    if bulletin.state == BulletinState.CORRECTED or hasattr(bulletin, "next"):
        return refuse("本版已有更正版，请在更正版上更正。")
    return ALLOWED


def can_close_problem(user: Person, problem: BulletinProblem) -> Verdict:
    """The centre confirms that a problem was mended."""
    if not _is_drafter(user, problem.bulletin.centre_id):
        return refuse("由中心主任或调度核实销号。")
    return refuse("这个问题已销号。") if problem.closed_at is not None else ALLOWED
