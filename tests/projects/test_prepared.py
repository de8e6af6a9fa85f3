"""A statement that is kept gives the rows that the query gives; rows written in bulk are those that `save` writes."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.test.utils import CaptureQueriesContext

from projects import clocks, gathering, glance, memo, prepared, project_page, timing
from projects.bulk import insert_all
from projects.models import Event, Organisation, Project
from projects.models.time import Clock, ClockSegment
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(db):
    """A project with its owner."""
    return factories.make_project(factories.make_actors())


def of_project(pk):
    """Projects by key, with their owners."""
    return Project.objects.select_related("owner", "centre").filter(pk=pk)


def test_the_same_objects_in_one_query_each_time(project):
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            found = prepared.one("test: project", of_project, project.pk)
            assert (found.owner.name, found.centre_id) == (project.owner.name, project.centre_id)
        assert len(queries) == 1
    plain = of_project(project.pk).get()
    names = [field.attname for field in Project._meta.concrete_fields]
    assert [getattr(found, name) for name in names] == [getattr(plain, name) for name in names]
    assert prepared.one("test: project", of_project, project.pk + 1000) is None


def test_a_key_that_is_kept_as_text(project):
    def of_subject(pk):
        return Event.objects.filter(subject_key=str(pk), subject_type="projects.Project").order_by("pk")

    told = list(Event.objects.filter(subject_key=str(project.pk), subject_type="projects.Project").order_by("pk"))
    assert told == prepared.rows("test: told", of_subject, project.pk) != []
    assert prepared.rows("test: told", of_subject, project.pk + 1000) == []


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_inside_a_transaction_only():
    def locked(pk):
        return Organisation.objects.select_for_update().filter(pk=pk)

    body = Organisation.objects.create(name="测试局", kind="bureau")
    with transaction.atomic():
        assert prepared.one("test: locked", locked, body.pk) == body
    if connection.features.has_select_for_update:
        with pytest.raises(transaction.TransactionManagementError):
            prepared.one("test: locked", locked, body.pk)


def test_several_questions_in_one_query(project):
    def questions(pk):
        return [Project.objects.filter(pk=pk), Project.objects.filter(pk=pk, name="无")]

    assert prepared.flags("test: flags", questions, project.pk) == [True, False]
    assert prepared.flags("test: flags", questions, project.pk + 1000) == [False, False]


def test_clocks_in_bulk_are_clocks(project):
    on = timing.now()
    built = [clocks.build_clock(kind="other", limit=days, on=on, project=project, label=f"“{days}”\\天") for days in (3, 5)]
    saved = [(clock.pk, clock.limit) for clock in clocks.start_clocks(built)]
    rows = Clock.objects.filter(pk__in=[pk for pk, _ in saved]).order_by("pk")
    assert [(row.pk, row.limit, row.label, row.started_at, row.due_on) for row in rows] == [
        (clock.pk, clock.limit, clock.label, clock.started_at, clock.due_on) for clock in built
    ]
    cut = ClockSegment.objects.filter(clock__in=rows).order_by("clock")
    assert [(one.clock_id, one.started_at, one.ended_at) for one in cut] == [(pk, on, None) for pk, _ in saved]
    assert insert_all([]) == []
    clocks.stop_clock(built[0], on + dt.timedelta(seconds=1))
    assert list(ClockSegment.objects.filter(clock=built[0]).values_list("ended_at", flat=True)) == [built[0].stopped_at]


def test_there_is_no_row_above_the_greatest_key(project):
    assert prepared.rows("test: project", of_project, 2**63) == []


def test_a_list_of_keys_is_given_each_time_however_long(project):
    built = []

    def told(pk):
        built.append(pk)
        of_projects = Event.objects.filter(project__in=[pk], kind="project.registered")
        return of_projects.filter(subject_key__in=[str(pk)]).order_by("pk").values_list("project", "subject_key")

    for wanted in ([project.pk], [project.pk, project.pk + 1000], [project.pk + 1000], []):
        plain = [(pk, str(pk)) for pk in wanted if pk == project.pk]
        assert memo.rows_about_all("test: several", told, wanted) == plain
    assert built == [prepared.MANY]
    with pytest.raises(TypeError, match="by itself"):
        memo.rows_about_all("test: not alone", lambda pk: Event.objects.filter(pk__in=[pk, 7]).values_list(), [1])


def test_the_look_at_several_projects_is_put_together_once_a_day(project, monkeypatch):
    memo.forget_all()
    made, union = [], glance._union
    monkeypatch.setattr(glance, "_union", lambda ids: made.append(ids) or union(ids))
    other = Project(pk=project.pk + 1000)
    alone = glance.glance([project])
    for asked in ([project, other], [other, project, Project(pk=project.pk + 2000)]):
        assert glance.glance(asked) == alone
    assert made == [(prepared.SLOTS[0],), (prepared.MANY,)]


def test_whole_rows_of_several_keys_with_what_hangs_on_them(project, django_assert_num_queries):
    other = Organisation.objects.create(name="测试局", kind="bureau")

    def of_owners(pk):
        found = Organisation.objects.filter(pk__in=[pk]).annotate(owned=Count("owned_projects")).order_by("pk")
        return found.prefetch_related("owned_projects")

    keys = [other.pk, project.owner_id, prepared.GREATEST + 1]
    prepared.rows_among("test: owners", of_owners, keys)
    with django_assert_num_queries(2):
        rows = prepared.rows_among("test: owners", of_owners, keys)
        assert [(row.pk, row.owned, list(row.owned_projects.all())) for row in rows] == [
            (project.owner_id, 1, [project]), (other.pk, 0, []),
        ]
    assert prepared.rows_among("test: owners", of_owners, []) == []


def test_what_hangs_on_several_projects_is_read_as_it_is_asked():
    """Each registered part of the project page, read of several projects by a kept statement and by the queryset itself."""
    actors = factories.make_actors()
    several = [factories.enrolled_project(actors, "S2"), factories.make_project(actors)]
    read = {name: list(need.rows(several)) for name, need in gathering._needs.items()}
    assert {name: gathering.rows_of(name, several) for name in read} == read
    assert {project_page.EVENTS, project_page.PARTIES, "packages.enrolment"} <= {name for name, rows in read.items() if rows}
