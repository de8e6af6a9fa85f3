"""The figures of the cockpit, counted now: a fixed number of queries whatever the size of the city.

They may lag `COUNTERS_SECONDS` behind what others do, never behind what one does oneself (`projects.memo.Counters`).
Each opens its list (`agency.cockpit.lists`), which is made of the same conditions.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Count, F, Max, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat, NullIf, TruncMonth

from agency import major_data
from agency.cockpit import change, standing
from agency.cockpit.change import Changes
from agency.cockpit.lines import Line, with_slips, work_line
from agency.cockpit.reach import Reach
from agency.cockpit.standing import Counted
from packages.models import Forecast, MatterCase, ReviewTask
from packages.queries import WorkRow, work_rows
from packages.states import TASK_OPEN, CaseState
from packages.worklist import RELATED
from projects import living, timing
from projects.clock_states import ClockKind, ClockState
from projects.memo import Counters, Memo
from projects.models import Clock, Event, User
from projects.states import ProjectStatus, Stage

if TYPE_CHECKING:
    from projects.living import Expiry

#: On whom it waits is told of so many red cases at most, those due first.
MOST_RED, SHOWN_RED, SHOWN_LIVING = 300, 8, 6
#: These clocks are those of cases and tasks, which are counted as such.
COUNTED_ELSEWHERE = (ClockKind.INTAKE, ClockKind.PROMISED, ClockKind.REVIEW)
OPEN, RED, TODAY, YELLOW, PAUSED = "open", "red", "today", "yellow", "paused"
#: 未结 is what was received and has not ended; 在办 is what of it was accepted, as in the bulletins (docs/glossary.md).
TABS: dict[str, str] = {OPEN: "未结", RED: "已超时", TODAY: "今日到期", YELLOW: "即将到期", PAUSED: "已暂停"}
LATER = "later"
NOBODY = "还没有人领取"
#: What open cases are counted by, with the names that stand beside the figures.
_GROUPS = (
    "project__centre", "project__centre__name", "project__centre__short_name", "lead", "lead__name",
    "lead__short_name", "window_by", "window_by__name", "window_by__title", "state",
)
#: The body of an opinion as one text, 12|住建局: counted in the same query as everything else.
_NAMED_BODY = Concat(
    Cast(F("organisation"), CharField()), Value("|"),
    Coalesce(NullIf(F("organisation__short_name"), Value("")), F("organisation__name")), output_field=CharField(),
)
#: Open cases that nobody has accepted yet, and those of projects that are not among the running ones (在办项目).
UNACCEPTED = Q(accepted_at=None)
BESIDE = Q(project__stage=Stage.DELIVERED) | ~Q(project__status=ProjectStatus.ACTIVE)
#: What an address may ask of the open cases beside their light.
STEPS: dict[str, tuple[str, Q]] = {
    "accepted": ("在办（已受理）", ~UNACCEPTED), "received": ("还没有受理", UNACCEPTED),
    "beside": ("项目已交付、暂缓或终止", BESIDE),
}
#: Length of the longest bar.
BAR = 160
_kept: Counters[Board] = Counters()
#: Whom the red cases wait for, as last counted: role -> cases. Its list reads the page that is shown, not all of them.
_roles: Memo[dict[str, tuple[int, ...]]] = Memo(most=200, seconds=60)


def tab_condition(tab: str) -> Q:
    """Return which open cases a figure counts; the same words as at the desk."""
    today = timing.today()
    return {
        OPEN: Q(), RED: Q(due_on__lt=today), TODAY: Q(due_on=today),
        YELLOW: Q(due_on__gt=today, yellow_on__lte=today), PAUSED: Q(due_on=None),
    }[tab]


@dataclass(slots=True)
class Load:
    """How much somebody has: open cases by light; for a department also the opinions that it owes."""

    pk: int
    label: str
    cases: Counter[str] = field(default_factory=Counter)
    tasks: int = 0
    late_tasks: int = 0
    unaccepted: int = 0

    @property
    def open(self) -> int:
        """All open cases: received, not ended."""
        return self.cases[OPEN]

    @property
    def accepted(self) -> int:
        """Those of them that were accepted (在办)."""
        return self.open - self.unaccepted

    @property
    def red(self) -> int:
        """Those past their day."""
        return self.cases[RED]

    @property
    def today(self) -> int:
        """Those due today."""
        return self.cases[TODAY]

    @property
    def yellow(self) -> int:
        """Those due soon."""
        return self.cases[YELLOW]

    @property
    def paused(self) -> int:
        """Those whose clock stands."""
        return self.cases[PAUSED]


@dataclass(frozen=True, slots=True)
class Opening:
    """How many projects are foreseen to begin their works in a month."""

    key: str
    label: str
    count: int
    width: int = 0


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the cockpit counts."""

    made_at: dt.datetime
    projects: int
    total: Load
    centres: tuple[Load, ...]
    departments: tuple[Load, ...]
    windows: tuple[Load, ...]
    red: tuple[WorkRow, ...]
    waits: tuple[tuple[str, int], ...]
    clocks: tuple[tuple[str, str, int], ...]
    openings: tuple[Opening, ...]
    living: tuple[tuple[str, int], ...]
    soonest: tuple[Expiry, ...]
    others: Mapping[str, int]
    changes: Changes
    beside: int = 0

    @property
    def red_lines(self) -> list[Line]:
        """The red cases that are shown, as lines. One query."""
        return with_slips([work_line(row) for row in self.red])

    @property
    def red_cut(self) -> bool:
        """Whether there are more red cases than were asked about."""
        return self.total.red > MOST_RED

    @property
    def late_tasks(self) -> int:
        """Opinions past their day."""
        return self.total.late_tasks

    @property
    def other_clocks(self) -> int:
        """Other clocks past their day."""
        return sum(number for _, _, number in self.clocks)


def board_for(user: User, reach: Reach) -> Board:
    """Return the figures, kept for a while for everybody of the same reach."""
    return _kept.for_user(user, ("cockpit", reach.key, timing.today()), lambda: _count(reach))


def board_of(reach: Reach) -> Board:
    """Count everything. A fixed number of queries."""
    return _count(reach)[1]


def _count(reach: Reach) -> tuple[int, Board]:
    """Return the newest event and everything that is counted."""
    once = Count("pk")  # nothing is joined that has several rows: no row is counted twice, and none has to be sorted
    found = standing.counted([
        standing.part(Event.objects.all(), "newest", count=Max("pk")),
        standing.part(open_projects(reach), "projects", count=once),
        standing.part(red_clocks(reach), "clocks", F("kind"), count=once),
        standing.part(foreseen(reach), "openings", TruncMonth("opening")), *standing.parts_of(reach),
        *change.parts_of(reach),
        standing.part(open_tasks(reach), "tasks", _NAMED_BODY, count=once),
        standing.part(open_tasks(reach).filter(due_on__lt=timing.today()), "late_tasks", _NAMED_BODY, count=once),
        standing.part(open_cases(reach).filter(BESIDE), "beside", count=once),
    ])
    loads = _Loads()
    loads.add_cases(open_cases(reach))
    loads.add_tasks(found)
    red = red_rows(reach)
    _roles.put(reach.key, _keys_by_role(red))
    expiries = running_out(reach)
    others = standing.others(reach, found)
    late_tasks = sum(number for (of, _), number in found.items() if of == "late_tasks")
    today = {**loads.total.cases, "owed": late_tasks, "slips": others["slips"]}
    board = Board(
        made_at=timing.now(), projects=found.get(("projects", ""), 0), total=loads.total,
        centres=_ordered(loads.centres), departments=_ordered(loads.departments), windows=_windows(loads.windows),
        red=tuple(red[:SHOWN_RED]), waits=tuple(waits_of(red).items()), clocks=_clock_kinds(found),
        openings=tuple(openings_of(found)), living=tuple(Counter(one.group for one in expiries).items()),
        soonest=tuple(expiries[:SHOWN_LIVING]), others=others,
        changes=change.changes_of(reach, found, today), beside=found.get(("beside", ""), 0),
    )
    return found.get(("newest", ""), 0), board


class _Loads:
    """Adds up who has how much."""

    def __init__(self) -> None:
        self.total = Load(0, "合计")
        self.centres: dict[int, Load] = {}
        self.departments: dict[int, Load] = {}
        self.windows: dict[int, Load] = {}

    def add_cases(self, cases: QuerySet[MatterCase]) -> None:
        counts = {tab: Count("pk", filter=tab_condition(tab)) if tab != OPEN else Count("pk") for tab in TABS}
        counts["unaccepted"] = Count("pk", filter=UNACCEPTED)
        groups = cases.order_by().values(*_GROUPS).annotate(**{f"n_{tab}": count for tab, count in counts.items()})
        for row in groups:
            found = Counter({tab: row[f"n_{tab}"] for tab in TABS})
            window, received = row["window_by"] or 0, row["state"] == CaseState.RECEIVED
            held = [
                self.total, _held(self.centres, row, "project__centre"), _held(self.departments, row, "lead"),
            ]
            if window or received:
                person = f"{row['window_by__title'] or ''} {row['window_by__name'] or ''}".strip()
                held.append(self.windows.setdefault(window, Load(window, person or NOBODY)))
            for load in held:
                load.cases.update(found)
                load.unaccepted += row["n_unaccepted"]

    def add_tasks(self, found: Counted) -> None:
        for (of, named), number in found.items():
            if of == "tasks":
                key, _, label = named.partition("|")
                load = self.departments.setdefault(int(key), Load(int(key), label))
                load.tasks, load.late_tasks = number, found.get(("late_tasks", named), 0)
                self.total.tasks += load.tasks
                self.total.late_tasks += load.late_tasks


def _held(loads: dict[int, Load], row: Mapping[str, Any], name: str) -> Load:
    """The load of the body in a row; its label is the short name where there is one."""
    label = row[f"{name}__short_name"] or row[f"{name}__name"]
    return loads.setdefault(row[name], Load(row[name], label))


def _ordered(loads: Mapping[int, Load]) -> tuple[Load, ...]:
    return tuple(sorted(loads.values(), key=lambda row: (-row.red, -row.late_tasks, -row.open, row.pk)))


def _windows(loads: Mapping[int, Load]) -> tuple[Load, ...]:
    return tuple(sorted(loads.values(), key=lambda row: (row.pk == 0, -row.red, -row.open, row.pk)))


# What is counted, as conditions that the lists share -----------------------------------------------------------------


def open_projects(reach: Reach) -> QuerySet[Any]:
    """Return the projects that run and are not delivered."""
    return reach.projects.filter(status=ProjectStatus.ACTIVE).exclude(stage=Stage.DELIVERED)


def open_cases(reach: Reach) -> QuerySet[MatterCase]:
    """Return the open cases, also those of projects that are delivered, suspended or ended (`BESIDE`)."""
    return MatterCase.objects.open().filter(project__in=reach.projects)


def open_tasks(reach: Reach) -> QuerySet[ReviewTask]:
    """Return the opinions that departments owe."""
    return ReviewTask.objects.filter(
        state__in=TASK_OPEN, session__project__in=reach.projects, session__case__isnull=False
    )


def red_rows(reach: Reach) -> list[WorkRow]:
    """Return the red cases, those due first, each with on whom it waits; `MOST_RED` at most."""
    first = open_cases(reach).filter(tab_condition(RED)).order_by("due_on", "pk").values_list("pk", flat=True)
    chosen = MatterCase.objects.filter(pk__in=list(first[:MOST_RED]))  # before anything is read with them
    return work_rows(list(chosen.select_related(*RELATED).order_by("due_on", "pk")))


def _keys_by_role(rows: Iterable[WorkRow]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        found[row.waiting.role if row.waiting else ""].append(row.case.pk)
    return {role: tuple(keys) for role, keys in found.items()}


def waits_of(rows: Iterable[WorkRow]) -> dict[str, int]:
    """Return on whom these cases wait: role -> how many, the most first."""
    counts = {role: len(keys) for role, keys in _keys_by_role(rows).items()}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def waiting_for_role(reach: Reach, role: str) -> QuerySet[MatterCase]:
    """Return the red cases that wait for a role, as the board counted them last, those that are red still."""
    keys = _roles.of(reach.key, lambda: _keys_by_role(red_rows(reach))).get(role, ())
    return open_cases(reach).filter(tab_condition(RED), pk__in=keys)


def red_clocks(reach: Reach) -> QuerySet[Clock]:
    """Return the other clocks past their day, also those that stand and were past it before."""
    over = Q(state=ClockState.RUNNING, due_on__lt=timing.today())
    over |= Q(state=ClockState.PAUSED, first_overdue_at__isnull=False)
    return Clock.objects.filter(over, project__in=reach.projects).exclude(kind__in=COUNTED_ELSEWHERE)


def _clock_kinds(found: Counted) -> tuple[tuple[str, str, int], ...]:
    named = ((kind, str(ClockKind(kind).label), number) for (of, kind), number in found.items() if of == "clocks")
    return tuple(sorted(named, key=lambda row: (-row[2], row[0])))


def foreseen(reach: Reach) -> QuerySet[Forecast]:
    """Return the newest forecast of each running project whose works have not begun."""
    last = Forecast.objects.filter(project__in=open_projects(reach)).order_by().values("project")
    newest = last.annotate(last=Max("pk")).values("last")
    return Forecast.objects.filter(pk__in=newest, opened=False, opening__isnull=False)


def month_keys() -> list[str]:
    """Return the months that the forecast is shown by, the present first."""
    first = timing.today().replace(day=1)
    keys = []
    for _ in range(major_data.term("openings")):
        keys.append(f"{first:%Y-%m}")
        first = (first + dt.timedelta(days=32)).replace(day=1)
    return keys


def openings_of(found: Counted) -> list[Opening]:
    """Return how many projects may begin in each of the next months, and later; what is past counts to this month."""
    keys = month_keys()
    counts: dict[str, int] = defaultdict(int)
    for (of, month), number in found.items():
        if of == "openings":
            key = month[:7]
            counts[LATER if key > keys[-1] else max(key, keys[0])] += number
    most = max(counts.values(), default=1) or 1
    return [
        Opening(
            key, "之后" if key == LATER else f"{key[:4]}年{int(key[5:])}月", counts[key],
            round(BAR * counts[key] / most),
        )
        for key in (*keys, LATER)
    ]


def running_out(reach: Reach) -> list[Expiry]:
    """Return permits, letters and promises that run out soon and are not settled, the earliest first."""
    today = timing.today()
    until = today + dt.timedelta(days=major_data.term("living"))
    found = living.living_papers(reach.projects, since=today - living.BACK, until=until)
    return [one for one in found if not one.ended]
