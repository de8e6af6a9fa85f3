"""Credit grades of organisations, and what is refused to those who broke faith.

The grade comes from the records of the kernel (`services/credit.py`, registered when the app is ready); another keeper
may register beside it. Where no record speaks of an organisation the grade is the empty text, and whoever asks uses
what it has for an organisation without a grade.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

#: Organisation, day -> grade (`A` ... `D`), or an empty text.
Grader = Callable[[int, dt.date], str]
_graders: dict[str, Grader] = {}


def register(name: str, grader: Grader) -> None:
    """Let `grader` say the grade of an organisation on a day; the same name again replaces it."""
    _graders[name] = grader


def grade_of(organisation_id: int, day: dt.date) -> str:
    """Return the grade of an organisation on a day, or an empty text where nobody has graded it."""
    for name in sorted(_graders):
        if grade := _graders[name](organisation_id, day):
            return grade
    return ""


# What is refused ------------------------------------------------------------------------------------------------------


def refusal(organisation_id: int, what: str, day: dt.date) -> str:
    """Return why something is refused to an organisation on a day (joint punishment), or an empty text.

    `what` is the word of the data: commitment, deferral, sampling. Rules: `projects/catalog/credit_refusals.tsv`.
    """
    from projects import credit_data
    from projects.services.credit import is_listed

    rows = [row for row in credit_data.refusals(day) if row["what"] == what]
    if not rows:
        return ""
    marks = {grade_of(organisation_id, day)}
    if any(row["who"] == "listed" for row in rows) and is_listed(organisation_id):
        marks.add("listed")
    return next((row["reason"] for row in rows if row["who"] in marks), "")
