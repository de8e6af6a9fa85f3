"""At the permit: what the acceptance and the supervision will look at, one card per item; and the plan of visits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from acceptance import supervision_data as data
from acceptance.data import tick_rule
from acceptance.models import InspectionPlan, PointCard, PointNotice
from acceptance.services.inspections import add_inspection, add_unit
from acceptance.supervision_states import InspectionKind, PointKind
from archives.states import PaperKind
from packages.models import AcceptanceItemDef, Enrolment, MatterCase
from packages.services import paperwork
from packages.services.checklist import plan_of
from packages.services.risk import newest
from packages.states import CASE_PASSED
from projects import credit, timing, workdays
from projects.events import lock_project, record
from projects.models import Organisation

if TYPE_CHECKING:
    from archives.models import Paper
    from projects.models import Project

@transaction.atomic
def tell_points(case_id: int, *, at: dt.datetime | None = None) -> PointNotice | None:
    """Give both notices with the permit of a works and plan its inspections; return the notice, None for other cases.

    Effects in order: `PointNotice` with its cards as the data says on the day, event `points.told`, 验收要点告知单,
    监管要点告知单, `InspectionPlan` with its inspections (event each). A works is told once: a later permit (after the
    phase of the piles) changes nothing. Source: handbook §7.
    """
    project = lock_project(MatterCase.objects.values_list("project_id", flat=True).get(pk=case_id))
    case = MatterCase.objects.select_related("matter__matter", "work_unit").get(pk=case_id)
    known = case.matter.matter.code in settings.SUPERVISION_PERMITS and case.state in CASE_PASSED
    if not known or PointNotice.objects.filter(work_unit=case.work_unit).exists():
        return None
    moment = at or timing.now()
    case.project = project
    notice = PointNotice.objects.create(project=project, work_unit=case.work_unit, case=case, told_at=moment)
    cards = _cards(notice, project, timing.business_day(moment))
    record(
        "points.told", subject=notice, project=project, by=None, at=at,
        summary=f"随许可告知验收要点、监管要点 {len(cards)} 项", data={"cards": len(cards)},
    )
    notice.acceptance_paper = _paper(notice, cards, PointKind.ACCEPTANCE, moment)
    notice.supervision_paper = _paper(notice, cards, PointKind.SUPERVISION, moment)
    notice.save(update_fields=["acceptance_paper", "supervision_paper"])
    make_plan(notice, cards, at=moment)
    return notice


def _cards(notice: PointNotice, project: Project, day: dt.date) -> list[PointCard]:
    bodies = {body.code: body for body in Organisation.objects.exclude(code="")}
    wanted = _items(project)
    rows = [
        row for row in data.points(day)
        if row["department"] in bodies and (not row["item"] or wanted is None or row["item"] in wanted)
    ]
    return PointCard.objects.bulk_create(
        PointCard(
            notice=notice, kind=row["kind"], code=row["code"], item=row["item"], name=row["name"],
            organisation=bodies[row["department"]], looks=row["looks"], standard=row["standard"],
            failures=row["failures"], contact=row["contact"], phases=data.phases_of(row), ticks=row["ticks"] == "yes",
            order=order,
        )
        for order, row in enumerate(rows, 1)
    )


def _items(project: Project) -> set[str] | None:
    """Return the acceptance items whose matter is in the plan of the project; None without a plan."""
    if not Enrolment.objects.filter(project=project).exists():
        return None
    codes = {matter.code for matter in plan_of(project).matters}
    rows = AcceptanceItemDef.objects.prefetch_related("matters")
    return {item.code for item in rows if {matter.code for matter in item.matters.all()} & codes}


def _paper(notice: PointNotice, cards: Sequence[PointCard], kind: str, at: dt.datetime) -> Paper:
    mine = [card for card in cards if card.kind == kind]
    accepts = kind == PointKind.ACCEPTANCE
    rows = [[card.name, card.organisation.label, card.looks, card.standard, card.failures, card.contact]
            for card in mine]
    return paperwork.write(
        PaperKind.ACCEPTANCE_POINTS if accepts else PaperKind.SUPERVISION_POINTS, notice.project, subject=notice,
        issuer=notice.project.centre, by=None, at=at,
        what=f"{'竣工联合验收看什么' if accepts else '施工中联合检查看什么'}，共 {len(mine)} 项",
        do="按表自查，交参建各方对照施工；不清楚的问表中联系人",
        when="竣工联合验收时逐项核" if accepts else "按检查计划，一次上门、各部门同查",
        paragraphs=[
            "本单随施工许可一次告知。",
            _ticking_words(mine, timing.business_day(at)) if accepts else "计划外的检查须写明理由，记入入企检查记录。",
        ],
        table={"head": ["事项", "部门", "看什么", "标准", "常见问题", "联系谁"], "rows": rows},
    )


def _ticking_words(cards: Sequence[PointCard], day: dt.date) -> str:
    """Return what a pass during the works is worth at the acceptance (data: 过程已核), with the items seen again."""
    again = dict.fromkeys(card.name for card in cards if card.item and not tick_rule(card.item, day).records)
    but = f"；{'、'.join(again)}仍须现场查看，已核情况供参考" if again else ""
    return f"施工中联合检查已核合格的项，验收时免核{but}。"


def make_plan(notice: PointNotice, cards: Sequence[PointCard], *, at: dt.datetime) -> InspectionPlan:
    """Plan the inspections of a works in the locked project: the number of the risk class, changed by the grade.

    One at least. Each has its departments by the phase of their cards. Events `inspection.planned`.
    """
    project, unit, day = notice.project, notice.work_unit, timing.business_day(at)
    risk, grade = newest(project), credit.grade_of(project.owner_id, day)
    by_class = risk.inspections if risk is not None else data.term("default", day)
    change = data.change_of(grade, day)
    plan = InspectionPlan.objects.create(
        project=project, work_unit=unit, risk_class=risk.risk_class if risk else "", by_class=by_class, grade=grade,
        change=change, count=max(1, by_class + change), made_at=at,
    )
    lead = Organisation.objects.get(code=settings.SUPERVISION_LEAD)
    for phase in data.phases(plan.count, day):
        mine = [card for card in cards if phase.code in card.phases and card.kind == PointKind.SUPERVISION]
        mine = mine or [card for card in cards if phase.code in card.phases]
        row = add_inspection(
            project, unit, kind=InspectionKind.PLANNED, title=phase.name, phase=phase.code, lead=lead,
            slot_on=workdays.next_workday(day + dt.timedelta(days=phase.after_days)), by=None, at=at,
        )
        bodies = {card.organisation_id: card.organisation for card in mine}
        for body in {lead.pk: lead, **bodies}.values():
            add_unit(row, body, by=None, at=at)
    return plan
