"""The plan engine: one plan with its forecast, the night's forecasts of a city, the size of the largest chart."""

from __future__ import annotations

import multiprocessing
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import django

from gaige.scale.memory import peak_megabytes
from packages.catalog_files import CATALOG, read_tables
from packages.facts import parse_facts
from packages.models import Enrolment, ForecastMark, PackageVersion
from packages.planning.build import build_plan
from packages.planning.chart import flow_chart_svg
from packages.planning.forecast import RUNS
from packages.planning.schedule import frame_of, schedule_from
from packages.services.forecasting import Histories, forecast_many, foresee, histories, refresh_history
from projects import timing
from projects.models import Project

MOST_PLAN_MS, MOST_NIGHT_SECONDS, MOST_CHART, MOST_MEGABYTES = 15, 180, 60_000, 300
CITY, CORES, TURNS, CHUNK, TIMES = 22_300, 2, 40, 100, 60


@dataclass(frozen=True, slots=True)
class Planned:
    """What was measured: milliseconds of one plan, seconds of a night on one core, bytes of the chart, megabytes."""

    matters: int
    plan_ms: float
    projects: int
    seconds: float
    chart: int
    megabytes: float

    @property
    def night(self) -> float:
        """Seconds that a whole city would take on two cores, in proportion."""
        return self.seconds / max(self.projects, 1) * CITY / CORES

    @property
    def words(self) -> str:
        """The figures as a paragraph of Markdown."""
        each = 1000 * self.seconds / max(self.projects, 1)
        return (
            f"One plan of the largest package ({self.matters} matters, all with a history) with {RUNS:,} runs: "
            f"{self.plan_ms:.1f} ms of one core. Forecasts of {self.projects:,} open projects in one process, from "
            f"reading to keeping: {self.seconds:.1f} s, {each:.1f} ms each; {CITY:,} on two cores in proportion: "
            f"{self.night:.0f} s. The chart: {self.chart / 1000:.1f} KB. Memory of the process: "
            f"{self.megabytes:.0f} MB."
        )

    @property
    def promises(self) -> list[tuple[str, bool]]:
        """What was promised, and whether it is kept."""
        return [
            (f"plan with forecast: {self.plan_ms:.1f} ms, promised {MOST_PLAN_MS}", self.plan_ms < MOST_PLAN_MS),
            (
                f"night's forecasts: {self.night:.0f} s, promised {MOST_NIGHT_SECONDS}",
                self.night < MOST_NIGHT_SECONDS,
            ),
            (f"flow chart: {self.chart:,} bytes, promised {MOST_CHART:,}", self.chart < MOST_CHART),
            (f"memory: {self.megabytes:.0f} MB, promised {MOST_MEGABYTES}", self.megabytes < MOST_MEGABYTES),
        ]


def measure_planning(most: int) -> Planned:
    """Measure on the projects that are there, at most so many; their forecasts stay. In a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1, initializer=django.setup) as pool:
        return pool.apply(_measure, (most,))


def _measure(most: int) -> Planned:
    matters, plan_ms, chart = _one_plan()
    refresh_history()
    today = timing.today()
    open_ones = Enrolment.objects.filter(project__in=Project.objects.active())
    keys = list(open_ones.order_by("project_id").values_list("project_id", flat=True)[:most])
    known = histories()
    forecast_many(keys[:CHUNK], known=known)  # a worker has read the packages before
    ForecastMark.objects.filter(project__in=keys).update(due_on=today)  # as if something had happened to each
    seconds = _timed(lambda: [forecast_many(keys[at : at + CHUNK], known=known) for at in range(0, len(keys), CHUNK)])
    peak = peak_megabytes()
    return Planned(matters, plan_ms, len(keys), seconds, chart, peak)


def _one_plan() -> tuple[int, float, int]:
    """Matters, milliseconds of plan and forecast, bytes of the chart, of the largest plan of the reference."""
    rows = [line for line in read_tables(CATALOG)["examples.tsv"] if line["package_code"] == "gov-general"]
    version = PackageVersion.objects.published().select_related("package").get(package__code="gov-general")
    plans = [Enrolment(package_version=version, facts=dict(parse_facts(line["facts"])), options=[]) for line in rows]
    largest = max(plans, key=lambda plan: len(build_plan(version, plan.facts).matters))
    largest.project = Project(pk=0, name="最大的计划", code="2603-140581-89-05-163265")
    chance = random.Random(1)  # noqa: S311 - figures to measure with
    codes = [m.code for m in build_plan(version, largest.facts).matters]
    times = {code: sorted(chance.randint(0, 30) for _ in range(TIMES)) for code in codes}
    known = Histories(times, times, 3)
    taken = [_processor(lambda: foresee(frame_of(largest, {}), known)) for _ in range(TURNS)]
    return len(codes), 1000 * statistics.median(taken), len(flow_chart_svg(schedule_from(largest, {})).encode())


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _processor(act: Callable[[], object]) -> float:
    """Seconds of one core that an act takes, whatever else the machine does."""
    started = time.process_time()
    act()
    return time.process_time() - started
