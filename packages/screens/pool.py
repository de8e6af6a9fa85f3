"""The pool as a list and as a board of maturity and grade; the list of gaps; both as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from packages.appraisal_states import (
    GAP_WORDS,
    MATURITY_ORDER,
    POOL_LEFT,
    POOL_SHOWN,
    TONES,
    Grade,
    Maturity,
    PoolState,
)
from packages.models import Gap, PoolEntry
from packages.screens.appraisal import EntryTones, GapRow, gap_rows
from projects.access import access_of
from projects.exports import Column, Table
from projects.paging import KeyPage, as_key, key_page
from projects.queries import find_projects
from projects.states import ISSUE_OPEN, IssueState
from projects.waiting import waiting_for

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import User
    from projects.waiting import Waiting

PAGE, NAMES, MOST = 20, 4, 5000
GRADES = [*Grade.values, ""]
POOL_COLUMNS = (
    "项目代码", "项目", "建设单位", "状态", "成熟度", "轻重缓急", "宗地", "提出单位", "目标开工", "最近研判",
    "最迟复评", "沉睡自",
)
GAP_COLUMNS = (
    "项目", "要素", "缺什么", "依据", "补齐动作", "牵头部门", "配合部门", "责任人", "承诺完成日", "状态", "补齐情况",
)
WIDE = ("项目代码", "项目", "建设单位", "缺什么", "依据", "补齐动作")
TABS: tuple[tuple[str, str, Q], ...] = (
    ("live", "在库", Q(state__in=list(POOL_SHOWN))),
    ("entered", "待认定重复", Q(state=PoolState.ENTERED)),
    ("waiting", "待研判", Q(state=PoolState.WAITING)),
    ("appraising", "研判中", Q(state=PoolState.APPRAISING)),
    ("ready", "成熟", Q(state=PoolState.APPRAISED, maturity=Maturity.READY)),
    ("asleep", "沉睡", Q(asleep_on__isnull=False, state__in=list(POOL_SHOWN))),
    ("left", "退库、已合并", Q(state__in=list(POOL_LEFT))),
)
GAP_TABS: tuple[tuple[str, str, Q], ...] = (
    ("open", "未补齐", Q(issue__state__in=list(ISSUE_OPEN))),
    ("unclaimed", "待认领", Q(issue__state=IssueState.OPEN)),
    ("submitted", "待核", Q(issue__state=IssueState.SUBMITTED)),
    ("closed", "已办结", Q(issue__state__in=[IssueState.VERIFIED, IssueState.WAIVED])),
)


@dataclass(frozen=True, slots=True)
class Tab:
    """One counter that narrows a list."""

    label: str
    count: int
    url: str
    current: bool
    bad: bool = False


@dataclass(frozen=True, slots=True)
class PoolRow(EntryTones):
    """One project of the pool and on whom it waits."""

    entry: PoolEntry
    waiting: Waiting | None


@dataclass(frozen=True, slots=True)
class PoolPage:
    """The list."""

    rows: tuple[PoolRow, ...]
    page: KeyPage[PoolEntry]
    tabs: tuple[Tab, ...]
    asked: dict[str, str]
    narrowed: bool


def _asked(given: Mapping[str, str]) -> dict[str, str]:
    tab = given.get("tab", "")
    return {
        "tab": tab if tab in {name for name, _, _ in TABS} else "live", "q": given.get("q", "").strip()[:80],
        "maturity": given.get("maturity", "") if given.get("maturity") in Maturity.values else "",
        "grade": given.get("grade", "") if given.get("grade") in (*Grade.values, "none") else "",
    }


def _narrowed(user: User, asked: Mapping[str, str]) -> QuerySet[PoolEntry]:
    from projects.models import Project

    found = PoolEntry.objects.visible_to(user)
    if asked["q"]:
        found = found.filter(
            Q(project__in=find_projects(Project.objects.order_by(), asked["q"]).values("pk"))
            | Q(parcel__icontains=asked["q"])
        )
    if asked["maturity"]:
        found = found.filter(maturity=asked["maturity"])
    if asked["grade"]:
        found = found.filter(grade="" if asked["grade"] == "none" else asked["grade"])
    return found


def pool_page(user: User, given: Mapping[str, str]) -> PoolPage:
    """The list of the pool as it is narrowed; the number of queries is fixed."""
    asked = _asked(given)
    found = _narrowed(user, asked)
    counts = found.aggregate(**{name: Count("pk", filter=where) for name, _, where in TABS})
    tabs = []
    for name, label, _ in TABS:
        kept = {key: value for key, value in {**asked, "tab": name}.items() if value}
        tabs.append(Tab(
            label, counts[name], f"?{urlencode(kept)}", name == asked["tab"], bad=name == "asleep" and counts[name] > 0
        ))
    where = next(condition for name, _, condition in TABS if name == asked["tab"])
    page = key_page(
        found.filter(where).select_related("project__owner", "project__centre"), sort="-pk", size=PAGE,
        after=as_key(given.get("after")), before=as_key(given.get("before")),
    )
    waiting = waiting_for([entry.project for entry in page.rows])
    rows = tuple(PoolRow(entry, next(iter(waiting.get(entry.project_id, [])), None)) for entry in page.rows)
    return PoolPage(rows, page, tuple(tabs), asked, any(asked[key] for key in ("q", "maturity", "grade")))


def pool_table(user: User, given: Mapping[str, str]) -> Table:
    """The list as a file."""
    asked = _asked(given)
    where = next(condition for name, _, condition in TABS if name == asked["tab"])
    found = _narrowed(user, asked).filter(where).select_related("project__owner").order_by("-pk")[:MOST]

    def rows() -> Iterator[list[Any]]:
        for entry in found.iterator(chunk_size=500):
            project = entry.project
            yield [
                project.code, project.name, project.owner.name, entry.get_state_display(), entry.get_maturity_display(),
                entry.get_grade_display(), entry.parcel, entry.proposer, entry.opening_on, entry.appraised_at,
                entry.next_on, entry.asleep_on,
            ]

    return Table("项目池", [Column(name, 24 if name in WIDE else 14) for name in POOL_COLUMNS], rows())


# The board -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the board: how many projects, the newest of them by name, the list behind it, its column."""

    count: int
    entries: tuple[PoolEntry, ...]
    url: str
    label: str

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.entries)


@dataclass(frozen=True, slots=True)
class BoardPage:
    """Rows are grades, columns are maturities."""

    columns: tuple[tuple[str, str, int, str], ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...], int], ...]
    total: int


def board_page(user: User) -> BoardPage:
    """The board of maturity and grade. Two queries and one for who may see what."""
    found = PoolEntry.objects.visible_to(user).filter(state__in=list(POOL_SHOWN))
    counts = {
        (maturity, grade): number
        for maturity, grade, number in found.order_by().values_list("maturity", "grade").annotate(number=Count("pk"))
    }
    ranked = found.annotate(
        place=Window(RowNumber(), partition_by=[F("maturity"), F("grade")], order_by=F("pk").desc())
    ).filter(place__lte=NAMES)
    named: dict[tuple[str, str], list[PoolEntry]] = {}
    for entry in ranked.select_related("project").order_by("-pk"):
        named.setdefault((entry.maturity, entry.grade), []).append(entry)
    home = reverse("packages:pool")

    def cell(maturity: str, grade: str) -> Cell:
        url = f"{home}?{urlencode({'maturity': maturity, 'grade': grade or 'none'})}"
        label = str(Maturity(maturity).label)
        return Cell(counts.get((maturity, grade), 0), tuple(named.get((maturity, grade), ())), url, label)

    columns = tuple(
        (str(Maturity(one).label), TONES[one], sum(counts.get((one, grade), 0) for grade in GRADES),
         f"{home}?{urlencode({'maturity': one})}") for one in MATURITY_ORDER
    )
    rows = tuple(
        (str(Grade(grade).label) if grade else "未定级", TONES.get(grade, "none"),
         tuple(cell(maturity, grade) for maturity in MATURITY_ORDER),
         sum(counts.get((maturity, grade), 0) for maturity in MATURITY_ORDER)) for grade in GRADES
    )
    return BoardPage(columns, rows, sum(counts.values()))


# Gaps ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GapPage:
    """The list of gaps."""

    rows: tuple[GapRow, ...]
    page: KeyPage[Gap]
    tabs: tuple[Tab, ...]
    tab: str
    is_mine: bool


def _gaps_of(user: User, *, everywhere: bool) -> tuple[QuerySet[Gap], bool]:
    """The gaps of visible projects; for a department first those that it leads."""
    from projects.models import Project

    found = Gap.objects.filter(issue__project__in=Project.objects.visible_to(user))
    if not access_of(user).is_office:
        found = Gap.objects.none()
    mine = found.filter(issue__debtor_organisation__in=access_of(user).organisation_ids)
    if not everywhere and mine.exists():
        return mine, True
    return found, False


def gap_page(user: User, given: Mapping[str, str]) -> GapPage:
    """The list of gaps; the number of queries is fixed."""
    found, mine = _gaps_of(user, everywhere=given.get("all") == "1")
    tab = given.get("tab", "open")
    tab = tab if tab in {name for name, _, _ in GAP_TABS} else "open"
    counts = found.aggregate(**{name: Count("pk", filter=where) for name, _, where in GAP_TABS})
    every = "" if mine else "&all=1"
    tabs = tuple(Tab(label, counts[name], f"?tab={name}{every}", name == tab) for name, label, _ in GAP_TABS)
    where = next(condition for name, _, condition in GAP_TABS if name == tab)
    related = ("issue__debtor_organisation", "issue__clock", "issue__project__owner", "issue__project__centre",
               "appraisal")
    page = key_page(
        found.filter(where).select_related(*related).prefetch_related("issue__clock__pauses"), sort="pk", size=PAGE,
        after=as_key(given.get("after")), before=as_key(given.get("before")),
    )
    return GapPage(tuple(gap_rows(page.rows, user)), page, tabs, tab, mine)


def gap_table(user: User, given: Mapping[str, str]) -> Table:
    """The list of gaps as a file (缺口清单)."""
    found, _ = _gaps_of(user, everywhere=given.get("all") == "1")
    tab = given.get("tab", "open")
    where = next((condition for name, _, condition in GAP_TABS if name == tab), GAP_TABS[0][2])
    if (project := as_key(given.get("project"))) is not None:
        found = found.filter(issue__project=project)
    rows = found.filter(where).select_related("issue__debtor_organisation", "issue__project").order_by("pk")[:MOST]

    def cells() -> Iterator[list[Any]]:
        for gap in rows.iterator(chunk_size=500):
            issue = gap.issue
            yield [
                issue.project.name, gap.get_factor_display(), issue.what, issue.basis, issue.how_to_fix,
                issue.debtor_organisation.label, gap.helpers, gap.responsible, issue.due_on, GAP_WORDS[issue.state],
                issue.answer,
            ]

    return Table("缺口清单", [Column(name, 24 if name in WIDE else 14) for name in GAP_COLUMNS], cells())
