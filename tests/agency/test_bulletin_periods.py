"""A month runs from the 26th to the 25th 24:00; figures are compared with those of the month before."""

import datetime as dt
from decimal import Decimal

import pytest

from agency.bulletin_content import compared
from agency.bulletin_periods import month_of, period_of
from projects import timing


@pytest.mark.parametrize(("day", "month", "begins"), [
    ("2026-10-25", (2026, 10), 26), ("2026-10-26", (2026, 11), 26), ("2026-11-25", (2026, 11), 26),
    ("2026-12-26", (2027, 1), 26), ("2026-12-31", (2026, 12), 1), ("2026-11-01", (2026, 11), 1),
])
def test_a_day_falls_into_the_month_that_ends_after_it(day, month, begins):
    assert month_of(dt.date.fromisoformat(day), starts_on=begins) == month


@pytest.mark.parametrize(("year", "month", "begins", "start", "end"), [
    (2026, 11, 26, "2026-10-26", "2026-11-26"), (2027, 1, 26, "2026-12-26", "2027-01-26"),
    (2026, 12, 1, "2026-12-01", "2027-01-01"), (2026, 0, 26, "2025-12-26", "2026-12-26"), (2026, 0, 1, "2026-01-01", "2027-01-01"),
])
def test_a_period_begins_and_ends_at_midnight(year, month, begins, start, end):
    period = period_of(year, month, starts_on=begins)
    assert (period.start, period.end) == tuple(timing.start_of_day(dt.date.fromisoformat(d)) for d in (start, end))


@pytest.mark.parametrize(("key", "now", "before", "words"), [
    ("accepted", "186", "166", "环比 +12%"), ("decided", "90", "100", "环比 −10%"), ("decided", "5", "5", "环比 持平"),
    ("accepted", "3", "0", "环比 上次 0 件"), ("on_time", "98.2", "97", "环比 +1.2 个百分点"),
    ("mean_days", "3.6", "3.9", "环比 −0.3 个工作日"), ("mean_days", None, "3.9", "环比 —"), ("on_time", "98", None, "环比 —"),
])
def test_the_comparison_with_the_month_before(key, now, before, words):
    assert compared(key, now and Decimal(now), before and Decimal(before), "环比") == words
