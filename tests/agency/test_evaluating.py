"""Agents are set against projects of the same grade, and nobody with fewer than three projects is published (§10)."""

from decimal import Decimal

from agency.services.evaluating import AgentRow, Fact, expected_of, measure


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
