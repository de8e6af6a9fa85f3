"""Values of planning that no law settles: dated data of the catalogue's folder (docs/planning.md says whence)."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from packages.utility_data import fee_rules, in_force

#: Calendar days of building where the file names no package.
ANY_WORKS = 365


@lru_cache(maxsize=64)
def term(code: str, on: dt.date) -> int:
    """A term of `plan_terms.tsv` on a day: working days, months or a count, as its line says."""
    return next(int(row["value"]) for row in in_force("plan_terms.tsv", on) if row["code"] == code)


@lru_cache(maxsize=64)
def works_period(package_code: str, on: dt.date) -> int:
    """Calendar days of building assumed for a package while its owner has stated none."""
    rows = in_force("plan_works.tsv", on)
    return next((int(row["days"]) for row in rows if row["package_code"] == package_code), ANY_WORKS)


@lru_cache(maxsize=512)
def fee_words(matter_code: str, on: dt.date) -> str:
    """What a matter costs in words, empty where nothing is charged; a standard not yet proved is said to be so."""
    return "；".join(
        f"{rule.name}（{rule.formula}{'' if rule.is_confirmed else '，标准待核对'}）"
        for rule in fee_rules(on) if rule.matter == matter_code
    )
