"""Who may do what at the agency desk, in the inbox and with bulletins."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from agency.bulletin_states import BulletinState
from projects import timing
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ProjectStatus, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from agency.models import Bulletin, Notification
    from projects.models import Organisation, Project, User

    Person = User | AnonymousUser


def can_use_desk(user: Person, _: object = None) -> Verdict:
    """Dispatchers and directors work at the assignment desk."""
    return ALLOWED if access_of(user).has(Role.DISPATCHER, Role.DIRECTOR) else refuse("代办调度或中心主任使用调度台。")


def can_assign(user: Person, project: Project) -> Verdict:
    """The dispatcher or director of the project's centre, while the project runs."""
    if not access_of(user).has_at(project.centre_id, Role.DISPATCHER, Role.DIRECTOR):
        return refuse("由代办调度或中心主任指派。")
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目已{project.get_status_display()}，不再指派。")
    return ALLOWED


def can_read_notification(user: Person, notification: Notification) -> Verdict:
    """One's own only."""
    return ALLOWED if notification.user_id == user.pk else refuse("只能处理自己的消息。")


def can_see_bulletins(user: Person, _: object = None) -> Verdict:
    """The government side sees bulletins and the cases behind them."""
    return ALLOWED if access_of(user).is_office else refuse("通报的明细供审批侧查看。")


def can_open_bulletin(user: Person, centre: Organisation) -> Verdict:
    """The director of the centre begins a month before the job does."""
    if access_of(user).has_at(centre.pk, Role.DIRECTOR, Role.SUPERVISOR):
        return ALLOWED
    return refuse("由中心主任开始采集。")


def can_freeze(user: Person, bulletin: Bulletin) -> Verdict:
    """The director of the centre, once the month is over."""
    if not access_of(user).has_at(bulletin.centre_id, Role.DIRECTOR, Role.SUPERVISOR):
        return refuse("由中心主任冻结。")
    if bulletin.state != BulletinState.COLLECTING:
        return refuse(f"本期通报已是“{bulletin.get_state_display()}”。")
    if timing.now() < bulletin.period_end:
        last = timing.business_day(bulletin.period_end) - dt.timedelta(days=1)
        return refuse(f"本期到{last.month}月{last.day}日24:00截止，之后才能冻结。")
    return ALLOWED


def can_publish(user: Person, bulletin: Bulletin) -> Verdict:
    """The director of the centre, when the figures are frozen."""
    if not access_of(user).has_at(bulletin.centre_id, Role.DIRECTOR, Role.SUPERVISOR):
        return refuse("由中心主任签发。")
    if bulletin.state != BulletinState.FROZEN:
        return refuse("先冻结数据，再签发。" if bulletin.state == BulletinState.COLLECTING else "本期通报已发布。")
    return ALLOWED
