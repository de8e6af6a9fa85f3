"""The last day of the demonstration: areas with results that projects use, a combined report in review."""

from __future__ import annotations

import datetime as dt
import json

from gaige.demo.areas import PLOT, register_areas, ring
from gaige.demo.land import FOUNDRY, GAS, POWER, THREE, sell_to_gas_plant
from gaige.demo.moments import person, user
from packages.models import OneBook, RegionalResult, RegionalUnit
from packages.services import assessment_register as register
from packages.services import one_book
from packages.services.assessment_apply import set_parcel
from packages.tasks import sweep_regional
from projects import timing
from projects.models import Organisation, Project, User
from projects.states import ProjectStatus, Role

#: item, way, days that it still holds
RESULTS = (
    ("eia", "register", 540), ("energy", "exempt", 540), ("soil", "cite", 71), ("geo", "exempt", 400),
    ("mineral", "exempt", 400),
)
POWER_RESULTS = (("soil", "cite", 620), ("seismic", "cite", 620), ("energy", "exempt", 300), ("climate", "exempt", 300))
#: How far the results of the youngest area have come: item, way, days until they are expected.
COMING = (("soil", "cite", 160), ("geo", "exempt", 120), ("heritage", "exempt", 75), ("eia", "register", 40))


def keep_assessment() -> None:
    """Publish the results of two areas and begin those of a third; the projects of the demonstration stand on them."""
    body = Organisation.objects.filter(code="devzone").first()
    if body is None or RegionalResult.objects.exists():
        return
    keeper = person(body.pk, Role.REVIEWER)
    foundry, power, silk = register_areas(body, keeper)
    for unit, rows in ((foundry, RESULTS), (power, POWER_RESULTS)):
        for item, way, days in rows:
            _result(unit, keeper, item, way, days)
    _renew(foundry, keeper)
    _begin(silk, keeper)
    if (plant := _project(FOUNDRY)) is not None:
        set_parcel(plant.pk, place=ring(PLOT), number=THREE.number, by=user("clerk"))
    if (plant := _project(GAS)) is not None:
        place = {"type": "Point", "coordinates": [112.889, 35.747]}
        set_parcel(plant.pk, place=json.dumps(place), number=POWER.number, by=user("clerk"))
    sell_to_gas_plant()
    if (bridge := _project("丹河大桥新建")) is not None:
        _book(bridge)
    if (plant := _project(GAS)) is not None:
        _compile(plant)
    sweep_regional()


def _renew(unit: RegionalUnit, keeper: User) -> None:
    """The result that ends first is renewed in time, one more is on its way."""
    soil = RegionalResult.objects.get(unit=unit, item="soil")
    following = register.renew_result(soil.pk, by=keeper)
    register.compile_result(
        following.pk, compiler="山西省水利水电科学研究院", by=keeper, expected_on=timing.today() + dt.timedelta(days=50)
    )
    coming = register.propose_result(
        unit.pk, item="seismic", way="cite", by=keeper, expected_on=timing.today() + dt.timedelta(days=95)
    )
    register.compile_result(coming.pk, compiler="晋城市地震工程研究所", by=keeper)


def _begin(unit: RegionalUnit, keeper: User) -> None:
    """An area whose results are one step apart: planned, being written, with the department, approved."""
    made = [
        register.propose_result(
            unit.pk, item=item, way=way, by=keeper, expected_on=timing.today() + dt.timedelta(days=days)
        )
        for item, way, days in COMING
    ]
    for one in made[1:]:
        register.compile_result(one.pk, compiler="山西省环境科学研究院", by=keeper)
    for one in made[2:]:
        register.submit_result(one.pk, title=f"{unit.name}{one.name}区域评估报告", by=keeper)
    for one in made[3:]:
        chief = person(one.approver_id, Role.CHIEF)
        register.judge_result(one.pk, agrees=True, number=f"高区评〔2026〕{one.pk}号", by=chief)


def _project(name: str) -> Project | None:
    return Project.objects.filter(name=name, status=ProjectStatus.ACTIVE, enrolment__isnull=False).first()


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


def _compile(project: Project) -> None:
    """A combined report that is being written: the first chapter is there, the owner brings the others."""
    if not one_book.chapters_needed(project):
        return
    clerk, owner = user("clerk"), person(project.owner_id, Role.OWNER_LEAD)
    book: OneBook = one_book.open_book(project.pk, by=clerk)
    one_book.begin_compiling(book.pk, by=clerk)
    first = book.chapters.order_by("order")[0]
    one_book.submit_chapter(
        first.pk, text=f"{first.title.removesuffix('篇')}结论可行，排放总量指标已落实。",
        compiler="晋城市节能环保咨询中心", by=owner,
    )


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
