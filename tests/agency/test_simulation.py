"""A year of a city through the real assignment rule: the same seed tells the same year, load is even, waiting is told (§10)."""

from dataclasses import replace
from decimal import Decimal

from agency.assigning_rule import Terms
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
