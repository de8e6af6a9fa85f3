"""What others do about an event is written in its transaction and carried out exactly once, whoever dies in between."""

import datetime as dt

import pytest
from django.db import transaction

from projects import outbox, timing
from projects.errors import DomainError
from projects.events import record
from projects.models import Outbox, Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(project, monkeypatch):
    """Two subscribers of a made-up event, nobody else; what they heard."""
    done = []
    Outbox.objects.all().delete()
    monkeypatch.setattr(outbox, "_subscribers", {})
    outbox.subscribe("first", ["test.told"], lambda event: done.append(("first", event.pk)))
    outbox.subscribe("second", ["test.told"], lambda event: done.append(("second", event.pk)), queue="deadline")
    return done


def tell(project, kind="test.told"):
    with transaction.atomic():
        locked = Project.objects.select_for_update().get(pk=project.pk)
        return record(kind, subject=locked, project=locked, by=None)


def test_one_row_per_subscriber_in_the_transaction_of_the_event(project, heard):
    event = tell(project)
    assert sorted(Outbox.objects.values_list("event", "subscriber", "done_at")) == [
        (event.pk, "first", None), (event.pk, "second", None),
    ]
    tell(project, "test.other")
    assert Outbox.objects.count() == 2


def test_what_is_rolled_back_leaves_no_row(project, heard):
    with pytest.raises(RuntimeError), transaction.atomic():
        tell(project)
        raise RuntimeError
    assert Outbox.objects.count() == 0


def test_draining_carries_out_each_row_once(project, heard):
    event = tell(project)
    assert outbox.drain(queue="deadline") == 1
    assert heard == [("second", event.pk)]
    assert outbox.drain() == 1
    assert outbox.drain() == 0
    assert sorted(heard) == [("first", event.pk), ("second", event.pk)]
    assert Outbox.objects.filter(done_at=None).count() == 0


def test_a_refusal_is_kept_and_tried_again(project, heard, monkeypatch):
    answers = [DomainError("later", "前置事项未办结"), None]

    def handler(event):
        answer = answers.pop(0)
        if answer:
            raise answer
        heard.append(("first", event.pk))

    outbox.subscribe("first", ["test.told"], handler)
    event = tell(project)
    assert outbox.drain(queue="review") == 0
    row = Outbox.objects.get(subscriber="first")
    assert (row.done_at, row.error, row.attempts) == (None, "前置事项未办结", 1)
    assert outbox.drain(queue="review") == 0, "claimed a moment ago"
    with timing.travel(timing.now() + dt.timedelta(hours=1)):
        assert outbox.drain(queue="review") == 1
    row.refresh_from_db()
    assert (row.error, row.attempts, heard) == ("", 2, [("first", event.pk)])


def test_a_row_whose_worker_went_silent_is_taken_up(project, heard):
    tell(project)
    Outbox.objects.update(claimed_at=timing.now())
    assert outbox.drain() == 0
    Outbox.objects.update(claimed_at=timing.now() - dt.timedelta(hours=1))
    assert outbox.drain() == 2


def test_effects_and_mark_commit_together(project, heard):
    """A worker killed after the handler's effects, before the mark: nothing of it is left, and it is done once."""

    class Killed(BaseException):
        pass

    def handler(event):
        record("test.effect", subject=event.project, project=Project.objects.get(pk=project.pk), by=None)
        if not heard:
            heard.append("killed")
            raise Killed

    outbox.subscribe("first", ["test.told"], handler)
    tell(project)
    with pytest.raises(Killed):
        outbox.drain(queue="review")
    assert project.events.filter(kind="test.effect").count() == 0
    Outbox.objects.update(claimed_at=timing.now() - dt.timedelta(hours=1))
    outbox.drain(queue="review")
    assert project.events.filter(kind="test.effect").count() == 1


def test_a_broker_that_is_down_does_not_reach_the_user(project, heard, monkeypatch, django_capture_on_commit_callbacks):
    from projects import tasks

    def down(**_):
        raise OSError("broker is down")

    monkeypatch.setattr(tasks.drain_outbox, "apply_async", down)
    with django_capture_on_commit_callbacks() as callbacks:
        tell(project)
    assert len(callbacks) == 2
    for callback in callbacks:
        with pytest.raises(OSError, match="down"):  # Django logs it: the callbacks are robust
            callback()
    assert outbox.drain() == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_do_it_once(at_once, project, heard):
    tell(project)
    assert sum(at_once(outbox.drain, outbox.drain, outbox.drain)) == 2
    assert len(heard) == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_several_rows_are_carried_out_together_and_one_by_one_where_one_is_refused(project, heard):
    asked = []

    def many(events):
        asked.append(len(events))
        if any(event.summary == "bad" for event in events):
            raise DomainError("later", "有一件不能办")

    def one(event):
        if event.summary == "bad":
            raise DomainError("later", "不能办")
        heard.append(event.pk)

    outbox.subscribe("first", ["test.told"], one, many=many)
    for _ in range(outbox.AT_ONCE + 1):
        tell(project)
    assert outbox.drain(queue="review") == outbox.AT_ONCE + 1
    assert (asked, len(heard)) == ([outbox.AT_ONCE], 1)
    with transaction.atomic():
        locked = Project.objects.select_for_update().get(pk=project.pk)
        for summary in ("good", "bad", "good"):
            record("test.told", subject=locked, project=locked, by=None, summary=summary)
    assert (outbox.drain(queue="review"), asked[1:]) == (2, [3])
    assert list(Outbox.objects.filter(subscriber="first", done_at=None).values_list("error", "attempts")) == [("不能办", 1)]
