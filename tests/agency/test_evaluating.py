"""Agents are set against projects of the same grade, and nobody with fewer than three projects is published (§10)."""

import datetime as dt
from decimal import Decimal

from django.urls import reverse

from agency.models import WorkOrder
from agency.services.bulletins import freeze, open_bulletin
from agency.services.evaluating import AgentRow, Fact, evaluate, expected_of, measure
from projects import timing
from tests import factories

BEGIN, END = dt.date(2026, 11, 1), dt.date(2026, 11, 30)


def fact(order, agent, grade, *, on_time):
    return Fact(order, agent, order, grade, on_time, None, None)


def test_hard_projects_do_not_put_their_agent_behind():
    """Of A projects half are in time everywhere, of D projects all: both agents reach what their grades reach."""
    facts = [fact(n, 1, "A", on_time=n % 2 == 0) for n in range(4)] + [fact(n, 2, "D", on_time=True) for n in range(4, 8)]
    expected = expected_of(facts)
    assert expected == {("on_time", "A"): Decimal("0.5"), ("on_time", "D"): Decimal(1)}
    hard = measure("on_time", facts[:4], expected)
    easy = measure("on_time", facts[4:], expected)
    assert (hard.rate, hard.index, easy.rate, easy.index) == (50, Decimal("1.00"), 100, Decimal("1.00"))
    assert hard.order_ids == (0, 1, 2, 3)


def test_who_is_better_than_the_grade_has_more_than_one():
    facts = [fact(1, 1, "A", on_time=True), fact(2, 1, "A", on_time=True), fact(3, 2, "A", on_time=False), fact(4, 2, "A", on_time=False)]
    expected = expected_of(facts)
    assert measure("on_time", facts[:2], expected).index == Decimal("2.00")
    assert measure("on_time", facts[2:], expected).index == Decimal("0.00")
    assert measure("fresh", facts, expected).rate is None


def test_too_few_projects_have_no_index():
    row = AgentRow(agent=None, projects=2, orders=9, measures=[measure("on_time", [fact(1, 1, "A", on_time=True)], {("on_time", "A"): Decimal(1)})])
    assert row.index is None
    row.is_enough = True
    assert row.index == Decimal("1.00")


def worked(actors, make_agent):
    """Three projects of one agent, two of four orders in time; another with two projects has no figures."""
    first, other = make_agent("陈专"), make_agent("刘另")
    when = dt.datetime(2026, 11, 10, 10, tzinfo=timing.BUSINESS_ZONE)
    for number, (agent, late) in enumerate([(first, 0), (first, 0), (first, 1), (other, 0), (other, 1)]):
        project = factories.make_project(actors, name=f"评价厂房{number}")
        for turn in range(2 if number == 2 else 1):
            WorkOrder.objects.create(
                project=project, agent=agent, state="done", title=f"事项{number}-{turn}", number=f"工单{number}-{turn}",
                stage="permit", offered_at=when, taken_at=when, done_at=when + dt.timedelta(days=late),
                due_on=dt.date(2026, 11, 10),
            )
    return first, other


def test_the_page_shows_figures_from_three_projects_on_and_each_opens_its_orders(actors, make_agent, client_of):
    first, other = worked(actors, make_agent)
    rows = {row.agent: row for row in evaluate(BEGIN, END)}
    mine = rows[first]
    assert [(one.code, one.hits, one.base, one.index) for one in mine.measures] == [
        ("on_time", 2, 4, Decimal("1.00")), ("first_pass", 0, 0, None), ("fresh", 4, 4, Decimal("1.00")),
    ]
    assert (mine.index, rows[other].index, rows[other].measures) == (Decimal("1.00"), None, [])
    url = reverse("agency:evaluation") + f"?start={BEGIN}&end={END}"
    page = client_of(actors.director).get(f"{url}&agent={first.pk}&of=on_time").content.decode()
    assert (page.count("没有达到"), page.count(">达到</span>"), "样本不足" in page) == (2, 2, True)
    assert "评价厂房3" not in page
    told = client_of(actors.director).get(f"{url}&agent={other.pk}&of=orders").content.decode()
    assert (told.count("评价厂房"), "达到</span>" in told) == (2, False)


def test_every_figure_of_an_agent_in_a_bulletin_opens_its_list(actors, make_agent, client_of, clock):
    first, other = worked(actors, make_agent)
    clock.to(dt.datetime(2026, 11, 26, 0, 30, tzinfo=timing.BUSINESS_ZONE))
    bulletin = freeze(open_bulletin(actors.centre, year=2026, month=11).pk, by=None)
    rows, browser = {row["name"]: row["cells"] for row in bulletin.content["agents"]["rows"]}, client_of(actors.director)

    def opened(cell):
        page = browser.get(f"/bulletins/{bulletin.pk}/figures/{cell['k']}/").context["page"] if cell["k"] else None
        return (cell["t"], page and (page.count, len(page.rows), page.place))

    three, four, two = ((number, number, name) for number, name in ((3, "陈专"), (4, "陈专"), (2, "刘另")))
    few = ("样本不足", None)
    assert [opened(cell) for cell in rows[str(first.user)]] == [
        ("3", three), ("4", four), ("50", four), ("0", None), few, ("1.00", four),
    ]
    assert [opened(cell) for cell in rows[str(other.user)]] == [("2", two), ("2", two), few, ("0", None), few, few]
