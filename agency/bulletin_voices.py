"""What a bulletin counts of the ratings (好差评): the five grades and what became of the low ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agency.bulletin_facts import RatingFact
from agency.voice_queries import ratings_given
from agency.voice_states import FollowState

if TYPE_CHECKING:
    from agency.bulletin_facts import Facts
    from agency.bulletin_periods import Period
    from agency.bulletin_scope import Scope


def read_ratings(facts: Facts, period: Period, scope: Scope) -> None:
    """Read the ratings of the period that count; those that nobody gave are marked."""
    narrowed = scope.projects("ask__project"), scope.stages("ask__case")
    for one in ratings_given(period.start, period.end, *narrowed):
        if not one.is_excluded:
            region, settled = scope.region(one.region_code), one.follow == FollowState.REPLIED
            facts.ratings.append(RatingFact(one.pk, region, one.body_id, one.grade, one.is_default, settled))
