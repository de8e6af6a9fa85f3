"""Who may rate, follow up a low grade, take in, forward, answer and close an enquiry or complaint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agency.models.ratings import OFFICERS, officer_centres
from agency.voice_states import VOICE_OWED, FollowState, VoiceDesk, VoiceKind, VoiceState
from projects import timing
from projects.access import OWNER_ROLES, access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from agency.models import FollowUp, RatingAsk, Voice
    from projects.models import Project, User

    Person = User | AnonymousUser

STAFF = (Role.REVIEWER, Role.CHIEF)


# Ratings -------------------------------------------------------------------------------------------------------------


def can_rate(user: Person, ask: RatingAsk) -> Verdict:
    """The owner's people, or whoever holds the code without an account; never the government side."""
    if user.is_authenticated and not access_of(user).has_at(ask.project.owner_id, *OWNER_ROLES):
        return refuse("评价由建设单位作出，窗口、部门和代办人员不能代为评价。请在企业的手机或窗口平板上打开。")
    if hasattr(ask, "rating"):
        return refuse("已经评价过了，一次一评。还有意见可以咨询或者投诉。")
    return ALLOWED


def can_read_rating(user: Person, ask: RatingAsk, *, rated_here: bool) -> Verdict:
    """The owner's people, or whoever comes with the browser that the rating was sent from.

    The code alone opens nothing: the window that shows it, and whoever holds the paper it stands on, are who is rated.
    """
    own = access_of(user).has_at(ask.project.owner_id, *OWNER_ROLES)
    if ask.rating.is_default or (own if user.is_authenticated else rated_here):
        return ALLOWED
    return refuse(
        "已经评价过了。评了什么，只有评价人和中心回访人员看得到；评价人请登录企业账号，或用评价时的手机打开。"
    )


def can_show_asks(user: Person, project: Project) -> Verdict:
    """The window shows the code to whoever stands there."""
    if access_of(user).has_at(project.centre_id, Role.CLERK, *OFFICERS):
        return ALLOWED
    return refuse("评价码由窗口向企业出示。")


def can_see_ratings(user: Person, _: object = None) -> Verdict:
    """Follow-up officers see ratings; departments see counts and what they have to mend."""
    if officer_centres(user):
        return ALLOWED
    return refuse("评价明细只供中心回访人员查看，被评价的人员和部门看不到是谁评的。")


def can_see_counts(user: Person, _: object = None) -> Verdict:
    """The government side sees how its own ratings stand."""
    return ALLOWED if access_of(user).is_office else refuse("评价统计供审批侧查看。")


def can_follow(user: Person, row: FollowUp) -> Verdict:
    """The follow-up officer of the centre who was not rated."""
    if row.rating.person_id == user.pk:
        return refuse("被评价的是您本人，由其他人员回访。")
    if row.rating.ask.project.centre_id not in officer_centres(user):
        return refuse("由中心回访人员办理。")
    return ALLOWED


def can_call(user: Person, row: FollowUp) -> Verdict:
    """The officer calls back first."""
    return can_follow(user, row) and _in(row, FollowState.TO_CALL, "登记回访")


def can_mend(user: Person, row: FollowUp) -> Verdict:
    """The body that has to mend, or the officer for it."""
    if not (row.body_id and access_of(user).has_at(row.body_id, *STAFF, Role.CLERK)) and not can_follow(user, row):
        return refuse("由整改单位登记整改情况。")
    return _in(row, FollowState.MENDING, "登记整改")


def can_appeal(user: Person, row: FollowUp) -> Verdict:
    """The body says that the rating is misuse, once."""
    if not row.body_id or not access_of(user).has_at(row.body_id, *STAFF, Role.CLERK):
        return refuse("由整改单位提出申诉。")
    if row.appeal:
        return refuse("已经申诉过一次，按核查结论整改。")
    return _in(row, FollowState.MENDING, "申诉")


def can_judge(user: Person, row: FollowUp) -> Verdict:
    """The director decides on an appeal: not who raised it, not who was rated."""
    if user.pk in {row.appealed_by_id, row.rating.person_id}:
        return refuse("申诉人和被评价人不能核查这件申诉。")
    if not access_of(user).has_at(row.rating.ask.project.centre_id, Role.DIRECTOR):
        return refuse("申诉由中心主任核查决定。")
    return _in(row, FollowState.APPEALED, "核查申诉")


def can_reply(user: Person, row: FollowUp) -> Verdict:
    """The officer tells whoever rated what came of it."""
    return can_follow(user, row) and _in(row, FollowState.TO_REPLY, "答复")


def _in(row: FollowUp, state: str, verb: str) -> Verdict:
    return ALLOWED if row.state == state else refuse(f"现在是“{row.get_state_display()}”，不能{verb}。")


# Enquiries and complaints --------------------------------------------------------------------------------------------


def can_ask(user: Person, _: object = None) -> Verdict:
    """Enterprises and citizens; the office has its own ways."""
    if access_of(user).is_office:
        return refuse("咨询投诉由企业和群众提出，审批侧人员请走督办和催办。")
    return ALLOWED


def can_see_desk(user: Person, _: object = None) -> Verdict:
    """Officers, the office above, and departments to which something may be forwarded."""
    if access_of(user).has(*OFFICERS, *STAFF, Role.SUPERVISOR):
        return ALLOWED
    return refuse("咨询投诉由中心受理人员办理，转办的由承办单位答复。")


def can_handle(user: Person, row: Voice) -> Verdict:
    """The officer of the centre, or the office above where the centre is complained of; never the one complained of."""
    if row.about_person_id == user.pk:
        return refuse("反映的是您本人，由其他人员办理。")
    access = access_of(user)
    if row.desk == VoiceDesk.CENTRE and row.centre_id in officer_centres(user):
        return ALLOWED
    code = row.centre.region.code if row.centre.region_id and row.centre.region else ""
    if row.desk == VoiceDesk.ABOVE and access.has(Role.SUPERVISOR) and code.startswith(access.region_prefixes):
        return ALLOWED
    return refuse("由工改办办理。" if row.desk == VoiceDesk.ABOVE else "由中心受理人员办理。")


def can_forward(user: Person, row: Voice) -> Verdict:
    """The officer forwards what is not answered, and does over what did not satisfy."""
    return can_handle(user, row) and _open(row, (*VOICE_OWED, VoiceState.UNSATISFIED), "转办")


def can_return(user: Person, row: Voice) -> Verdict:
    """The body that has it says that it is not its business."""
    return _of_body(user, row) and _open(row, (VoiceState.FORWARDED,), "退回")


def can_answer(user: Person, row: Voice) -> Verdict:
    """The body that has it, or the officer."""
    if not _of_body(user, row) and not can_handle(user, row):
        return can_handle(user, row) if row.forwarded_to_id is None else refuse("由承办单位或中心受理人员答复。")
    return _open(row, (*VOICE_OWED, VoiceState.UNSATISFIED), "答复")


def can_close(user: Person, row: Voice) -> Verdict:
    """The officer closes what was rated."""
    return can_handle(user, row) and _open(row, (VoiceState.SATISFIED, VoiceState.UNSATISFIED), "关闭")


def can_follow_up(user: Person, row: Voice) -> Verdict:
    """Whoever asked asks on, while it may be asked; who comes by the link (anonymous) holds its token."""
    return _asker(user, row) and _again(row, "追问")


def can_give_verdict(user: Person, row: Voice) -> Verdict:
    """Whoever asked says whether the answer satisfies."""
    return _asker(user, row) and _again(row, "评价答复")


def can_take_back(user: Person, row: Voice) -> Verdict:
    """Whoever asked takes it back before it is taken in."""
    return _asker(user, row) and _open(row, (VoiceState.WAITING,), "撤回")


def _asker(user: Person, row: Voice) -> Verdict:
    if user.is_authenticated and row.asked_by_id != user.pk:
        return refuse("只有提出人可以追问和评价。")
    return ALLOWED


def _again(row: Voice, verb: str) -> Verdict:
    if row.state == VoiceState.ANSWERED and row.again_until is not None and row.again_until < timing.today():
        return refuse(f"已过{verb}的期限（{timing.written(row.again_until)}），有新的问题请另行提出。")
    return _open(row, (VoiceState.ANSWERED,), verb)


def _of_body(user: Person, row: Voice) -> Verdict:
    """Staff of the body that has it, who are not complained of; a complaint never lies with the body complained of."""
    if row.about_person_id == user.pk:
        return refuse("反映的是您本人，由其他人员办理。")
    if row.state != VoiceState.FORWARDED or not access_of(user).has_at(row.forwarded_to_id, *STAFF):
        return refuse("由承办单位办理。")
    if row.kind != VoiceKind.CONSULT and row.forwarded_to_id == row.about_body_id:
        return refuse("反映的是贵部门，不由贵部门办理。")
    return ALLOWED


def _open(row: Voice, states: tuple[str, ...], verb: str) -> Verdict:
    return ALLOWED if row.state in states else refuse(f"现在是“{row.get_state_display()}”，不能{verb}。")
