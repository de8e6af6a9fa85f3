"""A sweep takes up what a worker that was away has missed, is not stopped by a bad row, and costs one query when idle."""

import datetime as dt
import tracemalloc

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agency.models import Notification
from agency.tasks import sweep_due
from packages import tasks
from packages.models import MatterCase, ReviewTask
from packages.services import sweeping
from projects import clocks, timing
from projects.models import Clock, JobRun
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_after_days_without_a_worker_one_run_of_each_is_enough(clock, actors, monkeypatch):
    cases = factories.received(factories.enrolled_project(actors, "S3"), ["util-joint", "plan-permit"], actors)
    other = factories.in_review(factories.enrolled_project(actors, "S2"), "plan-permit", actors)
    clock.by(days=40)
    bad, good = cases
    real = sweeping.deem_accepted

    def deem(pk):
        accepted = real(pk)
        if pk == bad.pk:
            raise ValueError("坏行")
        return accepted

    monkeypatch.setattr(sweeping, "deem_accepted", deem)
    assert tasks.deem_accepted() == 1
    run = JobRun.objects.get(job="deem_accepted")
    assert (run.touched, run.errors, run.note) == (1, 1, f"{bad.pk}：ValueError: 坏行")
    assert [factories.fresh(case).state for case in (bad, good)] == ["received", "accepted"]
    monkeypatch.setattr(sweeping, "deem_accepted", real)
    assert [tasks.deem_accepted(), tasks.deem_accepted()] == [1, 0]
    assert set(MatterCase.objects.filter(pk__in=[bad.pk, good.pk]).values_list("is_deemed_accepted", flat=True)) == {True}
    silent = ReviewTask.objects.filter(session__case=other, is_tacit_allowed=True, state="invited").exclude(role="lead")
    due = silent.count()
    assert (tasks.apply_tacit(), silent.count(), tasks.apply_tacit()) == (due, 0, 0)
    assert sweep_due() == Notification.objects.exclude(threshold="").count() > 0
    assert sweep_due() == 0


@pytest.mark.parametrize(
    ("job", "name"),
    [(sweep_due, "sweep_due"), (tasks.apply_tacit, "apply_tacit"), (tasks.deem_accepted, "deem_accepted"),
     (tasks.sweep_promises, "sweep_promises"), (tasks.sweep_reviews, "sweep_reviews"),
     (tasks.sweep_drawings, "sweep_drawings")],
)
def test_a_run_that_finds_nothing_is_one_query_and_leaves_its_row(actors, job, name):
    factories.received(factories.enrolled_project(actors, "S3"), ["util-joint"], actors)
    sweep_due()
    JobRun.objects.all().delete()
    with CaptureQueriesContext(connection) as queries:
        assert job() == 0
    assert len(queries) == 1
    run = JobRun.objects.get()
    assert (run.job, run.started_at, run.finished_at, run.touched, run.errors) == (name, run.finished_at, run.started_at, 0, 0)
    assert abs((run.started_at - timing.now()).total_seconds()) < 60


def test_memory_does_not_grow_with_the_clocks(actors, clock):
    on = timing.now() - dt.timedelta(days=60)
    project = factories.enrolled_project(actors, "S3")

    def peak_of(count):
        rows = [clocks.build_clock(kind="other", limit=100, on=on, project=project) for _ in range(count)]
        Clock.objects.bulk_create(rows, batch_size=500)
        del rows
        tracemalloc.start()
        assert sweep_due() == 0
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    sweep_due()
    assert peak_of(2000) < 2 * peak_of(50)
