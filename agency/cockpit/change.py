"""比上月: what stood at the end of the same day last month, and what this month of the bulletins has brought so far.

Everything is counted from the dates that are kept for good (receipt, decision, the first day past the limit as the
sweep noted it), so that what stood a month ago can be told without having been written down then. Each figure opens its
list, made of the same condition.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.urls import reverse

from agency.bulletin_facts import DECISIONS
from agency.bulletin_periods import current_month, first_day, month_before, period_of
from agency.cockpit.lines import Line
from agency.cockpit.reach import Reach
from agency.cockpit.standing import Counted, part
from agency.models import ChaseSlip
from packages.models import MatterCase, ReviewTask
from packages.states import CASE_OPEN, TONES
from projects import timing
from projects.models import Clock, ClockPause, Project

if TYPE_CHECKING:
    from agency.cockpit.lists import Source

NOW, THEN = "now", "then"
#: What the open cases of the cockpit are, beside the 在办 of the bulletins.
OPEN_MEANS = "已接件、还没有结束的办件，含没有受理的和暂停的；通报的“在办”只算其中已受理的"


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` until before `end`: this month of the bulletins to today, or the one before to the same day."""

    start: dt.datetime
    end: dt.datetime

    @property
    def last_day(self) -> dt.date:
        """The last day that is counted."""
        return timing.business_day(self.end) - dt.timedelta(days=1)

    def holds(self, name: str) -> Q:
        """Return the condition that a moment falls into it."""
        return Q(**{f"{name}__gte": self.start, f"{name}__lt": self.end})


def spans() -> dict[str, Span]:
    """Return the present month up to today and the one before up to the same day of the month."""
    today, month = timing.today(), current_month()
    now, before = (period_of(*one, starts_on=first_day()) for one in (month, month_before(*month)))
    year, number = month_before(today.year, today.month)
    same = dt.date(year, number, min(today.day, calendar.monthrange(year, number)[1]))
    tomorrow = timing.start_of_day(today + dt.timedelta(days=1))
    then = min(timing.start_of_day(same + dt.timedelta(days=1)), now.start)
    return {NOW: Span(now.start, tomorrow), THEN: Span(before.start, then)}


# What stood at a moment ----------------------------------------------------------------------------------------------


def _until(name: str, at: dt.datetime) -> Q:
    return Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": at})


def open_at(span: Span) -> Q:
    """Which cases were received and not ended when a span was over."""
    return Q(received_at__lt=span.end) & _until("ended_at", span.end)


def paused_at(span: Span) -> Q:
    """Which of them had a clock that stood."""
    pauses = ClockPause.objects.filter(_until("ended_at", span.end), started_at__lt=span.end)
    stood = Exists(pauses.filter(clock=OuterRef("promised_clock")))
    return open_at(span) & (stood | Exists(pauses.filter(clock=OuterRef("intake_clock"))))


def red_at(span: Span) -> Q:
    """Which of them were past their day, and not paused."""
    late = _one_of(_until("stopped_at", span.end), first_overdue_at__lt=span.end)
    return open_at(span) & late & ~paused_at(span)


def _reddened(span: Span) -> Q:
    return _one_of(span.holds("first_overdue_at"))


def _one_of(*wanted: Q, **more: object) -> Q:
    """Which cases have one of these clocks, of which there are few: looked up once, where a join reads all clocks."""
    few = Clock.objects.filter(*wanted, **more).order_by().values("pk")
    return Q(intake_clock__in=few) | Q(promised_clock__in=few)


def _decided(span: Span) -> Q:
    return span.holds("decided_at") & Q(state__in=DECISIONS)


def _owed_at(reach: Reach, span: Span) -> QuerySet[Any]:
    owed = ReviewTask.objects.filter(
        _until("closed_at", span.end), pushed_at__lt=span.end, due_on__lt=span.last_day,
        session__case__in=moved(reach).filter(open_at(span)),
    )
    return owed.select_related("session__project__centre", "session__case__matter", "organisation", "handler")


def _slips_at(reach: Reach, span: Span) -> QuerySet[Any]:
    return _slips(reach).filter(_until("closed_at", span.end), issued_at__lt=span.end)


def _slips(reach: Reach) -> QuerySet[ChaseSlip]:
    return ChaseSlip.objects.filter(project__in=reach.projects).select_related(
        "project__centre", "to", "case__matter", "paper"
    )


def moved(reach: Reach) -> QuerySet[MatterCase]:
    """Return the cases that are open or ended since the month before began: all that both spans may tell of."""
    live = Q(ended_at=None, state__in=CASE_OPEN) | Q(ended_at__gte=spans()[THEN].start)
    return MatterCase.objects.filter(live, project__in=reach.projects, received_at__isnull=False)


@dataclass(frozen=True, slots=True)
class Measure:
    """What is compared: its name and meaning, the unit, whether more of it is worse, and the list of today if any."""

    label: str
    means: str
    unit: str
    bad: bool = False
    today: str = ""


#: What stands now beside what stood then, each with the address of the list of now.
STANDS: dict[str, Measure] = {
    "open": Measure("未结办件", OPEN_MEANS, "件", today="cases/?tab=open"),
    "red": Measure("已超时", "过了到期日、没有暂停", "件", bad=True, today="cases/?tab=red"),
    "paused": Measure("已暂停", "特别程序、补正等停表", "件", today="cases/?tab=paused"),
    "owed": Measure("逾期未答复意见", "部门过了期限还没有答复", "份", bad=True, today="tasks/?tab=late"),
    "slips": Measure("未销督办单", "已下达、还没有销号", "份", bad=True, today="slips/?"),
}
#: What came to pass in either span.
FLOWS: dict[str, Measure] = {
    "registered": Measure("新登记项目", "", "个"),
    "accepted": Measure("新受理", "", "件"),
    "decided": Measure("办结", "", "件"),
    "late": Measure("其中超时办结", "", "件", bad=True),
    "reddened": Measure("新变红灯", "办件第一次过到期日", "件", bad=True),
    "chased": Measure("新下督办单", "", "份"),
}
MEASURES = STANDS | FLOWS
_CASES: dict[str, Callable[[Span], Q]] = {
    "open": open_at, "red": red_at, "paused": paused_at, "accepted": lambda span: span.holds("accepted_at"),
    "decided": _decided, "late": lambda span: _decided(span) & Q(is_overdue=True), "reddened": _reddened,
}
_OTHERS: dict[str, Callable[[Reach, Span], QuerySet[Any]]] = {
    "owed": _owed_at, "slips": _slips_at,
    "registered": lambda reach, span: reach.projects.filter(span.holds("registered_at")).select_related("centre"),
    "chased": lambda reach, span: _slips(reach).filter(span.holds("issued_at")),
}


def rows_of(reach: Reach, key: str, span: Span) -> QuerySet[Any]:
    """Return what a figure counts."""
    if key in _CASES:
        return moved(reach).filter(_CASES[key](span)).select_related("project__centre", "matter", "lead")
    return _OTHERS[key](reach, span)


# The figures ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """One line: what it is, how much now and then, and the lists of both."""

    key: str
    measure: Measure
    now: int
    then: int
    now_url: str
    then_url: str

    @property
    def words(self) -> str:
        """The difference with its sign; 持平 where there is none."""
        more = self.now - self.then
        return f"{more:+,}".replace("-", "−") if more else "持平"

    @property
    def is_worse(self) -> bool:
        """Whether there is more of what is bad."""
        return self.measure.bad and self.now > self.then


@dataclass(frozen=True, slots=True)
class Changes:
    """Both tables, and the days that they tell of."""

    stands: tuple[Change, ...]
    flows: tuple[Change, ...]
    now: Span
    then: Span

    def of(self, key: str) -> Change:
        """Return one line by its key."""
        return next(row for row in (*self.stands, *self.flows) if row.key == key)


def parts_of(reach: Reach) -> list[QuerySet[Any, Any]]:
    """Return what counts whatever is not a case, to be counted together with other things."""
    return [
        part(rows(reach, span).select_related(None), f"{when}-{key}")
        for key, rows in _OTHERS.items() for when, span in spans().items() if when == THEN or key in FLOWS
    ]


def changes_of(reach: Reach, found: Counted, today: Mapping[str, int]) -> Changes:
    """Return both tables. `found` was counted from `parts_of`, `today` is what the board counts. One query."""
    both = spans()
    wanted = {
        f"{when}_{key}": Count("pk", filter=condition(span))
        for key, condition in _CASES.items() for when, span in both.items() if when == THEN or key in FLOWS
    }
    counts = moved(reach).order_by().aggregate(**wanted)

    def line(key: str, measure: Measure) -> Change:
        now, then = (
            counts.get(f"{when}_{key}", found.get((f"{when}-{key}", ""), 0)) for when in (NOW, THEN)
        )
        shown = reverse("agency:cockpit_list", args=["x"]).removesuffix("x/")
        now_url = f"{shown}{measure.today}" if measure.today else list_url(key, NOW)
        return Change(key, measure, today.get(key, now), then, now_url, list_url(key, THEN))

    return Changes(
        tuple(line(key, measure) for key, measure in STANDS.items()),
        tuple(line(key, measure) for key, measure in FLOWS.items()), both[NOW], both[THEN],
    )


def list_url(key: str, when: str) -> str:
    """Return the address of the list behind a figure."""
    return f"{reverse('agency:cockpit_list', args=['change'])}?{urlencode({'of': key, 'when': when})}"


# The lists -----------------------------------------------------------------------------------------------------------


def change_source(reach: Reach, key: str, when: str) -> Source:
    """Return the list behind a figure. Raises `Http404` for a figure that is not known."""
    from agency.cockpit.lists import Source, slip_lines, task_lines

    if key not in MEASURES or when not in ((NOW, THEN) if key in FLOWS else (THEN,)):
        raise Http404
    span, measure = spans()[when], MEASURES[key]
    last = f"{span.last_day.month}月{span.last_day.day}日"
    first = timing.business_day(span.start)
    name = measure.label.removeprefix("其中")
    title = (
        f"{last}终时：{name}" if key in STANDS else f"{first.month}月{first.day}日至{last}：{name}"
    )
    shows: dict[str, Callable[[Sequence[Any]], list[Line]]] = {
        "owed": task_lines, "slips": slip_lines, "chased": slip_lines, "registered": project_lines,
    }
    means = measure.means or "按登记的时间统计"
    return Source(title, f"{means}；状态和到期是现在的", rows_of(reach, key, span), shows.get(key, _case_lines))


def _case_lines(cases: Sequence[MatterCase]) -> list[Line]:
    return [
        Line(
            case.matter.name, reverse("packages:case", args=[case.pk]), case.project, case.lead.label,
            _case_words(case), case.get_state_display(), TONES[case.state],
            timing.business_day(case.received_at) if case.received_at else None, case.due_on, case.running_clock_id,
            case.pk, can_slip=case.ended_at is None,
        )
        for case in cases
    ]


def _case_words(case: MatterCase) -> str:
    told = [("接件", case.received_at), ("受理", case.accepted_at), ("结束", case.ended_at)]
    words = [f"{timing.spoken(at)}{what}" for what, at in told if at is not None]
    if case.used_days is not None:
        words.append(f"用时 {case.used_days} 个工作日")
    return "，".join([*words, "超时办结"] if case.is_overdue else words)


def project_lines(rows: Sequence[Project]) -> list[Line]:
    """Return projects as lines."""
    return [
        Line(
            row.get_stage_display(), reverse("projects:detail", args=[row.pk]), row, "", row.get_status_display(),
            since=timing.business_day(row.registered_at),
        )
        for row in rows
    ]
