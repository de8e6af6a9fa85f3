"""A statement whose plan is kept says what it says without one, is sent once each time, and outlives a failure."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from projects import plans, prepared
from projects.models import NumberSeries, Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]  # nothing else keeps plans
INSERT = "INSERT INTO projects_numberseries (issuer_id, series, year, last) VALUES (%s, '100%%', %s, 0)"


@pytest.fixture
def body(db):
    """A body that gives out numbers."""
    return Organisation.objects.create(name="测试局", kind="bureau")


def sent(sql, *given):
    """Carry out a statement; return how each that was sent begins."""
    with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
        plans.carry_out(cursor, sql, given)
    return [query["sql"].partition(" ")[0] for query in queries.captured_queries]


def test_planned_once_and_sent_once(body):
    assert sent(INSERT, body.pk, 2031) == ["SET"]
    assert sent(INSERT, body.pk, 2032) == ["EXECUTE"]
    series = NumberSeries.objects.filter(issuer=body).order_by("year")
    assert list(series.values_list("series", "year")) == [("100%", 2031), ("100%", 2032)]


def test_what_failed_at_first_may_be_asked_again(body):
    fails = INSERT.replace("100", "200")
    with connection.cursor() as cursor:
        for _ in range(2):
            with pytest.raises(IntegrityError), transaction.atomic():
                plans.carry_out(cursor, fails, [-1, 2031])
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        plans.carry_out(cursor, fails, [body.pk, 2031])
    assert NumberSeries.objects.filter(issuer=body, series="200%").count() == 1


def test_the_oldest_plan_goes_first(body, monkeypatch):
    monkeypatch.setattr(plans, "MOST", 2)
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
        plans._names.pop(connection.connection)
        words = ("300", "400", "500", "300")
        begun = [sent(INSERT.replace("100", word), body.pk, year) for year, word in enumerate(words, start=2031)]
        assert begun == [["SET"], ["SET"], ["DEALLOCATE"], ["DEALLOCATE"]]
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        assert cursor.fetchone() == (2,)


def test_values_that_never_change_stand_in_the_statement(body):
    def of_words(pk):
        return Organisation.objects.filter(pk=pk, name__contains="测%试", kind__in=["bureau", "centre"])

    asked = prepared.Asked.of(*of_words(prepared.SLOTS[0]).query.sql_with_params())
    assert (asked.text.count("%s"), "'%%测\\%%试%%'" in asked.text) == (1, True)
    assert asked.rows((body.pk,)) == []
    Organisation.objects.filter(pk=body.pk).update(name="某测%试局")
    assert [row[0] for row in asked.rows((body.pk,))] == [body.pk]
