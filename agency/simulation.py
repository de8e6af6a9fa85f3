"""A year of a city played through the real assignment rule: how evenly the load lies, and how long projects wait.

The rule is `assigning_rule.rank` with the values of `agency_terms.tsv`; only the city is made up: arrivals, grades,
packages, owners, how long a project runs, leave. The same seed gives the same year. Nothing is written.
"""

from __future__ import annotations

import datetime as dt
import heapq
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import mean, pstdev

from agency.assigning_rule import Candidate, Need, Terms, place, rank
from agency.states import AssignmentRole
from projects import timing, workdays

CITY, ABOVE = "140500", "140000"
#: Share of the grades among arrivals, and working days that a project of each runs on average (made up).
GRADES = {"A": 0.08, "B": 0.22, "C": 0.55, "D": 0.15}
RUNS = {"A": 150, "B": 130, "C": 100, "D": 70}
PACKAGES = (
    "soc-factory",
    "soc-lowrisk",
    "soc-minimal",
    "soc-realestate",
    "gov-general",
    "gov-pipeline",
    "gov-renovation",
    "gov-lowrisk",
    "gov-minimal",
)
LEAVE_DAYS, LEAVES = 5, 2
#: Letters above this are two columns wide.
WIDE = 0x2E7F


@dataclass(frozen=True, slots=True)
class City:
    """What is played: so many projects a year, agents, districts; a chance seed and the first day."""

    projects: int = 600
    agents: int = 40
    districts: int = 6
    cap: int = 40
    seed: int = 1
    year: int = 2026


@dataclass(slots=True)
class Result:
    """What came of it."""

    city: City
    assigned: int = 0
    waits: list[int] = field(default_factory=list)
    never: int = 0
    peaks: dict[int, Decimal] = field(default_factory=dict)
    means: dict[int, Decimal] = field(default_factory=dict)
    given: Counter[int] = field(default_factory=Counter)
    own_district: int = 0
    specialty: int = 0
    continuity: int = 0
    full_days: int = 0
    days: int = 0

    by_grade: dict[str, list[int]] = field(default_factory=lambda: {grade: [] for grade in GRADES})
    left: Counter[str] = field(default_factory=Counter)
    districts: dict[str, list[int]] = field(default_factory=dict)

    def share(self, number: int) -> int:
        """Return a number in percent of the assignments."""
        return round(100 * number / self.assigned) if self.assigned else 0

    def part(self, days: int) -> int:
        """Return how many percent waited at most so long."""
        return _within(self.waits, days)

    @property
    def spread(self) -> float:
        """How unevenly the mean load lies over the agents: deviation over mean; 0 is even."""
        loads = [float(load) for load in self.means.values()]
        middle = mean(loads) if loads else 0.0
        return pstdev(loads) / middle if middle else 0.0

    def lines(self) -> Iterator[str]:
        """Yield the report: what was played, how long each grade waited, how the load lies, what the rule hit."""
        city = self.city
        yield (
            f"{city.year} 年，{city.districts} 个片区，{city.agents} 名代办人员（每人上限 {city.cap} 分），"
            f"{city.projects} 个项目，种子 {city.seed}"
        )
        yield f"指派 {self.assigned} 人次（每个项目一名项目长、一名服务专员），年末仍无人可派 {self.never} 个身份"
        yield ""
        yield "等待指派（工作日）"
        yield _columns("等级", "人次", "当天", "中位", "九成", "最长", "未派")
        for grade, waits in [*self.by_grade.items(), ("合计", self.waits)]:
            left = self.never if grade == "合计" else self.left[grade]
            yield _columns(
                grade, len(waits), f"{_within(waits, 0)}%", _quantile(waits, 0.5), _quantile(waits, 0.9),
                max(waits, default=0), left,
            )
        yield ""
        yield "负荷（分）"
        yield from self._loads()
        yield ""
        yield (
            f"命中：本片区 {self.share(self.own_district)}%，熟悉套餐 {self.share(self.specialty)}%，"
            f"服务过该单位 {self.share(self.continuity)}%"
        )
        yield "只是推演，没有写入任何数据；同一种子结果相同。"

    def _loads(self) -> Iterator[str]:
        """Yield how the load lies over the agents and the districts."""
        loads = sorted(self.means.values())
        if not loads:
            yield "  没有代办人员"
            return
        middle = loads[len(loads) // 2]
        yield (
            f"  全年平均：最少 {loads[0]:.1f}，中位 {middle:.1f}，最多 {loads[-1]:.1f}；"
            f"离散系数 {self.spread:.2f}（0 为完全平均）"
        )
        yield (
            f"  最高一天：{max(self.peaks.values()):.1f}（上限 {self.city.cap}）；"
            f"全员已满的工作日 {self.full_days}／{self.days}"
        )
        yield _columns("片区", "人数", "平均", "最高")
        for code, keys in sorted(self.districts.items()):
            name = "全市" if code == ABOVE else code
            yield _columns(
                name, len(keys), f"{mean(self.means[key] for key in keys):.1f}",
                f"{max(self.peaks[key] for key in keys):.1f}",
            )


def _columns(*cells: object) -> str:
    """Return one line of a table: a Chinese character is two columns wide."""
    def width(text: str) -> int:
        return sum(2 if ord(letter) > WIDE else 1 for letter in text)

    first, *rest = (str(cell) for cell in cells)
    return "  " + first + " " * (8 - width(first)) + "".join(" " * (8 - width(one)) + one for one in rest)


def _quantile(waits: Sequence[int], part: float) -> int:
    rows = sorted(waits)
    return rows[min(len(rows) - 1, int(part * len(rows)))] if rows else 0


def _within(waits: Sequence[int], days: int) -> int:
    return round(100 * sum(wait <= days for wait in waits) / len(waits)) if waits else 0


def run(city: City, terms: Terms) -> Result:
    """Play the year and return what came of it."""
    chance = random.Random(city.seed)  # noqa: S311 - a simulation, not a secret
    people, leaves = _people(city, chance), _leaves(city, chance)
    days = _days(city.year)
    arrivals = _arrivals(city, chance, days)
    result = Result(city, days=len(days))
    for who in people:
        result.districts.setdefault(next(iter(who.regions)), []).append(who.key)
    waiting: list[tuple[int, int, str, Need]] = []
    running: list[tuple[int, int, int, Decimal]] = []
    sums = dict.fromkeys((who.key for who in people), Decimal(0))
    for number, day in enumerate(days):
        _release(running, people, number)
        for who in people:
            who.away = "请假" if number in leaves[who.key] else ""
        for project, _, need_pair in arrivals.get(number, ()):
            waiting.extend((0, number, f"{project}{need.role}", need) for need in need_pair)
        waiting = _assign(waiting, running, people, result, number, day, terms, chance)
        for who in people:
            sums[who.key] += who.load
            result.peaks[who.key] = max(result.peaks.get(who.key, Decimal(0)), who.load)
        result.full_days += all(who.load + terms.points["D"] > who.cap for who in people)
    result.never, result.left = len(waiting), Counter(row[3].grade for row in waiting)
    result.means = {key: total / max(1, len(days)) for key, total in sums.items()}
    return result


def _days(year: int) -> list[dt.date]:
    first = workdays.next_workday(dt.date(year, 1, 1))
    found = [first]
    while (following := workdays.due_date(found[-1], 1)).year == year:
        found.append(following)
    return found


def _people(city: City, chance: random.Random) -> list[Candidate]:
    districts = _districts(city)
    return [
        Candidate(
            key=number,
            regions=frozenset({ABOVE if number % 8 == 7 else districts[number % city.districts]}),  # noqa: PLR2004
            specialties=frozenset(chance.sample(PACKAGES, 3)),
            can_lead=number // city.districts % 2 == 0,
            can_serve=number // city.districts % 2 != 0,
            cap=city.cap,
        )
        for number in range(city.agents)
    ]


def _leaves(city: City, chance: random.Random) -> dict[int, set[int]]:
    return {
        number: {start + day for start in chance.sample(range(240), LEAVES) for day in range(LEAVE_DAYS)}
        for number in range(city.agents)
    }


def _districts(city: City) -> list[str]:
    return [f"{CITY[:4]}{number:02d}" for number in range(1, city.districts + 1)]


def _arrivals(
    city: City, chance: random.Random, days: Sequence[dt.date]
) -> dict[int, list[tuple[int, str, list[Need]]]]:
    districts, found = _districts(city), dict[int, list[tuple[int, str, list[Need]]]]()
    for project in range(city.projects):
        grade = chance.choices(list(GRADES), list(GRADES.values()))[0]
        region, owner, package = (
            chance.choice(districts),
            chance.randrange(city.projects // 2 + 1),
            chance.choice(PACKAGES),
        )
        needs = [Need(project, role.value, region, region, owner, package, grade) for role in AssignmentRole]
        found.setdefault(chance.randrange(len(days)), []).append((project, grade, needs))
    return found


def _release(running: list[tuple[int, int, int, Decimal]], people: Sequence[Candidate], number: int) -> None:
    while running and running[0][0] <= number:
        _, key, _, points = heapq.heappop(running)
        people[key].load -= points
        people[key].at_hand -= 1


def _assign(  # noqa: PLR0913 - the state of the year
    waiting: list[tuple[int, int, str, Need]],
    running: list[tuple[int, int, int, Decimal]],
    people: Sequence[Candidate],
    result: Result,
    number: int,
    day: dt.date,
    terms: Terms,
    chance: random.Random,
) -> list[tuple[int, int, str, Need]]:
    """Give what waits to whoever the rule puts first, in the order of the desk; return what still waits."""
    left = []
    waiting = [(place(need.grade, number - since, terms.ageing), since, key, need) for _, since, key, need in waiting]
    heapq.heapify(waiting)
    moment = timing.start_of_day(day)
    while waiting:
        row = heapq.heappop(waiting)
        _, since, _, need = row
        ranked = rank(people, need, terms)
        if not ranked:
            left.append(row)
            continue
        best, who = ranked[0], people[ranked[0].key]
        points = terms.points[need.grade]
        who.load += points
        who.at_hand += 1
        who.last = moment
        who.served.setdefault(need.owner, set()).add(need.project)
        ends = number + max(5, round(chance.gauss(RUNS[need.grade], RUNS[need.grade] / 4)))
        heapq.heappush(running, (ends, who.key, need.project, points))
        result.assigned += 1
        result.given[who.key] += 1
        result.waits.append(number - since)
        result.by_grade[need.grade].append(number - since)
        result.own_district += need.region in who.regions
        result.specialty += "熟悉这类套餐" in best.reasons
        result.continuity += "服务过该建设单位" in best.reasons
    return left
