"""代办委托协议: asked for, drawn up, signed by the owner, ended by the owner on any day. Free of charge by law."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from agency import desk_rules as may
from agency.desk_states import AgreementState, Power
from agency.models import Agreement, Assignment, WorkOrder
from agency.recipients import AGENT_WHY, agents_of, people_at
from agency.services import orders
from agency.services.telling import tell
from agency.states import AssignmentRole
from archives.models import Paper
from archives.services.papers import revoke_paper
from archives.states import PaperKind
from packages.models import MatterCase
from packages.rules import ADVISE_ONLY, AGENT_PARTS, is_owner
from packages.services import paperwork
from packages.states import CASE_ENDED
from projects import timing
from projects.access import OWNER_ROLES
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Project
from projects.services.cover import set_powers
from projects.states import ProjectStatus, Role, Stage

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import User

OVER, DELIVERED = "委托期限届满", "项目已交付，委托事项办完"
#: What the agreement says of both sides (handbook §10); the last line of the law is that nothing is paid.
DUTIES = (
    "代办坚持合法、自愿、无偿。代办人员不收取任何费用；依法应缴的规费、税款和中介服务费由建设单位缴给收费单位。",
    "代办人员：提供咨询，编排办理计划，代填表单、整理材料，跟踪催办并每周反馈，协调部门，送达结果。",
    "建设单位：指定联系人，按计划提供资料，及时补正，对所提供资料的真实性负责。",
    "承诺书、申请表等须由建设单位作出意思表示的文书，由建设单位自己签署；本协议不授权代办人员作出任何承诺。",
    "资料只用于办理本项目的委托事项，不作他用，不向无关人员提供；委托终止后不再使用。",
    "建设单位可以随时终止委托，不须说明理由；终止后已办事项的结果继续有效，未办事项由建设单位自行办理或另行委托。",
)


def open_matters(project: Project) -> list[list[str]]:
    """Return code and name of the matters of the plan that are not over, in the order of the plan."""
    cases = MatterCase.objects.filter(project=project).exclude(state__in=CASE_ENDED).select_related("matter__matter")
    rows = cases.order_by("package_row__order", "pk")
    return [list(pair) for pair in dict.fromkeys((case.matter.matter.code, case.matter.name) for case in rows)]


@transaction.atomic
def ask_for_agent(
    project_id: int, *, by: User, contact: str = "", wish: str = "", at: dt.datetime | None = None
) -> Agreement:
    """The owner asks for 代办: its agents, before there are any the dispatcher, are told to draw the agreement up.

    Event `agency.agreement_asked`; asked twice is once. Raises `NotAllowed`.
    """
    project, moment = lock_project(project_id), at or timing.now()
    if (live := Agreement.objects.live().filter(project=project).first()) is not None and live.requested_by_id == by.pk:
        return live
    require(may.can_ask, by, project)
    row = Agreement.objects.create(
        project=project, contact=contact.strip(), wish=wish.strip(), requested_by=by, requested_at=moment
    )
    _record(row, "asked", "", f"{project.owner.name}申请代办", by=by, at=moment)
    _tell_office(row, "申请代办，请拟定委托协议", kind="ask", at=moment)
    return row


@transaction.atomic
def offer_agreement(
    project_id: int,
    *,
    by: User | None,
    codes: Sequence[str] = (),
    is_all: bool = True,
    powers: Sequence[str] = (),
    until: dt.date | None = None,
    contact: str = "",
    at: dt.datetime | None = None,
) -> Agreement:
    """Draw the agreement up: matters (none named: all that are open), powers, until when. It waits for the owner.

    Effects: the agreement is 待签订, event `agency.agreement_offered`, the responsible people of the owner are told.
    Raises `NotAllowed`, `DomainError` (`no_matters`, `until`).
    """
    project, moment = lock_project(project_id), at or timing.now()
    require(may.can_offer, by, project)
    matters = [pair for pair in open_matters(project) if not codes or pair[0] in codes]
    if not matters:
        raise DomainError("no_matters", "没有可以代办的事项：请先确认套餐，或重新选择事项。")
    if until is not None and until < timing.business_day(moment):
        raise DomainError("until", "委托期限不能早于今天。")
    row = Agreement.objects.select_for_update(of=("self",)).live().filter(project=project).first()
    row = row or Agreement(project=project, requested_at=None)
    before = row.state if row.pk else ""
    row.offer()
    row.matters, row.is_all, row.until = matters, is_all, until
    row.powers = list(powers) or list(Power.values)
    row.contact = contact.strip() or row.contact
    row.offered_by, row.offered_at = by, moment
    row.save()
    _record(row, "offered", before, f"代办委托协议待签订，{len(matters)} 个事项", by=by, at=moment)
    _tell_owner(row, "代办委托协议已拟好，等您签订（免费，可随时终止）", Role.OWNER_LEAD, at=moment)
    return row


@transaction.atomic
def offer_by_itself(project_id: int, *, at: dt.datetime | None = None) -> Agreement | None:
    """When the consultation has told the owner everything, the agreement is offered, once: at the right minute.

    Nothing where there was ever an agreement, where nobody is 服务专员 yet, or where no matter is open.
    """
    project = lock_project(project_id)
    served = Assignment.objects.filter(project=project, ended_at=None, role=AssignmentRole.SERVICE_AGENT)
    known = Agreement.objects.filter(project=project)
    if known.exists() or not served.exists() or project.status != ProjectStatus.ACTIVE or not open_matters(project):
        return None
    return offer_agreement(project_id, by=None, at=at)


@transaction.atomic
def sign_agreement(agreement_id: int, *, by: User, at: dt.datetime | None = None) -> Agreement:
    """The owner signs: the numbered paper, 已签订, and one work order per matter of the stages that have begun.

    Twice is once. Raises `NotAllowed`, `DomainError` (`until`). Events `paper.issued`, `agency.agreement_signed`,
    `agency.order_issued`.
    """
    row, moment = _lock(agreement_id), at or timing.now()
    if row.state == AgreementState.SIGNED:
        return row
    require(may.can_sign, by, row)
    if row.until is not None and row.until < timing.business_day(moment):
        raise DomainError("until", "协议写的委托期限已过，请不签订，由中心重新拟定。")
    before = row.state
    row.sign()
    row.signed_by, row.signed_at = by, moment
    row.paper = _write(row, by=by, at=moment)
    row.save()
    _record(row, "signed", before, f"代办委托协议已签订 {row.paper.number}", by=by, at=moment)
    set_powers(row.project, roles=AGENT_PARTS, powers=row.powers)
    orders.issue_orders(row, by=by, at=moment)
    return row


@transaction.atomic
def decline_agreement(agreement_id: int, *, by: User, reason: str = "", at: dt.datetime | None = None) -> Agreement:
    """It is not signed; the other side is told. Event `agency.agreement_declined`. Twice is once.

    Raises `NotAllowed`.
    """
    row, moment = _lock(agreement_id), at or timing.now()
    if row.state == AgreementState.DECLINED:
        return row
    require(may.can_decline, by, row)
    before = row.state
    row.decline()
    row.ended_by, row.ended_at, row.end_reason = by, moment, reason.strip() or "未签订"
    row.save()
    _record(row, "declined", before, "代办委托协议未签订", by=by, at=moment)
    why = f"：{reason.strip()}" if reason.strip() else ""
    if is_owner(by, row.project):
        _tell_office(row, f"不委托代办{why}", kind="result", at=moment)
    else:
        _tell_owner(row, f"代办委托协议由中心撤下{why}，需要代办请重新申请", *OWNER_ROLES, at=moment)
    return row


@transaction.atomic
def end_agreement(agreement_id: int, *, by: User | None, reason: str = "", at: dt.datetime | None = None) -> Agreement:
    """The owner ends it, in the middle of whatever: open orders are closed with that reason, nothing is charged.

    Effects: 已终止, the paper no longer holds, open orders and escalations end, event `agency.agreement_ended`. The
    agents, who are told, keep advising (帮办), they file nothing any more, nor does who takes their place. Twice is
    once. Raises `NotAllowed`.
    """
    row, moment = _lock(agreement_id), at or timing.now()
    if row.state == AgreementState.ENDED:
        return row
    require(may.can_end, by, row)
    words = reason.strip() or "建设单位终止委托"
    if row.paper is not None:
        row.paper = revoke_paper(row.paper, by=by, reason=words, at=moment)
    why = f"（{reason.strip()}）" if reason.strip() else ""
    _tell_office(row, f"终止代办委托{why}，未办完的工单已关闭，以后只作帮办", kind="result", at=moment)
    return conclude(row, f"委托终止：{words}", words, by=by, at=moment)


def expired(at: dt.datetime | None = None) -> QuerySet[Agreement]:
    """Return the signed agreements whose last day is over; of one without a day, when all is delivered."""
    day = timing.business_day(at or timing.now())
    left = WorkOrder.objects.open().filter(project=OuterRef("project"))
    done = Q(until=None, project__stage=Stage.DELIVERED) & ~Exists(left)
    return Agreement.objects.filter(Q(until__lt=day) | done, state=AgreementState.SIGNED)


@transaction.atomic
def expire_agreement(agreement_id: int, *, at: dt.datetime | None = None) -> bool:
    """End an agreement whose term is over (`expired`); whether it was. Its paper stays: it says until when it held.

    Effects as of `end_agreement`; the owner and the agents are told. Twice is once.
    """
    row, moment = _lock(agreement_id), at or timing.now()
    if not expired(moment).filter(pk=agreement_id).exists():
        return False
    words = OVER if row.until is not None else DELIVERED
    conclude(row, words, words, by=None, at=moment)
    people = [*people_at(row.project.owner_id, *OWNER_ROLES), *agents_of(row.project_id)]
    said = "代办委托期限已满，继续代办请重新申请" if row.until is not None else "已交付，委托事项办完，代办委托结束"
    tell(
        people, f"{row.project.name}{said}", project=row.project,
        url=reverse("agency:project", args=[row.project_id]), why="代办委托协议到期", kind="result", at=moment,
    )
    return True


def conclude(row: Agreement, why_closed: str, words: str, *, by: User | None, at: dt.datetime) -> Agreement:
    """End the locked agreement: open orders are closed, the agents advise only."""
    before = row.state
    row.end()
    row.ended_by, row.ended_at, row.end_reason = by, at, words
    row.save()
    _record(row, "ended", before, f"代办委托终止：{words}", by=by, at=at)
    set_powers(row.project, roles=AGENT_PARTS, powers=ADVISE_ONLY)
    for order in orders.open_orders(row.project):
        orders.shut(order, by=by, reason=why_closed, at=at)
    return row


def _tell_office(row: Agreement, words: str, *, kind: str, at: dt.datetime) -> None:
    """Tell the agents of the project, before there are any the dispatcher of the centre, what the owner did."""
    project, agents = row.project, agents_of(row.project_id)
    tell(
        agents or people_at(project.centre_id, Role.DISPATCHER), f"{project.name}：建设单位{words}", project=project,
        url=reverse("agency:project", args=[project.pk]), why=AGENT_WHY if agents else "贵中心还没有指派代办人员",
        kind=kind, at=at,
    )


def _tell_owner(row: Agreement, words: str, *roles: Role, at: dt.datetime) -> None:
    tell(
        people_at(row.project.owner_id, *roles), f"{row.project.name}：{words}", project=row.project,
        url=reverse("agency:project", args=[row.project_id]), why="贵单位的项目", kind="result", at=at,
    )


def _lock(agreement_id: int) -> Agreement:
    project = lock_project(Agreement.objects.filter(pk=agreement_id).values("project_id")[:1])
    row: Agreement = Agreement.objects.select_for_update(of=("self",)).select_related("paper").get(pk=agreement_id)
    row.project = project
    return row


def _record(row: Agreement, what: str, before: str, words: str, *, by: User | None, at: dt.datetime) -> None:
    record(
        f"agency.agreement_{what}",
        subject=row,
        project=row.project,
        by=by,
        at=at,
        summary=words[:300],
        data={"state": [before, row.state]},
    )


def _write(row: Agreement, *, by: User, at: dt.datetime) -> Paper:
    project = row.project
    people = Assignment.objects.filter(project=project, ended_at=None).select_related("agent__user").order_by("role")
    named = {one.role: one.agent.user for one in people}
    lead, agent = named.get(AssignmentRole.LEAD_OFFICER), named.get(AssignmentRole.SERVICE_AGENT)
    names = [name for _, name in row.matters]
    half = -(-len(names) // 2)
    cells = [[str(n), name] for n, name in enumerate(names, start=1)] + [["", ""]] * (len(names) % 2)
    rows: list[list[Any]] = [cells[n] + cells[n + half] for n in range(half)]
    powers = "、".join(str(Power(power).label) for power in row.powers)
    return paperwork.write(
        PaperKind.AGENCY_AGREEMENT,
        project,
        subject=row,
        issuer=project.centre,
        by=by,
        at=at,
        what=f"委托{project.centre.label}免费代办 {len(row.matters)} 个事项",
        do="指定联系人，按计划提供资料，签承诺书",
        when=f"自{paperwork.day(timing.business_day(at))}，{row.term}，可随时终止",
        paragraphs=[
            f"委托方（建设单位）：{project.owner.name}。联系人：{row.contact or by}。",
            f"受托方：{project.centre.name}。项目长：{lead or '另行告知'}；服务专员：{agent or '另行告知'}。",
            f"一、委托事项：见下表{'，计划以后新增的事项同样代办' if row.is_all else ''}。委托权限：{powers}。",
            f"二、期限：自签订之日起，{row.term}。",
            *(f"{number}、{text}" for number, text in zip("三四五六七八", DUTIES, strict=True)),
        ],
        signers=[
            f"委托方：{project.owner.name}",
            f"负责人：{by}（在门户签订）",
            f"签订日期：{paperwork.day(timing.business_day(at))}",
            f"受托方经办：{row.offered_by or project.centre.label}",
        ],
        table={"caption": "委托事项", "head": ["序号", "事项", "序号", "事项"], "rows": rows},
    )
