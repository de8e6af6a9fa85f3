"""The clock against an oracle that walks day by day, over random calendars, pauses and extensions; the golden path."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects import clocks, timing, workdays
from projects.clock_states import ClockState, Light
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
