"""Who may do what in the pool and its appraisals: pure reads, each with its reason for the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.appraisal_states import POOL_LEFT, PoolState
from packages.models import Appraisal, Gap, PoolEntry, ReviewTask
from packages.rules import ANSWERERS, is_owner
from packages.states import TASK_OPEN, SessionKind, SessionState
from projects import rules as kernel
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import IssueState, Role, Stage

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from packages.models import DuplicatePair
    from projects.models import Project, User

    Person = User | AnonymousUser

#: The body that convenes appraisals (项目推进中心), where the place has one.
CONVENER = "project-centre"
CENTRE_STAFF = (Role.CLERK, Role.DISPATCHER, Role.DIRECTOR)
CONVENER_STAFF = (Role.CLERK, Role.REVIEWER, Role.CHIEF, Role.DIRECTOR)


def _at_convener(user: Person, *roles: str) -> bool:
    access = access_of(user)
    return any(body.code == CONVENER and access.has_at(body.pk, *roles) for body in access.organisations)


def is_convener(user: Person, project: Project) -> bool:
    """Whether the person works for who convenes the appraisals of this project."""
    return access_of(user).has_at(project.centre_id, *CENTRE_STAFF) or _at_convener(user, *CONVENER_STAFF)


def is_chair(user: Person, project: Project) -> bool:
    """Whether the person may chair: the director of the centre, the chief of 项目推进中心."""
    return access_of(user).has_at(project.centre_id, Role.DIRECTOR) or _at_convener(user, Role.CHIEF, Role.DIRECTOR)


def can_enter(user: Person, project: Project) -> Verdict:
    """A project that is not in the pool is entered by the convener or the owner."""
    if PoolEntry.objects.filter(project=project).exclude(state__in=list(POOL_LEFT)).exists():
        return refuse("项目已在项目池中。")
    return may_enter(user, project)


def may_enter(user: Person, project: Project) -> Verdict:
    """The same of a project that is known not to be in the pool; no query."""
    if not project.is_open or project.stage != Stage.PLANNING:
        return refuse("只有谋划准备阶段的在办项目可以入库。")
    if is_convener(user, project) or is_owner(user, project):
        return ALLOWED
    return refuse("项目入库由建设单位、窗口或项目推进中心办理。")


def can_steer(user: Person, entry: PoolEntry) -> Verdict:
    """The convener leads a project through the pool."""
    if entry.state in POOL_LEFT:
        return refuse(f"项目已{entry.get_state_display()}。")
    if not entry.project.is_open:
        return refuse(f"项目{entry.project.get_status_display()}，不再研判。")
    if is_convener(user, entry.project):
        return ALLOWED
    return refuse("由项目推进中心或审批服务中心办理。")


def can_open_round(user: Person, entry: PoolEntry) -> Verdict:
    """A round is opened once the duplicates are decided, and one at a time."""
    if entry.state == PoolState.ENTERED:
        return refuse("有疑似重复项目待认定，认定后才能发起研判。")
    if entry.state not in (PoolState.WAITING, PoolState.APPRAISED):
        return refuse(f"项目现在是“{entry.get_state_display()}”，不能发起研判。")
    return can_steer(user, entry)


def can_drop(user: Person, entry: PoolEntry) -> Verdict:
    """The chair takes a project out of the pool."""
    if not (steered := can_steer(user, entry)):
        return steered
    return ALLOWED if is_chair(user, entry.project) else refuse("退库由研判会主持人（中心主任）决定。")


def can_take_up(user: Person, entry: PoolEntry) -> Verdict:
    """A project that rests comes back."""
    if entry.state != PoolState.RESTING:
        return refuse(f"项目现在是“{entry.get_state_display()}”，不需要恢复。")
    if not entry.project.is_open:
        return refuse(f"项目{entry.project.get_status_display()}，不能恢复。")
    if is_convener(user, entry.project):
        return ALLOWED
    return refuse("由项目推进中心或审批服务中心办理。")


def can_keep_apart(user: Person, pair: DuplicatePair) -> Verdict:
    """The convener says that two projects are not the same."""
    if is_convener(user, pair.first):
        return ALLOWED
    return refuse("疑似重复由项目推进中心或审批服务中心认定。")


def can_merge_pair(user: Person, pair: DuplicatePair) -> Verdict:
    """Two projects are made one by who steers projects."""
    if not (kept := can_keep_apart(user, pair)):
        return kept
    return kernel.can_merge(user, pair.second)


def can_score(user: Person, task: ReviewTask) -> Verdict:
    """A person of the department that was asked scores its own factors, while the round is open."""
    session = task.session
    if session.kind != SessionKind.APPRAISAL:
        return refuse("这不是研判评分任务。")
    if not access_of(user).has_at(task.organisation_id, *ANSWERERS):
        return refuse(f"这些要素由{task.organisation.label}评分，您不是该部门的经办或首席代表。")
    if session.state != SessionState.REVIEWING or task.state not in TASK_OPEN:
        return refuse("本轮评分已结束；情况有变化的，请提请复评。")
    return ALLOWED


def can_sign(user: Person, appraisal: Appraisal) -> Verdict:
    """The chair signs the opinion, once."""
    if appraisal.signed_at is not None:
        return refuse("研判意见已签署。")
    if appraisal.session.state not in (SessionState.REVIEWING, SessionState.MERGING):
        return refuse("本轮研判已终止。")
    if is_chair(user, appraisal.session.project):
        return ALLOWED
    return refuse("研判意见由研判会主持人（中心主任）签署。")


def _of_lead(user: Person, gap: Gap) -> Verdict:
    lead = gap.issue.debtor_organisation
    if access_of(user).has_at(lead.pk, *ANSWERERS):
        return ALLOWED
    return refuse(f"这个缺口由{lead.label}牵头，您不是该部门的经办或首席代表。")


def can_claim(user: Person, gap: Gap) -> Verdict:
    """The lead department takes a gap on."""
    if gap.issue.state != IssueState.OPEN:
        return refuse("缺口已认领或已办结。")
    return _of_lead(user, gap)


def can_report(user: Person, gap: Gap) -> Verdict:
    """The lead department says that the gap is filled."""
    if gap.issue.state == IssueState.OPEN:
        return refuse("请先认领，约定完成日期。")
    if gap.issue.state not in (IssueState.CLAIMED, IssueState.DOING, IssueState.REJECTED):
        return refuse("缺口已报告或已办结。")
    return _of_lead(user, gap)


def can_check_gap(user: Person, gap: Gap) -> Verdict:
    """The convener checks what a department reports."""
    if gap.issue.state != IssueState.SUBMITTED:
        return refuse("牵头部门还没有报告补齐。")
    if is_convener(user, gap.issue.project):
        return ALLOWED
    return refuse("由项目推进中心或审批服务中心核实。")


def can_give_up(user: Person, gap: Gap) -> Verdict:
    """The chair accepts that a gap cannot be filled."""
    if gap.issue.state in (IssueState.VERIFIED, IssueState.WAIVED):
        return refuse("缺口已办结。")
    if is_chair(user, gap.issue.project):
        return ALLOWED
    return refuse("认定无法补齐由研判会主持人（中心主任）决定。")
