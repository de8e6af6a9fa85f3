"""The charts of a bulletin as frozen data: twelve months, whose time it was, cases against their limit."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agency.bulletin import INDICATORS
from agency.bulletin_counting import median, say
from agency.bulletin_facts import CaseFact, Facts
from agency.bulletin_history import MONTHS, History, span
from agency.bulletin_states import FigureGroup
from packages.choices import VersionStatus
from packages.models import AcceptanceItemDef, MatterVersion
from projects.rounding import Exact, half_up, mean

if TYPE_CHECKING:
    from agency.bulletin_counting import Row
    from agency.models import Bulletin

#: A chart of dots has at most so many in one column; above that a dot stands for several cases.
MOST_DOTS = 8


def trend(bulletin: Bulletin, history: History, median: Decimal | None) -> list[dict[str, Any]]:
    """Return the medians of the last twelve months (or five years) with those of the year before."""
    months = span(bulletin.year, bulletin.month, MONTHS if bulletin.month else 5)
    found = []
    for year, month in reversed(months):
        own = (year, month) == (bulletin.year, bulletin.month)
        pk, value = (bulletin.pk, median) if own else history.medians.get((year, month), (None, None))
        before = history.medians.get((year - 1, month), (None, None))[1] if month else None
        found.append(
            {
                "label": f"{month}月" if month else f"{year}年",
                "value": _float(value),
                "before": _float(before),
                "pk": pk,
            }
        )
    return found


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _tenths(days: Exact) -> float:
    """Return days with one decimal, 1.25 as 1.3: so whoever counts by hand rounds."""
    return float(half_up(days, 1))


def ledger(parts: dict[int, Facts], names: dict[int, str]) -> list[dict[str, Any]]:
    """Return whose time it was, in working days for each decided case, by district; districts without one left out."""
    rows = []
    for key in sorted(names):
        timed = [fact for fact in parts[key].decided if fact.used is not None] if key in parts else []
        if not timed:
            continue
        days = {
            "government": mean([fact.used or 0 for fact in timed]),
            "applicant": mean([fact.applicant for fact in timed]),
            "special": mean([fact.special for fact in timed]),
            "intermediary": mean([fact.intermediary for fact in timed]),
        }
        rows.append(
            {
                "name": names[key],
                "count": len(timed),
                "k": f"{FigureGroup.REGION}/{key}/decided",
                **{owner: _tenths(value) for owner, value in days.items()},
                "sum": _tenths(sum(days.values())),
            }
        )
    return rows


def dots(facts: Facts, most: int) -> dict[str, Any]:
    """Return the decided cases by matter and limit: how many took how long; late ones first, then the most frequent."""
    groups: dict[tuple[int, int], list[CaseFact]] = defaultdict(list)
    for fact in facts.decided:
        if fact.used is not None:
            groups[fact.matter, fact.limit].append(fact)
    order = sorted(groups, key=lambda at: (-sum(f.is_late for f in groups[at]), -len(groups[at]), at))[:most]
    names = dict(MatterVersion.objects.filter(pk__in={matter for matter, _ in order}).values_list("pk", "name"))
    spread = [Counter(f.used or 0 for f in groups[at]) for at in order]
    each = max(-(-max((max(found.values()) for found in spread), default=1) // MOST_DOTS), 1)
    rows = []
    for at, found in zip(order, spread, strict=True):
        used = [f.used or 0 for f in groups[at]]
        rows.append(
            {
                "name": names.get(at[0], ""),
                "limit": at[1],
                "spread": sorted([days, -(-n // each)] for days, n in found.items()),
                "median": str(half_up(median(used))),
                "count": len(used),
                "late": sum(f.is_late for f in groups[at]),
                "k": f"{FigureGroup.TOTAL}/0/decided",
                "matter": at[0],
            }
        )
    longest = max((max(row["limit"], row["spread"][-1][0]) for row in rows), default=1)
    return {"rows": rows, "each": each, "longest": longest or 1}


def erratum(before: dict[str, Decimal | None] | None, figures: dict[tuple[str, int, str], Row]) -> list[list[str]]:
    """Return which totals differ from the version that is corrected: name, was, is."""
    if before is None:
        return []
    found = []
    for key, one in INDICATORS.items():
        now = figures.get((FigureGroup.TOTAL, 0, key))
        if now is not None and key in before and before[key] != now.value:
            found.append([f"{one.name}（{one.unit}）", say(before[key]), say(now.value)])
    return found


def item_names() -> dict[int, str]:
    """Return the acceptance items of the catalogue by their number."""
    rows = AcceptanceItemDef.objects.filter(status=VersionStatus.PUBLISHED).order_by("no")
    return dict(rows.values_list("no", "name"))
