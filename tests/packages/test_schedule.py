"""The dated plan: what is done stands at its day, the rest follows by the rule from today; and its picture."""

import datetime as dt
import re

import pytest

from packages.planning.chart import flow_chart_svg
from packages.planning.schedule import WORKS, schedule_of
from projects.errors import DomainError
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 2)


def test_a_fresh_plan_counts_from_today_and_shows_whose_time_it_is(factory):
    schedule = schedule_of(factory)

    rows = schedule.by_code
    assert (schedule.origin, schedule.made_on, schedule.total) == (TODAY, TODAY, sum(s.days for s in schedule.stages))
    assert [s.published for s in schedule.stages] == [2, 5, 9]
    assert {r.time_owner for r in schedule.rows if r.outside_promise} >= {"market", "intermediary", "applicant", "utility"}
    assert rows["agency-design"].time_owner_label == "中介"
    assert schedule.works_start == min(r.earliest_finish for r in schedule.rows if r.starts_works)
    assert WORKS not in rows
    assert (schedule.works.days, schedule.works.is_stated) == (365, False)
    assert schedule.delivery > schedule.works.finish > schedule.works.start >= schedule.works_start
    for row in schedule.rows:
        assert row.earliest_start <= row.earliest_finish
        assert row.critical == (row.float_days == 0 and row.latest_finish == row.earliest_finish and row.earliest_finish > row.earliest_start)


def test_a_project_without_package_has_no_plan(clock, actors):
    with pytest.raises(DomainError, match="还没有确认套餐"):
        schedule_of(factories.make_project(actors))


def test_the_chart_is_small_and_tells_all_to_those_who_do_not_see_it(factory):
    schedule = schedule_of(factory)

    for drawing in (flow_chart_svg(schedule), flow_chart_svg(schedule, phone=True), flow_chart_svg(schedule, standalone=True)):
        assert len(drawing.encode()) < 60_000
        assert 'role="img" aria-label="' in drawing
        assert "<title>" in drawing
        assert "style=" not in drawing
        assert drawing.count('class="bx"') == len(schedule.rows)
    assert "<style>" not in flow_chart_svg(schedule)
    shown = len(re.findall(r'<g class="[a-z ]*crit', flow_chart_svg(schedule)))
    assert shown == sum(row.critical for row in schedule.rows)
