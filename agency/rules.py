"""Who may do what at the agency desk, in the inbox and with bulletins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agency.states import BulletinState
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ProjectStatus, Role

if TYPE_CHECKING:
    from agency.models import Bulletin, Notification
    from projects.models import Project, User


def can_use_desk(user: User, _: object = None) -> Verdict:
    """Dispatchers and directors work at the assignment desk."""
    return ALLOWED if access_of(user).has(Role.DISPATCHER, Role.DIRECTOR) else refuse("代办调度或中心主任使用调度台。")


def can_assign(user: User, project: Project) -> Verdict:
    """The dispatcher or director of the project's centre, while the project runs."""
    if not access_of(user).has_at(project.centre_id, Role.DISPATCHER, Role.DIRECTOR):
        return refuse("由代办调度或中心主任指派。")
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目已{project.get_status_display()}，不再指派。")
    return ALLOWED


def can_read_notification(user: User, notification: Notification) -> Verdict:
    """One's own only."""
    return ALLOWED if notification.user_id == user.pk else refuse("只能处理自己的消息。")


def can_see_bulletins(user: User, _: object = None) -> Verdict:
    """The government side sees bulletins and the cases behind them."""
    return ALLOWED if access_of(user).is_office else refuse("通报的明细供审批侧查看。")


def can_freeze(user: User, bulletin: Bulletin) -> Verdict:
    """The director of the centre, once the month is over."""
    if not access_of(user).has_at(bulletin.centre_id, Role.DIRECTOR, Role.SUPERVISOR):
        return refuse("由中心主任冻结。")
    if bulletin.state != BulletinState.COLLECTING:
        return refuse(f"本期通报已是“{bulletin.get_state_display()}”。")
    return ALLOWED


def can_publish(user: User, bulletin: Bulletin) -> Verdict:
    """The director of the centre, when the figures are frozen."""
    if not access_of(user).has_at(bulletin.centre_id, Role.DIRECTOR, Role.SUPERVISOR):
        return refuse("由中心主任签发。")
    if bulletin.state != BulletinState.FROZEN:
        return refuse("先冻结数据，再签发。" if bulletin.state == BulletinState.COLLECTING else "本期通报已发布。")
    return ALLOWED
