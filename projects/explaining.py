"""Why a clock says what it says: every day counted or skipped, with the document or the pause it stands on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from projects import timing, workdays
from projects.clock_states import ClockUnit
from projects.models.time import Clock, ClockPause
from projects.reading import NOT_STARTED, Reading, read_clock
from projects.timing import Moment
from projects.workdays import DayInfo, in_words

#: A page lists so many days at most (a permit of two years has 730), so many of them from the start.
MOST_DAYS, HEAD_DAYS = 120, 60


@dataclass(frozen=True, slots=True)
class ExplainedDay:
    """One day of a clock's life: counted as the `number`-th, or skipped for a reason with its source."""

    day: dt.date
    counted: bool
    number: int | None
    reason: str
    source: str
    is_provisional: bool = False
    is_special: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in a row that are counted or skipped for the same reason."""

    first: dt.date
    last: dt.date
    counted: bool
    reason: str
    source: str
    days: int
    is_special: bool = False

    @property
    def words(self) -> str:
        """A stretch in words: 2月15日至2月23日春节放假，9 天（国办发明电〔2025〕7号）."""
        until = "" if self.days == 1 else f"至{timing.spoken(self.last)}"
        source = f"（{self.source}）" if self.source else ""
        return f"{timing.spoken(self.first)}{until}{self.reason}，{self.days} 天{source}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a clock was counted: its reading, the sentences, the days, and the days in stretches."""

    reading: Reading
    sentences: tuple[str, ...]
    days: tuple[ExplainedDay, ...]
    stretches: tuple[Stretch, ...]

    @property
    def text(self) -> str:
        """The sentences, one a line."""
        return "\n".join(self.sentences)

    @property
    def counted(self) -> tuple[ExplainedDay, ...]:
        """The days that are counted."""
        return tuple(day for day in self.days if day.counted)

    @property
    def skipped(self) -> tuple[Stretch, ...]:
        """The stretches that are not counted."""
        return tuple(stretch for stretch in self.stretches if not stretch.counted)

    @property
    def weekend_days(self) -> int:
        """How many plain weekend days are not counted."""
        return sum(stretch.days for stretch in self.skipped if stretch.reason == "周末")

    @property
    def shown(self) -> tuple[ExplainedDay, ...]:
        """The days that a page lists: all of a short clock, the first and the last of a long one."""
        if len(self.days) <= MOST_DAYS:
            return self.days
        return (*self.days[:HEAD_DAYS], *self.days[HEAD_DAYS - MOST_DAYS:])

    @property
    def hidden(self) -> int:
        """How many days between them are left out."""
        return max(0, len(self.days) - MOST_DAYS)

    @property
    def made_up(self) -> tuple[ExplainedDay, ...]:
        """Rest days of the week that are counted because a notice makes them working days (调休)."""
        return tuple(day for day in self.days if day.counted and day.is_special)


def explain(clock: Clock, on: Moment | None = None, *, pauses: Sequence[ClockPause] | None = None) -> Explanation:
    """Explain a clock at `on` (default: now), from the day after its start to its due day, or to `on` when later.

    Days after `on` are those that will be counted as things stand. No query when the pauses are prefetched or given.
    """
    on = timing.now() if on is None else on
    pauses = list(clock.pauses.all()) if pauses is None else pauses
    reading = read_clock(clock, on, pauses=pauses)
    if reading == NOT_STARTED or reading.due_on is None:
        return Explanation(reading, (f"{in_words(clock.started_on)}起算，现在还未开始。",), (), ())
    at = timing.business_day(on)
    if clock.stopped_on is not None:
        at = min(at, clock.stopped_on)
    days = _days(clock, pauses, at, max(reading.due_on, at))
    stretches = _stretches(days)
    sentences = tuple(_sentences(clock, reading, at, days, stretches))
    return Explanation(reading, sentences, days, stretches)


def _days(clock: Clock, pauses: Sequence[ClockPause], at: dt.date, last: dt.date) -> tuple[ExplainedDay, ...]:
    """Every day after the start up to `last`, counted or not."""
    plain = clock.unit in (ClockUnit.CALENDAR_DAY, ClockUnit.MONTH)
    spans = [(p, p.started_on, min(p.ended_on or at, at)) for p in pauses]
    days, number = [], 0
    for info in workdays.days_info(clock.started_on, last):
        holding = [pause for pause, low, high in spans if low < info.day <= high]
        works = plain or info.is_workday
        counted = works and not holding
        number += counted
        reason, source = _reason(info, holding if works else [], plain=plain)
        special = info.is_workday and info.is_special and not plain and not holding
        days.append(
            ExplainedDay(
                info.day, counted, number if counted else None, reason, source, info.is_provisional, special
            )
        )
    return tuple(days)


def _reason(info: DayInfo, holding: list[ClockPause], *, plain: bool) -> tuple[str, str]:
    """Why a day is counted or skipped, and on which document or basis."""
    if holding:
        kinds = "、".join(dict.fromkeys(pause.word for pause in holding))
        bases = "；".join(dict.fromkeys(pause.basis for pause in holding))
        return f"暂停：{kinds}", bases
    if plain:
        return "自然日", ""
    return info.reason, info.source if info.is_special or info.is_provisional else ""


def _stretches(days: Sequence[ExplainedDay]) -> tuple[Stretch, ...]:
    """The days in rows of the same reason."""
    stretches = []
    for key, group in groupby(days, key=lambda day: (day.counted, day.reason, day.source, day.is_special)):
        row = list(group)
        stretches.append(Stretch(row[0].day, row[-1].day, key[0], key[1], key[2], len(row), key[3]))
    return tuple(stretches)


def _sentences(
    clock: Clock, reading: Reading, at: dt.date, days: Sequence[ExplainedDay], stretches: Sequence[Stretch]
) -> list[str]:
    """What a page says, sentence by sentence."""
    sentences = [_opening(clock, reading)]
    counted = [day for day in days if day.counted and day.day <= at]
    if counted and clock.unit != ClockUnit.WORKING_HOUR:
        first, last, number = counted[0].day, counted[-1].day, len(counted)
        sentences.append(f"已计 {number} 天：{timing.spoken(first)}为第 1 天，{timing.spoken(last)}为第 {number} 天。")
    paused = [s.words for s in stretches if not s.counted and s.reason.startswith("暂停")]
    resting = [s.words for s in stretches if not s.counted and not s.reason.startswith("暂停") and s.reason != "周末"]
    weekends = sum(s.days for s in stretches if not s.counted and s.reason == "周末")
    made_up = [s.words for s in stretches if s.is_special]
    if paused:
        sentences.append(f"暂停不计：{'；'.join(paused)}。")
    if resting:
        sentences.append(f"放假不计：{'；'.join(resting)}。")
    if weekends:
        sentences.append(f"周末不计：{weekends} 天。")
    if made_up:
        sentences.append(f"调休上班照计：{'；'.join(made_up)}。")
    sentences.append(f"截至 {in_words(at)}，{reading.used_words}，{reading.words}。")
    if reading.paused and reading.pause_words != reading.words:
        sentences.append(f"现在{reading.pause_words}。")
    if reading.provisional:
        sentences.append("到期日所在年度的放假通知尚未公布，暂按法定节假日推算，通知公布后自动重算。")
    return sentences


def _opening(clock: Clock, reading: Reading) -> str:
    """From when, how long, due when."""
    due = in_words(reading.due_on) if reading.due_on else ""
    name = clock.label or clock.get_kind_display()
    if clock.total_limit == 0:
        if reading.due_on and reading.due_on > clock.started_on:
            return f"{name}：{in_words(clock.started_on)}是休息日，{due}当日办结（即办）。"
        return f"{name}：{in_words(clock.started_on)}受理，当日办结（即办）。"
    extended = f"（含延长 {clock.extensions}）" if clock.extensions else ""
    start = f"{name}：{in_words(clock.started_on)}起算，当日不计；"
    return f"{start}时限 {clock.limit_words}{extended}，{due}到期，到期当日办结仍在期限内。"
