"""The last day of the demonstration: one project applies for its utilities, one begins a tender, one has fees."""

from __future__ import annotations

from decimal import Decimal

from gaige.demo.files import attachment
from gaige.demo.moments import person, user
from packages.models import MatterCase, UtilityLine
from packages.services import fees, intermediary, tender, utilities
from packages.services.utilities import Quoted, Seen
from packages.states import CaseState, Handling
from packages.utility_states import LineSide
from projects import timing
from projects.states import ProjectStatus, Role

NEEDS = {"water": "60", "power": "1250", "telecom": "30"}
CABLE = (
    Quoted("10 千伏电缆敷设", LineSide.OUTSIDE, Decimal(180), "米", Decimal("265.00")),
    Quoted("高压计量箱", LineSide.INSIDE, Decimal(1), "台", Decimal("8600.00")),
)


def _waiting(code: str, handling: str) -> MatterCase | None:
    found = MatterCase.objects.filter(
        matter__matter__code=code, state=CaseState.DRAFT, handling=handling, application=None,
        project__status=ProjectStatus.ACTIVE,
    )
    return found.select_related("project__owner").order_by("project_id").first()


def keep_records() -> None:
    """Act on the first projects that have such a matter before them."""
    case = _waiting("util-joint", Handling.REVIEW)
    if case is not None:
        _utilities(case)
    case = _waiting("bid-construct", Handling.OUTSIDE) or _waiting("bid-design", Handling.OUTSIDE)
    if case is not None:
        record = tender.open_tender(case.pk, by=user("clerk"), name=f"{case.project.name}招标")
        tender.record_step(
            record.pk, by=user("clerk"), code="plan", on=timing.today(), evidence=attachment("招标计划"), note="已公布"
        )
    case = _waiting("agency-multisurvey", Handling.OUTSIDE)
    if case is not None:
        clerk, today = user("clerk"), timing.today()
        service = intermediary.open_service(case.pk, by=clerk)
        intermediary.select_company(service.pk, by=clerk, company="丹河测绘有限公司", mode="bidding", on=today)
        intermediary.sign_contract(service.pk, by=clerk, on=today, limit=7, contract=attachment("测绘合同"))


def _utilities(case: MatterCase) -> None:
    project, clerk = case.project, user("clerk")
    owner = person(project.owner_id, Role.OWNER_LEAD)
    joint = utilities.register_request(project.pk, by=owner, needs=NEEDS, site=project.address or "项目现场")
    utilities.accept_request(joint.pk, by=clerk)
    utilities.appoint_survey(joint.pk, by=clerk, on=timing.today(), place="项目大门")
    seen = {code: Seen(code != "telecom", "现场工程师", "具备接入条件") for code in NEEDS}
    utilities.record_survey(joint.pk, by=clerk, on=timing.today(), note="管线位置与图纸一致", seen=seen)
    for code, items, works in (("water", (), False), ("power", CABLE, True)):
        line = UtilityLine.objects.get(request=joint, code=code)
        utilities.answer_line(
            line.pk, by=person(line.body_id, Role.REVIEWER), access_point="红线外 20 米检查井", scheme="就近接入",
            items=items, has_outside_works=works,
        )
    utilities.send_reply(joint.pk, by=clerk)
    fees.list_fees(project.pk, by=clerk)
