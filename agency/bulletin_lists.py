"""What is behind a figure: exactly the things that it counts, as frozen, in the order in which they were counted.

Whoever may not see a project reads its line without the project's name. Pure reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.urls import reverse

from agency.bulletin import INDICATORS
from agency.bulletin_counting import say
from agency.bulletin_indicator import Indicator
from agency.bulletin_paper import moment_text
from agency.bulletin_scope import row_number
from agency.bulletin_snapshot import figure_of
from agency.bulletin_states import FigureGroup
from agency.bulletin_things import KINDS, Item
from agency.models import Agent, Bulletin, BulletinLines
from agency.slip_queries import slips_of_cases
from packages.models import MatterCase
from packages.queries import case_waiting
from packages.states import CASE_OPEN
from packages.states import TONES as CASE_TONES
from projects import timing
from projects.exports import Column, Table
from projects.memo import Memo
from projects.models import Organisation, Project, Region

if TYPE_CHECKING:
    from agency.bulletin_counting import Row
    from projects.models import User

PAGE, CHUNK = 100, 500
#: What stands in the place of a project that the reader may not know of.
HIDDEN = "不在您的办理范围"
COLUMNS = (
    Column("编号", 22),
    Column("名称", 30),
    Column("项目代码", 26),
    Column("项目", 36),
    Column("单位", 18),
    Column("状态", 14),
    Column("起", 12),
    Column("止", 12),
    Column("用时（工作日）", 12),
    Column("时限", 8),
    Column("超时", 8),
)


#: What is frozen stays as it is; a large month is some megabytes.
_frozen: Memo[Row | None] = Memo(most=30, seconds=600)
_frozen_lines: Memo[dict[int, list[int]]] = Memo(most=4, seconds=600)
#: The lists of a rate: what it is taken of (without a word), what it counts, and the rest.
ALL, OWN, REST = "", "own", "rest"


@dataclass(frozen=True, slots=True)
class FigurePage:
    """A figure of a bulletin and what it counts, one page of it."""

    indicator: Indicator
    text: str
    place: str
    title: str
    count: int
    own_count: int
    base_count: int
    part: str
    rows: tuple[Item, ...]
    page: Page[int]
    matter: str

    @property
    def tabs(self) -> tuple[tuple[str, int, str], ...]:
        """Return the lists of a rate with their length and name; a count has the one."""
        one = self.indicator
        if not one.based:
            return ()
        rest = self.base_count - self.own_count
        return (ALL, self.base_count, one.based), (OWN, self.own_count, one.listed), (REST, rest, one.rest)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figure of a bulletin is asked for, which of its lists, and narrowed to which matter and limit."""

    group: str
    row: int
    key: str
    part: str = ""
    matter: str = ""
    limit: str = ""

    @property
    def indicator(self) -> Indicator | None:
        """Return what the figure is; a cell of the heat table is one of its own."""
        return INDICATORS.get("faulty" if self.key.startswith("faulty_") else self.key)


def figure_page(bulletin: Bulletin, asked: Asked, user: User, *, page: str = "") -> FigurePage | None:
    """Return a figure with what it counts; None when the bulletin has no such figure."""
    found = _find(bulletin, asked)
    if found is None:
        return None
    figure, one = found
    part = part_of(asked, one)
    ids, matter = _narrowed(bulletin, figure, asked, one)
    cut = Paginator(ids, PAGE).get_page(page)
    lines = _lines(bulletin)
    return FigurePage(
        one,
        say(figure.value),
        place_of(asked),
        list_name(one, part),
        len(ids),
        len(figure.numerator_ids),
        len(figure.denominator_ids),
        part,
        tuple(_items(one.kind, list(cut.object_list), user, bulletin, lines)),
        cut,
        matter,
    )


def figure_table(bulletin: Bulletin, asked: Asked, user: User) -> Table | None:
    """Return all that a figure counts as a table for a spreadsheet; None when the bulletin has no such figure."""
    found = _find(bulletin, asked)
    if found is None:
        return None
    figure, one = found
    ids, _ = _narrowed(bulletin, figure, asked, one)
    facts = [
        ("通报", str(bulletin)),
        ("指标", one.name),
        ("口径", one.means),
        ("范围", place_of(asked)),
        ("清单", list_name(one, part_of(asked, one))),
        ("冻结", moment_text(bulletin.frozen_at) or "此刻统计"),
    ]
    return Table(
        f"{bulletin}-{one.name}",
        COLUMNS,
        _cells(one.kind, ids, user, bulletin),
        facts,
    )


def _cells(kind: str, ids: list[int], user: User, bulletin: Bulletin) -> Iterator[list[Any]]:
    lines = _lines(bulletin)
    for start in range(0, len(ids), CHUNK):
        for item in _items(kind, ids[start : start + CHUNK], user, bulletin, lines):
            project = [item.project.code, item.project.name] if item.project and item.is_open_to else ["", HIDDEN]
            yield [
                item.number,
                item.name,
                *project,
                item.body,
                item.state,
                _day(item.since),
                _day(item.until),
                item.used,
                item.limit,
                "是" if item.is_late else "",
            ]


def _day(moment: Any) -> Any:
    return timing.business_day(moment) if moment else None


def _find(bulletin: Bulletin, asked: Asked) -> tuple[Row, Indicator] | None:
    one = asked.indicator
    if one is None:
        return None
    if bulletin.is_stored:
        name = (bulletin.pk, bulletin.snapshot_hash, asked.group, asked.row, asked.key)
        figure = _frozen.of(name, lambda: figure_of(bulletin, asked.group, asked.row, asked.key))
    else:
        figure = figure_of(bulletin, asked.group, asked.row, asked.key)
    return (figure, one) if figure is not None and one is not None else None


def place_of(asked: Asked) -> str:
    """Return the name of the row that a figure stands in."""
    if asked.group == FigureGroup.BODY:
        body = Organisation.objects.filter(pk=asked.row).first()
        return body.label if body else "—"
    if asked.group == FigureGroup.REGION:
        return region_name(asked.row)
    if asked.group == FigureGroup.AGENT:
        agent = Agent.objects.select_related("user").filter(pk=asked.row).first()
        return str(agent.user) if agent else "—"
    if asked.group == FigureGroup.ITEM:
        row = asked.key.removeprefix("faulty_")
        item = f"验收事项 {asked.row}"
        return f"{item}，{region_name(int(row))}" if row.isdigit() else item
    return "合计"


def region_name(row: int) -> str:
    """Return the name of a row of the districts."""
    names = {row_number(code): name for code, name in Region.objects.values_list("code", "name")}
    return names.get(row, f"{row:06d}")


def part_of(asked: Asked, one: Indicator) -> str:
    """Return which list is shown: of a rate everything that it is taken of, unless a part is asked for."""
    return asked.part if one.based and asked.part in {OWN, REST} else ALL


def list_name(one: Indicator, part: str) -> str:
    """Return the name of a list."""
    return {ALL: one.based or one.listed, OWN: one.listed, REST: one.rest}[part]


def _counted(figure: Row, one: Indicator, part: str) -> list[int]:
    """Return the keys of a list in the order in which they were counted."""
    own = figure.numerator_ids
    if not one.based or part == OWN:
        return list(own)
    hidden = set(own) if part == REST else set()
    return [pk for pk in figure.denominator_ids if pk not in hidden]


def _narrowed(bulletin: Bulletin, figure: Row, asked: Asked, one: Indicator) -> tuple[list[int], str]:
    ids = _counted(figure, one, part_of(asked, one))
    if not asked.matter.isdecimal() or one.kind != "case":
        return ids, ""
    found = MatterCase.objects.filter(pk__in=ids, matter_id=int(asked.matter[:12]))
    rows = dict(found.values_list("pk", "matter__name"))
    if asked.limit.isdecimal():
        limits = _limits(bulletin, list(rows))
        rows = {pk: name for pk, name in rows.items() if limits[pk] == int(asked.limit[:6])}
    return [pk for pk in ids if pk in rows], next(iter(rows.values()), "")


def _limits(bulletin: Bulletin, ids: list[int]) -> dict[int, int]:
    """Return the limit of each case as the figures count it: as frozen, else promised with its extension."""
    lines = _lines(bulletin)
    cases = MatterCase.objects.filter(pk__in=ids).values_list("pk", "promised_days", "promised_clock__extensions")
    return {pk: lines[pk][2] if pk in lines else days + (longer or 0) for pk, days, longer in cases}


def _lines(bulletin: Bulletin) -> dict[int, list[int]]:
    """Return what was frozen of each decided case: used, limit, whether late."""
    if not bulletin.is_stored:
        return {}
    return _frozen_lines.of((bulletin.pk, bulletin.snapshot_hash), lambda: _read_lines(bulletin))


def _read_lines(bulletin: Bulletin) -> dict[int, list[int]]:
    rows = BulletinLines.objects.filter(bulletin=bulletin).values_list("rows", flat=True).first() or []
    return {row[0]: row for row in rows}


# The kinds of things --------------------------------------------------------------------------------------------------


def _items(kind: str, ids: list[int], user: User, bulletin: Bulletin, lines: Mapping[int, list[int]]) -> list[Item]:
    found = _cases(ids, bulletin, lines) if kind == "case" else KINDS[kind](ids, user)
    rows = [found[pk] for pk in ids if pk in found]
    keys = {item.project.pk for item in rows if item.project}
    seen = set(Project.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True))
    return [item if item.project and item.project.pk in seen else _hidden(item) for item in rows]


def _hidden(item: Item) -> Item:
    return Item(
        item.number,
        item.name,
        item.project,
        item.body,
        item.state,
        item.tone,
        item.since,
        item.until,
        item.used,
        item.limit,
        item.is_late,
        "",
        is_open_to=False,
    )


def _cases(ids: list[int], bulletin: Bulletin, lines: Mapping[int, list[int]]) -> dict[int, Item]:
    cases = MatterCase.objects.select_related(
        "matter__matter", "lead", "project__owner", "project__centre", "promised_clock", "application"
    ).in_bulk(ids)
    waiting = case_waiting([case for case in cases.values() if case.state in CASE_OPEN])
    slips = slips_of_cases(cases)
    found = {}
    for pk, case in cases.items():
        line = lines.get(pk)
        used, limit, late = (
            (line[1], line[2], bool(line[3]))
            if line
            else (case.used_days, case.promised_days + _longer(case), _was_late(case, bulletin))
        )
        found[pk] = Item(
            case.number,
            case.matter.name,
            case.project,
            case.lead.label,
            case.get_state_display(),
            CASE_TONES.get(case.state, ""),
            case.accepted_at,
            case.decided_at,
            used,
            limit,
            late,
            reverse("packages:case", args=[pk]),
            waiting=waiting.get(pk),
            slip=slips.get(pk),
        )
    return found


def _longer(case: MatterCase) -> int:
    """Return the working days by which the promise was extended."""
    return case.promised_clock.extensions if case.promised_clock else 0


def _was_late(case: MatterCase, bulletin: Bulletin) -> bool:
    """Return whether the case was beyond its promise at the end of the period, as the figures count it."""
    if case.decided_at is not None and case.decided_at < bulletin.period_end:
        return case.is_overdue
    first = case.promised_clock.first_overdue_at if case.promised_clock else None
    return first is not None and first < bulletin.period_end
