"""Which projects the demonstration tells of: package by package, at different stages, and three awkward ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from gaige.demo.city import COUNTY_REGION, ZONE, ZONE_REGION
from projects.codes import mod_11_10


@dataclass(frozen=True, slots=True)
class Block:
    """A building: its area in the permit and what was measured above and below ground, in m² as text."""

    name: str
    floors: int
    permitted: str
    above: str
    below: str = "0"


@dataclass(frozen=True, slots=True)
class Place:
    """Where projects lie and who serves them: the centre, its window, who assigns the agents."""

    centre: str
    region: str
    clerk: str
    dispatcher: str


COUNTY = Place("行政审批局", COUNTY_REGION, "clerk", "dispatcher")
IN_ZONE = Place(ZONE, ZONE_REGION, "zone-clerk", "zone")


@dataclass(frozen=True, slots=True)
class Spec:
    """One project: whose facts it takes (`packages/catalog/examples.tsv`), when it began, where it stops.

    `days_ago` are calendar days before now. `stop` names the matter before which the story halts ("" = it goes on as
    far as time allows). `trouble`: paused, overdue or correcting at the matter `trouble_at`. `deferred` is the matter
    and the name of the paper that comes after the acceptance (容缺); `disputed` the matter and the department that is
    against it in both rounds, until they meet. `buildings` are measured by one joint survey; `make_up` is the item of
    the acceptance and its paper that follows the conclusion (容缺通过), `make_up_brought` whether it has come.
    """

    example: str
    name: str
    number: int
    owner: str
    address: str
    days_ago: int
    pace: float = 1.0
    stop: str = ""
    trouble: str = ""
    trouble_at: str = ""
    by_clerk: bool = False
    silent: frozenset[str] = field(default_factory=frozenset)
    finding: bool = False
    deferred: tuple[str, str] = ("", "")
    disputed: tuple[str, str] = ("", "")
    buildings: tuple[Block, ...] = ()
    make_up: tuple[str, str] = ("", "")
    make_up_brought: bool = False
    place: Place = COUNTY

    @property
    def code(self) -> str:
        """Return the project code, with its check digit."""
        kind = "01" if self.example[0] in "GA" else "02"
        digits = f"2511{self.place.region}890{kind[1]}{self.number:05d}"[:19]
        check = mod_11_10(digits)
        return f"{digits[:4]}-{digits[4:10]}-{digits[10:12]}-{digits[12:14]}-{digits[14:]}{check}"


#: Measured as permitted, a little more, and beyond what is tolerated: the three colours of the comparison.
WAREHOUSE = (
    Block("1号仓库", 1, "2800", "2806.42"), Block("2号仓库", 1, "2750", "2791.60"),
    Block("门卫室", 1, "50", "52.35"),
)
GRANARY = (
    Block("1号平房仓", 1, "3200", "3198.75"), Block("2号平房仓", 1, "3200", "3204.10"),
    Block("器材库", 1, "100", "101.80"),
)

SPECS: tuple[Spec, ...] = (
    Spec("S3", "神农丝绸标准仓库", 15326, "owner3", "高平市米山镇工业路 8 号", 150, finding=True, buildings=WAREHOUSE,
         make_up=("quality", "工程质量保修书"), make_up_brought=True),
    Spec("S2", "年产 12 万吨精密铸件智能工厂", 16326, "owner", "高平经济技术开发区铸造园 3 号", 62, by_clerk=True,
         deferred=("waste-disposal", "运输合同")),
    Spec("S4", "长平老街沿街商铺内部装修", 17431, "owner2", "高平市长平街 112 号", 70),
    Spec("G5", "南城老旧小区外立面和楼道整治", 18540, "owner4", "高平市南城街道育才巷", 90, by_clerk=True),
    Spec("G4", "市储备粮平房仓新建", 19655, "owner4", "高平市北城街道粮库路 1 号", 95, buildings=GRANARY,
         make_up=("archive", "声像档案和电子文件")),
    Spec("G3", "人民医院门诊楼加固装修", 20763, "owner4", "高平市泫氏街 58 号", 45, silent=frozenset({"housing"})),
    Spec("G1", "第二中学教学综合楼新建", 21872, "owner5", "高平市丹河东路 19 号", 55, by_clerk=True),
    Spec("G2", "长平大街雨污分流管线改造", 22984, "owner4", "高平市长平大街", 40),
    Spec("S1", "丹河新城住宅小区一期", 23097, "owner2", "高平市丹河新城 A-07 地块", 48,
         trouble="paused", trouble_at="land-plan-permit"),
    Spec("A1", "铸造园现有厂区扩建车间", 24115, "owner", "高平经济技术开发区铸造园 5 号", 62,
         trouble="overdue", trouble_at="plan-permit"),
    Spec("A3", "长平影院内部装修", 25227, "owner2", "高平市神农路 7 号", 24, trouble="correcting",
         trouble_at="construction-permit"),
    Spec("A5", "康乐小区供热支线接入", 26333, "owner6", "高平市康乐街", 30, by_clerk=True),
    Spec("A4", "丹河新城高层住宅桩基先行", 27448, "owner2", "高平市丹河新城 A-09 地块", 103,
         stop="construction-permit", disputed=("plan-permit", "civil-defence")),
    Spec("A6", "丹河大桥新建", 28556, "owner4", "高平市丹河南路", 12, by_clerk=True),
    Spec("A2", "燃气热电联产站", 29662, "owner6", "高平市马村镇", 5),
    # of the second centre in the city
    Spec("S3", "光机电产业园标准仓库", 31774, "owner6", "晋城经济技术开发区光机电园 6 号", 66, by_clerk=True,
         place=IN_ZONE),
    Spec("S4", "兰花路研发楼内部装修", 32885, "owner6", "晋城经济技术开发区兰花路 21 号", 58, by_clerk=True,
         place=IN_ZONE),
)
