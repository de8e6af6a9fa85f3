"""The work list: scopes, counters that are filters, saved views, one page cut by key, and the same list as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from django.db.models import F, QuerySet, Value
from django.template.loader import get_template
from django.urls import reverse

from packages import counters, queries, rules, worklist
from packages.choices import MatterStage
from packages.models import MatterCase, MatterVersion, PackageVersion, SavedView
from packages.queries import WorkRow
from packages.states import TONES, ApplicationSource, CaseState
from packages.worklist import SIZES, TABS, Key, Wanted, read_key
from projects import timing
from projects.access import access_of
from projects.exports import Cell, Column, Table, cut_words
from projects.kinds import rows_for
from projects.memo import Counters, Memo, asker, rows_about
from projects.models import User
from projects.quoting import quoted
from projects.states import Role

MOST_IN_FILE, CHUNK = 10_000, 500
COLUMNS = (
    Column("项目代码", 26), Column("项目", 34), Column("建设单位", 26), Column("事项", 28), Column("阶段", 10),
    Column("牵头部门", 16), Column("申报流水号", 22), Column("办件编号", 22), Column("状态", 12), Column("时限", 12),
    Column("到期", 12), Column("接件", 12), Column("受理", 12), Column("承诺工作日", 10), Column("经办窗口", 10),
    Column("在等谁", 22), Column("等什么", 34), Column("自", 12), Column("已等工作日", 10),
)
#: A line stays as it is while nothing happens in its project and the day is the same.
_lines: Memo[Line] = Memo(most=5000, seconds=60)
_counters: Counters[dict[str, int]] = Counters()
#: What can be chosen above the list, and those fields by what is chosen in them.
_options: Memo[Options] = Memo(most=1, seconds=20)
_tools: Memo[str] = Memo(most=200, seconds=20)


class Line(NamedTuple):
    """One line of the list as it stands in the page."""

    pk: int
    html: str


def due_of(work: WorkRow) -> tuple[dt.date | None, int | None]:
    """Return the day in the column 到期 and its clock: of what runs, else of what the paused case waits for."""
    case, waiting = work.case, work.waiting
    if case.due_on is None and waiting is not None:
        return waiting.due_on, waiting.clock_id
    return case.due_on, case.running_clock_id


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
    def at_window(self) -> bool:
        """Whether a verdict of the window is due."""
        return bool(self.case.state == CaseState.RECEIVED)

    @property
    def due_on(self) -> dt.date | None:
        """The day of the clock that runs; of a case that pauses, by when what it waits for is due."""
        return due_of(self.work)[0]

    @property
    def clock_id(self) -> int | None:
        """The clock that this day is taken from."""
        return due_of(self.work)[1]

    @property
    def waits(self) -> str:
        """What is waited for; the matter stands in its own column."""
        waiting = self.work.waiting
        if waiting is None:
            return ""
        name = quoted(self.case.matter.name)
        what = waiting.what.replace(f"{name}的", "").replace(name, "")
        told = f"{waiting.verb}{what}"
        if waiting.since:
            limit = f" / 限 {waiting.limit}" if waiting.limit is not None else " 个工作日"
            told += f"，自 {waiting.since:%m-%d}，已 {waiting.days}{limit}"
        return f"{told}；{waiting.auto}" if waiting.auto else told


@dataclass(frozen=True, slots=True)
class Options:
    """What the fields above the list offer: pairs of code and name."""

    packages: tuple[tuple[str, str], ...]
    matters: tuple[tuple[str, str], ...]
    departments: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A saved view above the list."""

    pk: int
    name: str
    key: str
    is_current: bool
    is_default: bool


@dataclass(frozen=True, slots=True)
class DeskPage:
    """One page of the work list."""

    rows: tuple[Line, ...]
    scopes: tuple[dict[str, object], ...]
    tabs: tuple[dict[str, object], ...]
    views: tuple[ViewLink, ...]
    asked: Wanted
    count: str
    before: str | None
    after: str | None
    tools: str
    is_clerk: bool
    is_office: bool
    hands_out: bool
    """Whether the list 待送达 is for this person."""

    @property
    def label(self) -> str:
        """Word of the counter."""
        return dict(TABS)[self.asked.tab]

    @property
    def query(self) -> str:
        """What a saved view keeps."""
        return self.asked.query


def effective(user: User, query: Mapping[str, str]) -> Wanted:
    """Return what is shown: what the address asks for, with the usual scope and counter where it names none."""
    asked = worklist.wanted(query)
    return asked.with_(scope=worklist.scope_of(user, asked), tab=worklist.tab_of(user, asked))


def stored(user: User, query: str) -> Wanted:
    """Return what a saved view shows."""
    return effective(user, dict(parse_qsl(query)))


def desk_page(user: User, query: Mapping[str, str]) -> DeskPage:
    """The page of the work list that the address asks for. A fixed number of queries."""
    asked = effective(user, query)
    counts = _counters.for_user(
        user, (asker(user), asked.with_(tab="", size="")), lambda: counters.counted(user, asked)
    )
    found, before, after = _cut(user, query, asked)
    today = timing.today()
    rows = _lines.all_of([(line.pk, line.head, today) for line in found], _render)
    tools = _tools.of(asked, lambda: _render_tools(asked))
    return DeskPage(
        rows=tuple(rows), scopes=tuple(_scopes(user, asked)), tabs=tuple(_tabs(asked, counts)),
        views=tuple(views_of(user, asked)), asked=asked, count=count_words(counts[asked.tab]), before=before,
        after=after, tools=tools, is_clerk=access_of(user).has(Role.CLERK),
        is_office=access_of(user).is_office, hands_out=bool(rules.can_see_undelivered(user, None)),
    )


def count_words(count: int) -> str:
    """Return a counter as it is shown."""
    return f"{counters.MOST_COUNTED}+" if count > counters.MOST_COUNTED else str(count)


def _scopes(user: User, asked: Wanted) -> Iterator[dict[str, object]]:
    for name, label in worklist.scopes_of(user):
        yield {"label": label, "url": f"?{asked.with_(scope=name).query}", "current": name == asked.scope}


def _tabs(asked: Wanted, counts: Mapping[str, int]) -> Iterator[dict[str, object]]:
    for name, label in TABS:
        yield {
            "label": label, "count": count_words(counts[name]), "url": f"?{asked.with_(tab=name).query}",
            "current": name == asked.tab, "bad": name == "red" and counts[name] > 0,
        }


def views_of(user: User, asked: Wanted) -> Iterator[ViewLink]:
    """Yield the saved views of a person by their keys, which stay where the hand has learnt them."""
    for pk, name, query, is_default, key in _views(user):
        yield ViewLink(pk, name, str(key or ""), query == asked.query, bool(is_default))


def default_query(user: User) -> str:
    """Return the filters of the view that the desk opens with; empty when there is none."""
    return next((str(query) for _, _, query, is_default, _ in _views(user) if is_default), "")


def _views(user: User) -> list[tuple[Any, ...]]:
    """Return key, name, filters, whether it is the default and the digit of the saved views of a person."""

    def of_person(pk: int) -> QuerySet[SavedView, tuple[Any, ...]]:
        found = SavedView.objects.visible_to(User(pk=pk)).order_by(F("key").asc(nulls_last=True), "pk")
        return found.values_list("pk", "name", "query", "is_default", "key")

    return rows_about("views", of_person, user.pk)


# What can be chosen -------------------------------------------------------------------------------------------------


def options() -> Options:
    """Return what the fields above the list offer. One query, kept for a while."""
    return _options.of("options", _read_options)


def _read_options() -> Options:
    packages = PackageVersion.objects.published().order_by().values_list(
        Value("package"), "package__order", "package__code", "name", Value(0), Value(""), Value(""), Value("")
    )
    matters = MatterVersion.objects.published().order_by().values_list(
        Value("matter"), "matter__order", "matter__code", "name", "lead_id", "lead__code", "lead__name",
        "lead__short_name",
    )
    named: dict[str, list[tuple[str, str]]] = {"package": [], "matter": []}
    leads: dict[int, tuple[str, str]] = {}
    for kind, _, code, name, lead, lead_code, lead_name, short in sorted(packages.union(matters, all=True)):
        named[kind].append((code, name))
        if lead:
            leads[lead] = lead_code, short or lead_name
    return Options(tuple(named["package"]), tuple(named["matter"]), tuple(leads[pk] for pk in sorted(leads)))


def _render_tools(asked: Wanted) -> str:
    context = {
        "asked": asked, "options": options(), "stages": MatterStage.choices, "sizes": SIZES,
        "size": int(asked.size or SIZES[0]), "states": [(state.value, state.label) for state in worklist.OPEN_STATES],
        "sources": ApplicationSource.choices,
        "more": any((asked.state, asked.matter, asked.source, asked.deemed, asked.deferred, asked.size)),
    }
    return get_template("packages/_desk_tools.html").render(context)


def words_of(user: User, asked: Wanted) -> str:
    """Return in words what is shown: 我的窗口，待受理，阶段 施工许可."""
    given = options()
    told = [dict(worklist.scopes_of(user)).get(asked.scope, "全部"), dict(TABS).get(asked.tab, "")]
    named: tuple[tuple[str, str, Mapping[Any, str]], ...] = (
        ("查找", asked.q, {}), ("状态", asked.state, dict(CaseState.choices)),
        ("阶段", asked.stage, dict(MatterStage.choices)), ("事项", asked.matter, dict(given.matters)),
        ("牵头部门", asked.lead, dict(given.departments)), ("套餐", asked.package, dict(given.packages)),
        ("来源", asked.source, dict(ApplicationSource.choices)),
    )
    told += [f"{label} {names.get(value, value)}" for label, value, names in named if value]
    told += [word for word, value in (("视为受理", asked.deemed), ("有容缺材料", asked.deferred)) if value]
    return "，".join(word for word in told if word)


# Lines --------------------------------------------------------------------------------------------------------------


def _render(keys: Sequence[tuple[int, str, dt.date]]) -> dict[tuple[int, str, dt.date], Line]:
    """Read and render the lines of these cases. A fixed number of queries."""
    by_pk = {key[0]: key for key in keys}
    template = get_template("packages/_desk_row.html")
    rows = [_row(work) for work in queries.work_rows(list(_cases(list(by_pk))))]
    return {
        by_pk[row.case.pk]: Line(row.case.pk, template.render({"row": row, "case": row.case})) for row in rows
    }


def _cases(pks: Sequence[int]) -> QuerySet[MatterCase]:
    return MatterCase.objects.filter(pk__in=pks).select_related(*worklist.RELATED)


def _row(work: WorkRow) -> Row:
    case = work.case
    steps = {CaseState.RECEIVED: "受理", CaseState.CORRECTING: case.fault_word}
    step = steps.get(CaseState(case.state))
    if step and case.application_id:
        return Row(work, step, reverse("packages:application", args=[case.application_id]))
    return Row(work, "查看", reverse("packages:case", args=[case.pk]))


class Found(NamedTuple):
    """A case on the page: its place in the order, and the head of its project's chain of events."""

    pk: int
    due_on: dt.date | str | None
    head: str

    @property
    def key(self) -> str:
        """Its place in an address."""
        return f"{self.due_on or worklist.NO_DATE}.{self.pk}"


def _cut(user: User, query: Mapping[str, str], asked: Wanted) -> tuple[list[Found], str | None, str | None]:
    """One page, and the keys of the pages around it. Its query is built once per kind of person, address and day."""
    size = int(asked.size or SIZES[0])
    back, forth = read_key(query.get("before")), read_key(query.get("after"))
    rows = _read(user, asked, back or forth, size + 1, back=back is not None)
    more, rows = len(rows) > size, rows[:size]
    if back is not None:
        rows.reverse()
        return rows, rows[0].key if more else None, rows[-1].key if rows else None
    return rows, rows[0].key if forth is not None and rows else None, rows[-1].key if more else None


def _read(user: User, asked: Wanted, key: Key | None, most: int, *, back: bool) -> list[Found]:
    """The first cases beyond a key, without their rows: one query, two where dated cases end within the page."""
    rows: list[Found] = []
    for part in range(1 if key is None else 2):

        def cases(somebody: User, part: int = part) -> QuerySet[MatterCase, tuple[Any, ...]]:
            parts = worklist.parts_beyond(worklist.work_list(somebody, asked), key, back=back)
            found = parts[part] if part < len(parts) else parts[0].none()
            return found.values_list("pk", "due_on", "project__event_hash")[:most]

        rows += [Found(*row) for row in rows_for(user, ("desk", asked, key, back, part, most), cases)]
        if len(rows) >= most:
            break
    return rows[:most]


# The list as a file --------------------------------------------------------------------------------------------------


def desk_table(user: User, query: Mapping[str, str]) -> Table:
    """Return the list as it is filtered as a file."""
    asked = effective(user, query)
    now = timing.now().astimezone(timing.BUSINESS_ZONE)
    facts = (
        ("清单", "工作台"), ("条件", words_of(user, asked)), ("导出人", str(user)),
        ("导出时间", f"{now:%Y-%m-%d %H:%M}"), ("最多", f"{MOST_IN_FILE:,} 行"),
    )
    return Table("工作台", COLUMNS, _file_rows(user, asked), facts)


def _file_rows(user: User, asked: Wanted) -> Iterator[Sequence[Cell]]:
    """The rows in the order of the list: its keys are read at once, the rest in chunks."""
    keys = list(worklist.work_list(user, asked).values_list("pk", flat=True)[: MOST_IN_FILE + 1])
    for first in range(0, min(len(keys), MOST_IN_FILE), CHUNK):
        chunk = keys[first : min(first + CHUNK, MOST_IN_FILE)]
        by_pk = {case.pk: case for case in _cases(chunk)}
        for work in queries.work_rows([by_pk[pk] for pk in chunk if pk in by_pk]):
            yield _file_row(work)
    if len(keys) > MOST_IN_FILE:
        yield [cut_words(MOST_IN_FILE)]


def _file_row(work: WorkRow) -> Sequence[Cell]:
    case, waiting = work.case, work.waiting
    return [
        case.project.code, case.project.name, str(case.project.owner), case.matter.name, case.get_stage_display(),
        case.lead.name, case.application.number if case.application else "", case.number, case.get_state_display(),
        work.reading.words, due_of(work)[0], _day(case.received_at), _day(case.accepted_at), case.promised_days,
        str(case.window_by or ""), waiting.who if waiting else "", f"{waiting.verb}{waiting.what}" if waiting else "",
        waiting.since if waiting else None, waiting.days if waiting and waiting.since else None,
    ]


def _day(moment: dt.datetime | None) -> dt.date | None:
    return timing.business_day(moment) if moment else None
