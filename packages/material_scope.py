"""Papers of a checklist that the facts of a project decide: `material_scope.tsv` says when a line is asked at all.

A line without a row is asked wherever its matter is. A line with one is left out only where the facts say that its rule
does not hold; while an answer is missing it is asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import lru_cache

from packages.case_data import Dated, dated_rows
from packages.conditions import Known, Node, parse_rule
from packages.planning.definition import MaterialLine
from projects import timing


@lru_cache(maxsize=1)
def _declared() -> dict[tuple[str, str], tuple[tuple[Dated, Node], ...]]:
    found: dict[tuple[str, str], tuple[tuple[Dated, Node], ...]] = {}
    for row, when in dated_rows("material_scope.tsv"):
        key = row["matter_code"], row["name_zh"]
        found[key] = (*found.get(key, ()), (when, parse_rule(row["rule"])))
    return found


def asked(
    matter: str, lines: Iterable[MaterialLine], known: Known, day: dt.date | None = None
) -> tuple[MaterialLine, ...]:
    """Return the lines of a matter that a project with these answers is asked for on a day (today). No query."""
    today = day or timing.today()
    return tuple(
        line for line in lines
        if not any(when.holds(today) and rule.holds(known) is False
                   for when, rule in _declared().get((matter, line.name), ()))
    )
