"""Terms of a consultation and what is looked at on the site, with effective dates: data of the catalogue's folder.

`consultation_terms.tsv`, `survey_items.tsv`, read once a process. The values are proposals of this portal:
docs/consultation.md says where each is used and where to change it.
"""

from __future__ import annotations

import datetime as dt

from packages.consultation_states import UnitKind
from packages.facts import split
from packages.utility_data import in_force
from projects import timing, workdays

ALL = "all"


def term(code: str, on: dt.date) -> int:
    """Return a term in working days: call, survey, invite, written, notice, offlist."""
    return next(int(row["days"]) for row in in_force("consultation_terms.tsv", on) if row["code"] == code)


def due(code: str, moment: dt.datetime) -> dt.date:
    """Return the last day of a term that began at this moment."""
    day = timing.business_day(moment)
    return workdays.due_date(day, term(code, day))


def survey_items(code: str, kind: str, on: dt.date) -> list[str]:
    """Return what a body of this code looks at on the site: what everybody does, then what is its own."""
    if kind == UnitKind.OWNER:
        return []
    rows = sorted(in_force("survey_items.tsv", on), key=lambda row: int(row["order"]))
    return [
        row["text"] for row in rows
        if row["kind"] == ALL or (row["kind"] == kind and (not row["bodies"] or code in split(row["bodies"])))
    ]
