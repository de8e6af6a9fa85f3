"""The last day of the demonstration: two areas with results that projects use, land handed over, a book in review."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

from gaige.demo.moments import person, user
from packages.models import LandListItem, OneBook, RegionalResult, RegionalUnit
from packages.services import assessment_register as register
from packages.services import land_list, one_book, standard_land
from packages.services.assessment_apply import set_parcel
from projects import timing
from projects.models import Organisation, Project, Region, User
from projects.states import ProjectStatus, Role

REGION = "140581"
#: Corners of the areas and of a parcel in the first: made up.
FOUNDRY = ((112.932, 35.812), (112.951, 35.809), (112.958, 35.822), (112.944, 35.831), (112.930, 35.826))
POWER = ((112.878, 35.741), (112.899, 35.739), (112.901, 35.753), (112.880, 35.756))
PLOT = ((112.939, 35.815), (112.9425, 35.8146), (112.943, 35.8175), (112.9394, 35.818))
#: item, way, days that it still holds
RESULTS = (
    ("eia", "register", 540), ("energy", "exempt", 540), ("soil", "cite", 71), ("geo", "exempt", 400),
    ("mineral", "exempt", 400),
)
POWER_RESULTS = (("soil", "cite", 620), ("seismic", "cite", 620), ("energy", "exempt", 300), ("climate", "exempt", 300))


def keep_assessment() -> None:
    """Register two areas with results, and let the projects of the demonstration stand on them."""
    body = Organisation.objects.filter(code="devzone").first()
    if body is None or RegionalUnit.objects.exists():
        return
    keeper = person(body.pk, Role.REVIEWER)
    foundry = _area(body, keeper, "GP-KFQ-01", "高平经开区铸造园", FOUNDRY, "丹河以东、铸造大道两侧")
    power = _area(body, keeper, "GP-MC-01", "马村镇能源园", POWER, "马村镇区以南、铁路专用线以北")
    for unit, rows in ((foundry, RESULTS), (power, POWER_RESULTS)):
        for item, way, days in rows:
            _result(unit, keeper, item, way, days)
    coming = register.propose_result(
        foundry.pk, item="seismic", way="cite", by=keeper, expected_on=timing.today() + dt.timedelta(days=95)
    )
    register.compile_result(coming.pk, compiler="晋城市地震工程研究所", by=keeper)
    _plant(body, keeper, foundry)
    if (plant := _project("燃气热电联产站")) is not None:
        place = {"type": "Point", "coordinates": [112.889, 35.747]}
        set_parcel(plant.pk, place=json.dumps(place), number="GP-MC-2026-02", by=user("clerk"))
    if (bridge := _project("丹河大桥新建")) is not None:
        _book(bridge)


def _project(name: str) -> Project | None:
    return Project.objects.filter(name=name, status=ProjectStatus.ACTIVE, enrolment__isnull=False).first()


def _ring(corners: tuple[tuple[float, float], ...]) -> str:
    return json.dumps({"type": "Polygon", "coordinates": [[*corners, corners[0]]]})


def _area(
    body: Organisation, keeper: User, code: str, name: str, corners: tuple[tuple[float, float], ...], words: str
) -> RegionalUnit:
    return register.register_unit(
        code=code, name=name, keeper=body, region=Region.objects.get(code=REGION), boundary=_ring(corners), by=keeper,
        description=words,
    )


def _result(unit: RegionalUnit, keeper: User, item: str, way: str, days: int) -> RegionalResult:
    rule, words = ("hazardous=yes", "易燃易爆项目") if item == "geo" else ("", "")
    made = register.propose_result(unit.pk, item=item, way=way, by=keeper, excludes=rule, excludes_words=words)
    register.compile_result(made.pk, compiler="山西省环境科学研究院", by=keeper)
    register.submit_result(made.pk, title=f"{unit.name}{made.name}区域评估报告", by=keeper)
    chief = person(made.approver_id, Role.CHIEF)
    number = f"高区评〔2026〕{made.pk}号"
    register.judge_result(made.pk, agrees=True, number=number, by=chief)
    until = timing.today() + dt.timedelta(days=days)
    since = until - dt.timedelta(days=729)
    return register.publish_result(made.pk, valid_from=since, valid_until=until, by=keeper)


def _plant(body: Organisation, keeper: User, unit: RegionalUnit) -> None:
    """The foundry: its parcel lies in the area, its land list was signed for, its standard land is committed to."""
    plant = _project("年产 12 万吨精密铸件智能工厂")
    if plant is None:
        return
    set_parcel(plant.pk, place=_ring(PLOT), number="GP-KFQ-2026-03", by=user("clerk"))
    owner, today = person(plant.owner_id, Role.OWNER_LEAD), timing.today()
    listed = land_list.open_list(
        keeper=body, parcel="GP-KFQ-2026-03", name="铸造园三号地", area=Decimal("10.6"), unit=unit, by=keeper,
        due_on=today + dt.timedelta(days=10),
    )
    for item in LandListItem.objects.filter(land_list=listed).select_related("department"):
        land_list.sign_item(
            item.pk, requirement=WORDS.get(item.topic, "无特殊要求"), by=person(item.department_id, Role.REVIEWER)
        )
    land_list.hand_over(listed.pk, project=plant, contract="晋高让〔2026〕17号", by=keeper)
    land_list.receive_list(listed.pk, by=owner)
    land = standard_land.propose(
        keeper=body, parcel="GP-KFQ-2026-03", name="铸造园三号地", area=Decimal(159), land_list=listed, by=keeper
    )
    standard_land.qualify(land.pk, by=keeper)
    standard_land.put_up(land.pk, by=keeper)
    standard_land.sell(
        land.pk, project=plant, contract="晋高让〔2026〕17号", agreement="高经投〔2026〕9号",
        production_on=today + dt.timedelta(days=560), by=keeper,
    )
    standard_land.commit(land.pk, promised={"investment": Decimal(260), "tax": Decimal(15)}, by=owner)
    land_list.open_list(
        keeper=body, parcel="GP-KFQ-2026-04", name="铸造园四号地", area=Decimal("6.2"), unit=unit, by=keeper,
        due_on=today + dt.timedelta(days=12),
    )


WORDS = {
    "relics": "地表无文物遗存，勘探已完成", "pipes": "东侧红线内有 DN400 给水管，保护带 3 米",
    "water": "雨水就近接入铸造大道管网",
    "planning": "容积率不低于 1.0，建筑密度不低于 40%，绿地率不高于 20%",
}


def _book(project: Project) -> None:
    """A combined report that lies with the departments: one chapter has passed with a clause, one came back."""
    clerk, owner = user("clerk"), person(project.owner_id, Role.OWNER_LEAD)
    if not one_book.chapters_needed(project):
        return
    book: OneBook = one_book.open_book(project.pk, by=clerk)
    one_book.begin_compiling(book.pk, by=clerk)
    for chapter in book.chapters.order_by("order"):
        one_book.submit_chapter(
            chapter.pk, text=f"{chapter.title.removesuffix('篇')}结论可行，措施列入初步设计。",
            compiler="山西绿源工程咨询有限公司", by=owner,
        )
    first, second = list(book.chapters.order_by("order"))[:2]
    day = timing.today() + dt.timedelta(days=210)
    one_book.judge_chapter(
        first.pk, agrees=True, opinion="同意，施工期落实扬尘和噪声措施。", by=person(first.reviewer_id, Role.REVIEWER),
        clauses=[("施工场界噪声达标，夜间不施工", "GB 12523-2011", day)] if first.allows_promises else (),
    )
    one_book.judge_chapter(
        second.pk, agrees=False, opinion="请补充弃渣场位置和容量。", by=person(second.reviewer_id, Role.REVIEWER)
    )
