"""Lights by rule and ranks that small numbers do not win. The values of the rule are dated data (docs/bulletin.md)."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from fractions import Fraction

from agency.bulletin_counting import late_ones
from agency.bulletin_data import term
from agency.bulletin_facts import Facts
from projects.rounding import half_up, percent

#: z of a two-sided interval of 95 per cent.
Z = 1.96


def wilson(part: int, whole: int) -> float:
    """Return the lower bound (95 per cent) of a share, 0 to 1: with it 1 of 1 does not beat 98 of 100."""
    if not whole:
        return 0.0
    share = part / whole
    spread = Z * math.sqrt(share * (1 - share) / whole + Z * Z / (4 * whole * whole))
    return (share + Z * Z / (2 * whole) - spread) / (1 + Z * Z / whole)


@dataclass(frozen=True, slots=True)
class Light:
    """The light of a row with the reason for it; no colour where there are too few cases."""

    colour: str
    words: str
    reason: str = ""


def light_of(facts: Facts) -> Light:
    """Return the light by the rule of the day (docs/bulletin.md): red first, then green, else yellow.

    Too few decided cases and none late: 样本不足.
    """
    day, late = facts.last_day, late_ones(facts)
    decided, in_time = len(facts.decided), sum(not fact.is_late for fact in facts.decided)
    longest = max((fact.over for fact in late), default=0)
    if decided < term("few", day) and len(late) < term("red_count", day) and longest <= term("red_days", day):
        return Light("", "样本不足")
    rate = percent(in_time, decided) if decided else Fraction(100)
    said = [f"按时率 {half_up(rate, 1)}%".replace(".0%", "%")]
    said += [f"超时 {len(late)} 件，最长 {longest} 天"] if late else []
    reason = "，".join(said)
    if rate < term("red_rate", day) or len(late) >= term("red_count", day) or longest > term("red_days", day):
        return Light("red", "红", reason)
    if rate >= term("green_rate", day) and longest <= term("green_days", day):
        return Light("green", "绿", reason)
    return Light("yellow", "黄", reason)


def ranks(found: dict[int, Facts]) -> dict[int, int]:
    """Return the rank of each row: red lights behind all others, then the Wilson lower bound of the on-time rate.

    Rows with too few cases have none, and nobody has one where there is no second to compare with or all are red: a red
    row never stands in the best place.
    """
    score = {
        key: wilson(sum(not fact.is_late for fact in facts.decided), len(facts.decided))
        for key, facts in found.items()
        if len(facts.decided) >= term("few", facts.last_day)
    }
    is_red = {key: light_of(found[key]).colour == "red" for key in score}
    if len(score) < 2 or all(is_red.values()):  # noqa: PLR2004 - nothing to compare
        return {}
    order = sorted(score, key=lambda key: (is_red[key], -score[key], key))
    places: dict[int, int] = {}
    for place, key in enumerate(order, start=1):
        before = order[place - 2] if place > 1 else None
        same = before is not None and (is_red[before], score[before]) == (is_red[key], score[key])
        places[key] = places[before] if same and before is not None else place
    return places


def why_no_honour(found: dict[int, Facts], day: dt.date) -> str:
    """Return why the list of honour is empty."""
    few = term("few", day)
    enough = [facts for facts in found.values() if len(facts.decided) >= few]
    if not enough:
        return f"本期没有办结满 {few} 件的部门，样本不足，不评红榜。"
    if not any(light_of(facts).colour == "green" for facts in enough):
        return f"办结满 {few} 件的 {len(enough)} 个部门都不是绿灯。"
    if len(enough) == 1:
        return f"办结满 {few} 件的部门只有 1 个，没有可比，不评红榜。"
    return f"绿灯的部门都没有排进前 {term('honour', day)} 名。"
