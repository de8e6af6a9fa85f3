"""New and unopened tasks are told together; what a person has not read becomes one message at 09:00 of a working day."""

import datetime as dt

import pytest

from agency.models import Dispatch, Notification
from agency.services.reminders import mark_read, sweep_due
from agency.tasks import digest_notifications, send_messages
from agency.tasks import sweep_due as sweep_job
from agency.wording import digest_lines
from packages.models import ReviewTask
from packages.services.intake import accept_case
from packages.services.review import open_task
from projects import timing
from projects.services import privacy
from projects.states import Role
from tests import factories


@pytest.fixture
def project(kept_warehouse):
    """A private low-risk warehouse with its plan."""
    return kept_warehouse


@pytest.fixture
def case(project, actors):
    """A case that was handed in on Monday 2026-11-02."""
    [case] = factories.received(project, ["land-plan-permit"], actors)
    return case


def on(day, hour=9):
    return dt.datetime(2026, 11, day, hour, tzinfo=timing.BUSINESS_ZONE)


# New and unopened tasks ----------------------------------------------------------------------------------------------


def test_new_tasks_are_told_together_and_an_unopened_one_after_four_working_hours(project, actors, clock):
    body = factories.official("housing", Role.REVIEWER)
    case = factories.in_review(project, "plan-permit", actors)
    sweep_due()
    told = Notification.objects.filter(user=body)
    assert [(note.kind, note.text) for note in told] == [
        ("assigned", f"新任务：{project.name}“{case.matter.name}”住建局意见"),
    ]
    first = told.get().pk
    for hour, minute in ((11, 0), (13, 59), (14, 29)):  # 09:00 to 12:00 and from 13:30: four hours are over at 14:30
        clock.to(dt.datetime(2026, 11, 2, hour, minute, tzinfo=timing.BUSINESS_ZONE))
        sweep_due()
    assert told.exclude(pk=first).count() == 0
    clock.to(dt.datetime(2026, 11, 2, 14, 30, tzinfo=timing.BUSINESS_ZONE))
    sweep_due()
    sweep_due()
    [late] = told.exclude(pk=first)
    assert late.text == f"尚未打开：{project.name}“{case.matter.name}”住建局意见"
    [lead] = Notification.objects.filter(user=actors.dispatcher)
    assert (lead.why, lead.text[:7]) == ("长时间无人打开，请您过问", "尚未打开 3 ")


@pytest.mark.slow
def test_the_job_looks_first_and_takes_up_what_a_sweep_would(project, actors, clock):
    factories.official("housing", Role.REVIEWER)
    factories.in_review(project, "plan-permit", actors)
    found = [sweep_job(), sweep_job()]
    for hour, minute in ((14, 29), (14, 30), (14, 31)):
        clock.to(dt.datetime(2026, 11, 2, hour, minute, tzinfo=timing.BUSINESS_ZONE))
        found.append(sweep_job())
    clock.to(dt.datetime(2026, 12, 2, 10, tzinfo=timing.BUSINESS_ZONE))
    found += [sweep_job(), sweep_job()]
    assert [number > 0 for number in found] == [True, False, False, True, False, True, False], found


def test_an_opened_task_is_not_called_unopened(project, actors, clock):
    person = factories.official("housing", Role.REVIEWER)
    case = factories.in_review(project, "plan-permit", actors)
    open_task(ReviewTask.objects.get(session__case=case, organisation__code="housing").pk, by=person)
    clock.to(dt.datetime(2026, 11, 3, 16, tzinfo=timing.BUSINESS_ZONE))
    sweep_due()
    assert not Notification.objects.filter(user=person, kind="assigned").exists()


# The digest ----------------------------------------------------------------------------------------------------------


def test_the_digest_merges_at_nine_on_a_working_day_and_once(project, actors, clock):
    cases = factories.received(project, ["land-plan-permit", "wage-deposit"], actors)
    clock.to(on(9, 1))
    sweep_due()
    assert (digest_notifications(), Notification.objects.visible_to(actors.clerk).unread().count()) == (0, 2)
    clock.to(on(9))
    assert digest_notifications() > 0
    assert digest_notifications() == 0
    [digest] = Notification.objects.visible_to(actors.clerk).unread()
    assert (digest.text, digest.kind, digest.url) == ("今日提醒：今日到期 2 件", "deadline", f"/inbox/{digest.pk}/")
    accept_case(cases[0].pk, by=actors.clerk)
    clock.to(on(10))
    sweep_due()
    assert digest_notifications() > 0
    digest.refresh_from_db()
    [today] = Notification.objects.visible_to(actors.clerk).unread()
    assert (today.text, digest.over_at, today.parts.count()) == ("今日提醒：已超时 1 件", clock.moment, 1)
    assert [note.threshold for note in digest_lines(today)] == ["red"]
    clock.to(on(11))
    assert digest_notifications() == 0  # nothing new: yesterday's stands
    mark_read(today.pk, by=actors.clerk)
    assert today.parts.filter(read_at=None).count() == 0


def test_no_digest_on_a_day_off_nor_at_night(case, actors, clock):
    clock.to(on(5))
    sweep_due()
    for moment in (on(7, 10), on(8, 10), on(5, 8), on(5, 20)):
        clock.to(moment)
        assert digest_notifications() == 0
    clock.to(on(5, 11))  # no worker at nine: as soon as there is one
    assert digest_notifications() > 0


def test_seventy_characters_hold_the_waiting_sentence(project, actors, clock):
    factories.received(project, ["land-plan-permit", "wage-deposit"], actors)
    actors.clerk.phone = "13800138000"
    actors.clerk.save()
    privacy.give(actors.clerk, "sms")
    clock.to(on(9))
    sweep_due()
    digest_notifications()
    row = Dispatch.objects.get(user=actors.clerk, channel="sms")
    send_messages()
    row.refresh_from_db()
    waits = "正在等行政审批局窗口受理“建设用地规划许可证核发”，已 5 个工作日，11月9日到期。"
    assert row.text == f"今日到期：{project.name}，{waits}另有 1 件，见门户。"
    assert (row.state, len(row.text) < 70) == ("sent", True)
