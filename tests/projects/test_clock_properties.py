"""Whatever the limit and the pauses: a clock counts what a loop counts, and its segments cover its life."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from projects import clocks, timing, workdays
from projects.clock_states import ClockKind, ClockState, ClockUnit, PauseKind, TimeOwner
from projects.counting import span_union
from projects.models import ClockPause, ClockSegment

pytestmark = pytest.mark.django_db

day = dt.date.fromisoformat
CALM = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
START = day("2026-01-05")
PAUSES = st.lists(
    st.tuples(st.integers(0, 120), st.integers(0, 40), st.sampled_from(TimeOwner.values)), max_size=5
)
UNITS = st.sampled_from([ClockUnit.WORKING_DAY, ClockUnit.CALENDAR_DAY, ClockUnit.MONTH])


def made(limit, spans, unit=ClockUnit.WORKING_DAY):
    clock = clocks.build_clock(kind=ClockKind.PROMISED, limit=limit, unit=unit, on=timing.start_of_day(START) + dt.timedelta(hours=10))
    pauses = [
        ClockPause(
            clock=clock,
            kind=PauseKind.OTHER,
            owner=owner,
            basis="x",
            started_at=clock.started_at + dt.timedelta(days=first),
            ended_at=clock.started_at + dt.timedelta(days=first + length),
        )
        for first, length, owner in spans
    ]
    return clock, pauses


@CALM
@given(limit=st.integers(0, 60), spans=PAUSES, n=st.integers(0, 250))
def test_used_is_what_a_loop_counts(limit, spans, n):
    clock, pauses = made(limit, spans)
    on = START + dt.timedelta(days=n)
    counted = [
        d
        for d in (START + dt.timedelta(days=k) for k in range(1, n + 1))
        if workdays.is_workday(d) and not any(p.started_on < d <= p.ended_on for p in pauses)
    ]
    reading = clocks.read_clock(clock, on, pauses=pauses)
    assert reading.used == len(counted)
    assert reading.remaining == limit - len(counted)
    assert reading.overdue is (len(counted) > limit)


@CALM
@given(limit=st.integers(1, 60), spans=PAUSES, unit=UNITS)
def test_the_due_day_is_the_last_day_in_time(limit, spans, unit):
    limit = limit if unit != ClockUnit.MONTH else limit % 12 + 1
    clock, pauses = made(limit, spans, unit)
    late = START + dt.timedelta(days=1500)
    due = clocks.read_clock(clock, late, pauses=pauses).due_on
    on_due = clocks.read_clock(clock, due, pauses=pauses)
    assert (on_due.overdue, on_due.remaining) == (False, 0)
    first = next(
        d
        for d in (due + dt.timedelta(days=k) for k in range(1, 1500))
        if clocks.read_clock(clock, d, pauses=pauses).overdue
    )
    assert first > due
    assert clocks.read_clock(clock, first, pauses=pauses).remaining == -1
    if unit == ClockUnit.WORKING_DAY:
        assert workdays.is_workday(due)


@CALM
@given(limit=st.integers(0, 60), spans=PAUSES)
def test_readings_are_monotone(limit, spans):
    clock, pauses = made(limit, spans)
    readings = [clocks.read_clock(clock, START + dt.timedelta(days=n), pauses=pauses) for n in range(0, 200, 7)]
    assert [r.used for r in readings] == sorted(r.used for r in readings)
    longer, _ = made(limit + 1, spans)
    assert [r.due_on <= clocks.read_clock(longer, START + dt.timedelta(days=300), pauses=pauses).due_on for r in readings[-1:]] == [True]


@CALM
@given(spans=PAUSES, stop=st.one_of(st.none(), st.integers(0, 150)))
def test_segments_cover_the_life_without_gap_or_overlap(spans, stop):
    clock, pauses = made(20, spans)
    if stop is not None:
        clock.state = ClockState.STOPPED
        clock.stopped_at = clock.started_at + dt.timedelta(days=stop)
        clock.stopped_on = timing.business_day(clock.stopped_at)
    pieces = clocks.cut_life(clock, pauses)
    assert pieces[0][1] == clock.started_at
    assert pieces[-1][2] == clock.stopped_at
    assert stop is None or all(begun <= clock.stopped_at for _, begun, _ in pieces)
    assert [piece[2] for piece in pieces[:-1]] == [piece[1] for piece in pieces[1:]]
    assert all(before[0] != after[0] for before, after in pairwise(pieces))
    end = clock.stopped_on or START + dt.timedelta(days=200)
    segments = [ClockSegment(owner=owner, started_at=a, ended_at=b) for owner, a, b in pieces]
    ledger = clocks.time_ledger(segments, end)
    assert sum(ledger.values()) == workdays.workdays_between(START, end)
    if not any(owner == TimeOwner.GOVERNMENT for *_, owner in spans):
        assert ledger["government"] == clocks.read_clock(clock, end, pauses=pauses).used


SPRING = st.dates(day("2026-01-20"), day("2026-02-20"))  # few days, so that spans touch


@CALM
@given(st.lists(st.tuples(SPRING, SPRING)))
def test_union_is_the_union(spans):
    union = span_union(spans, day("2026-01-24"), day("2026-02-15"))
    covered = {n for low, high in spans for n in range(low.toordinal() + 1, high.toordinal() + 1)}
    window = set(range(day("2026-01-24").toordinal() + 1, day("2026-02-15").toordinal() + 1))
    assert {n for low, high in union for n in range(low.toordinal() + 1, high.toordinal() + 1)} == covered & window
    assert all(before[1] < after[0] for before, after in pairwise(union))


@CALM
@given(start=st.integers(0, 20000), minutes=st.integers(1, 6000))
@example(start=0, minutes=480)  # whole days: the end of the day, not the beginning of the next
@example(start=4320 + 510, minutes=960)
def test_working_minutes_agree(start, minutes):
    from projects.counting import axis_of

    axis = axis_of(ClockUnit.WORKING_HOUR)
    begin = timing.start_of_day(day("2026-09-25")) + dt.timedelta(minutes=start)
    due = axis.advance(begin, minutes)
    assert axis.count(begin, due) == minutes
    assert axis.count(begin, due - dt.timedelta(minutes=1)) == minutes - 1
