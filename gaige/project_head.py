"""What the project page says of all apps: its package, the way to plan, archive and filing, and facts of the joints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acceptance.providers import acceptances_of
from gaige.links import address
from packages import rules
from packages.appraisal_providers import appraisal_joint
from packages.choices import MatterStage
from packages.chosen import enrolment_of
from packages.consultation_providers import consultation_joint
from packages.next_steps import CASE_LOST
from packages.screens.filing import is_for
from packages.states import CASE_PASSED, CaseState
from packages.waiting import cases_of
from projects import panels
from projects.access import access_of
from projects.errors import Verdict
from projects.panels import Action, JointFact
from projects.states import Role, Stage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.http import HttpRequest

    from projects.models import Project, User


def head(project: Project, request: HttpRequest) -> tuple[list[str], list[Action]]:
    """Return the package's name and the buttons beside the name of the project."""
    enrolment = enrolment_of(project)
    words = [enrolment.package_version.name.partition("·")[2] or enrolment.package_version.name] if enrolment else []
    user = request.user
    actions = []
    if enrolment is None:
        actions.append(_action("选定套餐", "packages:enrol", project, rules.can_enrol(user, project), primary=True))
    else:
        actions.append(_action("一方案一图一清单", "packages:plan", project))
        may_apply = rules.can_apply(user, project)
        if may_apply.ok and project.is_open:
            actions.append(_action("申报", filing_page(user, project), project, may_apply, primary=True))
    if access_of(user).has_at(project.centre_id, Role.DISPATCHER):
        actions.append(_action("指派代办", "agency:assign", project))
    if access_of(user).has(Role.DIRECTOR, Role.SUPERVISOR, Role.DISPATCHER, Role.AGENT):
        actions.append(_action("重大项目", "agency:major", project))
    if rules.is_window(user, project):
        actions.append(_action("企业账号", "projects:first_account", project))
    actions.append(_action("到期日历", "packages:project_calendar", project))
    actions.append(_action("项目档案", "archives:archive", project))
    return words, [action for action in actions if action.url]


def filing_page(user: User | AnonymousUser, project: Project) -> str:
    """Return the name of the page on which this person files."""
    return "packages:file" if is_for(user, project) else "packages:apply"


def _action(label: str, name: str, project: Project, verdict: Verdict | None = None, **more: bool) -> Action:
    return Action(label, address(name, project.pk), verdict, **more)


def joints(project: Project) -> dict[str, JointFact]:
    """Return one fact and one date for each joint that has one, from what the page has read."""
    enrolment = getattr(project, "enrolment", None)
    done = _progress(project)
    facts = {
        "assessment": JointFact(_words(done, MatterStage.PLANNING)),
        "review": JointFact(_words(done, MatterStage.PERMIT)),
        "supervision": JointFact(state=_supervision(project)),
        "acceptance": _acceptance(project, _words(done, MatterStage.ACCEPTANCE)),
    }
    if enrolment is not None:
        chosen = JointFact("套餐已选定", enrolment.enrolled_at, "done")
        planned = JointFact(f"计划第 {enrolment.revision} 版", enrolment.enrolled_at, "done")
        facts["appraisal"] = _to_be_called(project, "joint-judge") or chosen
        facts["consultation"] = _to_be_called(project, "joint-consult") or planned
    elif project.stage == Stage.PLANNING:
        facts["appraisal"] = JointFact("待选定套餐", None, "now")
        facts["consultation"] = facts["assessment"] = JointFact(state="todo")
    told = appraisal_joint(project)
    return facts | ({"appraisal": told} if told else {}) | consultation_joint(project)


def _to_be_called(project: Project, code: str) -> JointFact | None:
    """Return that a body has still to call a joint of the planning stage together; None where it was, or needs not."""
    found = [case for case in cases_of(project) if case.matter.matter.code == code and case.state == CaseState.DRAFT]
    waits = project.stage == Stage.PLANNING and found
    return JointFact(f"等{found[0].lead.label}组织", None, "now") if waits else None


def _progress(project: Project) -> dict[str, tuple[int, int]]:
    """Return per stage how many matters are done, and how many there are."""
    progress: dict[str, tuple[int, int]] = {}
    for case in cases_of(project):
        if case.state not in CASE_LOST:
            done, number = progress.get(case.stage, (0, 0))
            progress[case.stage] = done + (case.state in CASE_PASSED), number + 1
    return progress


def _words(progress: dict[str, tuple[int, int]], stage: str) -> str:
    done, number = progress.get(stage, (0, 0))
    return f"{number} 项中 {done} 项办结" if number else ""


def _supervision(project: Project) -> str:
    return "done" if project.stage == Stage.DELIVERED else "todo"


def _acceptance(project: Project, words: str) -> JointFact:
    newest = next(iter(acceptances_of(project)), None)
    if newest is None:
        return JointFact(words, None, "todo" if project.stage != Stage.DELIVERED else "done")
    return JointFact(newest.get_state_display(), newest.concluded_at or newest.applied_at)


def register() -> None:
    """Put them on the project page."""
    panels.register_head("gaige", head)
    panels.register_joints("gaige", joints)
