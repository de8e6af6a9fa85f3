"""Terms of ratings, enquiries and complaints with effective dates, and when a rating is asked for.

All values are proposals of this portal: docs/voices.md says where each comes from and where to change it.
"""

from __future__ import annotations

import datetime as dt

from agency.dated import in_force


def term(code: str, on: dt.date) -> int:
    """Return a term in force on a day: working days, or a grade."""
    return next(int(row["value"]) for row in in_force("voice_terms.tsv", on) if row["code"] == code)


def is_asked(scope: str, moment: str, on: dt.date) -> bool:
    """Return whether a rating of this scope is asked for at this moment."""
    return _ask_row(scope, moment, on) is not None


def is_told(scope: str, moment: str, on: dt.date) -> bool:
    """Return whether the owner gets a message about it; else it is asked on pages and at the window only."""
    row = _ask_row(scope, moment, on)
    return row is not None and row["message"] == "yes"


def _ask_row(scope: str, moment: str, on: dt.date) -> dict[str, str] | None:
    found = in_force("rating_asks.tsv", on)
    return next((row for row in found if (row["scope"], row["moment"]) == (scope, moment)), None)
