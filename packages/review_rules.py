"""Who may answer, merge, confer, send on in a joint review, each with its reason for the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.rules import ANSWERERS, is_agent
from packages.states import TASK_OPEN, CaseState, SessionState, TaskState
from projects import timing
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import Organisation
from projects.quoting import quoted

if TYPE_CHECKING:
    from packages.models import ConferenceSeat, JointSession, Referral, ReviewTask
    from packages.rules import Person


def can_open_task(user: Person, task: ReviewTask) -> Verdict:
    """People of the asked department take a task up."""
    if not access_of(user).has_at(task.organisation_id, *ANSWERERS):
        return refuse(f"这项意见由{task.organisation.label}答复。")
    if is_agent(user, task.session.project):
        return refuse("您是本项目的代办人员，不审查同一项目。")
    return ALLOWED


def can_give_opinion(user: Person, task: ReviewTask) -> Verdict:
    """The handler or chief of the asked department answers; a consulted one also after its time."""
    if not (verdict := can_open_task(user, task)):
        return verdict
    if task.role == "lead":
        return refuse("牵头部门的意见在汇总时给出。")
    if task.state in (*TASK_OPEN, TaskState.NO_OPINION):
        return ALLOWED
    return refuse(f"这项意见{task.get_state_display()}，不能再答复。")


#: Why the lead does not merge yet.
NOT_YET_MERGED: dict[str, str] = {
    SessionState.REVIEWING: "还有部门没有答复，全部答复或到期后才能汇总、整改、召开联审会或再次征求意见。",
    SessionState.PUSHING: "材料还没有推送给各部门，推送后才能汇总。",
    SessionState.CONFERENCE: "联审会还没有结束，纪要记录、签认后才能汇总。",
    SessionState.RECTIFYING: "建设单位正在按意见整改，交回后开始第二轮。",
}


def _rests(session: JointSession) -> Verdict:
    """Whether the case goes on: while it rests nobody pushes, merges, keeps minutes or signs them."""
    case = session.case
    if case is None or case.state not in (CaseState.CORRECTING, CaseState.SUSPENDED):
        return ALLOWED
    return refuse(f"{quoted(case.matter.name)}现在是“{case.get_state_display()}”，恢复后再办。")


def can_merge(user: Person, session: JointSession) -> Verdict:
    """The handler or chief of the lead department merges, once every department has answered or its time is over."""
    if not access_of(user).has_at(session.lead_id, *ANSWERERS):
        return refuse(f"汇总由牵头部门{session.lead.label}办理。")
    if session.state == SessionState.MERGING:
        return _rests(session)
    return refuse(NOT_YET_MERGED.get(session.state, f"联合审查{session.get_state_display()}，不能再汇总。"))


def can_push(user: Person, session: JointSession) -> Verdict:
    """The handler or chief of the lead department pushes the file to every department."""
    if not access_of(user).has_at(session.lead_id, *ANSWERERS):
        return refuse(f"推送由牵头部门{session.lead.label}办理。")
    if session.state != SessionState.PUSHING:
        return refuse("材料已经推送给各部门。")
    return _rests(session)


def can_confer(user: Person, session: JointSession) -> Verdict:
    """The lead department keeps the minutes of the conference that it called."""
    if not access_of(user).has_at(session.lead_id, *ANSWERERS):
        return refuse(f"联审会纪要由牵头部门{session.lead.label}记录。")
    if session.state != SessionState.CONFERENCE:
        return refuse("现在没有召集中的联审会。")
    if session.waits_for:
        return refuse(f"纪要已经记录，正在等{session.waits_for}签认。")
    return _rests(session)


def can_sign_seat(user: Person, seat: ConferenceSeat) -> Verdict:
    """A department signs its own changed opinion; nobody signs for it."""
    if access_of(user).has_at(seat.organisation_id, *ANSWERERS):
        return ALLOWED if seat.confirmed_at else _rests(seat.conference.session)
    return refuse(f"会议意见由{seat.organisation.label}签认。")


def can_take_back(user: Person, task: ReviewTask) -> Verdict:
    """The department takes back what it sent on to a unit of its own, also while the case rests."""
    if not (verdict := can_open_task(user, task)):
        return verdict
    if task.role == "lead":
        return refuse("汇总由牵头部门办理，不转办。")
    if task.state not in TASK_OPEN:
        return refuse(f"这项意见{task.get_state_display()}，不能再转办。")
    return ALLOWED


def can_refer(user: Person, task: ReviewTask) -> Verdict:
    """The department sends a task on to a unit of its own while the case goes on; the lead's merging is not sent on."""
    if not (verdict := can_take_back(user, task)):
        return verdict
    if not Organisation.objects.filter(parent=task.organisation_id).exists():
        return refuse(f"{task.organisation.label}没有登记内设机构，由系统管理员在“人员单位”里增加后才能转办。")
    return _rests(task.session)


def can_advise(user: Person, referral: Referral) -> Verdict:
    """People of the unit advise their department."""
    if not access_of(user).has_at(referral.unit_id, *ANSWERERS):
        return refuse(f"转办由{referral.unit.label}反馈。")
    if is_agent(user, referral.task.session.project):
        return refuse("您是本项目的代办人员，不审查同一项目。")
    return ALLOWED if referral.ended_at is None else refuse("这次转办已经结束。")


def can_supplement(user: Person, task: ReviewTask) -> Verdict:
    """The silent department says afterwards what it would have said, within two working days."""
    if not (verdict := can_open_task(user, task)):
        return verdict
    if task.state != TaskState.TACIT:
        return refuse("补充意见只在超时默认之后提交一次。")
    if task.supplement_until is None or timing.today() > task.supplement_until:
        return refuse("补充意见的期限已过。")
    return ALLOWED


def can_reconsult(user: Person, task: ReviewTask) -> Verdict:
    """The lead asks a department that disagreed once more."""
    return can_merge(user, task.session)
