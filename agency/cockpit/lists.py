"""The list behind each figure of the cockpit, made of the same conditions: a figure is the length of its list.

Lists are cut by key, twenty rows a page; the same rows go into a file. Each line leads to its case and to the form of a
chase slip.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse

from agency.cockpit import figures, standing
from agency.cockpit.change import OPEN_MEANS
from agency.cockpit.figures import LATER, STEPS, TABS, month_keys, tab_condition
from agency.cockpit.lines import Line, with_slips, work_line
from agency.cockpit.reach import Reach
from agency.major_states import TONES as MAJOR_TONES
from packages.models import MatterCase
from packages.queries import work_rows
from packages.states import TONES
from packages.worklist import RELATED
from projects import timing
from projects.clock_states import ClockKind
from projects.exports import Cell, Column, Table, cut_words
from projects.memo import Memo
from projects.models import Organisation, Project, User
from projects.paging import as_key, key_page
from projects.waiting import Waiting, waiting_for

if TYPE_CHECKING:
    from agency.models import ChaseSlip, Escalation, ResourceTicket, StartCheck
    from packages.models import Forecast, ReviewTask
    from projects.living import Expiry
    from projects.models import Clock

SIZE, MOST_IN_FILE, CHUNK = 20, 5000, 200
_first: Memo[tuple[Waiting, ...]] = Memo(most=5000, seconds=60)
COLUMNS = (
    Column("内容", 34), Column("项目代码", 26), Column("项目", 34), Column("中心", 22), Column("在等谁", 22),
    Column("情况", 50), Column("状态", 12), Column("自", 12), Column("到期", 12), Column("超期工作日", 10),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A list before it is cut: its rows, the column that it is ordered by, and how rows become lines."""

    title: str
    means: str
    rows: QuerySet[Any] | Sequence[Any]
    show: Callable[[Sequence[Any]], list[Line]]
    sort: str = "pk"


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list."""

    title: str
    means: str
    count: int
    lines: list[Line]
    before: int | None
    after: int | None


Asked = Mapping[str, str]


def list_page(reach: Reach, key: str, asked: Asked) -> ListPage:
    """Return one page of the list behind a figure. Raises `Http404` for a key or a choice that is not known."""
    source = source_of(reach, key, asked)
    after, before = as_key(asked.get("after")), as_key(asked.get("before"))
    if isinstance(source.rows, QuerySet):
        cut = key_page(source.rows, sort=source.sort, size=SIZE, after=after, before=before)
        return ListPage(
            source.title, source.means, source.rows.count(), with_slips(source.show(cut.rows)), cut.before, cut.after
        )
    start = max(0, (before - 1 - SIZE) if before else (after or 0))
    part, size = source.rows[start : start + SIZE], len(source.rows)
    return ListPage(
        source.title, source.means, size, with_slips(source.show(part)), start + 1 if start else None,
        start + SIZE if start + SIZE < size else None,
    )


def list_table(reach: Reach, key: str, asked: Asked, facts: Sequence[tuple[str, str]]) -> Table:
    """Return the whole list as a file, up to `MOST_IN_FILE` rows."""
    source = source_of(reach, key, asked)
    return Table(source.title, COLUMNS, _file_rows(source), [("口径", source.means), ("范围", reach.words), *facts])


def _file_rows(source: Source) -> Iterator[Sequence[Cell]]:
    rows = source.rows
    ordered = rows.order_by(source.sort, "pk") if isinstance(rows, QuerySet) else rows
    found = list(ordered[: MOST_IN_FILE + 1])
    for first in range(0, min(len(found), MOST_IN_FILE), CHUNK):
        for line in source.show(found[first : min(first + CHUNK, MOST_IN_FILE)]):
            yield [
                line.what, line.project.code, line.project.name, line.project.centre.name, line.who, line.words,
                line.state, line.since, line.due_on, line.late or None,
            ]
    if len(found) > MOST_IN_FILE:
        yield [cut_words(MOST_IN_FILE)]


def source_of(reach: Reach, key: str, asked: Asked) -> Source:
    """Return the list behind a figure."""
    if key in standing.SOURCES:
        title, means = standing.OTHERS[key]
        rows, show, sort = _beside(reach, key)
        return Source(title, means, rows, show, sort)
    if key == "eight":
        from agency.cockpit.eight import eight_source

        return eight_source(reach, asked.get("one", ""), asked.get("part", "in"))
    if key == "change":
        from agency.cockpit.change import change_source

        return change_source(reach, asked.get("of", ""), asked.get("when", ""))
    make = _SOURCES.get(key)
    if make is None:
        raise Http404
    return make(reach, asked)


# Cases and opinions --------------------------------------------------------------------------------------------------


def _cases(reach: Reach, asked: Asked) -> Source:
    tab = _one_of(asked.get("tab") or "open", TABS)
    rows = figures.open_cases(reach).filter(tab_condition(tab))
    words = [f"{TABS[tab]}的办件"]
    if department := as_key(asked.get("dept")):
        rows = rows.filter(lead=department)
        words.insert(0, f"{_body(department).label}牵头，")
    if asked.get("window"):
        window = as_key(asked.get("window"))
        rows = rows.filter(window_by=window or None)
        if not window:
            rows = rows.filter(state="received")
        words.insert(0, f"{_person(window)}，" if window else "窗口还没有人领取，")
    if step := asked.get("step"):
        told, condition = STEPS[_one_of(step, STEPS)]
        rows = rows.filter(condition)
        words.append(f"，{told}")
    sort = "due_on" if tab in {figures.RED, figures.TODAY, figures.YELLOW} else "pk"
    means = f"{OPEN_MEANS}；到期日按承诺时限（受理前按受理时限），暂停的不计到期"
    return Source("".join(words), means, rows.select_related(*RELATED), _case_lines, sort)


def _waits(reach: Reach, asked: Asked) -> Source:
    who = asked.get("who", "")
    rows = figures.waiting_for_role(reach, who).select_related(*RELATED)
    means = f"最早到期的 {figures.MOST_RED} 件超时办件，按在等谁归类"
    return Source(f"超时办件在等{who}", means, rows, _case_lines, "due_on")


def _case_lines(cases: Sequence[MatterCase]) -> list[Line]:
    return [work_line(row) for row in work_rows(cases)]


def _tasks(reach: Reach, asked: Asked) -> Source:
    rows, title = figures.open_tasks(reach), "待答复的审查意见"
    if asked.get("tab") == "late":
        rows, title = rows.filter(due_on__lt=timing.today()), "逾期未答复的审查意见"
    if body := as_key(asked.get("body")):
        rows, title = rows.filter(organisation=body), f"{_body(body).label}，{title}"
    related = ("session__project__centre", "session__case__matter", "organisation", "handler")
    return Source(title, "联合审查推送给部门、还没有答复的意见", rows.select_related(*related), task_lines)


def task_lines(rows: Sequence[ReviewTask]) -> list[Line]:
    """Return opinions that departments owe as lines."""
    lines = []
    for row in rows:
        case = row.session.case
        lines.append(Line(
            f"{case.matter.name if case else '审查'}的审查意见",
            _case_or_project(case, row.session.project_id),
            row.session.project, f"{row.organisation.label} {row.handler or ''}".strip(),
            f"{timing.spoken(row.pushed_at)}推送，限 {row.days} 个工作日",
            row.get_state_display(), TONES[row.state], timing.business_day(row.pushed_at),
            row.due_on, row.clock_id, case.pk if case else None,
        ))
    return lines


def _case_or_project(case: MatterCase | None, project_id: int) -> str:
    return reverse("packages:case", args=[case.pk]) if case else reverse("projects:detail", args=[project_id])


def _clocks(reach: Reach, asked: Asked) -> Source:
    kind = _one_of(asked.get("kind", ""), dict(ClockKind.choices))
    rows = figures.red_clocks(reach).filter(kind=kind).select_related("project__centre")
    return Source(
        f"超期：{ClockKind(kind).label}", "到期日已过、还在走的时钟，和暂停前已经超期的时钟", rows, _clock_lines,
        "due_on",
    )


def _clock_lines(rows: Sequence[Clock]) -> list[Line]:
    return [
        Line(
            row.label or row.get_kind_display(), reverse("projects:detail", args=[row.project.pk]), row.project,
            row.get_owner_display(), f"限 {row.limit_words}，{row.get_state_display()}", since=row.started_on,
            due_on=row.due_on, clock_id=row.pk,
        )
        for row in rows if row.project is not None
    ]


# What comes and what runs out ----------------------------------------------------------------------------------------


def _openings(reach: Reach, asked: Asked) -> Source:
    month = asked.get("month", "")
    keys = month_keys()
    if month not in {*keys, LATER}:
        raise Http404
    last = dt.date.fromisoformat(f"{keys[-1]}-01")
    beyond = (last + dt.timedelta(days=32)).replace(day=1)
    rows = figures.foreseen(reach).select_related("project__centre")
    if month == LATER:
        rows, title = rows.filter(opening__gte=beyond), "预计更晚开工的项目"
    else:
        first = dt.date.fromisoformat(f"{month}-01")
        following = (first + dt.timedelta(days=32)).replace(day=1)
        rows, title = rows.filter(opening__lt=following), f"预计 {first.year}年{first.month}月 开工的项目"
        if month != keys[0]:
            rows = rows.filter(opening__gte=first)
    means = "在办项目最近一次预测的开工日（中位），过期未更新的计入本月"
    return Source(title, means, rows, _opening_lines, "opening")


def _opening_lines(rows: Sequence[Forecast]) -> list[Line]:
    waits = first_waits([row.project for row in rows])
    lines = []
    for row in rows:
        range_words = f"九成把握{timing.spoken(row.opening_early)}至{timing.spoken(row.opening_late)}" if (
            row.opening_early and row.opening_late
        ) else ""
        mover = f"，{row.mover_name}最关键，可提前 {row.mover_days} 个工作日" if row.mover_name else ""
        first = waits[row.project_id]
        lines.append(Line(
            "预计开工", reverse("packages:forecast", args=[row.project_id]), row.project, first.who if first else "",
            f"{range_words}{mover}", since=timing.business_day(row.made_at), due_on=row.opening,
        ))
    return lines


def _living(reach: Reach, asked: Asked) -> Source:
    group = asked.get("group", "")
    rows = [one for one in figures.running_out(reach) if not group or one.group == group]
    return Source(
        f"{group or '条件许可和承诺'}到期", "已过期未了结，或近期到期的许可、代证函、证照、容缺和承诺", rows,
        _living_lines,
    )


def _living_lines(rows: Sequence[Expiry]) -> list[Line]:
    projects = Project.objects.select_related("centre").in_bulk([row.project_id for row in rows])
    return [
        Line(
            row.title, row.url, projects[row.project_id], row.who, row.detail, row.state, row.tone, due_on=row.due_on
        )
        for row in rows
    ]


# What stands beside --------------------------------------------------------------------------------------------------

Beside = tuple[QuerySet[Any], Callable[[Sequence[Any]], list[Line]], str]


def _beside(reach: Reach, key: str) -> Beside:
    rows: QuerySet[Any] = standing.SOURCES[key](reach)
    if key in {"stuck", "escalations"}:
        return rows.select_related("project__centre", "body", "order"), _escalation_lines, "pk"
    if key in {"slips", "late-slips"}:
        return rows.select_related("project__centre", "to", "case__matter", "paper"), slip_lines, "due_on"
    if key == "unassigned":
        return rows.select_related("centre"), _project_lines, "pk"
    if key == "tickets":
        return rows.select_related("project__centre", "source"), _ticket_lines, "needed_by"
    return rows.select_related("entry__project__centre", "entry__batch"), _check_lines, "due_on"


def _escalation_lines(rows: Sequence[Escalation]) -> list[Line]:
    return [
        Line(
            row.question, reverse("projects:detail", args=[row.project_id]), row.project, row.body.label,
            f"{row.get_level_display()}；已办：{row.tried}", row.get_state_display(), "warn",
            timing.business_day(row.raised_at), row.due_on, row.clock_id,
        )
        for row in rows
    ]


def slip_lines(rows: Sequence[ChaseSlip]) -> list[Line]:
    """Return chase slips as lines."""
    return [
        Line(
            str(row.paper.number if row.paper else "督办单"),
            reverse("agency:slip", args=[row.pk]),
            row.project, row.to.label, row.reason, row.get_state_display(), "warn",
            timing.business_day(row.issued_at), row.due_on, None, row.case_id,
        )
        for row in rows
    ]


def _project_lines(rows: Sequence[Project]) -> list[Line]:
    return [
        Line(
            "指派项目长和服务专员", reverse("agency:assign", args=[row.pk]), row, "代办调度", row.get_stage_display(),
            since=timing.business_day(row.registered_at),
        )
        for row in rows
    ]


def _ticket_lines(rows: Sequence[ResourceTicket]) -> list[Line]:
    from agency.major_providers import who_acts

    return [
        Line(
            str(row), reverse("agency:major", args=[row.project_id]), row.project, who_acts(row),
            f"需要 {row.quantity or '未测算'}，来源 {row.source or '未定'}", row.get_state_display(),
            MAJOR_TONES[row.state], timing.business_day(row.opened_at), row.needed_by,
        )
        for row in rows
    ]


def _check_lines(rows: Sequence[StartCheck]) -> list[Line]:
    return [
        Line(
            f"{row}", reverse("agency:batch", args=[row.entry.batch_id]), row.entry.project, "服务专员",
            row.note or f"{row.entry.batch}，{timing.spoken(row.entry.started_on)}开工", since=row.entry.started_on,
            due_on=row.due_on,
        )
        for row in rows
    ]


# Choices -------------------------------------------------------------------------------------------------------------


def _one_of(value: str, known: Iterable[str]) -> str:
    if value not in set(known):
        raise Http404
    return value


def _body(pk: int) -> Organisation:
    found = Organisation.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _person(pk: int | None) -> str:
    found = User.objects.filter(pk=pk or 0).first()
    if found is None:
        raise Http404
    return f"{found.title} {found}".strip()


def _open_projects(reach: Reach, _: Asked) -> Source:
    rows = figures.open_projects(reach).select_related("centre", "owner", "region")
    means = "没有交付、没有暂缓或终止的项目；已交付、暂缓或终止项目的未结办件在“未结办件”里另列"
    return Source("在办项目", means, rows, _waiting_lines)


def first_waits(projects: Sequence[Project]) -> dict[int, Waiting | None]:
    """Return what each project waits for first; kept while nothing happens in it and the day is the same."""
    by_key = {(project.pk, project.event_hash, timing.today()): project for project in projects}

    def read(keys: Sequence[tuple[int, str, dt.date]]) -> dict[tuple[int, str, dt.date], tuple[Waiting, ...]]:
        waits = waiting_for([by_key[key] for key in keys])
        return {key: tuple(waits[key[0]][:1]) for key in keys}

    found = _first.all_of(list(by_key), read)
    return {key[0]: next(iter(one), None) for key, one in zip(by_key, found, strict=True)}


def _waiting_lines(rows: Sequence[Project]) -> list[Line]:
    waits = first_waits(rows)
    lines = []
    for row in rows:
        first = waits[row.pk]
        lines.append(Line(
            row.get_stage_display(), reverse("projects:detail", args=[row.pk]), row, first.who if first else "",
            first.sentence if first else "", since=first.since if first else None,
            due_on=first.due_on if first else None, case_id=first.case_id if first else None,
        ))
    return lines


_SOURCES: dict[str, Callable[[Reach, Asked], Source]] = {
    "projects": _open_projects, "cases": _cases, "waits": _waits, "tasks": _tasks, "clocks": _clocks,
    "openings": _openings, "living": _living,
}
