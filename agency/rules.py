"""Who may do what at the agency desk and in the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ProjectStatus, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from agency.models import Notification
    from projects.models import Project, User

    Person = User | AnonymousUser


def can_use_desk(user: Person, _: object = None) -> Verdict:
    """Dispatchers and directors work at the assignment desk; 工改办 reads those of its region."""
    if access_of(user).has(Role.DISPATCHER, Role.DIRECTOR, Role.SUPERVISOR):
        return ALLOWED
    return refuse("代办调度或中心主任使用调度台。")


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
