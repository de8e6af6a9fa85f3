"""Background jobs take ids, call one service, and are safe to run twice; what a calendar change moves is followed."""

import datetime as dt

from packages import tasks
from packages.models import JointSession, ReviewTask
from packages.subscribers import on_accepted
from projects.models import Event, JobRun
from projects.models.time import WorkDay
from projects.recomputing import recompute_provisional
from tests import factories
from tests.packages.steps import Log, holds


def test_opening_a_review_twice_is_one_review(factory, actors):
    [case] = factories.accepted(factory, ["plan-permit"], actors)
    assert tasks.open_joint_review(case.pk) == JointSession.objects.get(case=case).pk
    log = Log(factory)
    assert tasks.open_joint_review(case.pk) == JointSession.objects.get(case=case).pk
    on_accepted(Event.objects.get(kind="case.accepted", subject_key=str(case.pk)))
    assert log.told() == []


def test_an_acceptance_that_was_withdrawn_before_the_worker_came_opens_nothing(factory, actors):
    from packages.services.intake import withdraw_case

    [case] = factories.accepted(factory, ["plan-permit"], actors)
    withdraw_case(case.pk, by=actors.clerk, reason="方案调整", uploaded=factories.pdf())
    factories.drain()
    assert not JointSession.objects.filter(case=case).exists()
    holds(factory)


def test_a_sweep_with_nothing_to_do_says_that_it_ran(db):
    assert (tasks.apply_tacit(), tasks.deem_accepted(), tasks.sweep_reviews()) == (0, 0, 0)
    assert sorted(JobRun.objects.values_list("job", "touched", "errors")) == [
        ("apply_tacit", 0, 0), ("deem_accepted", 0, 0), ("sweep_reviews", 0, 0),
    ]


def test_due_days_follow_a_change_of_the_calendar(factory, actors):
    case = factories.in_review(factory, "plan-permit", actors)
    task = ReviewTask.objects.filter(session__case=case, organisation__code="housing").get()
    assert (case.due_on, task.due_on) == (dt.date(2026, 11, 5), dt.date(2026, 11, 3))
    WorkDay.objects.update_or_create(
        day=dt.date(2026, 11, 3), defaults={"is_workday": False, "source": "高平市应急指挥部通告", "note": "停工停业"}
    )
    recompute_provisional()
    factories.drain()
    assert (factories.fresh(case).due_on, factories.fresh(task).due_on) == (
        dt.date(2026, 11, 6), dt.date(2026, 11, 4),
    )
    holds(factory)
