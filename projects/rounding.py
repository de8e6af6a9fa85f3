"""Rounding as whoever counts by hand rounds: half up, on exact values. A mean of 1.125 is 1.13, never 1.12."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

#: A whole number, a quotient of two, or a decimal: what is exact. A float is refused by the type checker.
Exact = int | Fraction | Decimal


def half_up(value: Exact, places: int = 2) -> Decimal:
    """Return a value with so many decimals, halves away from zero."""
    if isinstance(value, Fraction):
        scaled = abs(value) * 10**places + Fraction(1, 2)
        number = scaled.numerator // scaled.denominator
        return Decimal(number if value >= 0 else -number).scaleb(-places)
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def percent(part: int, whole: int) -> Fraction:
    """Return a share in per cent, exact. `whole` is not 0."""
    return Fraction(100 * part, whole)


def mean(values: Sequence[int]) -> Fraction:
    """Return the mean of whole numbers, exact. There is at least one."""
    return Fraction(sum(values), len(values))
