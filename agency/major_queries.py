"""Page-sized reads of major projects: the list with its S-curve, and one project."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Max

from agency import major_data
from agency import major_rules as may
from agency.major_data import ResourceKind
from agency.major_states import TICKET_HELD, TONES, EntryState
from agency.models import BatchEntry, MajorMonth, MajorProject, ResourceTicket
from packages.models import Forecast, MatterCase
from packages.states import CASE_PASSED
from projects import timing
from projects.exports import Cell, Column, Table
from projects.models import Project
from projects.rounding import half_up, percent

if TYPE_CHECKING:
    from projects.errors import Verdict
    from projects.models import User

MONTHS = 12
ZERO = Decimal(0)
#: 万元 of 亿元.
HUNDRED_MILLION = 10_000
#: What stands beyond the state 未测算 is a need that somebody has worked out.
Steps = tuple[tuple[str, str, "Verdict"], ...]


# S-curve -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One month of the year: money of the month and so far, starts and permits so far. Money in 万元."""

    month: dt.date
    planned: Decimal
    done: Decimal | None
    planned_so_far: Decimal
    done_so_far: Decimal | None
    starts_planned: int
    starts_done: int | None
    permits_done: int | None

    @property
    def label(self) -> str:
        """Return the month."""
        return f"{self.month.month}月"


@dataclass(frozen=True, slots=True)
class SCurve:
    """Plan against fact through a year."""

    year: int
    points: tuple[CurvePoint, ...]
    time_percent: Decimal

    @property
    def planned(self) -> Decimal:
        """Planned for the whole year, in 万元."""
        return self.points[-1].planned_so_far

    @property
    def done(self) -> Decimal:
        """Done so far, in 万元."""
        return max((point.done_so_far or ZERO for point in self.points), default=ZERO)

    @property
    def percent(self) -> Decimal | None:
        """Share of the year's plan that is done."""
        return half_up(100 * self.done / self.planned, 1) if self.planned else None

    @property
    def words(self) -> str:
        """How it stands, as bulletins of key projects put it."""
        if self.percent is None:
            return f"{self.year} 年没有计划投资。"
        gap = self.percent - self.time_percent
        beside = f"比时间进度{'快' if gap > 0 else '慢'} {abs(gap)} 个百分点" if gap else "与时间进度一致"
        return (
            f"{self.year} 年计划投资 {self.planned:,.0f} 万元，累计完成 {self.done:,.0f} 万元，占年度计划 "
            f"{self.percent}%；全年的时间已过 {self.time_percent}%，{beside}。"
        )

    @property
    def chart(self) -> list[tuple[str, Decimal | None]]:
        """What is done, for the line, in 亿元."""
        return [
            (point.label, None if point.done_so_far is None else point.done_so_far / HUNDRED_MILLION)
            for point in self.points
        ]

    @property
    def plan_line(self) -> list[Decimal]:
        """What was planned, for the line beside, in 亿元."""
        return [point.planned_so_far / HUNDRED_MILLION for point in self.points]


def s_curve(projects: Sequence[int], year: int) -> SCurve:
    """Return the curve of some major projects through a year. Four queries."""
    money: dict[int, list[tuple[Decimal, Decimal | None]]] = defaultdict(list)
    rows = MajorMonth.objects.filter(major__project__in=projects, month__year=year)
    for month, planned, done in rows.values_list("month", "planned", "done"):
        money[month.month].append((planned, done))
    opens = MajorProject.objects.filter(project__in=projects, opens_on__year=year).values_list("opens_on", flat=True)
    begun = BatchEntry.objects.filter(
        project__in=projects, state=EntryState.STARTED, started_on__year=year
    ).values_list("started_on", flat=True)
    granted = MatterCase.objects.filter(
        project__in=projects, matter__starts_works=True, state__in=CASE_PASSED,
        decided_at__gte=timing.start_of_day(dt.date(year, 1, 1)),
        decided_at__lt=timing.start_of_day(dt.date(year + 1, 1, 1)),
    ).values_list("decided_at", flat=True)
    plan_months = [day.month for day in opens if day]
    start_months = [day.month for day in begun if day]
    permit_months = [timing.business_day(moment).month for moment in granted if moment]
    return SCurve(year, tuple(_points(year, money, plan_months, start_months, permit_months)), _time_percent(year))


def _points(
    year: int, money: Mapping[int, list[tuple[Decimal, Decimal | None]]], plans: list[int], starts: list[int],
    permits: list[int],
) -> Iterator[CurvePoint]:
    today = timing.today()
    last = max((month for month, rows in money.items() if any(done is not None for _, done in rows)), default=0)
    planned_so_far, done_so_far = ZERO, ZERO
    for month in range(1, MONTHS + 1):
        rows, first = money.get(month, []), dt.date(year, month, 1)
        planned = sum((row[0] for row in rows), ZERO)
        done = sum((row[1] for row in rows if row[1] is not None), ZERO) if month <= last else None
        planned_so_far += planned
        done_so_far += done or ZERO
        past = first <= today
        yield CurvePoint(
            first, planned, done, planned_so_far, done_so_far if done is not None else None,
            sum(m <= month for m in plans), sum(m <= month for m in starts) if past else None,
            sum(m <= month for m in permits) if past else None,
        )


def _time_percent(year: int) -> Decimal:
    today, first = timing.today(), dt.date(year, 1, 1)
    days = (dt.date(year + 1, 1, 1) - first).days
    return half_up(percent(min(max((today - first).days + 1, 0), days), days), 1)


# The list ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MajorRow:
    """One line of the list."""

    major: MajorProject
    forecast: Forecast | None
    planned: Decimal
    done: Decimal
    held: int
    tickets: int
    entry: BatchEntry | None

    @property
    def percent(self) -> Decimal | None:
        """Share of the year's plan."""
        return half_up(100 * self.done / self.planned, 1) if self.planned else None

    @property
    def is_late(self) -> bool:
        """Whether the opening is foreseen later than planned."""
        opening = self.forecast.opening if self.forecast else None
        plan = self.major.opens_on
        return bool(opening and plan and not (self.forecast and self.forecast.opened) and opening > plan)


@dataclass(frozen=True, slots=True)
class MajorsPage:
    """The list of a year with its curve."""

    year: int
    years: tuple[int, ...]
    rows: tuple[MajorRow, ...]
    curve: SCurve


def majors_page(user: User, year: int | None = None) -> MajorsPage:
    """Return the major projects of a year that a person sees. A fixed number of queries."""
    seen = MajorProject.objects.visible_to(user)
    years = tuple(seen.order_by("-year").values_list("year", flat=True).distinct())
    shown = year if year in years else (years[0] if years else timing.today().year)
    majors = list(seen.filter(year=shown).select_related("project__owner", "project__centre").order_by("pk"))
    ids = [major.project_id for major in majors]
    forecasts = {row.project_id: row for row in _newest_forecasts(ids)}
    money: dict[int, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    months = MajorMonth.objects.filter(major__in=majors, month__year=shown)
    for major, planned, done in months.values_list("major", "planned", "done"):
        money[major][0] += planned
        money[major][1] += done or ZERO
    tickets: dict[int, list[str]] = defaultdict(list)
    for project, state in ResourceTicket.objects.filter(project__in=ids).values_list("project", "state"):
        tickets[project].append(state)
    entries = {
        entry.project_id: entry
        for entry in BatchEntry.objects.filter(project__in=ids).select_related("batch").order_by("pk")
    }
    rows = tuple(
        MajorRow(
            major, forecasts.get(major.project_id), money[major.pk][0], money[major.pk][1],
            sum(state in TICKET_HELD for state in tickets[major.project_id]), len(tickets[major.project_id]),
            entries.get(major.project_id),
        )
        for major in majors
    )
    return MajorsPage(shown, years, rows, s_curve(ids, shown))


def _newest_forecasts(ids: Sequence[int]) -> Iterable[Forecast]:
    last = Forecast.objects.filter(project__in=ids).order_by().values("project").annotate(last=Max("pk"))
    return Forecast.objects.filter(pk__in=last.values("last"))


def majors_table(user: User, year: int | None) -> Table:
    """Return the list as a file."""
    page = majors_page(user, year)
    columns = (
        Column("项目代码", 26), Column("项目", 34), Column("级别", 10), Column("中心", 22), Column("计划开工", 12),
        Column("预计开工", 12), Column("计划投资", 12), Column("完成投资", 12), Column("占计划%", 10),
        Column("指标落实", 10), Column("指标总数", 10), Column("集中开工", 24), Column("状态", 10),
    )
    rows = [_major_cells(row) for row in page.rows]
    return Table(f"重大项目{page.year}", columns, rows, [("说明", page.curve.words)])


def _major_cells(row: MajorRow) -> Sequence[Cell]:
    project, entry = row.major.project, row.entry
    return [
        project.code, project.name, row.major.get_level_display(), project.centre.name, row.major.opens_on,
        row.forecast.opening if row.forecast else None, row.planned, row.done, row.percent, row.held, row.tickets,
        entry.batch.name if entry else "", entry.get_state_display() if entry else "",
    ]


# One project ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One ticket with what may be done with it: (address, word, verdict)."""

    ticket: ResourceTicket
    kind: ResourceKind
    steps: Steps

    @property
    def tone(self) -> str:
        """Colour of the state."""
        return TONES[self.ticket.state]


@dataclass(frozen=True, slots=True)
class MajorPage:
    """One project: its money, its tickets, its batches."""

    project: Project
    major: MajorProject | None
    months: tuple[MajorMonth, ...]
    curve: SCurve | None
    tickets: tuple[TicketRow, ...]
    entries: tuple[BatchEntry, ...]
    can_keep: Verdict
    can_report: Verdict


#: Address, word on the button, who may.
TICKET_STEPS = (
    ("ticket_measure", "测算", may.can_measure), ("ticket_apply", "申请", may.can_apply),
    ("ticket_balance", "平衡", may.can_balance), ("ticket_secure", "落实", may.can_secure),
    ("ticket_write_off", "核销", may.can_write_off), ("ticket_send_back", "退回", may.can_send_back),
)


def major_page(user: User, project: Project) -> MajorPage:
    """Return the page of one project. A fixed number of queries."""
    major = MajorProject.objects.filter(project=project).first()
    months = tuple(MajorMonth.objects.filter(major=major).order_by("month")) if major else ()
    found = ResourceTicket.objects.filter(project=project).select_related("source", "evidence__document").order_by("pk")
    tickets = list(found)
    for ticket in tickets:
        ticket.project = project
    entries = BatchEntry.objects.filter(project=project).select_related("batch").prefetch_related("checks")
    return MajorPage(
        project, major, months, s_curve([project.pk], major.year) if major else None,
        tuple(TicketRow(row, major_data.kind_of(row.kind), steps_of(user, row)) for row in tickets),
        tuple(entries.order_by("pk")), may.can_keep_majors(user, project), may.can_report(user, project),
    )


def steps_of(user: User, ticket: ResourceTicket) -> Steps:
    """Return what a person may do with a ticket now."""
    found = [(name, word, rule(user, ticket)) for name, word, rule in TICKET_STEPS]
    return tuple(step for step in found if step[2].ok)


def major_table(page: MajorPage) -> Table:
    """Return tickets and months of one project as a file."""
    columns = (
        Column("部分", 12), Column("项", 20), Column("需要或计划", 14), Column("落实或完成", 14), Column("单位", 10),
        Column("时间", 12), Column("来源地", 12), Column("状态", 12), Column("说明", 40),
    )
    rows: list[Sequence[Cell]] = [
        [
            "资源指标", str(row.ticket), row.ticket.quantity, row.ticket.secured, row.kind.unit, row.ticket.needed_by,
            str(row.ticket.source or ""), row.ticket.get_state_display(), row.ticket.note,
        ]
        for row in page.tickets
    ]
    rows += [
        ["投资", f"{row.month:%Y-%m}", row.planned, row.done, "万元", row.month, "", "", row.progress]
        for row in page.months
    ]
    facts = [("项目", f"{page.project.name} {page.project.code}")]
    return Table("重大项目", columns, rows, facts)
