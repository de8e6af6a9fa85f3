"""What a bulletin counts of the ratings (好差评): the five grades and what became of the low ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agency.bulletin_facts import RatingFact, within
from agency.models import Rating
from agency.voice_states import FollowState

if TYPE_CHECKING:
    from agency.bulletin_facts import Facts, Scope
    from agency.bulletin_periods import Period


def read_ratings(facts: Facts, period: Period, scope: Scope) -> None:
    """Read the ratings of the period that count; those that nobody gave are marked."""
    given = Rating.objects.filter(
        within("given_at", period), scope.projects("ask__project"), scope.stages("ask__case"), is_excluded=False
    )
    columns = ("pk", "ask__project__region_id", "ask__body_id", "grade", "is_default", "follow_up__state")
    for pk, code, body, grade, default, state in given.order_by("pk").values_list(*columns):
        facts.ratings.append(RatingFact(pk, scope.region(code), body, grade, default, state == FollowState.REPLIED))
