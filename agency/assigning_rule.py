"""Who fits a project, by a stated rule on plain facts: no database, so that a whole year can be played through it.

First the hard filters (`why_not`), then the score: specialty, district, free load, continuity, weighted by dated data.
Of equal scores the one who was assigned longest ago. docs/agency.md has the rule in words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from agency.states import AssignmentRole

NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
THOUSANDTH = Decimal("0.001")
#: The order in which projects without people are served, by the grade of their appraisal; never appraised is like C.
PLACES = {"A": 0, "B": 1, "C": 2, "D": 3}
#: Why somebody who fits otherwise has no room.
FULL, RESERVED = "负荷已满", "余量留给急重项目"


@dataclass(frozen=True, slots=True)
class Terms:
    """The values of the rule on a day: weights that add up to 1, what a region above counts, points by grade.

    `room` is what must be left of a cap before anything is given: as much as an urgent project (A) needs. Otherwise one
    of two points finds its place long before one of five, and the most urgent wait longest. `ageing`: working days
    after which a project that still waits moves one grade up in the order, up to B; 0 is never.
    """

    weights: Mapping[str, Decimal]
    upper: Decimal
    points: Mapping[str, Decimal]
    room: Decimal = Decimal(0)
    ageing: int = 0


@dataclass(slots=True)
class Candidate:
    """What the rule knows of one person."""

    key: int
    regions: frozenset[str]
    specialties: frozenset[str] = frozenset()
    can_lead: bool = True
    can_serve: bool = True
    cap: int = 40
    load: Decimal = Decimal(0)
    at_hand: int = 0
    last: dt.datetime | None = None
    away: str = ""
    conflicts: frozenset[int] = frozenset()
    served: dict[int, set[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Need:
    """One role of one project that somebody is wanted for."""

    project: int
    role: str
    region: str
    region_name: str
    owner: int
    package: str = ""
    grade: str = ""
    held: frozenset[int] = frozenset()
    reviewing: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Scored:
    """One person with the score from 0 to 1 and the reasons in words."""

    key: int
    score: Decimal
    reasons: tuple[str, ...]


def districts(region: str) -> frozenset[str]:
    """Return a region and those above it: 140581, 140500, 140000."""
    return frozenset({region, f"{region[:4]}00", f"{region[:2]}0000"})


def place(grade: str, waited: int, ageing: int) -> int:
    """Return the place of a project among those that wait: by its grade, moved up while it waits; A before all.

    `waited`, `ageing`: working days.
    """
    first = PLACES[grade or "C"]
    return max(PLACES["B"], first - waited // ageing) if ageing and first else first


def why_not(who: Candidate, need: Need, terms: Terms) -> str:
    """Return why a person may not be proposed; empty where nothing stands in the way. The first reason that holds."""
    able = who.can_lead if need.role == AssignmentRole.LEAD_OFFICER else who.can_serve
    reasons = (
        (not able, "不任这一身份"),
        (not who.regions & districts(need.region), "不在片区"),
        (bool(who.away), who.away),
        (need.owner in who.conflicts, "须回避该建设单位"),
        (who.key in need.reviewing, "正在审查本项目"),
        (who.key in need.held, "已是本项目的另一身份"),
        (who.load + terms.points[need.grade or "C"] > who.cap, FULL),
        (who.load + min(terms.room, Decimal(who.cap)) > who.cap, RESERVED),
    )
    return next((words for holds, words in reasons if holds), "")


def lacking(who: Candidate, need: Need, terms: Terms) -> Decimal:
    """Return by how many points somebody who fits otherwise has too little room; 0 or less where there is enough."""
    return who.load + max(terms.points[need.grade or "C"], min(terms.room, Decimal(who.cap))) - who.cap


def score(who: Candidate, need: Need, terms: Terms) -> Scored:
    """Return a person with the score and its reasons."""
    weights, total, reasons = terms.weights, Decimal(0), []
    if need.package and need.package in who.specialties:
        total += weights["specialty"]
        reasons.append("熟悉这类套餐")
    own = need.region in who.regions
    total += weights["district"] * (1 if own else terms.upper)
    reasons.append(f"负责{need.region_name}片区" if own else "负责上级片区，可跨区支援")
    total += weights["load"] * (1 - who.load / who.cap)
    reasons.append(f"负荷 {plain(who.load)} 分，上限 {who.cap}（在手 {who.at_hand} 个）")
    if who.served.get(need.owner, set()) - {need.project}:
        total += weights["continuity"]
        reasons.append("服务过该建设单位")
    return Scored(who.key, total.quantize(THOUSANDTH, ROUND_HALF_UP), tuple(reasons))


def rank(people: Iterable[Candidate], need: Need, terms: Terms) -> list[Scored]:
    """Return everybody who may be chosen, the best first; of equals who was assigned longest ago."""
    able = [who for who in people if not why_not(who, need, terms)]
    last = {who.key: who.last or NEVER for who in able}
    return sorted((score(who, need, terms) for who in able), key=lambda one: (-one.score, last[one.key], one.key))


def plain(number: Decimal) -> str:
    """Return 4 or 4.5."""
    return f"{number.normalize():f}"
