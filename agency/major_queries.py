"""Page-sized reads of major projects: the list with its S-curve, one project, the balance board, batches of starts."""

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
from agency.major_states import TICKET_HELD, TONES, EntryState, TicketState
from agency.models import Batch, BatchEntry, MajorMonth, MajorProject, ResourceQuota, ResourceTicket
from packages.models import Forecast, MatterCase
from packages.states import CASE_PASSED
from projects import timing
from projects.exports import Cell, Column, Table
from projects.models import Project, Region

if TYPE_CHECKING:
    from agency.models import BatchLine, StartCheck
    from projects.errors import Verdict
    from projects.models import User

MONTHS, BOARD_MONTHS = 12, 6
ZERO = Decimal(0)
#: 万元 of 亿元.
HUNDRED_MILLION = 10_000
#: Of a balanced ticket on: it draws on the quota of its source.
DRAWN = (TicketState.BALANCED, *TICKET_HELD)
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
        """Planned for the whole year."""
        return self.points[-1].planned_so_far

    @property
    def done(self) -> Decimal:
        """Done so far."""
        return max((point.done_so_far or ZERO for point in self.points), default=ZERO)

    @property
    def percent(self) -> Decimal | None:
        """Share of the year's plan that is done."""
        return round(100 * self.done / self.planned, 1) if self.planned else None

    @property
    def words(self) -> str:
        """How it stands, as bulletins of key projects put it."""
        if self.percent is None:
            return f"{self.year} 年没有计划投资。"
        gap = self.percent - self.time_percent
        side = "超过" if gap >= 0 else "落后"
        return (
            f"{self.year} 年计划投资 {self.planned:,.0f} 万元，累计完成 {self.done:,.0f} 万元，占年度计划 "
            f"{self.percent}%，{side}时间进度 {abs(gap)} 个百分点。"
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
    return round(Decimal(100 * min(max((today - first).days + 1, 0), days)) / days, 1)


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
        return round(100 * self.done / self.planned, 1) if self.planned else None

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
    shown = year or (years[0] if years else timing.today().year)
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
            major, forecasts.get(major.project_id), *money[major.pk],
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


# The balance board ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BalanceCell:
    """One district in one month: what is needed there, what is secured, what there is and what may be moved."""

    need: Decimal
    secured: Decimal
    drawn: Decimal
    quota: Decimal | None

    @property
    def gap(self) -> Decimal:
        """What is needed and not secured."""
        return max(self.need - self.secured, ZERO)

    @property
    def transferable(self) -> Decimal | None:
        """What is left of the quota when everything needed here is met from it; None without a quota."""
        if self.quota is None:
            return None
        return self.quota - max(self.drawn, self.need)

    @property
    def is_short(self) -> bool:
        """Whether the district cannot meet its need by itself."""
        return self.transferable is not None and self.transferable < 0

    @property
    def short(self) -> Decimal:
        """How much the district lacks."""
        return -(self.transferable or ZERO)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.need and self.quota is None and not self.drawn


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One district through the months."""

    region: Region
    cells: tuple[BalanceCell, ...]


@dataclass(frozen=True, slots=True)
class BalanceBoard:
    """One kind by district and month."""

    kind: ResourceKind
    kinds: tuple[ResourceKind, ...]
    months: tuple[dt.date, ...]
    rows: tuple[BalanceRow, ...]
    totals: tuple[BalanceCell, ...]


def board_months(first: dt.date | None = None) -> tuple[dt.date, ...]:
    """Return the months of the board, the present first."""
    month = (first or timing.today()).replace(day=1)
    found = []
    for _ in range(BOARD_MONTHS):
        found.append(month)
        month = (month + dt.timedelta(days=32)).replace(day=1)
    return tuple(found)


def balance_board(user: User, kind: str = "") -> BalanceBoard:
    """Return the board of a kind: the need lies where the project is, the draw where the quota comes from.

    Three queries. Tickets of projects that the person does not see are not counted.
    """
    kinds = tuple(major_data.resource_kinds())
    chosen = next((row for row in kinds if row.code == kind), kinds[0])
    months = board_months()
    beyond = (months[-1] + dt.timedelta(days=32)).replace(day=1)
    needs: dict[tuple[str, dt.date], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    found = ResourceTicket.objects.visible_to(user).filter(
        kind=chosen.code, needed_by__gte=months[0], needed_by__lt=beyond, quantity__isnull=False
    )
    for place, source, day, state, quantity, secured in found.values_list(
        "project__region__code", "source__code", "needed_by", "state", "quantity", "secured"
    ):
        month = day.replace(day=1)
        needs[place, month][0] += quantity or ZERO
        if state in TICKET_HELD:
            needs[place, month][1] += secured or ZERO
        if state in DRAWN and source:
            needs[source, month][2] += quantity or ZERO
    quotas = {
        (region, month): quantity
        for region, month, quantity in ResourceQuota.objects.filter(
            kind=chosen.code, month__in=months
        ).values_list("region__code", "month", "quantity")
    }
    regions = Region.objects.filter(code__in={code for code, _ in [*needs, *quotas]}).order_by("code")
    rows = tuple(
        BalanceRow(region, tuple(_cell(needs, quotas, region.code, month) for month in months)) for region in regions
    )
    totals = tuple(_sum([row.cells[at] for row in rows]) for at in range(len(months)))
    return BalanceBoard(chosen, kinds, months, rows, totals)


def _cell(
    needs: Mapping[tuple[str, dt.date], list[Decimal]], quotas: Mapping[tuple[str, dt.date], Decimal], code: str,
    month: dt.date,
) -> BalanceCell:
    need, secured, drawn = needs.get((code, month), [ZERO, ZERO, ZERO])
    return BalanceCell(need, secured, drawn, quotas.get((code, month)))


def _sum(cells: Sequence[BalanceCell]) -> BalanceCell:
    quotas = [cell.quota for cell in cells if cell.quota is not None]
    return BalanceCell(
        sum((cell.need for cell in cells), ZERO), sum((cell.secured for cell in cells), ZERO),
        sum((cell.drawn for cell in cells), ZERO), sum(quotas, ZERO) if quotas else None,
    )


def balance_table(user: User, kind: str) -> Table:
    """Return the board as a file: one row per district and month."""
    board = balance_board(user, kind)
    unit = board.kind.unit
    columns = (
        Column("区划", 12), Column("月份", 10), Column(f"需要（{unit}）", 14), Column("已落实", 12),
        Column("已平衡占用", 12), Column("额度", 12), Column("可调剂", 12), Column("缺口", 12),
    )
    rows = [
        [
            row.region.name, f"{month:%Y-%m}", cell.need, cell.secured, cell.drawn, cell.quota, cell.transferable,
            cell.gap,
        ]
        for row in board.rows for month, cell in zip(board.months, row.cells, strict=True) if not cell.is_empty
    ]
    return Table(f"{board.kind.name}平衡", columns, rows, [("指标", board.kind.name), ("单位", unit)])


# Batches of starts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch of the list with how many stand where."""

    batch: Batch
    counts: tuple[tuple[str, int], ...]
    checks_due: int


def batch_rows(user: User) -> list[BatchRow]:
    """Return the batches with projects that a person sees, the newest first. Three queries."""
    entries = list(
        BatchEntry.objects.visible_to(user).select_related("batch").prefetch_related("checks").order_by("pk")
    )
    mine = Batch.objects.filter(centre__in=_centres(user))
    by_batch: dict[int, list[BatchEntry]] = defaultdict(list)
    batches = {batch.pk: batch for batch in mine}
    for entry in entries:
        by_batch[entry.batch_id].append(entry)
        batches.setdefault(entry.batch_id, entry.batch)
    return [
        BatchRow(
            batch, tuple(
                (state.label, sum(entry.state == state for entry in by_batch[batch.pk])) for state in EntryState
            ),
            sum(is_due(check) for entry in by_batch[batch.pk] for check in entry.checks.all()),
        )
        for batch in sorted(batches.values(), key=lambda batch: (batch.starts_on, batch.pk), reverse=True)
    ]


def _centres(user: User) -> list[int]:
    from projects.access import access_of

    return sorted(access_of(user).organisation_ids)


def is_due(check: StartCheck) -> bool:
    """Whether somebody should have been there."""
    return check.checked_at is None and check.due_on <= timing.today()


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One project of a batch: its checklist, its looks, and what may be done."""

    entry: BatchEntry
    lines: tuple[BatchLine, ...]
    checks: tuple[tuple[StartCheck, bool, Verdict], ...]
    can_prepare: Verdict
    steps: Steps

    @property
    def tone(self) -> str:
        """Colour of the state."""
        return TONES[self.entry.state]

    @property
    def met(self) -> int:
        """How many lines are there."""
        return sum(line.is_met for line in self.lines)


ENTRY_STEPS = (
    ("entry_confirm", "确认", may.can_confirm), ("entry_start", "登记开工", may.can_start),
    ("entry_postpone", "延后", may.can_postpone),
)


def batch_page(user: User, batch: Batch) -> list[EntryRow]:
    """Return the projects of a batch that a person sees. Four queries."""
    found = BatchEntry.objects.visible_to(user).filter(batch=batch).select_related("project__owner", "project__centre")
    rows = []
    for entry in found.prefetch_related("lines", "checks__photo").order_by("pk"):
        entry.batch = batch
        checks = []
        for check in entry.checks.all():
            check.entry = entry
            checks.append((check, is_due(check), may.can_check_start(user, check)))
        steps = [(name, word, rule(user, entry)) for name, word, rule in ENTRY_STEPS]
        rows.append(EntryRow(
            entry, tuple(entry.lines.all()), tuple(checks), may.can_prepare(user, entry),
            tuple(step for step in steps if step[2].ok),
        ))
    return rows


def batch_table(user: User, batch: Batch) -> Table:
    """Return a batch as a file."""
    columns = (
        Column("项目代码", 26), Column("项目", 34), Column("状态", 10), Column("开工条件", 12), Column("开工日期", 12),
        Column("延后原因", 30), Column("首次核查", 16), Column("二次核查", 16),
    )
    rows = [
        [
            row.entry.project.code, row.entry.project.name, row.entry.get_state_display(),
            f"{row.met} / {len(row.lines)}", row.entry.started_on, row.entry.reason,
            *[_check_word(check) for check, _, _ in row.checks], *[""] * (2 - len(row.checks)),
        ]
        for row in batch_page(user, batch)
    ]
    return Table(batch.name, columns, rows, [("开工日", f"{batch.starts_on:%Y-%m-%d}"), ("地点", batch.place)])


def _check_word(check: StartCheck) -> str:
    if check.checked_at is None:
        return f"应于 {check.due_on:%Y-%m-%d}"
    return "正在施工" if check.is_working else "没有施工"
