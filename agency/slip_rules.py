"""Who issues, answers and closes a chase slip: pure reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agency.states import SlipState
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ProjectStatus, Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from agency.models import ChaseSlip
    from projects.models import Project, User

    Person = User | AnonymousUser

ANSWERERS = (Role.CHIEF, Role.REVIEWER, Role.CLERK, Role.DISPATCHER)


def is_head(user: Person, project: Project) -> bool:
    """Whether the user directs the project's centre, or the 工改办 whose region holds the project."""
    access = access_of(user)
    if access.has_at(project.centre_id, Role.DIRECTOR, Role.SUPERVISOR):
        return True
    return access.has(Role.SUPERVISOR) and project.region.code.startswith(access.region_prefixes)


def can_issue_slip(user: Person, project: Project) -> Verdict:
    """The director of the centre or the 工改办, while the project runs."""
    if not is_head(user, project):
        return refuse("由中心主任或工改办下督办单。")
    if project.status != ProjectStatus.ACTIVE:
        return refuse(f"项目已{project.get_status_display()}，不再督办。")
    return ALLOWED


def can_answer_slip(user: Person, slip: ChaseSlip) -> Verdict:
    """The people of the body that the slip is for."""
    if not access_of(user).has_at(slip.to_id, *ANSWERERS):
        return refuse(f"由{slip.to.label}回复。")
    if slip.state != SlipState.ISSUED:
        return refuse(f"本单已是“{slip.get_state_display()}”。")
    return ALLOWED


def can_return_slip(user: Person, slip: ChaseSlip) -> Verdict:
    """Who may issue it sends an answer back that does not do."""
    if not is_head(user, slip.project):
        return refuse("由中心主任或工改办退回。")
    if slip.state != SlipState.ANSWERED:
        return refuse(f"本单是“{slip.get_state_display()}”，没有可以退回的回复。")
    return ALLOWED


def can_close_slip(user: Person, slip: ChaseSlip) -> Verdict:
    """Who may issue it closes it, but not one's own answer."""
    if not is_head(user, slip.project):
        return refuse("由中心主任或工改办销号。")
    if slip.state == SlipState.CLOSED:
        return refuse("本单已销号。")
    if access_of(user).speaks_for(slip.answered_by_id):
        return refuse("回复人不能自己销号。")
    return ALLOWED
