"""A clock that turns yellow, is due or turns red reminds its handler and the agent in the portal, once per threshold."""

import datetime as dt

import pytest

from agency.models import ChaseSlip, LadderMark, Notification
from agency.services.assignment import assign
from agency.services.reminders import mark_all_read, mark_read, remind, sweep_due
from agency.subjects import subject_of
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
def project(kept_warehouse):
    """A private low-risk warehouse with its plan."""
    return kept_warehouse


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


@pytest.mark.slow
def test_an_intake_clock_speaks_to_the_window_once_at_each_threshold(case, actors, clock):
    factories.office_above()
    name, matter = case.project.name, case.matter.name
    told = []
    for day in range(2, 19):
        clock.to(on(day))
        told += [(day, sweep_due()), (day, sweep_due())]
    assert [row for row in told if row[1]] == [(5, 3), (9, 3), (10, 1), (12, 1), (16, 1)]
    slip, url = ChaseSlip.objects.get(), f"/cases/{case.pk}/"
    heads, head = ("chief", "second-chief"), "您是本部门的首席代表"
    soon, today = f"{name} “{matter}”受理即将到期（11月9日）", f"{name} “{matter}”受理今日到期（11月9日）"
    assert said() == [
        ("clerk", "yellow", soon, "您是经办人", url), *((one, "yellow", soon, head, url) for one in heads),
        ("clerk", "due", today, "您是经办人", url), *((one, "due", today, head, url) for one in heads),
        *((one, "", f"红色督办单：{name}“{matter}”，11月11日前回复", "由贵部门回复", f"/slips/{slip.pk}/") for one in heads),
        ("clerk", "red", f"{name} “{matter}”受理已超时（11月9日）", "您是经办人", url),
        ("director", "director", f"{name} “{matter}”受理已超时 3 个工作日（11月9日到期），报中心主任", "逾期报中心主任", url),
        ("office", "weekly", f"{name} “{matter}”受理已超时 5 个工作日（11月9日到期），列入周例会", "逾期列入工改办周例会",
         url),
    ]
    case.intake_clock.refresh_from_db()
    assert case.intake_clock.first_overdue_at == on(10, 0)
    assert list(LadderMark.objects.filter(clock=case.intake_clock).values_list("threshold", "reached_on")) == [
        ("yellow", dt.date(2026, 11, 5)), ("due", dt.date(2026, 11, 9)), ("red", dt.date(2026, 11, 10)),
        ("director", dt.date(2026, 11, 12)), ("weekly", dt.date(2026, 11, 16)),
    ]


def test_a_worker_that_was_away_says_the_loudest_to_each_once(case, clock):
    clock.to(on(12))
    assert (sweep_due(), sweep_due()) == (2, 0)
    assert [row[:2] for row in said()] == [
        ("chief", ""), ("second-chief", ""), ("director", "director"), ("clerk", "red"),
    ]
    assert LadderMark.objects.filter(clock=case.intake_clock).count() == 4


def test_a_limit_that_ends_on_a_friday_is_red_on_monday(project, actors, clock):
    lone = start_clock(kind="other", limit=4, on=clock.moment, project=project, label="其他时限")
    assert lone.due_on == dt.date(2026, 11, 6)
    told = []
    for day in range(3, 12):
        clock.to(on(day))
        sweep_due()
        told += [(day, mark.threshold) for mark in LadderMark.objects.filter(clock=lone, said_at=clock.moment)]
    assert told == [(4, "yellow"), (6, "due"), (9, "red"), (11, "director")]


def test_the_agent_of_the_project_is_told_too(case, project, actors, make_agent, clock):
    assign(project.pk, role="service_agent", agent_id=make_agent("陈晨二").pk, by=actors.dispatcher)
    clock.to(on(9))
    sweep_due()
    assert [(row[0], row[3]) for row in said() if "agent" in row[0]] == [("agent-陈晨二", "您是项目的项目长或服务专员")]


def test_a_review_task_tells_its_department_and_then_its_handler_alone(project, actors, clock):
    case = factories.in_review(project, "land-plan-permit", actors)
    task = ReviewTask.objects.filter(session__case=case).exclude(role="lead").order_by("pk").first()
    body = task.organisation.code
    first, second = factories.official(body, Role.REVIEWER), factories.official(body, Role.CHIEF)
    clock.to(timing.start_of_day(read_clock(task.clock).due_on) + dt.timedelta(days=1, hours=9))
    assert remind(task.clock_id) == len({first.pk, *people_of(task, Role.REVIEWER)})
    slip = ChaseSlip.objects.get(clock=task.clock)
    assert {row[0] for row in said() if row[4].startswith("/slips/")} == {second.username, *chiefs_of(task)}
    for model in (Notification, LadderMark):
        model.objects.all().delete()
    open_task(task.pk, by=first)
    due = task.clock.due_on
    assert remind(task.clock_id) == 1 + len(chiefs_of(task))
    assert ChaseSlip.objects.get(clock=task.clock) == slip
    assert said()[0] == (
        first.username, "red",
        f"{project.name} “{case.matter.name}”{task.organisation.label}意见已超时（{due.month}月{due.day}日）",
        "您是经办人", f"/reviews/{task.pk}/",
    )


def chiefs_of(task):
    return set(task.organisation.memberships.filter(role="chief").values_list("user__username", flat=True))


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


def test_where_nobody_handles_a_clock_the_dispatcher_is_told(project, actors, clock, django_assert_num_queries):
    lone = start_clock(kind="other", limit=1, on=clock.moment, project=project, label="其他时限")
    with django_assert_num_queries(1):  # not one for each kind of row that may hold a clock
        assert subject_of(lone).what == "其他时限"
    clock.to(on(4))
    assert (remind(lone.pk), said()) == (2, [
        (name, "red", f"{project.name} 其他时限已超时（11月3日）", "没有经办人，请代办调度安排", f"/projects/{project.pk}/")
        for name in ("dispatcher", "director")
    ])


def test_an_ended_clock_says_nothing(case, actors, clock):
    accept_case(case.pk, by=actors.clerk)
    clock.to(on(10))
    assert remind(case.intake_clock_id) == 0


def test_the_job_leaves_a_run(case, clock):
    clock.to(on(12))
    assert sweep_task() == 2
    run = JobRun.objects.get(job="sweep_due")
    assert (run.touched, run.errors, run.started_at, run.finished_at) == (2, 0, clock.moment, clock.moment)


def test_reading_is_for_oneself_and_once(case, actors, clock):
    clock.to(on(12))
    sweep_due()
    note = Notification.objects.get(user=actors.clerk)
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
    assert sum(outcomes) == 2
    assert sorted(row[:2] for row in said()) == [
        ("chief", ""), ("clerk", "red"), ("director", "director"), ("second-chief", ""),
    ]
    assert ChaseSlip.objects.count() == 1
    assert Clock.objects.exclude(first_overdue_at=None).count() == 1
