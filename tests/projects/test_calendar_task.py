"""The job that follows a new calendar moves what stands on the old one, leaves its run, and does nothing twice."""

import datetime as dt

import pytest

from projects import clocks, timing, workdays
from projects.models import JobRun
from projects.tasks import recompute_provisional

pytestmark = pytest.mark.django_db


def test_the_job_moves_once_and_leaves_its_runs():
    with timing.travel(dt.date(2026, 12, 28)) as now:
        clock = clocks.start_clock(kind="promised", limit=10, on=now.moment)
        workdays.set_day(dt.date(2027, 1, 4), is_workday=False, source="国办发明电〔2026〕8号", note="元旦放假")
        assert [recompute_provisional(), recompute_provisional()] == [1, 0]
    clock.refresh_from_db()
    assert clock.due_on == dt.date(2027, 1, 13)
    runs = JobRun.objects.filter(job="recompute_provisional").order_by("pk").values_list("touched", "errors")
    assert list(runs) == [(1, 0), (0, 0)]
