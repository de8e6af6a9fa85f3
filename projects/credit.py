"""Credit grades of organisations: whoever keeps credit records registers here what grade an organisation has on a day.

The kernel keeps no grade itself. As long as nobody has registered, or no record speaks of an organisation, the grade is
the empty text, and whoever asks uses what it has for an organisation without a grade.
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
