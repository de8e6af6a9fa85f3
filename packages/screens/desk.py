"""The work list: counters that are filters, one page cut by key, and the same list as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.template.loader import get_template
from django.urls import reverse

from archives.models import Paper
from packages import queries
from packages.choices import MatterStage
from packages.models import Application, MatterCase, PackageVersion, ReviewTask
from packages.queries import WorkRow
from packages.states import TASK_OPEN, TONES, CaseState
from packages.waiting import CASE_LABEL
from projects import timing
from projects.access import access_of
from projects.memo import Counters, Memo, asker, rows_of
from projects.models import IssueItem, Organisation, User
from projects.paging import as_key
from projects.states import ISSUE_WITH_OWNER, IssueKind, Role

SIZES = (20, 50, 100)
FIELDS = ("q", "stage", "package", "lead")
MOST_IN_FILE = 5000
NO_DATE = "-"
TABS: tuple[tuple[str, str], ...] = (
    ("mine", "我的待办"), ("today", "今日到期"), ("late", "已超时"), ("received", "待受理"), ("correcting", "待补正"),
    ("in_review", "部门办理中"), ("owner", "待企业"), ("all", "全部"),
)
CSV_HEAD = ("项目代码", "项目", "建设单位", "事项", "牵头部门", "办件编号", "状态", "时限", "到期", "在等谁")
#: A line stays as it is while nothing happens in its project and the day is the same.
_lines: Memo[Line] = Memo(most=5000, seconds=60)
_counters: Counters[dict[str, int]] = Counters()
#: The fields above the list, by what is chosen in them.
_tools: Memo[str] = Memo(most=200, seconds=20)


class Line(NamedTuple):
    """One line of the list as it stands in the page."""

    pk: int
    html: str


@dataclass(frozen=True, slots=True)
class Row:
    """What a line is rendered from."""

    work: WorkRow
    step: str
    url: str

    @property
    def case(self) -> MatterCase:
        """The case."""
        return self.work.case

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES[self.case.state]

    @property
    def waits(self) -> str:
        """What is waited for; the matter stands in its own column."""
        waiting = self.work.waiting
        if waiting is None:
            return ""
        what = waiting.what.replace(f"“{self.case.matter.name}”的", "").replace(f"“{self.case.matter.name}”", "")
        told = f"{waiting.verb}{what}"
        if waiting.since:
            told += f"，自 {waiting.since:%m-%d}，已 {waiting.days} / 限 {waiting.limit}"
        return f"{told}；{waiting.auto}" if waiting.auto else told


@dataclass(frozen=True, slots=True)
class DeskPage:
    """One page of the work list."""

    rows: tuple[Line, ...]
    tabs: tuple[dict[str, object], ...]
    tab: str
    count: int
    size: int
    before: str | None
    after: str | None
    tools: str

    @property
    def label(self) -> str:
        """Word of the tab."""
        return dict(TABS)[self.tab]


def desk_page(user: User, query: Mapping[str, str]) -> DeskPage:
    """The page of the work list that the address asks for. A fixed number of queries."""
    tab = query.get("tab", "") if query.get("tab") in dict(TABS) else "mine"
    counts = _counts(user, query)
    size = int(query.get("size", "20")) if query.get("size", "20") in {str(size) for size in SIZES} else SIZES[0]
    found, before, after = _cut(user, query, tab, size)
    today = timing.today()
    rows = _lines.all_of([(line.pk, line.head, today) for line in found], _render)
    chosen = {name: query.get(name, "") for name in FIELDS}
    tools = _tools.of((tab, size, *chosen.values()), lambda: _render_tools(tab, size, chosen))
    return DeskPage(tuple(rows), tuple(_tabs(query, tab, counts)), tab, counts[tab], size, before, after, tools)


def _render_tools(tab: str, size: int, chosen: Mapping[str, str]) -> str:
    versions = PackageVersion.objects.published().select_related("package").order_by("package__order")
    context = {
        "tab": tab, "chosen": size, "asked": chosen, "stages": MatterStage.choices, "sizes": SIZES,
        "packages": versions, "departments": departments(),
    }
    return get_template("packages/_desk_tools.html").render(context)


def _asked(user: User, query: Mapping[str, str]) -> tuple[Hashable, ...]:
    """Return what the list depends on, but for the tab and the page."""
    return asker(user), *(query.get(name, "") for name in FIELDS)


def _counts(user: User, query: Mapping[str, str]) -> dict[str, int]:
    """Count every tab in one query."""

    def count() -> dict[str, int]:
        return filtered(user, query).order_by().aggregate(
            **{name: Count("pk", filter=_tab(name, user, counting=True)) for name, _ in TABS}
        )

    return _counters.for_user(user, _asked(user, query), count)


def _render(keys: Sequence[tuple[int, str, dt.date]]) -> dict[tuple[int, str, dt.date], Line]:
    """Read and render the lines of these cases. A fixed number of queries."""
    by_pk = {key[0]: key for key in keys}
    related = ("matter__matter", "lead", "project__owner", "project__centre", "application")
    cases = MatterCase.objects.filter(pk__in=list(by_pk)).select_related(*related)
    template = get_template("packages/_desk_row.html")
    rows = [_row(work) for work in queries.work_rows(list(cases))]
    return {
        by_pk[row.case.pk]: Line(row.case.pk, template.render({"row": row, "case": row.case})) for row in rows
    }


def departments() -> QuerySet[Organisation]:
    """Departments that lead a matter of the catalogue."""
    return Organisation.objects.filter(led_matters__isnull=False).distinct().order_by("pk")


def filtered(user: User, query: Mapping[str, str]) -> QuerySet[MatterCase]:
    """The work list as the tools above it narrow it, without the tab."""
    text = query.get("q", "").strip()
    asked = {name: query.get(name, "") for name in ("stage", "lead")}
    if "字第" in text or "〔" in text:
        cases = queries.work_list(user, asked).filter(_of_paper(text))
    else:
        cases = queries.work_list(user, {**asked, "q": text})
    if query.get("package"):
        cases = cases.filter(project__enrolment__package_version__package__code=query["package"])
    return cases


def _mine(user: User, *, counting: bool) -> Q:
    """What waits at the user: cases to accept at the own window, tasks of the own department, decisions of a chief.

    For a page each case is asked about its own tasks (two bounds, see `Project.visible_to`), for counting all are read.
    """
    access = access_of(user)
    own: dict[str, Any] = {"session__case__gte": OuterRef("pk"), "session__case__lte": OuterRef("pk")}
    asked = ReviewTask.objects.filter(state__in=TASK_OPEN, organisation_id__in=access.organisation_ids)
    asked = asked.filter(session__case=OuterRef("pk")) if counting else asked.filter(**own)
    reach = Q()
    if access.has(Role.CLERK):
        reach |= Q(state=CaseState.RECEIVED, project__centre_id__in=access.by_role[Role.CLERK])
    if access.has(Role.CHIEF):
        reach |= Q(state=CaseState.IN_REVIEW, lead_id__in=access.by_role[Role.CHIEF])
    return reach | Q(Exists(asked))


def _of_paper(number: str) -> Q:
    """The cases that a paper with this number was made for."""
    papers = list(Paper.objects.filter(number=number).values_list("subject_type", "subject_key"))
    cases = [int(key) for label, key in papers if label == CASE_LABEL]
    applications = [int(key) for label, key in papers if label == Application._meta.label]
    return Q(pk__in=cases) | Q(application_id__in=applications)


def _tab(name: str, user: User, *, counting: bool = False) -> Q:
    if name == "mine":
        return _mine(user, counting=counting)
    today = timing.today()
    owed = IssueItem.objects.filter(
        subject_type=CASE_LABEL, subject_key=Cast(OuterRef("pk"), CharField()), kind=IssueKind.CORRECTION,
        state__in=ISSUE_WITH_OWNER,
    )
    return {
        "today": Q(due_on=today),
        "late": Q(due_on__lt=today),
        "received": Q(state=CaseState.RECEIVED),
        "correcting": Q(state=CaseState.CORRECTING),
        "in_review": Q(state__in=[CaseState.ACCEPTED, CaseState.IN_REVIEW]),
        "owner": Q(state=CaseState.CORRECTING) & Q(Exists(owed)),  # the state first: few are asked what is owed
        "all": Q(pk__isnull=False),
    }[name]


def _tabs(query: Mapping[str, str], tab: str, counts: Mapping[str, int]) -> Iterator[dict[str, object]]:
    kept = {name: query[name] for name in ("q", "stage", "package", "lead", "size") if query.get(name)}
    for name, label in TABS:
        yield {
            "label": label, "count": counts[name], "url": "?" + urlencode({"tab": name, **kept}),
            "current": name == tab, "bad": name == "late",
        }


# Pages cut by key: (due date, id), cases without a running clock last


class Found(NamedTuple):
    """A case on the page: its place in the order, and the head of its project's chain of events."""

    pk: int
    due_on: dt.date | str | None
    head: str


def _key(case: Found) -> str:
    return f"{case.due_on or NO_DATE}.{case.pk}"


def _read(cases: QuerySet[MatterCase], most: int) -> QuerySet[MatterCase, tuple[Any, ...]]:
    """The first cases of an ordered list, without their rows."""
    return cases.values_list("pk", "due_on", "project__event_hash")[:most]


def _read_key(text: str | None) -> tuple[dt.date | None, int] | None:
    """The key of an address, or None when it is not one."""
    day, _, pk = (text or "").partition(".")
    key = as_key(pk)
    if key is None:
        return None
    if day == NO_DATE:
        return None, key
    try:
        return dt.date.fromisoformat(day), key
    except ValueError:
        return None


def _beyond(key: tuple[dt.date | None, int]) -> Q:
    """What comes after this key."""
    day, pk = key
    if day is None:
        return Q(due_on=None, pk__gt=pk)
    return Q(due_on__gt=day) | Q(due_on=day, pk__gt=pk) | Q(due_on=None)


def _ahead(key: tuple[dt.date | None, int]) -> Q:
    """What comes before this key."""
    day, pk = key
    if day is None:
        return Q(due_on__isnull=False) | Q(due_on=None, pk__lt=pk)
    return Q(due_on__lt=day) | Q(due_on=day, pk__lt=pk)


def _cut(user: User, query: Mapping[str, str], tab: str, size: int) -> tuple[list[Found], str | None, str | None]:
    """One page, and the keys of the pages around it. Its query is built once per person, address and day."""
    before, after = query.get("before"), query.get("after")
    back, forth = _read_key(before), _read_key(after)

    def cases() -> QuerySet[MatterCase, tuple[Any, ...]]:
        found = filtered(user, query).filter(_tab(tab, user))
        if back is not None:
            found = found.filter(_ahead(back)).reverse()
        elif forth is not None:
            found = found.filter(_beyond(forth))
        return _read(found, size + 1)

    rows = [Found(*row) for row in rows_of(("desk", _asked(user, query), tab, size, back, forth), cases)]
    more, rows = len(rows) > size, rows[:size]
    if back is not None:
        rows.reverse()
        return rows, _key(rows[0]) if more else None, _key(rows[-1]) if rows else None
    return rows, _key(rows[0]) if forth is not None and rows else None, _key(rows[-1]) if more else None


def _row(work: WorkRow) -> Row:
    case = work.case
    steps = {CaseState.RECEIVED: "受理", CaseState.CORRECTING: "补正"}
    step = steps.get(CaseState(case.state))
    if step and case.application_id:
        return Row(work, step, reverse("packages:application", args=[case.application_id]))
    return Row(work, "查看", reverse("packages:case", args=[case.pk]))


def csv_lines(user: User, query: Mapping[str, str]) -> Iterator[list[str]]:
    """The list as it is filtered, as lines of a file."""
    yield list(CSV_HEAD)
    tab = query.get("tab", "") if query.get("tab") in dict(TABS) else "mine"
    cases = filtered(user, query).filter(_tab(tab, user))
    for work in queries.work_rows(list(cases[:MOST_IN_FILE])):
        case = work.case
        yield [
            case.project.code, case.project.name, str(case.project.owner), case.matter.name, case.lead.name,
            case.number, case.get_state_display(), work.reading.words, f"{case.due_on or ''}",
            work.waiting.sentence if work.waiting else "",
        ]
