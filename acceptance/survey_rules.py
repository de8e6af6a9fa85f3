"""Who may do what in a joint survey (多测合一). Pure reads; the reason stands on the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acceptance.models import JointSurvey
from acceptance.states import SURVEY_OPEN, SurveyState
from packages.rules import is_agent, is_owner, is_window
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.models import Building
from projects.states import Stage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import Project, User, WorkUnit

    Person = User | AnonymousUser


def for_owner(user: Person, project: Project) -> bool:
    """Whether the user acts for the owner: its own people, the window, the agents of the project."""
    return is_owner(user, project) or is_window(user, project) or is_agent(user, project)


def can_record_buildings(user: Person, unit: WorkUnit) -> Verdict:
    """The window or the agent, from the planning permit on, until a survey stands on the list."""
    if not (is_window(user, unit.project) or is_agent(user, unit.project)):
        return refuse("由综合窗口或代办专员按规划许可证附件登记。")
    if unit.project.stage == Stage.PLANNING:
        return refuse("规划许可还没有办结，取得许可后登记单体。")
    if JointSurvey.objects.filter(work_unit=unit, state__in=[SurveyState.HANDED_IN, SurveyState.SHARED]).exists():
        return refuse("测绘成果已按现有单体提交，变更须先办理规划变更。")
    return ALLOWED


def can_register_phase(user: Person, unit: WorkUnit) -> Verdict:
    """Who records the buildings splits the works, while no result of a survey stands on them."""
    if not unit.is_default:
        return refuse("分期从整个工程中划出，请回到整个工程登记。")
    return can_record_buildings(user, unit)


def can_commission(user: Person, unit: WorkUnit) -> Verdict:
    """The owner, or window and agent for it, once the works stand and the permit's buildings are known."""
    if not for_owner(user, unit.project):
        return refuse("由建设单位委托，或由窗口、代办专员代为办理。")
    if unit.project.stage != Stage.ACCEPTANCE:
        return refuse(f"项目还在{unit.project.get_stage_display()}阶段，进入施工验收阶段后委托。")
    if not Building.objects.filter(work_unit=unit).exists():
        return refuse("还没有登记规划许可的单体，请窗口先登记。")
    if JointSurvey.objects.filter(work_unit=unit, state__in=SURVEY_OPEN).exists():
        return refuse("已有一次委托在办，一个工程只测一次。")
    return ALLOWED


def can_hand_in(user: Person, survey: JointSurvey) -> Verdict:
    """The surveyor, the owner, or window and agent for them, while the result is awaited."""
    own = survey.surveyor_id in access_of(user).organisation_ids
    if not (own or for_owner(user, survey.project)):
        return refuse("由测绘单位或建设单位提交。")
    if survey.state not in {SurveyState.COMMISSIONED, SurveyState.RETURNED}:
        return refuse(f"成果现在是“{survey.get_state_display()}”。")
    return ALLOWED


def can_check(user: Person, survey: JointSurvey) -> Verdict:
    """The window of the centre checks and shares."""
    if not is_window(user, survey.project):
        return refuse("由综合窗口核对后共享。")
    if survey.state != SurveyState.HANDED_IN:
        return refuse(f"成果现在是“{survey.get_state_display()}”，提交后核对。")
    return ALLOWED


def can_cancel(user: Person, survey: JointSurvey) -> Verdict:
    """Who commissioned it, while there is no result."""
    if not for_owner(user, survey.project):
        return refuse("由建设单位取消。")
    if survey.state not in {SurveyState.COMMISSIONED, SurveyState.RETURNED}:
        return refuse(f"成果现在是“{survey.get_state_display()}”，不能取消。")
    return ALLOWED
