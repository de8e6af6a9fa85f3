"""What the bulletin's pages show: figures with their links, comparison with the month before, charts, and the cases.

Reads only. A frozen bulletin is read from its stored figures, a collecting one is counted at the moment.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.urls import reverse

from agency.indicators import (
    BREACHES,
    DECIDED,
    INDICATORS,
    LATE_RATE,
    MEAN,
    MEDIAN,
    ON_TIME,
    OVERDUE,
    RECEIVED,
    Figure,
    figures,
    period_of,
)
from agency.models import Bulletin, BulletinFigure
from agency.services.bulletins import current_month, month_before, say, stored_figures, table_of
from agency.bulletin_states import TONES, BulletinSeries
from packages.models import MatterCase
from packages.queries import case_waiting
from packages.states import CASE_OPEN
from packages.states import TONES as CASE_TONES
from projects import timing
from projects.events import subject_of
from projects.models import Event, Organisation, Project

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User
    from projects.waiting import Waiting

BIG = (RECEIVED, DECIDED, ON_TIME, MEAN)
MONTHS, MATTERS, FEW, PAGE, EXPORT_CHUNK = 12, 12, 3, 100, 500
#: What stands in the place of a project that the reader may not know of.
HIDDEN = "不在您的办理范围"
EXPORT_HEAD = (
    "办件编号", "事项", "项目代码", "项目", "部门", "状态", "接件", "受理", "办结", "用时（工作日）", "承诺时限",
    "超时",
)
#: What the list behind a figure is called.
LISTS: dict[str, str] = {
    RECEIVED: "本期接件的办件", DECIDED: "本期办结的办件", ON_TIME: "本期按时办结的办件", MEAN: "本期办结的办件",
    MEDIAN: "本期办结的办件", OVERDUE: "超过承诺时限的办件", LATE_RATE: "超过承诺时限的办件",
    BREACHES: "本期发现违反强条的施工图审查办件",
}
BASES: dict[str, str] = {ON_TIME: "本期办结的全部办件", LATE_RATE: "本期办结和期末在办的全部办件"}


def last_day(bulletin: Bulletin) -> dt.date:
    """Return the last day of the bulletin's period (its 25th)."""
    return timing.business_day(bulletin.period_end) - dt.timedelta(days=1)


def figure_url(bulletin: Bulletin, key: str, organisation_id: int | None) -> str:
    """Return where the cases behind a figure are listed."""
    return reverse("agency:figure", args=[bulletin.pk, key, organisation_id or 0])


# The list of bulletins ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BulletinRow:
    """One month in the list."""

    bulletin: Bulletin
    last_day: dt.date
    tone: str


def bulletin_rows(user: User | AnonymousUser) -> list[BulletinRow]:
    """Return the bulletins that a person may see, the newest first."""
    found = Bulletin.objects.visible_to(user).select_related("centre", "paper")
    return [BulletinRow(bulletin, last_day(bulletin), TONES[bulletin.state]) for bulletin in found]


@dataclass(frozen=True, slots=True)
class Month:
    """A month that nobody has opened yet."""

    centre: Organisation
    year: int
    month: int


def unopened(centres: Sequence[Organisation]) -> list[Month]:
    """Return the running month and the one before, of these centres, where no bulletin stands yet. One query."""
    now = current_month()
    months = (now, month_before(*now))
    there = set(
        Bulletin.objects.filter(centre__in=centres, series=BulletinSeries.PERMIT, year__in={y for y, _ in months})
        .values_list("centre_id", "year", "month")
    )
    return [Month(c, y, m) for c in centres for y, m in months if (c.pk, y, m) not in there]


# One bulletin -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of the table; `url` opens its cases and is empty where the reader may not open them."""

    text: str
    url: str
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One department (or the whole centre) with its numbers in the order of the columns."""

    name: str
    cells: tuple[Cell, ...]
    is_total: bool
    is_small: bool


@dataclass(frozen=True, slots=True)
class Big:
    """One of the four big numbers."""

    label: str
    value: str
    unit: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Dots:
    """The decided cases of one matter and limit, one dot each."""

    name: str
    limit: int
    values: tuple[int, ...]
    median: Decimal
    late: int
    url: str


@dataclass(frozen=True, slots=True)
class MonthValue:
    """The median of one month of the line chart."""

    label: str
    value: Decimal | None
    before: Decimal | None
    url: str


@dataclass(frozen=True, slots=True)
class BulletinPage:
    """Everything that the page of a bulletin shows."""

    bulletin: Bulletin
    tone: str
    first_day: dt.date
    last_day: dt.date
    big: tuple[Big, ...]
    rows: tuple[Row, ...]
    months: tuple[MonthValue, ...]
    dots: tuple[Dots, ...]
    events: tuple[dict[str, object], ...]

    @property
    def points(self) -> list[tuple[str, Decimal | None]]:
        """Return the twelve months for the line chart."""
        return [(month.label, month.value) for month in self.months]

    @property
    def before(self) -> list[Decimal | None]:
        """Return the months a year before, empty when there are none."""
        values = [month.before for month in self.months]
        return values if any(value is not None for value in values) else []

    @property
    def has_trend(self) -> bool:
        """Return whether two months have a value, so that a line can be drawn."""
        return sum(month.value is not None for month in self.months) > 1

    @property
    def longest(self) -> float:
        """Return the end of the axis of the dots."""
        return float(max((max(*row.values, row.limit) for row in self.dots), default=1) or 1)


def bulletin_page(bulletin: Bulletin, *, is_inside: bool) -> BulletinPage:
    """Return what the page shows; `is_inside` adds the links to the cases, the charts and the events."""
    found = stored_figures(bulletin)
    table = table_of(found)
    total = dict(table)[None]
    return BulletinPage(
        bulletin, TONES[bulletin.state], timing.business_day(bulletin.period_start), last_day(bulletin),
        tuple(_big(bulletin, total, _totals_before(bulletin), is_inside=is_inside)),
        tuple(_rows(bulletin, table, is_inside=is_inside)),
        tuple(_months(bulletin, total[MEDIAN].value)) if is_inside else (),
        tuple(_dots(bulletin, total[DECIDED])) if is_inside else (),
        tuple(_events(bulletin)) if is_inside else (),
    )


def _totals_before(bulletin: Bulletin) -> dict[str, Decimal | None]:
    """Return the totals of the month before: as frozen, else as they stand now."""
    year, month = month_before(bulletin.year, bulletin.month)
    stored = BulletinFigure.objects.filter(
        bulletin__centre=bulletin.centre, bulletin__series=bulletin.series, bulletin__year=year,
        bulletin__month=month, organisation=None,
    )
    if values := dict(stored.values_list("key", "value")):
        return values
    period = period_of(year, month, starts_on=settings.BULLETIN_MONTH_STARTS_ON)
    return {f.key: f.value for f in figures(period, bulletin.centre) if f.organisation_id is None}


def _big(
    bulletin: Bulletin, total: dict[str, Figure], before: dict[str, Decimal | None], *, is_inside: bool
) -> list[Big]:
    return [
        Big(INDICATORS[key][0], say(total[key]), INDICATORS[key][1], compared(key, total[key].value, before.get(key)),
            figure_url(bulletin, key, None) if is_inside else "")
        for key in BIG
    ]


def compared(key: str, value: Decimal | None, before: Decimal | None) -> str:
    """Return the comparison with the month before (环比): per cent of a count, points of a rate, days."""
    if value is None or before is None:
        return "环比 样本不足"
    difference = value - before
    if key in {RECEIVED, DECIDED, OVERDUE, BREACHES}:
        if not before:
            return f"上期 0 {INDICATORS[key][1]}"
        return f"环比 {_signed(100 * difference / before, '.1f')}%"
    return f"环比 {_signed(difference, '.2f')} {'个百分点' if key in {ON_TIME, LATE_RATE} else '日'}"


def _signed(value: Decimal, form: str) -> str:
    text = format(abs(value), form).rstrip("0").rstrip(".")
    return f"{'−' if value < 0 else '+' if value else ''}{text}"


def _rows(bulletin: Bulletin, table: list[tuple[int | None, dict[str, Figure]]], *, is_inside: bool) -> list[Row]:
    bodies = {body.pk: body for body in Organisation.objects.filter(pk__in=[pk for pk, _ in table if pk])}
    rows = [
        Row(
            bodies[pk].label if pk else "合计",
            tuple(
                Cell(say(cells[key]), figure_url(bulletin, key, pk) if is_inside else "",
                     is_bad=key == OVERDUE and bool(cells[key].value))
                for key in INDICATORS
            ),
            is_total=pk is None, is_small=pk is not None and len(cells[DECIDED].case_ids) < FEW,
        )
        for pk, cells in table
    ]
    return [*rows[1:], rows[0]]


def _months(bulletin: Bulletin, median: Decimal | None) -> list[MonthValue]:
    """Return the median of the last twelve months and of those a year before. One query."""
    span = [(bulletin.year, bulletin.month)]
    while len(span) < 2 * MONTHS:
        span.append(month_before(*span[-1]))
    stored = BulletinFigure.objects.filter(
        bulletin__centre=bulletin.centre, bulletin__series=bulletin.series, organisation=None, key=MEDIAN,
        bulletin__year__gte=span[-1][0],
    ).values_list("bulletin__year", "bulletin__month", "bulletin_id", "value")
    values = {(year, month): (pk, value) for year, month, pk, value in stored}
    values[span[0]] = (bulletin.pk, median)
    months = []
    for year, month in reversed(span[:MONTHS]):
        pk, value = values.get((year, month), (None, None))
        url = reverse("agency:figure", args=[pk, MEDIAN, 0]) if pk else ""
        months.append(MonthValue(f"{month}月", value, values.get((year - 1, month), (None, None))[1], url))
    return months


def _dots(bulletin: Bulletin, decided: Figure) -> list[Dots]:
    """Return the decided cases by matter and limit, late ones first, then the most frequent. One query."""
    found = MatterCase.objects.filter(pk__in=decided.case_ids).values_list(
        "matter__matter__code", "promised_days", "matter__name", "used_days", "is_overdue"
    )
    groups: dict[tuple[str, int], list[tuple[str, int, bool]]] = defaultdict(list)
    for code, limit, name, used, late in found:
        if used is not None:
            groups[code, limit].append((name, used, late))
    url = figure_url(bulletin, DECIDED, None)
    rows = [
        Dots(
            cases[0][0], limit, tuple(used for _, used, _ in cases),
            Decimal(f"{statistics.median(used for _, used, _ in cases):.1f}"), sum(late for _, _, late in cases),
            f"{url}?matter={code}&limit={limit}",
        )
        for (code, limit), cases in groups.items()
    ]
    rows.sort(key=lambda row: (-row.late, -len(row.values), row.name))
    return rows[:MATTERS]


def _events(bulletin: Bulletin) -> list[dict[str, object]]:
    """Return what happened to the bulletin, the newest first."""
    subject_type, subject_key = subject_of(bulletin)
    found = Event.objects.filter(subject_type=subject_type, subject_key=subject_key).order_by("-pk")
    return [
        {"on": event.happened_at, "title": event.summary, "who": event.actor_name,
         "kind": "big" if event.kind == "bulletin.published" else ""}
        for event in found
    ]


# The cases behind a number -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case behind a number. `is_open_to` tells whether the reader may open its project."""

    case: MatterCase
    tone: str
    is_open_to: bool
    is_late: bool
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class FigurePage:
    """A number of a bulletin and the cases that it counts."""

    bulletin: Bulletin
    key: str
    name: str
    unit: str
    means: str
    text: str
    department: str
    title: str
    count: int
    own_count: int
    rows: tuple[CaseRow, ...]
    page: Page[int]
    base_title: str
    base_count: int
    is_base: bool
    matter: str


def figure_page(
    bulletin: Bulletin, key: str, organisation_id: int, user: User, *, part: str = "", matter: str = "",
    limit: str = "", page: str = "",
) -> FigurePage | None:
    """Return a number with its cases, one page of them; None when the bulletin has no such number.

    `part` base lists the cases that the rate is taken of; `matter` and `limit` narrow the list to one matter.
    """
    body = organisation_id or None
    figure = next((f for f in stored_figures(bulletin) if f.key == key and f.organisation_id == body), None)
    if figure is None:
        return None
    is_base = part == "base" and key in BASES
    ids, matter_name = _narrowed(list(figure.base_ids if is_base else figure.case_ids), matter, limit)
    cut = Paginator(ids, PAGE).get_page(page)
    name, unit, means = INDICATORS[key]
    department = Organisation.objects.get(pk=body).label if body else "全部部门"
    return FigurePage(
        bulletin, key, name, unit, means, say(figure), department, BASES[key] if is_base else LISTS[key], len(ids),
        len(figure.case_ids), tuple(_case_rows(list(cut.object_list), user, bulletin)), cut, BASES.get(key, ""),
        len(figure.base_ids), is_base, matter_name,
    )


def figure_lines(
    bulletin: Bulletin, key: str, organisation_id: int, user: User, *, part: str = ""
) -> Iterator[list[str]]:
    """Yield all cases behind a number as lines of a table, head first; nothing when the bulletin has no such number."""
    body = organisation_id or None
    figure = next((f for f in stored_figures(bulletin) if f.key == key and f.organisation_id == body), None)
    if figure is None:
        return
    yield list(EXPORT_HEAD)
    ids = list(figure.base_ids if part == "base" and key in BASES else figure.case_ids)
    for start in range(0, len(ids), EXPORT_CHUNK):
        for row in _case_rows(ids[start : start + EXPORT_CHUNK], user, bulletin):
            yield _line(row)


def _line(row: CaseRow) -> list[str]:
    case = row.case
    project = [case.project.code, case.project.name] if row.is_open_to else ["", HIDDEN]
    moments = (case.received_at, case.accepted_at, case.decided_at)
    days = [f"{timing.business_day(moment):%Y-%m-%d}" if moment else "" for moment in moments]
    used = "" if case.used_days is None else str(case.used_days)
    return [
        case.number, case.matter.name, *project, case.lead.label, case.get_state_display(), *days, used,
        str(case.promised_days), "是" if row.is_late else "否",
    ]


def _narrowed(ids: list[int], matter: str, limit: str) -> tuple[list[int], str]:
    if not matter:
        return ids, ""
    found = MatterCase.objects.filter(pk__in=ids, matter__matter__code=matter)
    if limit.isascii() and limit.isdigit():
        found = found.filter(promised_days=int(limit[:4]))
    rows = dict(found.values_list("pk", "matter__name"))
    return [pk for pk in ids if pk in rows], next(iter(rows.values()), "")


def _case_rows(ids: list[int], user: User, bulletin: Bulletin) -> list[CaseRow]:
    cases = MatterCase.objects.select_related(
        "matter__matter", "lead", "project__owner", "project__centre", "promised_clock", "application"
    ).in_bulk(ids)
    seen = set(
        Project.objects.visible_to(user).filter(pk__in={case.project_id for case in cases.values()})
        .values_list("pk", flat=True)
    )
    waiting = case_waiting([case for case in cases.values() if case.state in CASE_OPEN])
    return [
        CaseRow(cases[pk], CASE_TONES.get(cases[pk].state, ""), cases[pk].project_id in seen,
                _was_late(cases[pk], bulletin), waiting.get(pk) if cases[pk].project_id in seen else None)
        for pk in ids
    ]


def _was_late(case: MatterCase, bulletin: Bulletin) -> bool:
    """Return whether the case was beyond its promise at the end of the period, as the figures count it."""
    if case.decided_at is not None and case.decided_at < bulletin.period_end:
        return case.is_overdue
    first = case.promised_clock.first_overdue_at if case.promised_clock else None
    return first is not None and first < bulletin.period_end
