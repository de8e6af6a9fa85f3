"""Terms of the bulletins with effective dates: `agency/catalog/bulletin_terms.tsv`.

docs/bulletin.md says where each is used and where it comes from.
"""

from __future__ import annotations

import datetime as dt

from agency import dated


def terms(on: dt.date) -> dict[str, int]:
    """Return every term that is in force on a day: per cent, working days, cases, minutes."""
    return {row["code"]: int(row["value"]) for row in dated.in_force("bulletin_terms.tsv", on)}


def term(code: str, on: dt.date) -> int:
    """Return one term of a day. Raises `KeyError`."""
    return terms(on)[code]
