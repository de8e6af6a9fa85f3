"""The clock against an oracle that walks day by day, over random calendars, pauses and extensions; the golden path."""

import datetime as dt
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from projects import clocks, timing, workdays
from projects.clock_states import ClockState, Light
from projects.models import User
from projects.models.time import ClockPause, ClockSegment
from projects.segments import cut_life, time_ledger

DAY = dt.timedelta(days=1)
FIRST = dt.date(2026, 3, 2)


def morning(day):
    return dt.datetime.combine(day, dt.time(10), tzinfo=timing.BUSINESS_ZONE)


# The oracle knows nothing of prefix sums, unions or axes: it looks at one day after the other.


def works(day, odd):
    return odd.get(day, day.weekday() < 5)


def is_paused(day, pauses, today):
    return any(first < day <= (last or today) for first, last in pauses)


def walk(start, limit, pauses, odd, today):
    """Return the working days used up to today, and the day on which the limit is used up."""
    used, counted, due, day = 0, 0, start if limit == 0 and works(start, odd) else None, start
    while due is None or day < today:
        day += DAY
        if works(day, odd) and not is_paused(day, pauses, today):
            counted += 1
            used += day <= today
            if counted == max(limit, 1) and due is None:
                due = day
    return used, due


def light_of(used, limit, *, paused):
    if used > limit:
        return Light.RED
    if paused:
        return Light.GREY
    threshold = max(1, -(-3 * limit // 10))
    return Light.YELLOW if limit - used <= threshold else Light.GREEN


offsets = st.integers(0, 70)
odd_days = st.dictionaries(offsets, st.booleans(), max_size=25)
spans = st.lists(st.tuples(st.integers(0, 45), st.integers(0, 25) | st.none()), max_size=4)


@settings(max_examples=60, deadline=None)
@given(odd=odd_days, start=st.integers(0, 10), limit=st.integers(0, 30), extension=st.integers(0, 15), spans=spans,
       after=st.integers(0, 60))
def test_the_clock_is_the_oracle(odd, start, limit, extension, spans, after):
    calendar_days = {FIRST + DAY * offset: is_work for offset, is_work in odd.items()}
    started, today = FIRST + DAY * start, FIRST + DAY * (start + after)
    pauses = []
    for begin, length in spans:
        first = started + DAY * min(begin, after)
        last = None if length is None else min(first + DAY * length, today)
        pauses.append((first, last))
    year = [FIRST + DAY * offset for offset in range(400)]
    calendar = workdays.Calendar(1, {day: workdays._Row(works(day, calendar_days), "通知", "") for day in year})
    with timing.travel(morning(today)), workdays.answering_from(calendar):
        clock = clocks.build_clock(kind="promised", limit=limit, on=morning(started))
        clock.extensions = extension
        rows = [
            ClockPause(clock=clock, kind="correction", owner="applicant", basis="依据", started_at=morning(first),
                       ended_at=last and morning(last))
            for first, last in pauses
        ]
        stands = any(last is None for _, last in pauses)
        clock.state = ClockState.PAUSED if stands else ClockState.RUNNING
        reading = clocks.read_clock(clock, pauses=rows)
        pieces = [ClockSegment(clock=clock, owner=owner, started_at=at, ended_at=until)
                  for owner, at, until in cut_life(clock, rows)]
        ledger = time_ledger(pieces)
        passed = workdays.workdays_between(started, today)
    whole = limit + extension
    used, due = walk(started, whole, pauses, calendar_days, today)
    most = whole if whole or works(started, calendar_days) else 1  # 即办 on a rest day
    assert (reading.used, reading.due_on, reading.overdue) == (used, due, used > most)
    assert reading.light == light_of(used, most, paused=stands)
    assert (ledger["government"], ledger["government"] + ledger["applicant"]) == (used, passed)


# The same of a clock that is kept: started, paused, resumed, extended and stopped by its services, in any unit -----------


@dataclass
class Life:
    """What happened to a clock, as the oracle knows it; `pauses` are [first day, last day or None, owner, kind]."""

    unit: str
    limit: int
    start: dt.date
    odd: dict
    extension: int = 0
    pauses: list = field(default_factory=list)

    def covering(self, day, today):
        return [pause for pause in self.pauses if pause[0] < day <= (pause[1] or today)]

    def counts(self, day, today):
        return (self.unit != "working_day" or works(day, self.odd)) and not self.covering(day, today)

    def counted(self, low, high, today):
        return sum(self.counts(low + DAY * n, today) for n in range(1, (high - low).days + 1))

    @property
    def need(self):
        """The limit in days; a month ends on the day of the same number, or on its last one."""
        if self.unit != "month":
            return self.limit + self.extension
        later = (self.start + DAY * n for n in range(130))
        month = self.start.year * 12 + self.start.month + self.limit
        last = max(day for day in later if day.year * 12 + day.month == month and day.day <= self.start.day)
        return (last - self.start).days + self.extension

    def nth(self, number, today):
        """The day on which so many days have been counted."""
        day = self.start
        while number:
            day += DAY
            number -= self.counts(day, today)
        return day

    def due(self, today):
        """The last day in time: on a rest day it is the next working day."""
        day = self.nth(self.need or int(not works(self.start, self.odd)), today)
        while self.unit != "working_day" and not works(day, self.odd):
            day += DAY
        return day

    def ledger(self, today):
        """The working days of each owner: of a day that several hold, it is who began first."""
        found = {"government": 0, "applicant": 0, "special": 0, "intermediary": 0}
        for n in range(1, (today - self.start).days + 1):
            day = self.start + DAY * n
            holding = self.covering(day, today)
            found[holding[0][2] if holding else "government"] += works(day, self.odd)
        return found


def agrees(life, clock, today, *, ended=False):
    """Reading, kept days, state and ledger of a clock just written, and why it is due then, are the oracle's."""
    due, used = life.due(today), life.counted(life.start, today, today)
    total, late = life.counted(life.start, due, today), life.counted(due, today, today) > 0
    threshold = max(1, -(-3 * life.need // 10))
    paused = any(last is None for _, last, *_ in life.pauses)
    light = Light.RED if late else Light.GREY if paused else Light.YELLOW if total - used <= threshold else Light.GREEN
    light = Light.GREEN if ended and not late else light
    held = sum(bool(life.covering(day, today)) for n in range((today - life.start).days)
               if works(day := life.start + DAY * (n + 1), life.odd) or life.unit != "working_day")
    reading = clocks.read_clock(clock)
    assert (reading.due_on, reading.used, reading.remaining, reading.overdue, reading.light, reading.paused_days) == (
        due, used, total - used, late, light, held
    )
    yellow = life.nth(max(0, total - threshold), today)
    state = "stopped" if ended else "paused" if paused else "running"
    assert (clock.due_on, clock.yellow_on, clock.state) == (due, yellow, state)
    assert clocks.time_ledger(clock) == life.ledger(today)
    shown = {row.day: row.counted for row in clocks.explain(clock).days}  # "why this date", day by day
    days = (life.start + DAY * n for n in range(1, (max(due, today) - life.start).days + 1))
    assert shown == {day: life.counts(day, today) for day in days}
    first = clock.first_overdue_at and timing.business_day(clock.first_overdue_at)
    assert late is False or first is not None
    return first


KINDS = {"correction": "applicant", "special": "special", "other": "intermediary"}
#: Days that pass, what is done then, for how many days, and whether it is keyed in late: it happened right after the last.
STEPS = st.lists(
    st.tuples(st.integers(0, 14), st.sampled_from([*KINDS, "extend"]), st.integers(1, 9), st.booleans()), max_size=6
)


@pytest.mark.slow
@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(odd=odd_days, start=st.integers(0, 30), unit=st.sampled_from(["working_day", "calendar_day", "month"]),
       limit=st.integers(0, 20), steps=STEPS, stops=st.booleans())
@example(odd={}, start=29, unit="month", limit=0, steps=[], stops=False)  # from 03-31: April has no such day
@example(odd={}, start=27, unit="month", limit=0, steps=[], stops=False)
def test_a_clock_that_is_kept_is_the_oracle(head, odd, start, unit, limit, steps, stops):
    days = {FIRST + DAY * offset: is_work for offset, is_work in odd.items()}
    year = [FIRST + DAY * offset for offset in range(600)]
    calendar = workdays.Calendar(1, {day: workdays._Row(works(day, days), "通知", "") for day in year})
    today = FIRST + DAY * start
    limit = limit if unit == "working_day" else limit % 3 + 1 if unit == "month" else limit + 1
    life, marked, moment = Life(unit, limit, today, days), None, 0
    with timing.travel(morning(today)) as now, workdays.answering_from(calendar):
        clock, last = clocks.start_clock(kind="promised", limit=limit, unit=unit, on=now.moment), today
        agrees(life, clock, today)
        for wait, name, days_more, is_late in steps:
            today, moment = today + DAY * wait, moment + 1
            now.to(morning(today) + dt.timedelta(minutes=moment))
            last = last if is_late else today
            at = morning(last) + dt.timedelta(minutes=moment)
            clock = carried_out(life, clock, name, days_more, at, head)
            first = agrees(life, clock, today)
            assert marked in (None, first), "the first overdue day never moves"
            if first and not marked:
                assert first == life.nth(life.counted(life.start, life.due(today), today) + 1, today)
            marked = first
        if stops:
            clock = clocks.stop_clock(clock)
            for pause in life.pauses:
                pause[1] = pause[1] or today
            agrees(life, clock, today, ended=True)
            now.to(morning(today + DAY * 20))
            reading = clocks.read_clock(clock)
            assert (reading.used, reading.ended) == (life.counted(life.start, today, today), True)
            assert clocks.time_ledger(clock) == life.ledger(today)


def carried_out(life, clock, name, days_more, at, head):
    """Pause, or end the pause of this kind that stands, or extend; the oracle hears of it."""
    day = at.date()
    open_ones = [pause for pause in life.pauses if pause[1] is None and pause[3] == name]
    if name == "extend":
        life.extension += days_more
        return clocks.extend_clock(clock, days_more, basis="依据", approver=head, at=at)
    if open_ones:
        open_ones[0][1] = day
        return clocks.resume_clock(clock.pauses.get(kind=name, ended_at=None), at)
    life.pauses.append([day, None, KINDS[name], name])
    clocks.pause_clock(clock, kind=name, owner=KINDS[name], basis="依据", approver=head, planned=days_more, at=at)
    return clock


@pytest.fixture
def head(db):
    """Who approves."""
    return User.objects.create(username="head")


#: 社会投资·工业厂房: what is started, when, its own limit in working days, and the day on which it is due.
GOLDEN = (
    ("方案联审（社会投资）", "2026-03-23", 15, "2026-04-14"),
    ("方案联审（政府投资）", "2026-03-23", 10, "2026-04-07"),
    ("桩基先行", "2026-04-14", 3, "2026-04-17"),
    ("施工图审查", "2026-04-17", 15, "2026-05-12"),
    ("施工许可", "2026-05-18", 3, "2026-05-21"),
    ("报装联合踏勘", "2026-04-20", 3, "2026-04-23"),
    ("多测合一", "2026-09-01", 7, "2026-09-10"),
    ("联合验收", "2026-09-18", 9, "2026-10-08"),
)


@pytest.mark.django_db
def test_the_golden_path_to_the_day():
    for label, accepted, limit, due in GOLDEN:
        on = morning(dt.date.fromisoformat(accepted))
        with timing.travel(on):
            clock = clocks.build_clock(kind="promised", limit=limit, on=on, label=label)
        assert (label, str(clock.due_on), clock.is_provisional) == (label, due, False)
    with timing.travel(morning(dt.date(2026, 4, 17))) as now:
        permit = clocks.build_clock(kind="permit", limit=2, unit="month", on=now.moment)
    assert str(permit.due_on) == "2026-06-17"
    with timing.travel(morning(dt.date(2026, 9, 18))) as now:
        clock = clocks.start_clock(kind="acceptance", limit=9, on=now.moment)
        now.to(morning(dt.date(2026, 9, 23)))
        pause = clocks.pause_clock(clock, kind="rectification", owner="applicant", basis="联合验收整改不计时")
        now.to(morning(dt.date(2026, 9, 29)))
        clock = clocks.resume_clock(pause)
        assert str(clock.due_on) == "2026-10-12"
        now.to(morning(dt.date(2026, 10, 12)))
        clocks.stop_clock(clock)
        assert clocks.time_ledger(clock) == {"government": 9, "applicant": 3, "special": 0, "intermediary": 0}
