"""Who may promise, sign, check: 容缺 and 承诺 (handbook §5.5), each with its reason for the button."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages import floor
from packages.choices import MaterialSource
from packages.deferral_terms import terms_of
from packages.rules import ANSWERERS, FORM_KIND, is_owner
from packages.states import CommitmentState
from projects.access import access_of
from projects.errors import ALLOWED, Verdict, refuse
from projects.states import ISSUE_WITH_OWNER, PartyRole, Role

if TYPE_CHECKING:
    from packages.models import Commitment, Deferral, MaterialItem
    from packages.rules import Person


def may_defer(item: MaterialItem) -> Verdict:
    """容缺 only as the catalogue says: a secondary paper of a matter that allows it, never 即办件 nor 上报件."""
    matter, line = item.case.matter, item.definition
    if item.case.promised_days == 0:
        return refuse("即办件不适用容缺")
    if not floor.may_be_deferred(matter.level, item.case.promised_days):
        return refuse("上报件不适用容缺")
    if not matter.deferral_allowed:
        return refuse("本事项不适用容缺受理")
    is_main = item.source != MaterialSource.APPLICANT or item.kind.slug == FORM_KIND
    if is_main or line is None or line.deferral_days is None:
        return refuse("主要材料，不能容缺")
    if terms_of(item.case, item).days == 0:
        return refuse("作出决定前就要补交，而承诺时限只有 1 个工作日，来不及容缺")
    return ALLOWED


def may_commit(item: MaterialItem) -> Verdict:
    """承诺 only where the matter or the line allows it, never in the place of the application form."""
    if item.kind.slug == FORM_KIND:
        return refuse("申请表不能以承诺代替")
    if item.source != MaterialSource.COMMITMENT and not item.case.matter.commitment_allowed:
        return refuse("本事项不适用告知承诺")
    return ALLOWED


def can_sign_commitment(user: Person, commitment: Commitment) -> Verdict:
    """The responsible person of the enterprise signs, and of the designer where asked; no clerk, agent nor handler."""
    case = commitment.case
    if commitment.state != CommitmentState.OFFERED:
        return refuse(f"承诺书现在是“{commitment.get_state_display()}”，不能再签署。")
    access = access_of(user)
    if access.has_at(case.project.owner_id, Role.OWNER_LEAD):
        return refuse("您已经签署，还等设计单位负责人签署。") if commitment.signed_at else ALLOWED
    if commitment.asks_designer and any(
        access.has_at(body, Role.OWNER_LEAD) for body in designers(commitment)
    ):
        return refuse("设计单位已经签署，还等建设单位负责人签署。") if commitment.designer_at else ALLOWED
    more = "（本事项还须设计单位负责人签署）" if commitment.asks_designer else ""
    return refuse(
        f"承诺书只能由{case.project.owner.name}的负责人签署{more}；经办人员、代办人员和窗口都不能代签，请转告负责人登录签署。"
    )


def designers(commitment: Commitment) -> list[int]:
    """Return the designers that take part in the project."""
    parties = commitment.case.project.parties.filter(role=PartyRole.DESIGNER)
    return list(parties.values_list("organisation_id", flat=True))


def can_report_kept(user: Person, commitment: Commitment) -> Verdict:
    """The owner tells before the term is over that the commitment is kept."""
    if not is_owner(user, commitment.case.project):
        return refuse("履约情况由承诺的企业报告。")
    if commitment.state not in (CommitmentState.PERFORMING, CommitmentState.OVERDUE):
        return refuse(f"承诺现在是“{commitment.get_state_display()}”，不需要报告。")
    return ALLOWED


def can_check_commitment(user: Person, commitment: Commitment) -> Verdict:
    """The lead department checks whether a commitment was kept, at any time from the grant on."""
    if not access_of(user).has_at(commitment.case.lead_id, *ANSWERERS):
        return refuse(f"履约核查由{commitment.case.lead.label}的经办人员或首席代表记录。")
    if commitment.state not in (CommitmentState.PERFORMING, CommitmentState.TO_CHECK, CommitmentState.OVERDUE):
        return refuse(f"承诺现在是“{commitment.get_state_display()}”，不能记录核查。")
    return ALLOWED


def can_close_breach(user: Person, commitment: Commitment) -> Verdict:
    """The chief representative of the lead department decides what follows from a breach."""
    if not access_of(user).has_at(commitment.case.lead_id, Role.CHIEF):
        return refuse(f"违诺由{commitment.case.lead.label}的首席代表处理。")
    if commitment.state != CommitmentState.BREACHED or commitment.closed_at is not None:
        return refuse("没有待处理的违诺。")
    return ALLOWED


def can_give_time(user: Person, deferral: Deferral) -> Verdict:
    """The chief representative of the lead department gives a last term for a paper that is late."""
    if not access_of(user).has_at(deferral.case.lead_id, Role.CHIEF):
        return refuse(f"延长容缺期限由{deferral.case.lead.label}的首席代表批准。")
    if deferral.late_at is None or deferral.issue.state not in ISSUE_WITH_OWNER:
        return refuse("这份材料没有逾期，不需要延长。")
    return ALLOWED
