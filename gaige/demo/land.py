"""Land of the demonstration: lists and standard land at every step, from the first question to works under way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from gaige.demo.areas import register_areas
from gaige.demo.moments import later, person
from packages.models import LandList, LandListItem, RegionalUnit, StandardLand
from packages.services import land_list, standard_land
from projects import timing
from projects.models import Organisation, Project, User
from projects.states import ProjectStatus, Role

#: So many calendar days before the end of the demonstration it begins.
DAYS_AGO = 58
#: The two that buy land: the foundry and, at the end, the gas plant.
FOUNDRY, GAS = "年产 12 万吨精密铸件智能工厂", "燃气热电联产站"
#: What the made-up keeper asks; on a real portal it is entered with the document that lays it down.
BOUNDS = {
    "investment": Decimal(240), "tax": Decimal(14), "energy": Decimal("0.55"), "plot-ratio": Decimal("1.0"),
}
SOURCE = "高平经开区工业用地控制指标（演示文件）"
NOTHING = "无特殊要求"


@dataclass(frozen=True, slots=True)
class Plot:
    """A parcel: its number and name, its area, hectares and 亩, and what the departments ask, by topic."""

    number: str
    name: str
    area: str
    hectares: str
    mu: str
    asks: tuple[tuple[str, str, str], ...] = ()


THREE = Plot("GP-KFQ-2026-03", "铸造园三号地", "GP-KFQ-01", "10.6", "159", (
    ("relics", "地表无文物遗存，勘探已完成", "考古勘探报告（2025）"),
    ("pipes", "东侧红线内有 DN400 给水管，保护带 3 米", "管线普查图"),
    ("water", "雨水就近接入铸造大道管网", ""),
    ("planning", "容积率不低于 1.0，建筑密度不低于 40%，绿地率不高于 20%", "控制性详细规划"),
))
FOUR = Plot("GP-KFQ-2026-04", "铸造园四号地", "GP-KFQ-01", "6.2", "93", (
    ("relics", "北侧 30 米为古墓保护范围，动土前报文物局", "文物保护单位名录"),
    ("trees", "无古树名木，现状杨树可移栽", ""),
))
FIVE = Plot("GP-KFQ-2026-05", "铸造园五号地", "GP-KFQ-01", "4.8", "72")
POWER = Plot("GP-MC-2026-02", "能源园二号地", "GP-MC-01", "7.4", "111", (
    ("danger", "与北侧油库安全间距不小于 60 米", "石油库设计规范"),
    ("pipes", "西侧预留 110 kV 电缆通道", "电力专项规划"),
    ("water", "场地标高不低于 50 年一遇洪水位", "防洪规划"),
))
SILK = Plot("GP-SM-2026-01", "丝麻园一号地", "GP-SM-01", "3.1", "46.5")


def land() -> Iterator[dt.datetime]:
    """One parcel from its list to the works on it, others on the way there."""
    body = Organisation.objects.filter(code="devzone").first()
    if body is None or LandList.objects.exists():
        return
    keeper = person(body.pk, Role.REVIEWER)
    register_areas(body, keeper)
    first = _open(THREE, body, keeper)
    yield later(2, 10)
    _sign(first, THREE)
    yield later(1, 9.6)
    sold = _standard(THREE, body, keeper, listed=first)
    standard_land.qualify(sold.pk, by=keeper)
    yield later(2, 9.4)
    standard_land.put_up(sold.pk, by=keeper)
    yield later(4, 10.2)
    yield from _sell(sold, first, keeper)
    yield later(3, 9.9)
    power, offered = _open(POWER, body, keeper), _standard(POWER, body, keeper)
    yield later(2, 14.5)
    _sign(power, POWER)
    standard_land.qualify(offered.pk, by=keeper)
    yield later(1, 9.1)
    standard_land.put_up(offered.pk, by=keeper)
    standard_land.qualify(_standard(FIVE, body, keeper).pk, by=keeper)
    yield later(4, 15.3)
    fourth = _open(FOUR, body, keeper)
    yield later(2, 11.2)
    _sign(fourth, FOUR, only=[topic for topic, _, _ in FOUR.asks])
    _standard(FOUR, body, keeper)
    yield later(1, 16)
    _open(SILK, body, keeper)


def _open(plot: Plot, body: Organisation, keeper: User) -> LandList:
    return land_list.open_list(
        keeper=body, parcel=plot.number, name=plot.name, area=Decimal(plot.hectares), by=keeper,
        unit=RegionalUnit.objects.get(code=plot.area), due_on=timing.today() + dt.timedelta(days=21),
    )


def _sign(listed: LandList, plot: Plot, only: list[str] | None = None) -> None:
    """The departments say what they ask of a parcel; most ask nothing."""
    asks = {topic: (words, basis) for topic, words, basis in plot.asks}
    for item in LandListItem.objects.filter(land_list=listed).select_related("department").order_by("order"):
        if only is None or item.topic in only:
            words, basis = asks.get(item.topic, (NOTHING, ""))
            land_list.sign_item(
                item.pk, requirement=words, basis=basis, by=person(item.department_id, Role.REVIEWER)
            )


def _standard(plot: Plot, body: Organisation, keeper: User, listed: LandList | None = None) -> StandardLand:
    return standard_land.propose(
        keeper=body, parcel=plot.number, name=plot.name, area=Decimal(plot.mu), values=BOUNDS, source=SOURCE,
        land_list=listed, by=keeper,
    )


def _sell(sold: StandardLand, listed: LandList, keeper: User) -> Iterator[dt.datetime]:
    """The foundry takes the land with its list, commits to the indicators and begins."""
    plant = Project.objects.filter(name=FOUNDRY, status=ProjectStatus.ACTIVE).first()
    if plant is None:
        return
    owner, contract = person(plant.owner_id, Role.OWNER_LEAD), "晋高让〔2026〕17号"
    land_list.hand_over(listed.pk, project=plant, contract=contract, by=keeper)
    standard_land.sell(
        sold.pk, project=plant, contract=contract, agreement="高经投〔2026〕9号", by=keeper,
        production_on=timing.today() + dt.timedelta(days=560),
    )
    yield later(0, 16)
    land_list.receive_list(listed.pk, by=owner)
    yield later(1, 10.5)
    standard_land.commit(sold.pk, promised=BOUNDS | {"investment": Decimal(260), "tax": Decimal(15)}, by=owner)
    yield later(3, 8.6)
    standard_land.begin_works(sold.pk, by=keeper)


def sell_to_gas_plant() -> None:
    """The last day: the gas plant has taken the land, its owner has yet to commit to the indicators."""
    plant = Project.objects.filter(name=GAS, status=ProjectStatus.ACTIVE).first()
    offered = StandardLand.objects.filter(parcel=POWER.number, state="listed").select_related("keeper").first()
    if plant is None or offered is None:
        return
    standard_land.sell(
        offered.pk, project=plant, contract="晋高让〔2026〕21号", agreement="高经投〔2026〕12号",
        production_on=timing.today() + dt.timedelta(days=700), by=person(offered.keeper_id, Role.REVIEWER),
    )
