"""What a process keeps is never older than what the asker did, and a list's query is built once."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from projects import memo
from projects.models import Event, Project
from tests import factories
from tests.kept import kept

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock():
    """The clock runs as it does."""


_world, world, actors = kept(lambda: {"actors": factories.make_actors()}, "actors")


def test_a_memo_keeps_the_newest_and_forgets_by_time_and_number(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("projects.memo.time.monotonic", lambda: now[0])
    kept = memo.Memo(most=2, seconds=10)
    for key in ("a", "b", "c"):
        kept.put(key, key.upper())
    assert [kept.get(key) for key in ("a", "b", "c")] == [None, "B", "C"]
    now[0] += 10
    assert [kept.get(key) for key in ("b", "c")] == [None, None]
    assert kept.of("b", lambda: "new") == "new"
    memo.forget_all()
    assert kept.get("b") is None


def test_only_what_is_missing_is_computed():
    kept, asked = memo.Memo(most=9, seconds=10), []

    def compute(keys):
        asked.append(list(keys))
        return {key: key * 2 for key in keys}

    assert [kept.all_of([1, 2], compute), kept.all_of([3, 1, 2], compute)] == [[2, 4], [6, 2, 4]]
    assert asked == [[1, 2], [3]]
    assert kept.all_of([1, 3], compute) == [2, 6]
    assert len(asked) == 2


@pytest.mark.parametrize(("actor", "expected"), [("clerk", [1, 2]), ("other", [1, 1])])
def test_counters_follow_what_one_does_oneself_at_once(actors, settings, actor, expected):
    settings.COUNTERS_SECONDS = 60
    other = factories.person("clerk-2", "李倩", "clerk", actors.centre)
    counters, seen = memo.Counters(), []
    factories.make_project(actors)

    def counted():
        return Event.objects.latest("pk").pk, Project.objects.count()

    for _ in range(2):
        seen.append(counters.for_user(actors.clerk, "projects", counted))
        actors.clerk, other = (actors.clerk, other) if actor == "clerk" else (other, actors.clerk)
        factories.make_project(actors)
        actors.clerk, other = (actors.clerk, other) if actor == "clerk" else (other, actors.clerk)
    assert seen == expected


def test_a_list_is_compiled_once_and_asked_every_time(actors):
    first = factories.make_project(actors)
    built = []

    def queryset():
        built.append(1)
        return Project.objects.order_by("pk").values_list("pk", "code")

    assert memo.rows_of("projects", queryset) == [(first.pk, first.code)]
    second = factories.make_project(actors)
    with CaptureQueriesContext(connection) as captured:
        assert memo.rows_of("projects", queryset) == [(first.pk, first.code), (second.pk, second.code)]
    assert (len(built), len(captured)) == (1, 1)
    assert memo.rows_of("none", Project.objects.none().values_list("pk").all) == []


def test_who_asks_is_part_of_the_key(actors):
    keys = {name: memo.asker(getattr(actors, name)) for name in ("clerk", "agent", "director", "owner")}
    assert len(set(keys.values())) == 4
    assert all(isinstance(key[-1], dt.date) for key in keys.values())


@pytest.mark.parametrize("name", ["clerk", "reviewer", "chief", "agent", "dispatcher", "director", "owner", "outsider"])
def test_the_same_projects_are_seen_one_by_one_and_in_bulk(actors, name):
    """`visible_to` asks project by project for the office and gathers for an enterprise: the facts decide, not the way."""
    from projects.access import access_of
    from projects.models import Involvement

    projects = [factories.make_project(actors), factories.make_project(actors, owner=actors.other_body)]
    user = getattr(actors, name)
    access = access_of(user)
    expected = {
        project.pk for project in projects
        if Involvement.objects.filter(project=project, organisation_id__in=access.organisation_ids).exists()
        or any(project.region_id.startswith(prefix) for prefix in access.region_prefixes)
    }
    assert set(Project.objects.visible_to(user).values_list("pk", flat=True)) == expected
    assert {p.pk for p in projects if Project.objects.visible_to(user).filter(pk=p.pk).exists()} == expected


def test_no_row_has_a_key_beyond_the_greatest_one():
    assert memo.rows_about("beyond", lambda pk: Project.objects.filter(pk=pk).values_list("pk"), 2**63) == []
