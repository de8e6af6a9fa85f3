"""The terms of a joint review: how long pushing, merging, a second round, a rectification and a supplement take.

They come with the version of the matter (`review_rounds.tsv`); what a version does not say is said here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packages.models import MatterVersion


@dataclass(frozen=True, slots=True)
class ReviewTerms:
    """Working days. `push` 0 is the day of acceptance; `second` 0 is the days of the first round."""

    push: int = 0
    merge: int = 1
    second: int = 0
    rectify: int = 10
    supplement: int = 2
    disclaim: int = 2


NAMES = tuple(field.name for field in fields(ReviewTerms))


def terms_of(version: MatterVersion) -> ReviewTerms:
    """Return the terms of a version of a matter."""
    given = version.review_terms or {}
    return ReviewTerms(**{name: int(given[name]) for name in NAMES if name in given})
