"""The work list: counters that are filters, one page cut by key, and the same list as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.db.models import CharField
from django.urls import reverse

from archives.models import Paper
from packages import queries
from packages.models import Application, MatterCase, PackageVersion
from packages.queries import WorkRow
from packages.states import TONES, CaseState
from packages.waiting import CASE_LABEL
from projects import timing
from projects.models import IssueItem, Organisation, User
from projects.states import ISSUE_WITH_OWNER, IssueKind

SIZES = (20, 50, 100)
MOST_IN_FILE = 5000
NO_DATE = "-"
TABS: tuple[tuple[str, str], ...] = (
    ("mine", "我的待办"), ("today", "今日到期"), ("late", "已超时"), ("received", "待受理"), ("correcting", "待补正"),
    ("in_review", "部门办理中"), ("owner", "待企业"), ("all", "全部"),
)
CSV_HEAD = ("项目代码", "项目", "建设单位", "事项", "牵头部门", "办件编号", "状态", "时限", "到期", "在等谁")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list as the template shows it."""

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

    rows: tuple[Row, ...]
    tabs: tuple[dict[str, object], ...]
    tab: str
    count: int
    size: int
    before: str | None
    after: str | None
    packages: tuple[PackageVersion, ...]
    departments: tuple[Organisation, ...]

    @property
    def label(self) -> str:
        """Word of the tab."""
        return dict(TABS)[self.tab]


def desk_page(user: User, query: Mapping[str, str]) -> DeskPage:
    """The page of the work list that the address asks for. A fixed number of queries."""
    tab = query.get("tab", "") if query.get("tab") in dict(TABS) else "mine"
    base = filtered(user, query)
    counts = base.aggregate(**{name: Count("pk", filter=_tab(name)) for name, _ in TABS if name != "mine"})
    counts["mine"] = _mine(user, query).count()
    cases = _mine(user, query) if tab == "mine" else base.filter(_tab(tab))
    size = int(query.get("size", "20")) if query.get("size", "20") in {str(size) for size in SIZES} else SIZES[0]
    found, before, after = _cut(cases, size, query.get("before"), query.get("after"))
    rows = tuple(_row(work) for work in queries.work_rows(found))
    versions = PackageVersion.objects.published().select_related("package").order_by("package__order")
    return DeskPage(
        rows, tuple(_tabs(query, tab, counts)), tab, counts[tab], size, before, after, tuple(versions),
        tuple(departments()),
    )


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


def _mine(user: User, query: Mapping[str, str]) -> QuerySet[MatterCase]:
    """What waits at the user; the ids first, so that the list itself has no joins that double rows."""
    mine = queries.work_list(user, {"mine": "1"}).order_by().values("pk")
    return filtered(user, query).filter(pk__in=mine)


def _of_paper(number: str) -> Q:
    """The cases that a paper with this number was made for."""
    papers = list(Paper.objects.filter(number=number).values_list("subject_type", "subject_key"))
    cases = [int(key) for label, key in papers if label == CASE_LABEL]
    applications = [int(key) for label, key in papers if label == Application._meta.label]
    return Q(pk__in=cases) | Q(application_id__in=applications)


def _tab(name: str) -> Q:
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
        "owner": Q(Exists(owed), state=CaseState.CORRECTING),
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


def _key(case: MatterCase) -> str:
    return f"{case.due_on or NO_DATE}.{case.pk}"


def _read_key(text: str | None) -> tuple[dt.date | None, int] | None:
    """The key of an address, or None when it is not one."""
    day, _, pk = (text or "").partition(".")
    if not pk.isdigit():
        return None
    if day == NO_DATE:
        return None, int(pk)
    try:
        return dt.date.fromisoformat(day), int(pk)
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


def _cut(
    cases: QuerySet[MatterCase], size: int, before: str | None, after: str | None
) -> tuple[list[MatterCase], str | None, str | None]:
    """One page, and the keys of the pages around it."""
    back, forth = _read_key(before), _read_key(after)
    if back is not None:
        found = list(cases.filter(_ahead(back)).reverse()[: size + 1])
        more, found = len(found) > size, found[:size][::-1]
        return found, _key(found[0]) if more else None, _key(found[-1]) if found else None
    if forth is not None:
        cases = cases.filter(_beyond(forth))
    found = list(cases[: size + 1])
    more, found = len(found) > size, found[:size]
    return found, _key(found[0]) if forth is not None and found else None, _key(found[-1]) if more else None


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
    cases = _mine(user, query) if tab == "mine" else filtered(user, query).filter(_tab(tab))
    for work in queries.work_rows(list(cases[:MOST_IN_FILE])):
        case = work.case
        yield [
            case.project.code, case.project.name, str(case.project.owner), case.matter.name, case.lead.name, case.number,
            case.get_state_display(), work.reading.words, f"{case.due_on or ''}",
            work.waiting.sentence if work.waiting else "",
        ]
