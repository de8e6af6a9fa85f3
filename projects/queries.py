"""Page-sized reads of the kernel: the project list, its export, events, and why a clock says what it says."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count, Max, Prefetch, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.template.loader import get_template

from projects import timing
from projects.access import access_of
from projects.chain import (
    GROUPS,
    group_of,
)
from projects.clock_states import Light
from projects.codes import normalise_project_code
from projects.exports import Cell, Column, Table, cut_words
from projects.kinds import is_among, rows_for
from projects.memo import NEWEST_EVENT, Counters, Memo, asker, rows_of
from projects.models import Event, Organisation, Project, Region
from projects.models.time import CalendarVersion, Clock, ClockExtension, ClockPause
from projects.narrowing import condition_of
from projects.paging import KeyPage, key_page
from projects.states import OrganisationKind, Stage
from projects.waiting import Waiting, waiting_for

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

SORTS = ("-id", "id", "code", "-code", "name", "-name")
EXPORT_CHUNK = 500
#: A stored file may be this long; a spreadsheet opens no more anyway.
EXPORT_MOST = 50_000
EXPORT_COLUMNS = (
    Column("项目代码", 26), Column("项目名称", 36), Column("建设单位", 28), Column("投资类型", 12),
    Column("总投资（万元）", 14), Column("区划", 10), Column("阶段", 10), Column("状态", 10), Column("登记日期", 12),
    Column("在等谁", 24), Column("在等什么", 36),
)


def sees(user: User | AnonymousUser, project_id: int) -> bool:
    """Return whether somebody may know of a project: `visible_to` for one project, its plan kept per kind of person."""
    if not user.is_authenticated:
        return False
    return is_among(user, "sees", lambda who, pk: Project.objects.visible_to(who).filter(pk=pk), project_id)


@dataclass(frozen=True, slots=True)
class ProjectFilter:
    """What the project list is narrowed to."""

    text: str = ""
    stage: str = ""
    status: str = ""
    investment: str = ""
    region: str = ""
    more: tuple[tuple[str, str], ...] = ()
    """Filters of the apps above (`projects.narrowing`) that are chosen: name and value."""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is narrowed."""
        return not (self.text or self.stage or self.status or self.investment or self.region or self.more)


def find_projects(projects: QuerySet[Project], text: str) -> QuerySet[Project]:
    """Narrow projects to a text: start of a code, its last six digits, part of the name, the address or the owner."""
    text = text.strip()
    if not text:
        return projects
    code = normalise_project_code(text)
    if code[:1].isdigit() or code.startswith("L1"):
        reach = Q(code__startswith=code) | Q(local_code__startswith=code) | Q(name__icontains=text)
        if re.fullmatch(r"\d{6}", text):  # on the telephone people read out the end
            reach |= Q(code__endswith=f"-{text}")
        return projects.filter(reach)
    owners = Organisation.objects.filter(name__icontains=text)
    return projects.filter(Q(name__icontains=text) | Q(address__icontains=text) | Q(owner__in=owners))


def narrowed(user: User | AnonymousUser, wanted: ProjectFilter, *, gathered: bool = False) -> QuerySet[Project]:
    """Return the visible projects that the filter leaves, the stage left out (its counters need the rest).

    `gathered`: for who counts them all (`visible_to`).
    """
    projects = find_projects(Project.objects.visible_to(user, gathered=gathered), wanted.text)
    for name, value in (("status", wanted.status), ("investment", wanted.investment), ("region", wanted.region)):
        if value:
            projects = projects.filter(**{name: value})
    for name, value in wanted.more:
        projects = projects.filter(condition_of(name, value))
    return projects


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """What a line of the project list is rendered from."""

    project: Project
    waiting: list[Waiting]

    @property
    def first(self) -> Waiting | None:
        """Return what the project waits for first."""
        return self.waiting[0] if self.waiting else None

    @property
    def who(self) -> str:
        """Return on whom it waits; the owner's name stands in the line already."""
        first = self.first
        if first is None:
            return ""
        return first.role if first.person == self.project.owner.name else first.who

    @property
    def due(self) -> str:
        """Return when what it waits for is due: 11月24日到期, or that it was."""
        first = self.first
        if first is None or first.due_on is None:
            return ""
        past = "已于" if first.light == Light.RED else ""
        return f"{past}{first.due_on.month}月{first.due_on.day}日到期"


class Line(NamedTuple):
    """One line of the project list as it stands in the page."""

    pk: int
    html: str


LineKey = tuple[int, str, dt.date]
#: A line stays as it is while nothing happens in its project and the day is the same.
_lines: Memo[Line] = Memo(most=5000, seconds=60)
_counters: Counters[dict[str, int]] = Counters()
_regions: Memo[list[Region]] = Memo(most=1000, seconds=60)
#: Not what they hold: the questions, put together once.
_of_cities: Memo[QuerySet[Region]] = Memo(most=100, seconds=600)


@dataclass(frozen=True, slots=True)
class ProjectList:
    """The project list: rows, keys for paging, and how many stand in each stage."""

    rows: list[Line]
    before: int | None
    after: int | None
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """Return how many projects the filter leaves in all stages."""
        return sum(self.counts.values())


def project_list(
    user: User, wanted: ProjectFilter, *, sort: str = "-id", size: int = 20, after: int | None = None,
    before: int | None = None,
) -> ProjectList:
    """Return one page of the projects that a person may see. The number of queries does not depend on `size`."""
    sort = sort if sort in SORTS else "-id"
    who, today = asker(user), timing.today()
    others = replace(wanted, stage="")
    counts = _counters.for_user(
        user, (who, others), lambda: _by_stage(narrowed(user, wanted, gathered=others.is_empty))
    )
    if after is None and before is None:
        page = _first_page(user, wanted, sort=sort, size=size)
    else:
        found: KeyPage[Project] = key_page(
            _in_stage(user, wanted).only("pk", "event_hash"), sort=sort, size=size, after=after, before=before
        )
        page = KeyPage([(row.pk, row.event_hash) for row in found.rows], found.before, found.after)
    rows = _lines.all_of([(pk, head, today) for pk, head in page.rows], _render)
    return ProjectList(rows, page.before, page.after, counts)


def _in_stage(user: User, wanted: ProjectFilter) -> QuerySet[Project]:
    base = narrowed(user, wanted)
    return base.filter(stage=wanted.stage) if wanted.stage else base


def _first_page(user: User, wanted: ProjectFilter, *, sort: str, size: int) -> KeyPage[tuple[int, str]]:
    """The page that everybody opens first; its query is built once per kind of person and day."""
    order = (sort,) if sort in {"id", "-id"} else (sort, "-pk" if sort.startswith("-") else "pk")
    found = rows_for(
        user, ("projects", wanted, sort, size),
        lambda who: _in_stage(who, wanted).order_by(*order).values_list("pk", "event_hash")[: size + 1],
    )
    rows = [(int(pk), str(head)) for pk, head in found]
    return KeyPage(rows[:size], None, rows[size - 1][0] if len(rows) > size else None)


def _by_stage(projects: QuerySet[Project]) -> tuple[int, dict[str, int]]:
    """Return the newest event, and how many projects stand in each stage. One query."""
    counts: dict[str, int] = dict.fromkeys(Stage.values, 0)
    newest = RawSQL(f"({NEWEST_EVENT})", ())  # noqa: S611 - a constant
    rows = list(projects.order_by().values("stage").annotate(number=Count("pk"), newest=Max(newest)))
    return max((row["newest"] or 0 for row in rows), default=0), counts | {row["stage"]: row["number"] for row in rows}


def _render(keys: Sequence[LineKey]) -> dict[LineKey, Line]:
    """Read and render the lines of these projects. A fixed number of queries."""
    by_pk = {key[0]: key for key in keys}
    projects = list(Project.objects.filter(pk__in=list(by_pk)).select_related("owner", "centre", "region"))
    waits, template = waiting_for(projects), get_template("projects/_list_row.html")
    return {
        by_pk[project.pk]: Line(project.pk, template.render({"row": ProjectRow(project, waits[project.pk])}))
        for project in projects
    }


def regions_of(user: User) -> list[Region]:
    """Return the regions to choose from: of those who see whole regions, the ones that have a project."""
    if not access_of(user).region_prefixes:
        return []
    regions = Region.objects.order_by("code")
    return _regions.of(asker(user), lambda: list(regions.filter(pk__in=_region_keys(user))))


def _region_keys(user: User) -> Any:
    return Region.objects.filter(code__in=Project.objects.visible_to(user).values("region")).values("pk")


def regions_to_register(user: User) -> QuerySet[Region]:
    """Return the regions, themselves without parts, in which a person may register a project.

    They lie in the cities of the portal's centres and of
    the bodies of the office that the person works for; every one that is known where none of these has a region.
    """
    mine = tuple(body.region_id for body in access_of(user).organisations if body.region_id and not body.uscc)
    cities = {code[:4] for (code,) in rows_of(("regions known to", mine), lambda: _known_regions(mine))}
    return _of_cities.of(tuple(sorted(cities)), lambda: _regions_in(cities)).all()


def _regions_in(cities: Collection[str]) -> QuerySet[Region]:
    here = Q()
    for city in sorted(cities):
        here |= Q(code__startswith=city)
    return Region.objects.filter(here, ~Q(pk__in=Region.objects.exclude(parent=None).values("parent"))).order_by("code")


def _known_regions(mine: Sequence[int]) -> QuerySet[Region, tuple[str]]:
    centres = Organisation.objects.filter(kind__in=[OrganisationKind.BUREAU, OrganisationKind.CENTRE])
    return Region.objects.filter(Q(pk__in=mine) | Q(pk__in=centres.values("region"))).values_list("code")


def export_table(user: User, wanted: ProjectFilter, *, sort: str = "-id") -> Table:
    """Return the list as it is filtered, in its order, as a file."""
    now = timing.now().astimezone(timing.BUSINESS_ZONE)
    facts = (
        ("清单", "项目清单"), ("导出人", str(user)), ("导出时间", f"{now:%Y-%m-%d %H:%M}"),
        ("最多", f"{EXPORT_MOST:,} 行"),
    )
    return Table("项目清单", EXPORT_COLUMNS, _export_rows(user, wanted, sort), facts)


def _export_rows(user: User, wanted: ProjectFilter, sort: str) -> Iterator[Sequence[Cell]]:
    projects = narrowed(user, wanted)
    if wanted.stage:
        projects = projects.filter(stage=wanted.stage)
    projects = projects.select_related("owner", "centre", "region")
    after, given = None, 0
    while given < EXPORT_MOST:
        page: KeyPage[Project] = key_page(
            projects, sort=sort if sort in SORTS else "-id", size=EXPORT_CHUNK, after=after
        )
        waits = waiting_for(page.rows)
        for project in page.rows:
            yield _export_row(project, waits[project.pk])
        given, after = given + len(page.rows), page.after
        if after is None:
            return
    yield [cut_words(EXPORT_MOST)]


def _export_row(project: Project, waits: list[Waiting]) -> Sequence[Cell]:
    first = waits[0] if waits else None
    return [
        project.code, project.name, project.owner.name, project.get_investment_display(),
        project.total_investment, project.region.name, project.get_stage_display(), project.get_status_display(),
        timing.business_day(project.registered_at), first.who if first else "", first.what if first else "",
    ]


# Events -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What the events page is narrowed to: group of kinds, person, days."""

    group: str = ""
    person: str = ""
    first: dt.date | None = None
    last: dt.date | None = None
    late: bool = False


def event_groups(project: Project) -> list[tuple[str, str]]:
    """Return the groups that occur in the project's events, as pairs for a choice."""
    kinds = Event.objects.filter(project=project).order_by().values_list("kind", flat=True).distinct()
    words = sorted({group_of(kind) for kind in kinds})
    return [(word, word) for word in words]


def events_of(project: Project, wanted: EventFilter) -> QuerySet[Event]:
    """Return the project's events that the filter leaves."""
    events = Event.objects.filter(project=project)
    if wanted.group:
        heads = [head for head, word in GROUPS.items() if word == wanted.group]
        known = Q()
        for head in heads or GROUPS:
            known |= Q(kind__startswith=f"{head}.")
        events = events.filter(known if heads else ~known)
    if wanted.late:
        events = events.filter(late_days__gt=1)
    if wanted.person:
        events = events.filter(actor_name__icontains=wanted.person)
    if wanted.first:
        events = events.filter(happened_at__gte=timing.start_of_day(wanted.first))
    if wanted.last:
        events = events.filter(happened_at__lte=timing.end_of_day(wanted.last))
    return events


def event_page(
    project: Project, wanted: EventFilter, *, size: int, after: int | None, before: int | None
) -> KeyPage[Event]:
    """Return one page of events, the newest first."""
    return key_page(events_of(project, wanted), sort="-pk", size=size, after=after, before=before)


def event_export(project: Project, wanted: EventFilter) -> Iterator[list[str]]:
    """Yield head and lines of the events as they are filtered, oldest first."""
    yield [
        "序号", "发生时间", "记录时间", "补录晚几个工作日", "类别", "事件", "对象", "摘要", "经手人", "单位", "代表",
        "办件状态", "哈希",
    ]
    for event in events_of(project, wanted).order_by("pk").iterator(chunk_size=EXPORT_CHUNK):
        yield [
            str(event.seq), _stamp(event.happened_at), _stamp(event.recorded_at),
            str(event.late_days) if event.late_days > 1 else "", group_of(event.kind), event.kind,
            event.subject_label, event.summary, event.actor_name, event.actor_organisation, event.on_behalf_of,
            "" if event.status_code is None else str(event.status_code), event.hash,
        ]


def _stamp(moment: dt.datetime) -> str:
    return f"{moment.astimezone(timing.BUSINESS_ZONE):%Y-%m-%d %H:%M:%S}"


# Clocks ------------------------------------------------------------------------------------------------------------


def clocks_visible_to(user: User | AnonymousUser) -> QuerySet[Clock]:
    """Return the clocks of visible projects, ready to be explained."""
    clocks = Clock.objects.filter(project__in=Project.objects.visible_to(user)).select_related("project")
    return clocks.prefetch_related(
        Prefetch("pauses", ClockPause.objects.select_related("approver")), "segments",
        Prefetch("extended_by", ClockExtension.objects.select_related("approver")),
    )


def calendar_of(clock: Clock) -> CalendarVersion | None:
    """Return the version of the calendar that a clock's kept days stand on."""
    return CalendarVersion.objects.filter(pk=clock.calendar_version).first()


def late_count(project: Project) -> int:
    """Return how many events of a project were keyed in later than one working day."""
    return Event.objects.filter(project=project, late_days__gt=1).count()


# Back-entries ------------------------------------------------------------------------------------------------------


def back_entries(user: User | AnonymousUser) -> QuerySet[Event]:
    """Return what was keyed in later than one working day after it happened, in the projects that the person sees."""
    visible = Project.objects.visible_to(user)
    return Event.objects.filter(late_days__gt=1, project__in=visible).select_related("project")


def back_entry_count(user: User | AnonymousUser) -> int:
    """Return how many there are."""
    return back_entries(user).order_by().count()
