"""The plan engine: one plan with its forecast, the night's forecasts of a city, the size of the largest chart."""

from __future__ import annotations

import datetime as dt
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
from packages.models import Enrolment, Forecast, ForecastMark, PackageVersion
from packages.planning.build import build_plan
from packages.planning.chart import flow_chart_svg
from packages.planning.forecast import RUNS
from packages.planning.schedule import frame_of, schedule_from
from packages.services.forecasting import Histories, due, foresee, histories, refresh_history, sweep
from projects import timing
from projects.models import JobRun, Project

MOST_PLAN_MS, MOST_NIGHT_SECONDS, MOST_CHART, MOST_MEGABYTES = 15, 180, 60_000, 300
CITY, CORES, TURNS, TIMES = 22_300, 2, 40, 60
#: The workers of a night are set up by then.
READY_SECONDS = 8
#: A plan that stands still is looked at again after so many days, and has slipped by then.
STILL = dt.timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Night:
    """One sweep of a portal over what is open and due.

    Projects of the portal, how many were due, points added, seconds on the clock and of the processor (the workers'
    own, without the database), the most megabytes.
    """

    projects: int
    due: int
    points: int
    seconds: float
    processor: float
    megabytes: float

    @property
    def city(self) -> float:
        """Seconds that the night of a city takes: as measured, or in proportion where fewer projects were there."""
        return self.seconds if self.projects >= CITY else self.seconds / max(self.projects, 1) * CITY

    @property
    def words(self) -> str:
        """The figures in a line."""
        each = 1000 * self.processor / max(self.due, 1)
        told = f"{self.due:,} open ones due, {self.points:,} points, {self.seconds:.0f} s, {each:.1f} ms of a core each"
        return told if self.projects >= CITY else f"{told}; {CITY:,} projects in proportion: {self.city:.0f} s"


@dataclass(frozen=True, slots=True)
class Planned:
    """What was measured: milliseconds of one plan, the first night and one in which all slipped, bytes of the chart."""

    matters: int
    plan_ms: float
    chart: int
    first: Night
    slipped: Night

    @property
    def megabytes(self) -> float:
        """The most memory that a worker held."""
        return max(self.first.megabytes, self.slipped.megabytes)

    @property
    def words(self) -> str:
        """The figures as a paragraph of Markdown."""
        return (
            f"One plan of the largest package ({self.matters} matters, all with a history) with {RUNS:,} runs: "
            f"{self.plan_ms:.1f} ms of one core. The night's forecasts of {self.first.projects:,} projects, "
            f"by the sweep itself in {CORES} processes: the first of all, {self.first.words}; {STILL.days} days later, "
            f"when every plan has slipped, {self.slipped.words}. The chart: {self.chart / 1000:.1f} KB. "
            f"Memory of a worker: {self.megabytes:.0f} MB."
        )

    @property
    def promises(self) -> list[tuple[str, bool]]:
        """What was promised, and whether it is kept."""
        night = max(self.first.city, self.slipped.city)
        return [
            (f"plan with forecast: {self.plan_ms:.1f} ms, promised {MOST_PLAN_MS}", self.plan_ms < MOST_PLAN_MS),
            (f"night's forecasts: {night:.0f} s, promised {MOST_NIGHT_SECONDS}", night < MOST_NIGHT_SECONDS),
            (f"flow chart: {self.chart:,} bytes, promised {MOST_CHART:,}", self.chart < MOST_CHART),
            (f"memory: {self.megabytes:.0f} MB, promised {MOST_MEGABYTES}", self.megabytes < MOST_MEGABYTES),
        ]


def measure_planning(most: int) -> Planned:
    """Measure on the projects that are there, at most so many; their forecasts stay. In processes of their own."""
    with multiprocessing.get_context("spawn").Pool(1, initializer=django.setup) as pool:
        matters, plan_ms, chart = pool.apply(_one_plan)
        pool.apply(_all_due, (most,))
    first, slipped = (_night(days) for days in (dt.timedelta(0), STILL))
    return Planned(matters, plan_ms, chart, first, slipped)


def _all_due(most: int) -> None:
    """The history is fresh and nothing was ever forecast: of so many projects; the others are left alone."""
    refresh_history()
    keys = list(Enrolment.objects.filter(project__in=Project.objects.active()).values_list("project_id", flat=True))
    chosen = set(sorted(keys)[:most])
    seqs = dict(Project.objects.filter(pk__in=keys).values_list("pk", "event_seq"))
    far = timing.today() + STILL * 10
    Forecast.objects.filter(project__in=chosen).delete()
    ForecastMark.objects.filter(project__in=keys).delete()
    rest = [ForecastMark(project_id=pk, seq=seqs[pk], due_on=far) for pk in keys if pk not in chosen]
    ForecastMark.objects.bulk_create(rest, batch_size=2000)


def _night(later: dt.timedelta) -> Night:
    """The sweep in as many processes as there are cores, all at one moment, until nothing is due."""
    start = time.time() + READY_SECONDS
    with multiprocessing.get_context("spawn").Pool(CORES, initializer=django.setup) as pool:
        answers = pool.starmap(_worker, [(start, later)] * CORES, chunksize=1)
    projects, waiting, points, ended, taken, peaks = zip(*answers, strict=True)
    return Night(max(projects), max(waiting), sum(points), max(ended) - start, sum(taken), max(peaks))


def _worker(start: float, later: dt.timedelta) -> tuple[int, int, int, float, float, float]:
    """One worker of a night: projects, those due, points added, when it was done, seconds of its core, megabytes."""
    with timing.travel(timing.now() + later):
        waiting, run = due().count(), JobRun(job="sweep_forecasts", started_at=timing.now())
        histories()
        time.sleep(max(0.0, start - time.time()))
        taken = time.process_time()
        sweep(run, seconds=MOST_NIGHT_SECONDS * CORES)
        ended, taken = time.time(), time.process_time() - taken
    if run.errors:
        raise RuntimeError(run.note)
    return Project.objects.count(), waiting, run.touched, ended, taken, peak_megabytes()


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


def _processor(act: Callable[[], object]) -> float:
    """Seconds of one core that an act takes, whatever else the machine does."""
    started = time.process_time()
    act()
    return time.process_time() - started
