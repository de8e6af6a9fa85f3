"""The forecast of a project as its page tells it: the range, the one matter, the series with what changed it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from packages.models import Enrolment, Forecast, MatterCase, PlanRevision
from packages.planning.schedule import Schedule, ScheduleRow, schedule_of
from packages.services.forecasting import history
from packages.waiting import case_waiting
from projects import workdays
from projects.models import Project

POINTS = 40
#: The drawing of the series: plot left and right, top and foot.
LEFT, RIGHT, TOP, FOOT, WIDTH, HEIGHT = 88, 660, 14, 190, 690, 222


@dataclass(frozen=True, slots=True)
class Basis:
    """A matter that is not done: what the forecast takes for it."""

    row: ScheduleRow
    cases: int
    middle: int | None
    longest: int | None


@dataclass(frozen=True, slots=True)
class ForecastPage:
    """The newest forecast, the series before it, and what it stands on."""

    newest: Forecast | None
    series: tuple[Forecast, ...]
    schedule: Schedule
    basis: tuple[Basis, ...]
    mover_waits: str

    @property
    def drawing(self) -> str:
        """Where the points of the series stand, for the drawing."""
        return series_path(self.series)


def forecast_page(project: Project) -> ForecastPage | None:
    """The page; None without a plan. A fixed number of queries."""
    if not Enrolment.objects.filter(project=project).exists():
        return None
    schedule = schedule_of(project)
    series = tuple(Forecast.objects.filter(project=project).select_related("event").order_by("-pk")[:POINTS])
    newest = series[0] if series else None
    known = history()
    basis = tuple(_basis(row, known.get(row.code, [])) for row in schedule.rows if not row.done)
    return ForecastPage(newest, series, schedule, basis, _waits(project, newest))


def _basis(row: ScheduleRow, times: list[int]) -> Basis:
    if not times:
        return Basis(row, 0, None, None)
    return Basis(row, len(times), times[len(times) // 2], times[min(len(times) - 1, int(0.95 * len(times)))])


def _waits(project: Project, newest: Forecast | None) -> str:
    """On whom the one matter waits, as a sentence; empty while it is not under way."""
    if newest is None or not newest.mover:
        return ""
    cases = list(
        MatterCase.objects.filter(project=project, matter__matter__code=newest.mover).open()
        .select_related("matter", "lead", "project__owner")[:1]
    )
    waits = case_waiting(cases)
    return next((waiting.sentence for waiting in waits.values()), "")


# The series as a drawing ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the drawing."""

    x: float
    y: float
    top: float
    foot: float


@dataclass(frozen=True, slots=True)
class SeriesChart:
    """The range and the median over the days on which they were foreseen; `ticks` are dates at the left."""

    marks: tuple[Mark, ...]
    line: str
    band: str
    ticks: tuple[tuple[float, str], ...]
    days: tuple[tuple[float, str], ...]


def series_chart(series: tuple[Forecast, ...]) -> SeriesChart | None:
    """The opening as it was foreseen through time, oldest at the left; None with fewer than two points."""
    points = [f for f in reversed(series) if f.opening and f.opening_early and f.opening_late]
    if len(points) < 2:  # noqa: PLR2004 - one point is no line
        return None
    low = min(f.opening_early for f in points if f.opening_early).toordinal()
    high = max(f.opening_late for f in points if f.opening_late).toordinal() + 1
    first, last = points[0].made_at, points[-1].made_at
    span = max((last - first).total_seconds(), 1.0)

    def x(f: Forecast) -> float:
        return round(LEFT + (RIGHT - LEFT) * (f.made_at - first).total_seconds() / span, 1)

    def y(day: dt.date | None) -> float:
        return round(FOOT - (FOOT - TOP) * ((day.toordinal() if day else low) - low) / max(high - low, 1), 1)

    marks = tuple(Mark(x(f), y(f.opening), y(f.opening_late), y(f.opening_early)) for f in points)
    up = " ".join(f"{m.x},{m.top}" for m in marks)
    down = " ".join(f"{m.x},{m.foot}" for m in reversed(marks))
    ticks = tuple(
        (y(day), f"{day:%Y-%m-%d}") for day in (dt.date.fromordinal(low), dt.date.fromordinal((low + high) // 2),
                                                dt.date.fromordinal(high - 1))
    )
    days = ((LEFT, f"{first:%m-%d}"), (RIGHT, f"{last:%m-%d}"))
    return SeriesChart(marks, " ".join(f"{m.x},{m.y}" for m in marks), f"{up} {down}", ticks, days)


def series_path(series: tuple[Forecast, ...]) -> str:
    """The line of the series as the points of a polyline; empty with fewer than two."""
    chart = series_chart(series)
    return chart.line if chart else ""


# Sign-posts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignPost:
    """A milestone: when the first version of the plan had it, when the plan has it now, when it was."""

    name: str
    stage: str
    department: str
    planned: dt.date | None
    now: dt.date
    fact: dt.date | None
    gap: int
    state: str

    @property
    def verdict(self) -> str:
        """How it stands to the plan in words."""
        if self.planned is None:
            return ""
        if self.gap == 0:
            return "与计划相同"
        return f"晚 {self.gap} 个工作日" if self.gap > 0 else f"早 {-self.gap} 个工作日"


@dataclass(frozen=True, slots=True)
class Milestones:
    """里程碑: plan against fact, and the versions of the plan."""

    posts: tuple[SignPost, ...]
    revisions: tuple[PlanRevision, ...]
    schedule: Schedule


def milestones_page(project: Project) -> Milestones | None:
    """The milestones of a project, plan against fact; None without a plan. Six queries."""
    enrolment = Enrolment.objects.select_related("package_version__package").filter(project=project).first()
    if enrolment is None:
        return None
    enrolment.project = project
    schedule = schedule_of(project)
    revisions = tuple(PlanRevision.objects.filter(project=project).select_related("made_by").order_by("-number"))
    planned = _first_plan(enrolment, schedule)
    posts = [
        _post(row.name, row.stage_label, row.department, planned.get(row.code), row.on_date, row.actual[1])
        for row in schedule.rows if row.milestone or row.starts_works
    ]
    return Milestones(tuple(posts), revisions, schedule)


def _first_plan(enrolment: Enrolment, schedule: Schedule) -> dict[str, dt.date]:
    """When the plan had each matter on the day it was made, nothing done yet."""
    from packages.planning.schedule import schedule_from
    from projects import timing

    begin = timing.business_day(enrolment.enrolled_at)
    first = schedule_from(enrolment, {}, today=min(begin, schedule.made_on))
    return {row.code: row.earliest_finish for row in first.rows}


def _post(
    name: str, stage: str, department: str, planned: dt.date | None, now: dt.date, fact: dt.date | None
) -> SignPost:
    gap = 0
    if planned is not None and planned != now:
        late = now > planned
        gap = workdays.workdays_between(planned, now) if late else -workdays.workdays_between(now, planned)
    state = "已完成" if fact else "预计"
    return SignPost(name, stage, department, planned, now, fact, gap, state)
