"""材料减免: how many papers an enterprise did not hand in, counted line by line from what was filed (handbook D7, §12).

Measured, not stated. Every line of a case that was handed in is counted once, in the month in which the case was
received, by how it stands now. The rate is 免交 ÷ (免交 + 企业提交). Our own definition; docs/promises.md has it too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth

from packages.models import MaterialItem, MatterCase
from packages.states import CaseState, MaterialState
from projects import timing
from projects.exports import Cell, Column, Table

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

    Person = User | AnonymousUser

MONTHS, TOP, MOST_LINES = 24, 20, 20_000


class Group(StrEnum):
    """How a line is counted."""

    SAVED = "saved"
    HANDED_IN = "handed_in"
    COMMITTED = "committed"
    OPEN = "open"
    APART = "apart"


STATES: dict[Group, tuple[str, ...]] = {
    Group.SAVED: (MaterialState.HELD, MaterialState.SHARED, MaterialState.LETTER),
    Group.HANDED_IN: (MaterialState.UPLOADED, MaterialState.DEFERRED),
    Group.COMMITTED: (MaterialState.COMMITTED,),
    Group.OPEN: (MaterialState.MISSING, MaterialState.AWAITED),
    Group.APART: (MaterialState.NOT_APPLICABLE,),
}
WORDS: dict[Group, str] = {
    Group.SAVED: "免交", Group.HANDED_IN: "企业提交", Group.COMMITTED: "以承诺代替", Group.OPEN: "尚未提供",
    Group.APART: "不适用",
}
GROUP_OF: dict[str, Group] = {state: group for group, states in STATES.items() for state in states}
DEFINITION = (
    ("数什么", "已接件办件材料清单的每一行，按接件月份、现在的状态，数一次。"),
    ("免交", "档案已有、前置事项结果、主体资格沿用、部门调取或补录、数据共享、以函代证：企业没有提交这一件。"),
    ("企业提交", "企业上传的，以及容缺后补的（迟早要交）。"),
    ("实测减免率", "免交 ÷（免交 + 企业提交）。"),
    ("不计入", "以承诺代替的、不适用的、尚未提供的单列；草稿、已撤件、不受理的办件，没有公布材料清单的事项，都不数。"),
)


@dataclass(frozen=True, slots=True)
class Tally:
    """The lines of one month, project or case, by group."""

    key: str
    label: str
    note: str
    saved: int
    handed_in: int
    committed: int
    open: int
    apart: int

    @property
    def asked(self) -> int:
        """The lines that the rate is taken of."""
        return self.saved + self.handed_in

    @property
    def rate(self) -> float | None:
        """Percent saved; None where nothing was counted."""
        return round(100 * self.saved / self.asked, 1) if self.asked else None

    @property
    def total(self) -> int:
        """How many lines there are."""
        return self.asked + self.committed + self.open + self.apart


def counted(user: Person) -> QuerySet[MaterialItem]:
    """Return the lines that are counted of the projects the user sees."""
    cases = MatterCase.objects.visible_to(user).filter(received_at__isnull=False).exclude(
        state__in=[CaseState.WITHDRAWN, CaseState.NOT_TAKEN, CaseState.REFUSED_INTAKE]
    )
    return MaterialItem.objects.filter(case__in=cases)


def narrowed(lines: QuerySet[MaterialItem], asked: Mapping[str, str]) -> QuerySet[MaterialItem]:
    """Return the lines of a month (`2026-11`), a project, a case, a group. What is no key gives no line."""
    if month := asked.get("month", ""):
        span = month_span(month)
        lines = lines.filter(case__received_at__gte=span[0], case__received_at__lt=span[1]) if span else lines.none()
    for name, column in (("project", "case__project_id"), ("case", "case_id")):
        if text := asked.get(name, ""):
            valid = text.isascii() and text.isdigit() and len(text) < 18  # noqa: PLR2004 - what a key may have
            lines = lines.filter(**{column: int(text)}) if valid else lines.none()
    if group := asked.get("group", ""):
        states = STATES[Group(group)] if group in list(Group) else ()
        lines = lines.filter(state__in=states)
    return lines


def month_span(month: str) -> tuple[dt.datetime, dt.datetime] | None:
    """Return begin and end of a month in business time, or None for what is no month."""
    try:
        first = dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        return None
    if not dt.MINYEAR < first.year < dt.MAXYEAR:  # the zone would lead out of the calendar
        return None
    after = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return timing.start_of_day(first), timing.start_of_day(after)


def _groups() -> dict[str, Count]:
    return {group.value: Count("pk", filter=Q(state__in=states)) for group, states in STATES.items()}


def _count(key: object, label: str, note: str, row: Mapping[str, Any]) -> Tally:
    return Tally(str(key), label, note, **{group.value: row[group.value] for group in Group})


def total(lines: QuerySet[MaterialItem]) -> Tally:
    """Return all of them as one. One query."""
    return _count("", "合计", "", lines.aggregate(**_groups()))


def by_month(lines: QuerySet[MaterialItem]) -> list[Tally]:
    """Return the newest months. One query."""
    month = TruncMonth("case__received_at", tzinfo=timing.BUSINESS_ZONE)
    rows = lines.order_by().annotate(month=month).values("month").annotate(**_groups()).order_by("-month")[:MONTHS]
    return [_count(f"{row['month']:%Y-%m}", f"{row['month']:%Y 年 %-m 月}", "", row) for row in rows]


def by_project(lines: QuerySet[MaterialItem]) -> list[Tally]:
    """Return the projects with the most lines. One query."""
    keys = ("case__project_id", "case__project__name", "case__project__code")
    rows = lines.order_by().values(*keys).annotate(lines=Count("pk"), **_groups()).order_by("-lines", keys[0])[:TOP]
    return [_count(row[keys[0]], row[keys[1]], row[keys[2]], row) for row in rows]


def by_case(lines: QuerySet[MaterialItem]) -> list[Tally]:
    """Return the cases with the most lines. One query."""
    keys = ("case_id", "case__matter__name", "case__number")
    rows = lines.order_by().values(*keys).annotate(lines=Count("pk"), **_groups()).order_by("-lines", keys[0])[:TOP]
    return [_count(row[keys[0]], row[keys[1]], row[keys[2]], row) for row in rows]


def claim() -> int:
    """Return the claim that the rate is held against, in percent."""
    return int(settings.SAVING_CLAIM_PERCENT)


# As a file -----------------------------------------------------------------------------------------------------------


def figures_table(rows: list[Tally], name: str) -> Table:
    """Return counts as a file."""
    heads = [name, "编号", *(WORDS[group] for group in Group), "实测减免率（%）"]
    cells: Iterator[list[Cell]] = (
        [row.label, row.note, row.saved, row.handed_in, row.committed, row.open, row.apart, row.rate] for row in rows
    )
    return Table("材料减免", [Column(head, 16) for head in heads], cells, DEFINITION)


def lines_table(lines: QuerySet[MaterialItem]) -> Table:
    """Return lines as a file, the newest first, bounded."""
    found = lines.select_related("case__project", "case__matter", "document").order_by("-pk")[:MOST_LINES]
    heads = ["项目", "项目代码", "事项", "办件编号", "接件", "材料", "状态", "计为", "取得途径", "出处"]
    cells: Iterator[list[Cell]] = (
        [
            item.case.project.name, item.case.project.code, item.case.matter.name, item.case.number,
            item.case.received_at, item.name, item.get_state_display(), WORDS[GROUP_OF[item.state]],
            item.get_origin_display(), item.origin_note or item.note,
        ]
        for item in found.iterator(chunk_size=2000)
    )
    return Table("材料减免明细", [Column(head, 18) for head in heads], cells, DEFINITION)
