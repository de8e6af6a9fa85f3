"""The light of a department follows the rule, its rank the certainty of its rate; nobody is the best of one."""

import datetime as dt
from decimal import Decimal

import pytest

from agency.bulletin import INDICATORS
from agency.bulletin_charts import ledger
from agency.bulletin_content import cell
from agency.bulletin_counting import Row
from agency.bulletin_facts import CaseFact, Facts
from agency.bulletin_lights import light_of, ranks, why_no_honour, wilson
from tests.agency.bulletin_month import at


def facts_of(used, limit=5, running=()):
    """Facts with these days used, and running cases that are so many days beyond their limit."""
    def case(pk, days, *, over=0):
        moment = at("11-02 09:00")
        late = over > 0 or (days is not None and days > limit)
        return CaseFact(
            pk, 1, 1, 1, limit, days, late, over or max((days or 0) - limit, 0), True, 0, False, 0, 0, 0, moment,
            moment + dt.timedelta(days=1), 0, False,
        )

    return Facts(
        dt.date(2026, 11, 25), decided=[case(n, days) for n, days in enumerate(used)],
        running=[case(1000 + n, None, over=over) for n, over in enumerate(running)],
    )


@pytest.mark.parametrize(("used", "running", "words"), [
    ([1, 1], (), "样本不足"), ([5, 5, 5], (), "绿"), ([1] * 49 + [6], (), "绿"), ([1] * 49 + [9], (), "黄"),
    ([1] * 24 + [6], (), "黄"), ([1] * 96 + [6] * 4, (), "红"), ([1] * 18 + [6], (), "红"), ([1] * 50, (11,), "红"),
    ([1] * 50, (10,), "黄"), ([1], (1, 1, 1), "红"), ([1] * 200, (1, 1), "绿"), ([], (), "样本不足"),
])
def test_the_light_follows_the_rule(used, running, words):
    assert light_of(facts_of(used, running=running)).words == words


def test_one_of_one_does_not_beat_ninety_eight_of_a_hundred():
    assert wilson(1, 1) < wilson(98, 100) < wilson(100, 100) < 1
    found = {1: facts_of([1] * 3), 2: facts_of([1] * 98 + [9, 9]), 3: facts_of([1]), 4: facts_of([1] * 3)}
    assert ranks(found) == {2: 1, 1: 2, 4: 2}


def test_a_red_row_is_never_in_the_best_place_and_nobody_is_the_best_of_one():
    red, small = facts_of([1] * 400 + [6] * 4), facts_of([1] * 3)
    assert (light_of(red).words, wilson(400, 404) > wilson(3, 3)) == ("红", True)
    assert ranks({1: red, 2: small}) == {2: 1, 1: 2}
    assert [ranks({1: red}), ranks({1: small}), ranks({1: red, 2: red}), ranks({1: small, 2: facts_of([1])})] == [{}] * 4
    day = small.last_day
    assert [why_no_honour(found, day) for found in ({1: facts_of([1])}, {1: red, 2: facts_of([])}, {1: small})] == [
        "本期没有办结满 3 件的部门，样本不足，不评红榜。", "办结满 3 件的 1 个部门都不是绿灯。",
        "办结满 3 件的部门只有 1 个，没有可比，不评红榜。",
    ]


def test_whose_time_it_was_is_rounded_as_by_hand():
    """Five days for four cases are 1.25: beside the mean of 1.25 the bar says 1.3, not 1.2."""
    row = ledger({1: facts_of([1, 1, 1, 2])}, {1: "高平市"})[0]
    assert (row["government"], row["applicant"], row["sum"]) == (1.3, 0.0, 1.3)


def test_a_mean_of_one_and_an_eighth_stands_as_whoever_counts_by_hand_rounds_it():
    found = facts_of([1] * 7 + [2])
    wanted = {"mean_days": "1.13", "median_days": "1.00", "p90_days": "2.00", "on_time": "100.00"}
    assert {key: str(INDICATORS[key].of(found).value) for key in wanted} == wanted
    assert str(INDICATORS["median_days"].of(facts_of([1, 2])).value) == "1.50"
    assert str(INDICATORS["on_time"].of(facts_of([1] * 15 + [9])).value) == "93.75"
    assert light_of(facts_of([1] * 15 + [9])).reason.startswith("按时率 93.8%")


def test_a_rate_of_one_or_two_is_no_rate_but_opens_its_list():
    one, three = Row(Decimal(0), (), (7,)), Row(Decimal("33.33"), (7,), (7, 8, 9))
    said = [
        cell(group, 5, key, figure, least=3)["t"]
        for group, key, figure in (
            ("region", "satisfied", one), ("body", "opinions", one), ("total", "satisfied", one), ("total", "on_time", one),
            ("region", "satisfied", three), ("region", "overdue", Row(Decimal(1), (7,))), ("region", "satisfied", Row(None)),
        )
    ]
    assert said == ["样本不足", "样本不足", "样本不足", "0", "33.33", "1", "—"]
    assert cell("region", 5, "satisfied", one, least=3)["k"] == "region/5/satisfied"
    assert cell("region", 5, "on_time", one, few=True, least=3) == {"t": "—", "k": "", "bad": False}
