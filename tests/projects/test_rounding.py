"""A figure is rounded as by hand: half up on exact values, whatever two's fractions make of it."""

from decimal import Decimal
from fractions import Fraction

import pytest

from projects.rounding import half_up, mean, percent


@pytest.mark.parametrize(("value", "places", "said"), [
    (mean([1, 1, 1, 1, 1, 1, 1, 2]), 2, "1.13"), (Fraction(1125, 1000), 2, "1.13"), (Decimal("1.115"), 2, "1.12"),
    (Fraction(-1125, 1000), 2, "-1.13"), (percent(2, 3), 2, "66.67"), (percent(1, 800), 2, "0.13"), (7, 2, "7.00"),
    (percent(3, 16), 1, "18.8"), (Fraction(1, 4), 1, "0.3"), (Decimal("2.25"), 1, "2.3"), (Fraction(2499, 1000), 0, "2"),
])
def test_half_up(value, places, said):
    assert str(half_up(value, places)) == said
