"""A year of a city through the real assignment rule: the same seed tells the same year, load is even, waiting is told (§10)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from agency.assigning_rule import PLACES, Terms, place
from agency.simulation import City, run

TERMS = Terms(
    {"specialty": Decimal("0.35"), "district": Decimal("0.25"), "load": Decimal("0.25"), "continuity": Decimal("0.15")},
    Decimal("0.5"), {"A": Decimal(5), "B": Decimal(3), "C": Decimal(2), "D": Decimal(1)},
)


def test_enough_people_leave_nobody_waiting_and_the_year_is_the_same_each_time(db):
    city = City(projects=60, agents=12, districts=2)
    first, again = run(city, TERMS), run(city, TERMS)
    assert list(first.lines()) == list(again.lines())
    assert (first.assigned, first.never, first.part(0)) == (120, 0, 100)
    assert max(first.peaks.values()) <= city.cap


@pytest.mark.slow
def test_too_few_people_are_never_loaded_beyond_their_cap_and_the_waiting_is_told(db):
    city = City(projects=200, agents=6, districts=1, cap=12)
    result = run(city, TERMS)
    assert result.assigned + result.never == 400
    assert result.never > 0
    assert max(result.peaks.values()) <= 12
    assert 0 <= result.part(0) < result.part(250) == 100


def test_near_the_cap_the_most_urgent_wait_least_where_everybody_keeps_as_much_room_as_they_need(db):
    city = City(projects=200, agents=12, districts=1, cap=30)
    bare, kept = run(city, TERMS), run(city, replace(TERMS, room=TERMS.points["A"]))
    mean = {name: {grade: sum(waits) / len(waits) for grade, waits in year.by_grade.items()}
            for name, year in (("bare", bare), ("kept", kept))}
    assert mean["bare"]["A"] > mean["bare"]["C"]
    assert mean["kept"]["A"] < min(mean["bare"]["A"], mean["kept"]["C"])
    assert max(kept.peaks.values()) <= city.cap


def test_who_waits_moves_up_so_that_the_longest_waits_shrink_and_the_most_urgent_keep_their_gain(db):
    kept = replace(TERMS, room=TERMS.points["A"])
    first, aged = run(City(), kept), run(City(), replace(kept, ageing=10))
    longest = {name: {grade: max(waits) for grade, waits in year.by_grade.items()} for name, year in
               (("first", first), ("aged", aged))}
    assert longest == {"first": {"A": 8, "B": 13, "C": 33, "D": 62}, "aged": {"A": 8, "B": 18, "C": 21, "D": 27}}


@pytest.mark.parametrize(("grade", "waited", "expected"), [
    ("A", 99, 0), ("B", 99, 1), ("C", 9, 2), ("C", 10, 1), ("", 10, 1), ("D", 10, 2), ("D", 20, 1), ("D", 99, 1),
])
def test_a_place_moves_up_with_the_days_and_never_before_the_most_urgent(grade, waited, expected):
    assert (place(grade, waited, 10), place(grade, waited, 0)) == (expected, PLACES[grade or "C"])


@pytest.mark.parametrize(("name", "value"), [("agents", 1), ("cap", 0), ("projects", -5), ("districts", 0), ("year", 1)])
def test_a_city_that_cannot_be_is_refused(name, value):
    with pytest.raises(CommandError, match=f"^--{name} 应在 .* 之间，现为 {value} / --{name} has to be from"):
        call_command("simulate_desk", **{name: value})
