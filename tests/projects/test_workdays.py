"""Which day counts: the published calendars to the day, the law beyond them, and never an exception."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects import festivals, timing, workdays
from projects.calendar_data import load_published_calendar, published_days
from projects.models import CalendarVersion, User, WorkDay
from tests.projects.vectors import vectors

pytestmark = pytest.mark.django_db

day = dt.date.fromisoformat
DAYS = st.dates(dt.date(2019, 1, 1), dt.date(2031, 12, 31))
CALM = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)


@pytest.mark.parametrize(("value", "works"), vectors("is_workday"))
def test_is_workday_vectors(value, works):
    assert workdays.is_workday(day(value)) is works
    assert workdays.is_provisional(day(value)) is False


@pytest.mark.parametrize(("value", "valid"), vectors("workday_due"))
def test_workday_due_vectors(value, valid):
    start, rest = value.split("+")
    days, due = rest.split("=")
    assert (workdays.due_date(day(start), int(days)) == day(due)) is valid


@pytest.mark.parametrize(("value", "valid"), vectors("workdays_used"))
def test_workdays_used_vectors(value, valid):
    span, used = value.split("=")
    start, end = span.split("..")
    assert (workdays.workdays_between(day(start), day(end)) == int(used)) is valid


@pytest.mark.parametrize(
    ("accepted", "limit", "due"),
    [
        ("2026-09-18", 3, "2026-09-22"),
        ("2026-09-18", 9, "2026-10-08"),
        ("2026-09-18", 15, "2026-10-15"),
        ("2026-09-24", 3, "2026-09-30"),
        ("2026-02-13", 3, "2026-02-25"),
        ("2026-02-13", 9, "2026-03-04"),
        ("2026-04-30", 3, "2026-05-08"),
        ("2026-04-29", 5, "2026-05-09"),
        ("2026-10-10", 3, "2026-10-14"),
        ("2026-10-11", 3, "2026-10-14"),
        ("2025-09-26", 5, "2025-10-10"),
        ("2026-12-28", 5, "2027-01-05"),
        ("2026-12-28", 10, "2027-01-12"),
        ("2026-11-06", 5, "2026-11-13"),
        ("2026-02-15", 1, "2026-02-24"),
        ("2026-11-16", 7, "2026-11-25"),
        ("2026-04-14", 3, "2026-04-17"),
        ("2026-04-17", 15, "2026-05-12"),
        ("2026-05-18", 3, "2026-05-21"),
    ],
)
def test_due_dates_across_holidays(accepted, limit, due):
    assert workdays.due_date(day(accepted), limit) == day(due)
    assert workdays.workdays_between(day(accepted), day(due)) == limit


def test_published_years_have_their_number_of_working_days():
    counted = {
        year: workdays.workdays_between(dt.date(year - 1, 12, 31), dt.date(year, 12, 31)) for year in range(2020, 2027)
    }
    assert counted == {2020: 249, 2021: 250, 2022: 249, 2023: 249, 2024: 251, 2025: 248, 2026: 248}


def test_every_published_day_is_a_row_with_its_document():
    assert WorkDay.objects.count() == 2557
    rows = {
        (str(row.day), row.is_workday, row.source, row.note)
        for row in WorkDay.objects.filter(day__in=[day("2026-10-10"), day("2026-10-01"), day("2026-11-20")])
    }
    assert rows == {
        ("2026-10-10", True, "国办发明电〔2025〕7号", "国庆节调休上班"),
        ("2026-10-01", False, "国办发明电〔2025〕7号", "国庆节放假"),
        ("2026-11-20", True, "国办发明电〔2025〕7号", ""),
    }
    assert WorkDay.objects.get(day="2020-01-31").source == "国办发明电〔2020〕1号"


def test_loading_again_changes_nothing():
    version = workdays.version()
    assert load_published_calendar() == 0
    assert workdays.version() == version


def test_beyond_the_published_calendar_the_law_holds_and_it_is_said():
    assert not workdays.is_provisional(day("2026-12-31"))
    assert workdays.is_provisional(day("2027-01-01"))
    off = [str(d) for d in festivals.statutory_days(2027)]
    assert sorted(off) == [
        "2027-01-01", "2027-02-05", "2027-02-06", "2027-02-07", "2027-02-08", "2027-04-05", "2027-05-01",
        "2027-05-02", "2027-06-09", "2027-09-15", "2027-10-01", "2027-10-02", "2027-10-03",
    ]  # fmt: skip
    assert [workdays.is_workday(day(d)) for d in off] == [False] * 13
    assert workdays.is_workday(day("2027-02-09"))
    assert workdays.current().info(day("2027-06-09")) == workdays.DayInfo(
        day("2027-06-09"), False, True, "端午节放假", "全国年节及纪念日放假办法（国务院令第795号）"
    )
    assert workdays.has_provisional(day("2026-12-28"), day("2027-01-04"))
    assert not workdays.has_provisional(day("2026-12-28"), day("2026-12-31"))


@pytest.mark.parametrize("year", range(2020, 2027))
def test_the_table_of_festivals_agrees_with_the_notices(year):
    published = {d: note for d, works, _, note in published_days() if not works}
    assert [d for d in festivals.statutory_days(year) if d not in published and d != day("2024-02-09")] == []


def test_no_date_raises():
    assert workdays.is_workday(dt.date.min) in (True, False)
    assert workdays.due_date(dt.date.max, 5) == dt.date.max
    assert workdays.due_date(dt.date.min, -5) == dt.date.min
    assert workdays.due_date(day("1998-05-01"), 20) > day("1998-05-20")
    assert workdays.due_date(day("2049-12-20"), 300).year == 2051
    assert workdays.workdays_between(day("2101-01-01"), day("2100-01-01")) == 0


def test_a_moment_counts_as_its_business_day():
    late = dt.datetime(2026, 11, 19, 17, 0, tzinfo=dt.UTC)  # 01:00 of the 20th in Shanghai
    assert timing.business_day(late) == day("2026-11-20")
    assert workdays.due_date(late, 1) == day("2026-11-23")
    assert workdays.due_date(day("2026-10-11"), 0) == day("2026-10-11"), "nothing is counted, also on a rest day"


@CALM
@given(start=DAYS, days=st.integers(1, 400))
def test_due_date_and_counting_agree(start, days):
    due = workdays.due_date(start, days)
    assert workdays.is_workday(due)
    assert workdays.workdays_between(start, due) == days
    assert workdays.workdays_between(start, due - dt.timedelta(days=1)) == days - 1


@CALM
@given(start=DAYS, days=st.integers(0, 200), later=st.integers(0, 30))
def test_due_dates_are_monotone(start, days, later):
    assert workdays.due_date(start, days) <= workdays.due_date(start, days + 1)
    assert workdays.due_date(start, days) <= workdays.due_date(start + dt.timedelta(days=later), days)


@CALM
@given(first=DAYS, second=DAYS, third=DAYS)
def test_counting_adds_up_and_is_what_a_loop_counts(first, second, third):
    low, mid, high = sorted([first, second, third])
    between = workdays.workdays_between
    assert between(low, mid) + between(mid, high) == between(low, high)
    span = min((high - low).days, 90)
    end = low + dt.timedelta(days=span)
    assert between(low, end) == sum(workdays.is_workday(low + dt.timedelta(days=n)) for n in range(1, span + 1))


@CALM
@given(start=DAYS, days=st.integers(1, 100))
def test_counting_back(start, days):
    before = workdays.due_date(start, -days)
    assert workdays.workdays_between(before, start - dt.timedelta(days=1)) == days - 1
    assert workdays.is_workday(before)
    assert before < start


def test_answers_take_no_query(django_assert_num_queries):
    workdays.version()
    with django_assert_num_queries(0):
        for n in range(200):
            workdays.due_date(day("2026-11-06") + dt.timedelta(days=n), 20)


def test_an_edit_is_seen_at_once_and_so_is_its_rollback():
    typhoon = day("2026-11-20")
    before = workdays.version()
    with pytest.raises(RuntimeError, match="undo"), transaction.atomic():
        workdays.set_day(typhoon, is_workday=False, source="高政办发〔2026〕9号", note="台风停工")
        assert workdays.due_date(day("2026-11-19"), 1) == day("2026-11-23")
        assert workdays.version() > before
        raise RuntimeError("undo")
    assert workdays.due_date(day("2026-11-19"), 1) == typhoon
    assert workdays.version() == before


def test_an_edit_says_who_made_it():
    clerk = User.objects.create(username="administrator")
    workdays.set_day(day("2026-11-20"), is_workday=False, source="高政办发〔2026〕9号", note="台风停工", by=clerk)
    version = CalendarVersion.objects.get(pk=workdays.version())
    assert (version.by, version.document, version.note) == (clerk, "高政办发〔2026〕9号", "2026-11-20 休息")


@pytest.mark.parametrize(
    "write",
    [
        lambda d: WorkDay.objects.filter(day=d).update(is_workday=False),
        lambda d: WorkDay.objects.filter(day=d).first().delete() and WorkDay(day=d, is_workday=False, source="x").save(),
        lambda d: [WorkDay.objects.filter(day=d).delete(), WorkDay.objects.bulk_create([WorkDay(day=d, is_workday=False, source="x")])],
        lambda d: WorkDay.objects.update_or_create(day=d, defaults={"is_workday": False}),
    ],
)
def test_whichever_way_a_day_is_written_the_calendar_follows(write):
    assert workdays.is_workday(day("2026-11-20"))
    write(day("2026-11-20"))
    assert not workdays.is_workday(day("2026-11-20"))


@pytest.mark.django_db(transaction=True)
def test_another_thread_sees_a_committed_edit():
    seen, go = [], threading.Event()

    def look():
        seen.append(workdays.is_workday(day("2026-11-20")))
        ready.set()
        go.wait(60)
        seen.append(workdays.is_workday(day("2026-11-20")))
        connection.close()

    ready = threading.Event()
    thread = threading.Thread(target=look)
    thread.start()
    assert ready.wait(60)
    workdays.set_day(day("2026-11-20"), is_workday=False, source="高政办发〔2026〕9号")
    go.set()
    thread.join(60)
    assert seen == [True, False]


def test_a_notice_makes_a_year_definite():
    off = {day("2027-01-01"): "元旦放假", day("2027-01-04"): "元旦放假"}
    version = workdays.publish_year(
        2027, off=off, work={day("2027-01-09"): "元旦调休上班"}, document="国办发明电〔2026〕8号"
    )
    assert version == CalendarVersion.objects.order_by("-pk").first()
    assert (version.document, version.note) == ("国办发明电〔2026〕8号", "2027 年日历")
    assert not workdays.is_provisional(day("2027-12-31"))
    assert workdays.due_date(day("2026-12-28"), 10) == day("2027-01-12")
    assert workdays.is_workday(day("2027-01-09"))
    assert workdays.current().info(day("2027-01-04")).source == "国办发明电〔2026〕8号"
    with pytest.raises(ValueError, match="2026年12月31日不在 2027 年内"):
        workdays.publish_year(2027, off={day("2026-12-31"): "x"}, work={}, document="x")


def test_the_set_clock_is_of_this_thread_alone():
    there = []
    with timing.travel(dt.date(2026, 2, 13)) as clock:
        assert timing.now().isoformat() == "2026-02-13T09:00:00+08:00"
        assert clock.by(days=1) == timing.now()
        thread = threading.Thread(target=lambda: there.append(timing.today()))
        thread.start()
        thread.join()
        with timing.travel(dt.datetime(2026, 5, 1, 8, 0)):
            assert timing.today() == day("2026-05-01")
        assert timing.today() == day("2026-02-14")
    assert there == [timing.today()]
