"""A clock that turns yellow, is due or turns red reminds its handler and the agent in the portal, once per threshold."""

import datetime as dt

import pytest

from agency.models import Notification
from agency.services.assignment import assign
from agency.services.reminders import mark_all_read, mark_read, remind, sweep_due
from agency.tasks import sweep_due as sweep_task
from packages.models import ReviewTask
from packages.services.intake import accept_case, notice_faults
from packages.services.review import open_task
from projects import timing
from projects.clocks import read_clock, start_clock
from projects.errors import NotAllowed
from projects.models import Clock, JobRun
from projects.states import Role
from tests import factories


@pytest.fixture
def project(actors):
    """A private low-risk warehouse with its plan."""
    return factories.enrolled_project(actors, "S3")


@pytest.fixture
def case(project, actors):
    """A case that was handed in on Monday 2026-11-02: its five days of intake are over on the 9th."""
    [case] = factories.received(project, ["land-plan-permit"], actors)
    return case


def said():
    return list(
        Notification.objects.order_by("pk").values_list("user__username", "threshold", "text", "why", "url")
    )


def on(day, hour=9):
    return dt.datetime(2026, 11, day, hour, tzinfo=timing.BUSINESS_ZONE)


def test_an_intake_clock_speaks_to_the_window_once_at_each_threshold(case, actors, clock):
    name, matter = case.project.name, case.matter.name
    told = []
    for day in range(2, 13):
        clock.to(on(day))
        told += [(day, sweep_due()), (day, sweep_due())]
    assert [row for row in told if row[1]] == [(5, 1), (9, 1), (10, 1)]
    line = ("您是经办人", f"/cases/{case.pk}/")
    assert said() == [
        ("clerk", "yellow", f"{name} “{matter}”受理即将到期（11月9日）", *line),
        ("clerk", "due", f"{name} “{matter}”受理今日到期（11月9日）", *line),
        ("clerk", "red", f"{name} “{matter}”受理已超时（11月9日）", *line),
    ]
    case.intake_clock.refresh_from_db()
    assert case.intake_clock.first_overdue_at == on(10, 0)


def test_a_worker_that_was_away_over_the_due_day_says_only_that_it_is_overdue(case, clock):
    clock.to(on(12))
    assert (sweep_due(), [row[1] for row in said()]) == (1, ["red"])


def test_the_agent_of_the_project_is_told_too(case, project, actors, make_agent, clock):
    assign(project.pk, role="service_agent", agent_id=make_agent("陈晨二").pk, by=actors.dispatcher)
    clock.to(on(5))
    assert sweep_due() == 2
    assert [(row[0], row[3]) for row in said()] == [
        ("clerk", "您是经办人"), ("agent-陈晨二", "您是项目的项目长或服务专员"),
    ]


def test_a_review_task_tells_its_department_and_then_its_handler_alone(project, actors, clock):
    case = factories.in_review(project, "land-plan-permit", actors)
    task = ReviewTask.objects.filter(session__case=case).exclude(role="lead").order_by("pk").first()
    body = task.organisation.code
    first, second = factories.official(body, Role.REVIEWER), factories.official(body, Role.CHIEF)
    clock.to(timing.start_of_day(read_clock(task.clock).due_on) + dt.timedelta(days=1, hours=9))
    assert remind(task.clock_id, "red") == len({first.pk, second.pk, *people_of(task, Role.REVIEWER, Role.CHIEF)})
    Notification.objects.all().delete()
    open_task(task.pk, by=first)
    due = task.clock.due_on
    assert (remind(task.clock_id, "red"), said()) == (
        1,
        [(first.username, "red",
          f"{project.name} “{case.matter.name}”{task.organisation.label}意见已超时（{due.month}月{due.day}日）",
          "您是经办人", f"/reviews/{task.pk}/")],
    )


def people_of(task, *roles):
    return task.organisation.memberships.filter(role__in=roles).values_list("user_id", flat=True)


def test_a_paused_clock_is_silent_and_the_owner_is_told_of_what_it_owes(case, actors, clock):
    fault = {"what": "缺盖章", "basis": "《行政许可法》第三十二条", "how_to_fix": "盖章后重新上传"}
    notice_faults([case.pk], faults=[fault], by=actors.clerk, kind="completion", days=5)
    clock.to(on(12))
    sweep_due()
    rows = [row for row in said() if row[1] == "red"]
    assert {row[0] for row in rows} <= {"owner", "owner-staff"}
    assert all(row[3] == "由贵单位办理" for row in rows)
    assert not Notification.objects.filter(clock=case.intake_clock).exists()


def test_where_nobody_handles_a_clock_the_dispatcher_is_told(project, actors, clock):
    lone = start_clock(kind="other", limit=1, on=clock.moment, project=project, label="其他时限")
    clock.to(on(4))
    assert (remind(lone.pk, "red"), said()) == (2, [
        (name, "red", f"{project.name} 其他时限已超时（11月3日）", "没有经办人，请代办调度安排", f"/projects/{project.pk}/")
        for name in ("dispatcher", "director")
    ])


def test_an_ended_clock_says_nothing(case, actors, clock):
    accept_case(case.pk, by=actors.clerk)
    clock.to(on(10))
    assert remind(case.intake_clock_id, "red") == 0


def test_the_job_leaves_a_run(case, clock):
    clock.to(on(12))
    assert sweep_task() == 1
    run = JobRun.objects.get(job="sweep_due")
    assert (run.touched, run.errors, run.started_at, run.finished_at) == (1, 0, clock.moment, clock.moment)


def test_reading_is_for_oneself_and_once(case, actors, clock):
    clock.to(on(12))
    sweep_due()
    note = Notification.objects.get()
    with pytest.raises(NotAllowed) as refusal:
        mark_read(note.pk, by=actors.director)
    assert refusal.value.message == "只能处理自己的消息。"
    first = mark_read(note.pk, by=actors.clerk).read_at
    clock.by(hours=1)
    assert (mark_read(note.pk, by=actors.clerk).read_at, first) == (first, on(12))


def test_all_of_ones_own_are_read_at_once(case, actors, clock):
    Notification.objects.bulk_create(
        Notification(user=user, text="一条消息", why="试验", sent_at=clock.moment)
        for user in (actors.clerk, actors.clerk, actors.director)
    )
    assert (mark_all_read(by=actors.clerk), mark_all_read(by=actors.clerk)) == (2, 0)
    assert list(Notification.objects.filter(read_at=None).values_list("user__username", flat=True)) == ["director"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_say_everything_once(actors, project, clock, at_once):
    factories.received(project, ["land-plan-permit"], actors)
    late = on(12)
    outcomes = at_once(*[lambda: sweep_due(late)] * 2)
    assert sorted(outcomes) == [0, 1]
    assert [row[:2] for row in said()] == [("clerk", "red")]
    assert Clock.objects.exclude(first_overdue_at=None).count() == 1
