"""When its last month is over the report of a year is frozen by itself, and a year is compared with the year before."""

import pytest

from agency.models import Bulletin
from agency.services.bulletins import turn_month
from tests.agency.bulletin_month import at, make_month

pytestmark = pytest.mark.slow


def test_the_year_is_frozen_with_its_last_month(actors, clock):
    make_month(actors, clock)
    clock.to(at("12-26 00:30"))
    turn_month()
    years = Bulletin.objects.filter(series="annual", centre=actors.centre).order_by("year")
    assert list(years.values_list("year", "state")) == [(2026, "frozen"), (2027, "collecting")]
    assert [one["note"] for one in years[0].content["big"]] == ["比上年 —"] * 4
    clock.to(at("12-26 00:30").replace(year=2027))
    turn_month()
    assert [one["note"] for one in years[1].content["big"]][:2] == ["比上年 −100%", "比上年 −100%"]
