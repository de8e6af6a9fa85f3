"""用地清单: every department says before the land is supplied what it asks; handed over with the land, signed for.

What a department has not put on the list it cannot ask later but by the way of 清单外 (handbook §5.2, §4).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction

from archives.models import Paper
from archives.states import PaperKind
from packages import assessment_data, assessment_rules
from packages.assessment_states import LandListState
from packages.models import LandList, LandListItem, Parcel, PoolEntry, RegionalUnit
from packages.services import paperwork
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record
from projects.models import Organisation, Project, User
from projects.quoting import quoted
from projects.services.involvement import involve
from projects.states import InvolvementRole, ProjectStatus

KIND = "land-list"
RELATED = ("keeper", "project__owner", "project__centre", "unit")


def lock_list(list_id: int) -> LandList:
    """Return a list, locked after its project (where it has one) or its keeper."""
    project_id, keeper_id = LandList.objects.values_list("project_id", "keeper_id").get(pk=list_id)
    project = lock_project(project_id) if project_id else None
    if project is None:
        Organisation.objects.select_for_update().get(pk=keeper_id)
    land = LandList.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=list_id)
    if project is not None:
        land.project = project
    return land


def _concerned(parcel: str) -> list[Project]:
    """Return the running projects whose land it is, locked in the order of their keys."""
    placed = Parcel.objects.filter(number=parcel).values("project")
    wished = PoolEntry.objects.filter(parcel=parcel).values("project")
    active = Project.objects.filter(status=ProjectStatus.ACTIVE)
    found = active.filter(pk__in=placed) | active.filter(pk__in=wished)
    return [lock_project(pk) for pk in found.order_by("pk").values_list("pk", flat=True)] if parcel else []


def _tell_projects(
    projects: Sequence[Project], land: LandList, summary: str, *, by: User, at: dt.datetime | None
) -> None:
    """Tell it in the projects whose land it is, too: on whom they wait has changed."""
    for project in projects:
        record("land_list.noted", subject=land, project=project, by=by, at=at, summary=summary[:300])


def _tell(
    land: LandList, verb: str, summary: str, old: str | None, *, by: User | None, at: dt.datetime | None,
    **data: object,
) -> None:
    """Tell in the chain of the project once the land has one, else in that of the keeper."""
    if old is not None:
        data["state"] = [old, land.state]
    record(
        f"land_list.{verb}", subject=land, project=land.project, organisation=None if land.project else land.keeper,
        by=by, at=at, summary=summary[:300], data=data,
    )


@transaction.atomic
def open_list(
    *, keeper: Organisation, parcel: str, name: str, area: Decimal, due_on: dt.date, by: User,
    unit: RegionalUnit | None = None, at: dt.datetime | None = None,
) -> LandList:
    """Ask every department about a parcel. One line per topic of the data; event `land_list.opened`.

    Raises `NotAllowed`, `DomainError` (`parcel`: there is a list of it; `days`).
    """
    require(assessment_rules.can_register_unit, by, keeper)
    number, today = parcel.strip()[:40], timing.business_day(at or timing.now())
    concerned = _concerned(number)
    Organisation.objects.select_for_update().get(pk=keeper.pk)
    if LandList.objects.filter(parcel=number).exists():
        raise DomainError("parcel", f"宗地 {number} 已经有用地清单，请在原清单上办理。")
    if due_on < today:
        raise DomainError("days", "填报期限已过，请另定日期。")
    land = LandList.objects.create(
        keeper=keeper, parcel=number, name=name.strip()[:100], area=area, due_on=due_on, unit=unit, made_by=by,
        made_at=at or timing.now(),
    )
    bodies = {body.code: body for body in Organisation.objects.exclude(code="")}
    for order, topic in enumerate(assessment_data.topics(today), 1):
        LandListItem.objects.create(
            land_list=land, order=order, topic=topic.code, name=topic.name, department=bodies[topic.department]
        )
    _tell(land, "opened", f"发起用地清单：{land.name}（{land.parcel}）", "", by=by, at=at)
    _tell_projects(concerned, land, f"各部门填报用地清单：{land.name}（{land.parcel}）", by=by, at=at)
    return land


@transaction.atomic
def sign_item(
    item_id: int, *, requirement: str, by: User, basis: str = "", valid_until: dt.date | None = None,
    at: dt.datetime | None = None,
) -> LandListItem:
    """Fill in and sign the line of a department; with the last signature the list is complete (已汇齐).

    Raises `NotAllowed`, `DomainError` (`requirement`).
    """
    row = LandListItem.objects.values_list("land_list_id", "land_list__parcel", "land_list__project_id").get(pk=item_id)
    list_id, parcel, project_id = row
    concerned = [] if project_id else _concerned(parcel)
    land = lock_list(list_id)
    item = LandListItem.objects.select_for_update(of=("self",)).select_related("department").get(pk=item_id)
    item.land_list = land
    words = (requirement.strip()[:500], basis.strip()[:200], valid_until)
    if item.signed_at is not None and words == (item.requirement, item.basis, item.valid_until):
        return item
    require(assessment_rules.can_sign_item, by, item)
    if not words[0]:
        raise DomainError("requirement", "请写明要求；没有要求的写“无特殊要求”。")
    item.requirement, item.basis, item.valid_until = words
    item.signed_by, item.signed_at = by, at or timing.now()
    item.save()
    _tell(land, "signed", f"{item.department.label}签认{quoted(item.name)}：{item.requirement}", None, by=by, at=at)
    if not land.items.filter(signed_at=None).exists():
        old = land.state
        land.complete()
        land.save()
        _tell(land, "completed", f"用地清单汇齐：{land.name}", old, by=by, at=at)
        _tell_projects(concerned, land, f"用地清单汇齐：{land.name}", by=by, at=at)
    return item


@transaction.atomic
def hand_over(
    list_id: int, *, project: Project, contract: str, by: User, at: dt.datetime | None = None
) -> LandList:
    """Hand the complete list over with the land: it belongs to a project from now on, as the paper 用地清单.

    Raises `NotAllowed`, `DomainError` (`contract`, `taken`: the project has a list).
    """
    held = lock_project(project.pk)
    land = lock_list(list_id)
    if land.state == LandListState.HANDED and land.project_id == held.pk:
        return land
    require(assessment_rules.can_hand_over, by, land)
    if not contract.strip():
        raise DomainError("contract", "请填写出让合同编号，清单随合同交付。")
    if LandList.objects.filter(project=held).exists():
        raise DomainError("taken", f"{held.name}已经有用地清单，请核对项目。")
    moment, old = at or timing.now(), land.state
    land.project, land.contract, land.handed_at = held, contract.strip()[:60], moment
    land.hand_over()
    land.save()
    involve(held, role=InvolvementRole.REVIEWER, by=by, organisation=land.keeper, at=at)
    _tell(land, "handed", f"随地交付用地清单：{land.name}，合同 {land.contract}", old, by=by, at=at)
    land.paper = _paper(land, held, by=by, at=moment)
    land.save()
    return land


def _paper(land: LandList, project: Project, *, by: User, at: dt.datetime) -> Paper:
    items = list(land.items.select_related("department", "signed_by").order_by("order"))
    rows = [
        [
            str(item.order), item.name, item.requirement, item.basis or "—", paperwork.day(item.valid_until) or "长期",
            f"{item.department.label} {item.signed_by}",
        ]
        for item in items
    ]
    return paperwork.write(
        PaperKind.LAND_LIST, project, subject=land, issuer=land.keeper, by=by, at=at, slug=KIND,
        title=f"用地清单（{land.parcel}）", what=f"{land.name}的用地清单，{len(items)} 个方面的要求一次交清",
        do="核对后签收；建设和验收按本清单执行", when="随出让合同交付，收到后请及时签收",
        paragraphs=[
            f"宗地编号 {land.parcel}，面积 {land.area} 公顷，出让合同 {land.contract}。供地前各部门普查并签认如下。",
            "清单以外的要求，审批和验收时不再提出；确需增加的，由中心按“清单外”审批。",
        ],
        table={"head": ["序号", "方面", "要求", "依据", "有效至", "签认"], "rows": rows},
    )


@transaction.atomic
def receive_list(list_id: int, *, by: User, at: dt.datetime | None = None) -> LandList:
    """Sign for the list as the owner. Twice changes nothing. Raises `NotAllowed`."""
    land = lock_list(list_id)
    if land.state == LandListState.RECEIVED:
        return land
    require(assessment_rules.can_receive_list, by, land)
    old = land.state
    land.receive()
    land.received_by, land.received_at = by, at or timing.now()
    land.save()
    _tell(land, "received", f"签收用地清单：{land.name}", old, by=by, at=at)
    return land
