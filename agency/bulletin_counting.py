"""How the figures of the bulletins are counted: pure functions from the facts of a row to a figure.

Sources: handbook §13 and §20 (D12), standards §4.5 and §9.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agency.bulletin_data import term
from agency.bulletin_facts import CaseFact, Facts
from agency.voice_states import Grade
from projects.rounding import Exact, half_up, mean, percent

DASH = "—"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: its value (None: nothing to say), what it counts, and what it is taken of."""

    value: Decimal | None
    numerator_ids: tuple[int, ...] = ()
    denominator_ids: tuple[int, ...] = ()


def say(value: Decimal | None) -> str:
    """Return a figure in words: whole numbers plain, rates and days without idle zeros, nothing as a dash."""
    if value is None:
        return DASH
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text or "0"


def _keys(facts: Iterable[Any]) -> tuple[int, ...]:
    return tuple(fact.pk for fact in facts)


def count(facts: Iterable[Any]) -> Row:
    """Return how many there are."""
    keys = _keys(facts)
    return Row(Decimal(len(keys)), keys)


def share(part: Iterable[Any], whole: Sequence[Any]) -> Row:
    """Return the part of the whole in per cent; nothing of nothing."""
    counted = _keys(part)
    return Row(half_up(percent(len(counted), len(whole))) if whole else None, counted, _keys(whole))


def days(facts: Facts, take: Callable[[list[int]], Exact]) -> Row:
    """Return a measure of the working days that the decided cases took."""
    timed = [fact for fact in facts.decided if fact.used is not None]
    used = [fact.used for fact in timed if fact.used is not None]
    return Row(half_up(take(used)) if used else None, _keys(timed))


def median(used: Sequence[int]) -> Exact:
    """Return the middle one, of an even number the mean of the two in the middle."""
    ordered, middle = sorted(used), len(used) // 2
    return ordered[middle] if len(used) % 2 else mean(ordered[middle - 1 : middle + 1])


def percentile_90(used: Sequence[int]) -> Exact:
    """Return what nine of ten took at most: the smallest value that 90 per cent do not exceed."""
    return sorted(used)[-(-9 * len(used) // 10) - 1]


def late_ones(facts: Facts) -> list[CaseFact]:
    """Return the cases that were decided late, or run and were beyond their limit at the end of the period."""
    return [fact for fact in (*facts.decided, *facts.running) if fact.is_late]


def overdue(facts: Facts) -> Row:
    """Return the cases beyond their limit."""
    return count(late_ones(facts))


def late_rate(facts: Facts) -> Row:
    """Return the share of the cases beyond their limit (standards §9.3)."""
    return share(late_ones(facts), [*facts.decided, *facts.running])


def _mean(values: Sequence[int], keys: tuple[int, ...]) -> Row:
    return Row(half_up(mean(values)) if values else None, keys)


def corrections(facts: Facts) -> Row:
    """Return how many notices a decided case got on average."""
    return _mean([fact.notices for fact in facts.decided], _keys(facts.decided))


def first_pass(facts: Facts) -> Row:
    """Return the share that was granted without any notice."""
    return share([fact for fact in facts.decided if fact.is_granted and not fact.notices], facts.decided)


def satisfied(facts: Facts) -> Row:
    """Return the share of the given ratings that are not low."""
    given = [fact for fact in facts.ratings if not fact.is_default]
    return share([fact for fact in given if fact.grade >= Grade.FAIR], given)


def mending(facts: Facts) -> Row:
    """Return the mean days of the faults that were mended."""
    return _mean([fact.days for fact in facts.mended], _keys(facts.mended))


def grade_count(grade: int) -> Callable[[Facts], Row]:
    """Return the function that counts the given ratings of one grade."""
    return lambda facts: count(f for f in facts.ratings if f.grade == grade and not f.is_default)


def low_grades(facts: Facts) -> list[Any]:
    """Return the low ratings that somebody gave."""
    return [fact for fact in facts.ratings if fact.grade <= Grade.BAD and not fact.is_default]


def back_entered(facts: Facts) -> Row:
    """Return the share of the cases with a step that was keyed in late."""
    whole = {fact.pk: fact for fact in (*facts.accepted, *facts.decided)}
    return share(facts.back_entered, list(whole.values()))


def doubted(facts: Facts) -> Row:
    """Return the cases with an earlier time that would make them timely and that nobody has confirmed."""
    return count(facts.doubted)


def inverted(facts: Facts) -> Row:
    """Return the cases whose times are the wrong way round."""
    return count({fact.pk: fact for fact in (*facts.accepted, *facts.decided) if fact.is_inverted}.values())


# The off-system probe (体外循环): what looks as if it had been decided elsewhere and keyed in afterwards


def decided_fast(facts: Facts) -> Row:
    """Return the cases that were decided right after they were accepted, where the limit is not short."""
    day = facts.last_day
    most, least = 60 * term("fast_minutes", day), term("fast_limit", day)
    return count(
        fact
        for fact in facts.decided
        if fact.limit >= least and fact.decided_at and 0 <= (fact.decided_at - fact.accepted_at).total_seconds() < most
    )


def decided_in_burst(facts: Facts) -> Row:
    """Cases that one person finished within a minute, more than three at once."""
    many, room = term("burst_count", facts.last_day), term("burst_seconds", facts.last_day)
    by_person: dict[int, list[CaseFact]] = {}
    for fact in facts.decided:
        if fact.decided_by and fact.decided_at:
            by_person.setdefault(fact.decided_by, []).append(fact)
    found: set[int] = set()
    for cases in by_person.values():
        cases.sort(key=lambda fact: (fact.decided_at or fact.accepted_at, fact.pk))
        moments = [fact.decided_at or fact.accepted_at for fact in cases]
        start = 0
        for end, moment in enumerate(moments):
            while (moment - moments[start]).total_seconds() > room:
                start += 1
            if end - start + 1 > many:
                found.update(fact.pk for fact in cases[start : end + 1])
    return count(fact for fact in facts.decided if fact.pk in found)


def decided_before(facts: Facts) -> Row:
    """Return the cases that were decided before they were accepted."""
    return count(fact for fact in facts.decided if fact.decided_at and fact.decided_at < fact.accepted_at)


def entered_at_the_end(facts: Facts) -> Row:
    """Cases keyed in late, when most of that happened in the last days of the period."""
    days, share = term("spike_days", facts.last_day), term("spike_percent", facts.last_day)
    last = [day for day in facts.entered_on if (facts.last_day - day).days < days]
    few = len(facts.entered_on) < term("few", facts.last_day)
    is_spike = not few and 100 * len(last) >= share * len(facts.entered_on)
    return count(facts.back_entered if is_spike else ())
