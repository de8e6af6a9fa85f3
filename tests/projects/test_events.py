"""The event log is append-only, every row hangs on the one before, and the events tell the states that the rows have."""

import datetime as dt

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from projects import timing
from projects.errors import DomainError
from projects.events import digest, fold, record, told_by, verify_all, verify_chain
from projects.models import Event, Outbox, Project

pytestmark = pytest.mark.django_db
ON_POSTGRESQL = connection.vendor == "postgresql"


def tell(project, summary="说明", **more):
    with transaction.atomic():
        locked = Project.objects.select_for_update().get(pk=project.pk)
        return record("project.noted", subject=locked, project=locked, by=None, summary=summary, **more)


def tamper(sql, *values):
    """Change the table behind the program's back; on PostgreSQL the trigger has to be switched off for it."""
    Outbox.objects.all().delete()
    with connection.cursor() as cursor:
        if ON_POSTGRESQL:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE projects_event DISABLE TRIGGER projects_event_append_only")
        cursor.execute(sql, values)
        if ON_POSTGRESQL:
            cursor.execute("ALTER TABLE projects_event ENABLE TRIGGER projects_event_append_only")


def test_each_event_carries_the_hash_of_the_one_before(project):
    events = list(project.events.order_by("seq"))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.previous_hash for event in events] == ["", *[event.hash for event in events[:-1]]]
    assert all(event.hash == digest(event) and event.hash.startswith("sha256:") for event in events)
    row = Project.objects.get(pk=project.pk)
    assert (row.event_seq, row.event_hash) == (len(events), events[-1].hash)


def test_an_event_is_neither_changed_nor_deleted_by_the_program(project):
    event = project.events.first()
    for attempt in (
        event.save, event.delete, Event.objects.all().delete, lambda: Event.objects.update(summary="x"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            attempt()


@pytest.mark.postgresql
@pytest.mark.parametrize("sql", [
    "UPDATE projects_event SET summary = 'x'", "DELETE FROM projects_event",
])
def test_postgresql_refuses_it_too(project, sql):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert list(verify_all()) == []


@pytest.mark.parametrize(("sql", "seq", "reason"), [
    ("UPDATE projects_event SET summary = 'x' WHERE seq = 2", 2, "内容与哈希不符"),
    ("UPDATE projects_event SET actor_name = 'x' WHERE seq = 3", 3, "内容与哈希不符"),
    ("UPDATE projects_event SET previous_hash = 'x' WHERE seq = 2", 2, "前一哈希不符"),
])
def test_a_changed_event_is_found(project, sql, seq, reason):
    tamper(sql)
    broken = verify_chain(f"project:{project.pk}")
    assert (broken.seq, broken.reason) == (seq, reason)


def test_events_cut_off_at_the_end_are_missed(project):
    tell(project)
    last = project.events.order_by("-seq").first()
    tamper("DELETE FROM projects_event WHERE id = %s", last.pk)
    (broken,) = verify_all()
    assert (broken.chain, broken.seq) == (f"project:{project.pk}", last.seq)
    assert broken.reason == f"项目记有 {last.seq} 个事件，链上只有 {last.seq - 1} 个"


def test_an_event_in_the_middle_that_is_gone_is_found(project):
    tamper("DELETE FROM projects_event WHERE seq = 2")
    (broken,) = verify_all()
    assert (broken.seq, broken.reason) == (2, "序号应为 2，实为 3")


def test_the_command_names_the_broken_link_and_fails(project, capsys):
    call_command("verify_events")
    assert capsys.readouterr().out == f"{(n := Event.objects.count())} 条事件核对无误 / {n} events hold\n"
    call_command("verify_events", project=project.code)
    tamper("UPDATE projects_event SET summary = 'x' WHERE seq = 2")
    with pytest.raises(CommandError, match="1 broken chains"):
        call_command("verify_events")
    assert f"project:{project.pk} #2" in capsys.readouterr().err


def test_a_state_that_no_event_tells_of_is_found(project):
    Project.objects.filter(pk=project.pk).update(stage="permit")
    with pytest.raises(CommandError, match="1 projects whose events tell another state"):
        call_command("verify_events")


def test_fold_refuses_a_story_that_does_not_hang_together(project):
    tell(project, data={"stage": ["acceptance", "delivered"]})
    with pytest.raises(ValueError, match="stage was planning, not acceptance"):
        fold(project)


def test_nothing_is_recorded_of_the_future(project):
    with pytest.raises(DomainError, match="晚于现在"):
        tell(project, at=timing.now() + dt.timedelta(minutes=1))


def test_happened_at_is_when_it_happened_and_recorded_at_is_now(project):
    yesterday = timing.now() - dt.timedelta(days=1)
    event = tell(project, at=yesterday)
    assert (event.happened_at, event.recorded_at > yesterday) == (yesterday, True)


@pytest.mark.django_db(transaction=True)
def test_an_event_belongs_into_a_transaction(project):
    with pytest.raises(RuntimeError, match="transaction"):
        record("project.noted", subject=project, project=project, by=None)


def test_who_was_faster_is_told_in_words(project, people):
    event = project.events.first()
    moment = event.happened_at.astimezone(timing.BUSINESS_ZONE)
    assert told_by(event) == f"clerk甲 {moment:%H:%M} 登记项目 {project.code}"
    assert told_by(None) == ""
    machine = tell(project, "推送部门")
    later = machine.happened_at.astimezone(timing.BUSINESS_ZONE)
    assert told_by(machine) == f"clerk甲 {moment:%H:%M} 建设单位：{project.owner}；系统 {later:%H:%M} 推送部门"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_chain(at_once, project):
    outcomes = at_once(*[lambda: tell(project)] * 4)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Event"] * 4
    assert list(verify_all()) == []


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_portal_at_work_is_not_told_to_be_broken(at_once, project):
    def write():
        for _ in range(150):
            tell(project)

    def verify():
        return [link for _ in range(100) for link in verify_all()]

    outcomes = at_once(write, verify, verify)
    assert outcomes == [None, [], []]
