"""The end of a project in the demonstration: one survey, one visit, one conclusion, what follows, the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from acceptance.models import AcceptanceApplication, AcceptanceItem, MakeUp, RegistryHandover
from acceptance.services import application, conclusion, items, make_ups, registry, survey, visits
from acceptance.states import HandoverState, ItemState
from gaige.demo.files import attachment
from gaige.demo.moments import later, person
from gaige.demo.people import credit_code
from gaige.demo.signing import bring_and_sign
from gaige.demo.supervision import call_before_acceptance
from packages.models import MaterialItem
from packages.services import intake
from packages.states import MaterialState
from projects import timing
from projects.models import IssueItem, User, WorkUnit
from projects.states import ISSUE_WITH_OWNER, Role

if TYPE_CHECKING:
    from gaige.demo.specs import Block, Spec
    from projects.models import Project

SURVEYOR = "高平市丹河测绘有限公司"
FAULT = items.Fault(
    what="北侧消防车道上有临时围挡", basis="建设工程规划许可证附图",
    how_to_fix="拆除围挡，恢复 4 米净宽，附拆除后的照片",
)
#: Days after the conclusion on which the owner brings its paper, and on which the keys are handed over.
BROUGHT_AFTER, KEYS_AFTER = 2, 20


def _works(project: Project) -> WorkUnit:
    return WorkUnit.objects.get(project=project, is_default=True)


def joint_survey(
    project: Project, blocks: tuple[Block, ...], *, clerk: User, owner: User
) -> Iterator[dt.datetime]:
    """Record the permit's buildings, commission one company, hand in its areas and share them."""
    unit = _works(project)
    call_before_acceptance(project.pk)
    survey.record_buildings(unit.pk, by=clerk, rows=[
        {"name": block.name, "area": Decimal(block.permitted), "floors": block.floors} for block in blocks
    ])
    made = survey.commission_survey(
        unit.pk, by=owner, uscc=credit_code("91140581", "MA0CEH1T"), name=SURVEYOR,
        contract=f"CH-{timing.today():%Y}-031",
    )
    yield later(3, 10)
    measured = [(block.name, Decimal(block.above), Decimal(block.below)) for block in blocks]
    survey.hand_in_survey(
        made.pk, by=owner, surveyed_on=timing.today(), uploaded=attachment("多测合一成果报告"),
        total_area=sum((above + below for _, above, below in measured), Decimal(0)),
        rows=[{"name": name, "above": above, "below": below, "total": above + below}
              for name, above, below in measured],
    )
    yield later(1, 11)
    survey.share_survey(made.pk, by=clerk)


def joint_acceptance(project: Project, spec: Spec, *, by: User, owner: User, clerk: User) -> Iterator[dt.datetime]:
    """Carry the joint acceptance from its application to the registry."""
    acceptance = application.apply_for_acceptance(_works(project).pk, by=by)
    missing = MaterialItem.objects.filter(case__application=acceptance.application, state=MaterialState.MISSING)
    for item in missing.order_by("pk"):
        intake.set_material(item.pk, state=MaterialState.UPLOADED, by=by, uploaded=attachment(item.name))
    application_id = cast("int", acceptance.application_id)  # the whole works: one application
    bring_and_sign(application_id, clerk=clerk)
    intake.submit_application(application_id, by=by)
    yield later(1, 9)
    application.accept_acceptance(acceptance.pk, by=clerk)
    yield later(1, 9.5)
    lead = person(acceptance.lead_id, Role.REVIEWER)
    visits.arrange_visit(acceptance.pk, by=lead, planned_on=later(1, 9).date())
    yield later(1, 10)
    yield from _site(acceptance, spec, lead=lead, owner=owner)
    note = f"{spec.make_up[1]}容缺后补，其余各项均已合格" if spec.make_up[1] else "各项均已合格"
    conclusion.conclude(acceptance.pk, by=person(acceptance.lead_id, Role.CHIEF), passed=True, note=note)
    yield later(0, 17)
    if spec.make_up_brought:
        yield later(BROUGHT_AFTER, 9.5)
        yield from _bring(acceptance, owner)
    if spec.buildings:
        _hand_over(acceptance, clerk)


def _record(item: AcceptanceItem, spec: Spec, *, faulty: bool) -> None:
    by = person(item.organisation_id, Role.REVIEWER)
    code, paper = spec.make_up
    if faulty:
        items.record_item(item.pk, by=by, result="fault", faults=[FAULT])
    elif item.definition.code == code:
        items.record_item(item.pk, by=by, result="deferred", paper=paper, note=f"{paper}容缺后补，其余符合要求")
    else:
        items.record_item(item.pk, by=by, result="passed", note="现场查看，符合要求")


def _site(acceptance: AcceptanceApplication, spec: Spec, *, lead: User, owner: User) -> Iterator[dt.datetime]:
    gates = AcceptanceItem.objects.filter(acceptance=acceptance, is_gate=True, state=ItemState.PENDING)
    for number, item in enumerate(gates.select_related("organisation", "definition").order_by("number")):
        _record(item, spec, faulty=spec.finding and number == 0)
    yield later(0, 15)
    there = acceptance.items.exclude(state=ItemState.NOT_INVOLVED).filter(is_gate=True)
    names = there.values_list("organisation__name", flat=True)
    items.issue_list(
        acceptance.pk, by=lead, held_on=timing.today(), record_text="各部门同日到场，逐项查看。",
        attendees=list(dict.fromkeys(names)),
    )
    owed = items.issues_of_acceptance(acceptance).filter(state__in=list(ISSUE_WITH_OWNER))
    if owed:
        yield later(2, 10)
        yield from _rectify(acceptance, list(owed), owner)
    yield later(0, 16)


def _rectify(acceptance: AcceptanceApplication, owed: list[IssueItem], owner: User) -> Iterator[dt.datetime]:
    for issue in owed:
        items.answer_rectification(
            issue.pk, by=owner, answer="围挡已拆除，净宽 4.2 米", uploaded=[attachment("整改后照片")]
        )
    items.return_rectified(acceptance.pk, by=owner)
    yield later(1, 10)
    for item in AcceptanceItem.objects.filter(acceptance=acceptance, state=ItemState.RECTIFYING):
        items.recheck_item(item.pk, by=person(item.organisation_id, Role.REVIEWER), holds=True, note="已改到位")


def _bring(acceptance: AcceptanceApplication, owner: User) -> Iterator[dt.datetime]:
    """The owner brings what was left to follow; the department looks at it the day after."""
    for made in MakeUp.objects.filter(acceptance=acceptance).select_related("item").order_by("pk"):
        make_ups.bring_paper(made.pk, by=owner, uploaded=attachment(made.paper_name))
        yield later(1, 10)
        make_ups.check_paper(made.pk, by=person(made.item.organisation_id, Role.REVIEWER), holds=True)


def _hand_over(acceptance: AcceptanceApplication, clerk: User) -> None:
    keys_on = timing.today() + dt.timedelta(days=KEYS_AFTER)
    made = registry.hand_over(acceptance.pk, by=clerk, keys_on=keys_on)
    registry.receive(made.pk, by=person(made.registry_id, Role.REVIEWER))


def note_registered(project: Project) -> None:
    """The registry writes down the day and number of the certificate, where it has a package of the project."""
    made = RegistryHandover.objects.filter(acceptance__project=project, state=HandoverState.RECEIVED).first()
    if made is None:
        return
    registry.note_dates(
        made.pk, by=person(made.registry_id, Role.REVIEWER), registered_on=timing.today(),
        certificate=f"晋（{timing.today():%Y}）高平市不动产权第 {made.pk:07d} 号",
    )
