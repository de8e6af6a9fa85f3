"""What the home page shows of all apps: packages by investment, the newest bulletins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agency.bulletin_states import BulletinState
from agency.models import Bulletin
from packages.models import PackageVersion
from projects.states import Investment

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

NEWEST = 2
LONGEST_SCOPE = 28


@dataclass(frozen=True, slots=True)
class PackageCard:
    """One package on the home page: its days by stage, and the bar's scale."""

    code: str
    name: str
    scope: str
    total: int
    planning: int
    permit: int
    acceptance: int


@dataclass(frozen=True, slots=True)
class PackageGroup:
    """The packages of one kind of investment."""

    label: str
    cards: list[PackageCard]


def package_groups() -> tuple[list[PackageGroup], int]:
    """Return the published packages by investment, and the days of the longest."""
    groups: dict[str, list[PackageCard]] = {key: [] for key in Investment.values}
    for version in PackageVersion.objects.published().select_related("package").order_by("package__order"):
        name = version.name.partition("·")[2] or version.name
        scope = _short(version.scope_text)
        card = PackageCard(version.code, name, scope, version.total_days, *version.stage_days)
        groups[version.investment].append(card)
    longest = max((card.total for cards in groups.values() for card in cards), default=1)
    return [PackageGroup(Investment(key).label, cards) for key, cards in groups.items() if cards], longest


def _short(text: str) -> str:
    """Return the beginning of a scope, cut between two parts of it where it is long."""
    clause = re.split("[；。（]", text, maxsplit=1)[0]
    parts = re.split("(?<=[、，：])", clause)
    while len(parts) > 1 and len("".join(parts)) > LONGEST_SCOPE:
        parts.pop()
    short = "".join(parts)
    return short if short == clause else f"{short.rstrip('、，：')}等"


def newest_bulletins(user: User | AnonymousUser) -> list[Bulletin]:
    """Return the newest published bulletins."""
    found = Bulletin.objects.visible_to(user).filter(region=None).exclude(state=BulletinState.CORRECTED)
    return list(found.select_related("centre__region", "region").defer("content")[:NEWEST])
