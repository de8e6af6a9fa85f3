"""The blocks of a bulletin as they are frozen: tables, charts and sentences as plain data, and the figures behind them.

`take(bulletin)` reads and computes; it writes nothing. Page, PDF and spreadsheets are drawn from the same content. A
cell is its text, the address of its figure (`group/row/key`, empty: it has no list) and whether it is bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agency import bulletin_charts as charts
from agency.bulletin import (
    BIG,
    BY_BODY,
    BY_REGION,
    BY_SITE,
    COUNTS,
    GRADES,
    INDICATORS,
    PROBE,
    QUALITY,
    RATED,
    RATES,
    TOTALS,
    rows_of,
)
from agency.bulletin_beside import agents_table, past_table, slips_table
from agency.bulletin_counting import DASH, Row, say
from agency.bulletin_data import term, terms
from agency.bulletin_facts import Facts
from agency.bulletin_history import History, history_of
from agency.bulletin_lights import Light, light_of, ranks, why_no_honour
from agency.bulletin_periods import Period
from agency.bulletin_reading import read
from agency.bulletin_scope import Scope, row_number, scope_of
from agency.bulletin_states import FigureGroup
from projects.models import Organisation, Region
from projects.rounding import half_up

if TYPE_CHECKING:
    from agency.models import Bulletin

Figures = dict[tuple[str, int, str], Row]
Content = dict[str, Any]
FEW = "样本不足"
#: Figures that are no rank and no rate: they are shown however few the cases are.
BAD_KEYS = frozenset({"overdue", "silent", "tacit", "breaches", "omissions", "off_list", "late_faults"})


@dataclass(slots=True)
class Snapshot:
    """What a freezing stores: figures with what they count, the content, and the lines of the decided cases."""

    figures: Figures = field(default_factory=dict)
    content: Content = field(default_factory=dict)
    lines: list[list[int | None]] = field(default_factory=list)


def period_for(bulletin: Bulletin) -> Period:
    """Return the period of a bulletin as it was fixed when it was opened."""
    return Period(bulletin.year, bulletin.month, bulletin.period_start, bulletin.period_end)


def take(bulletin: Bulletin) -> Snapshot:
    """Return the bulletin as it would be frozen now."""
    period, scope = period_for(bulletin), scope_of(bulletin.series, bulletin.centre, bulletin.region)
    facts = read(period, scope)
    taken = Snapshot(lines=[_line(fact) for fact in facts.decided])
    maker = _Maker(bulletin, period, scope, facts, history_of(bulletin), taken)
    taken.content = maker.content()
    return taken


def _line(fact: Any) -> list[int | None]:
    return [fact.pk, fact.used, fact.limit, int(fact.is_late), fact.applicant, fact.special, fact.intermediary]


def compared(key: str, value: Decimal | None, before: Decimal | None, word: str) -> str:
    """Return the comparison with another period: per cent of a count, points of a rate, days."""
    if value is None or before is None:
        return f"{word} {DASH}"
    change = value - before
    if key not in COUNTS:
        return f"{word} {_signed(change, '个百分点' if key in RATES else INDICATORS[key].unit)}"
    return f"{word} {_signed(100 * change / before, '%')}" if before else f"{word} 上次 0 {INDICATORS[key].unit}"


def _signed(value: Decimal, unit: str) -> str:
    """Return a change with its sign and unit: +0.3 个工作日, −2.5%; 持平 where one decimal shows none."""
    text = str(half_up(abs(value), 1)).removesuffix(".0")
    if text == "0":
        return "持平"
    return f"{'−' if value < 0 else '+'}{text}{unit if unit == '%' else f' {unit}'}"


@dataclass(slots=True)
class _Maker:
    """Makes the blocks of one bulletin and notes the figures as they are used."""

    bulletin: Bulletin
    period: Period
    scope: Scope
    facts: Facts
    history: History
    taken: Snapshot

    def content(self) -> Content:
        """Return all blocks."""
        total = self._figures(FigureGroup.TOTAL, 0, self.facts, TOTALS)
        regions = self._by_region()
        bodies = self._by_body()
        honour = [row for row in bodies["rows"] if row.get("honour")]
        past = past_table(self.bulletin, self.history)
        slips, issued = slips_table(self.period, self.scope)
        agents, orders = agents_table(self.period, self.scope)
        self.taken.figures |= issued | orders
        self._figures(FigureGroup.QUALITY, 0, self.facts, PROBE)
        return {
            "big": [self._big(key, total[key]) for key in BIG],
            "regions": regions,
            "bodies": bodies,
            "sites": self._by_site(),
            "items": self._by_item(),
            "agents": agents,
            "ratings": self._ratings(total),
            "slips": slips,
            "past": past,
            "quality": self._line_of("数据质量", QUALITY, FigureGroup.TOTAL),
            "probe": self._line_of("体外循环线索", PROBE, FigureGroup.QUALITY),
            "trend": charts.trend(self.bulletin, self.history, total["median_days"].value),
            "ledger": charts.ledger(self.facts.by("region"), self._region_names()),
            "dots": charts.dots(self.facts, terms(self.facts.last_day)["matters"]),
            "honour": honour,
            "honour_why": "" if honour else why_no_honour(self._bodies(), self.facts.last_day),
            "alerts": _alerts((regions, BY_REGION), (bodies, BY_BODY)),
            "erratum": charts.erratum(self.history.corrected, self.taken.figures),
            "terms": terms(self.facts.last_day),
        }

    def _figures(self, group: str, row: int, facts: Facts, keys: Sequence[str]) -> dict[str, Row]:
        found = rows_of(facts, keys)
        self.taken.figures |= {(str(group), row, key): figure for key, figure in found.items()}
        return found

    @property
    def least(self) -> int:
        """Of how many a rate is told at least; below it says 样本不足."""
        return terms(self.facts.last_day)["few"]

    @property
    def _since(self) -> str:
        """With what the bulletin before is compared, in words: a year has a year before it, no month."""
        return "环比" if self.bulletin.month else "比上年"

    def _big(self, key: str, figure: Row) -> dict[str, str]:
        before, year = self.history.before.get(key), self.history.year_before.get(key)
        notes = [compared(key, figure.value, before, self._since)]
        if self.bulletin.month:
            notes.append(compared(key, figure.value, year, "同比"))
        return {
            "label": INDICATORS[key].name,
            "value": say(figure.value),
            "unit": INDICATORS[key].unit,
            "note": "　".join(notes),
            "k": f"{FigureGroup.TOTAL}/0/{key}",
        }

    # The tables

    def _region_names(self) -> dict[int, str]:
        """Return the name of every row of the districts, also of those without a case."""
        centre, own = self.bulletin.centre, self.bulletin.region
        home_id = own.pk if own else centre.region_id
        home = Region.objects.filter(pk=home_id).first() if home_id else None
        below = list(Region.objects.filter(parent=home_id).order_by("code")) if home_id else []
        names = {row_number(region.code): region.name for region in below}
        if home is not None:
            names[row_number(home.code)] = f"{home.name}本级" if below else home.name
        met = {
            fact.region
            for kind in ("accepted", "decided", "running", "acceptances", "items")
            for fact in getattr(self.facts, kind)
        }
        if missing := met - set(names):
            codes = dict(Region.objects.values_list("code", "name"))
            names |= {row_number(code): name for code, name in codes.items() if row_number(code) in missing}
        return names

    def _by_region(self) -> Content:
        parts, names = self.facts.by("region"), self._region_names()
        found = {key: parts.get(key) or Facts(self.facts.last_day) for key in names}
        return self._table("分区", FigureGroup.REGION, found, names, BY_REGION)

    def _by_body(self) -> Content:
        found = self._bodies()
        names = {body.pk: body.label for body in Organisation.objects.filter(pk__in=found)}
        return self._table("分部门", FigureGroup.BODY, found, names, BY_BODY)

    def _bodies(self) -> dict[int, Facts]:
        """Return the facts of each department that had anything to do."""
        return {key: facts for key, facts in self.facts.by("body").items() if key and _has_work(facts)}

    def _table(
        self, title: str, group: str, found: dict[int, Facts], names: dict[int, str], keys: tuple[str, ...]
    ) -> Content:
        """Return a table with a light and a rank for each row; the rows by rank, those with too few cases last."""
        day = self.facts.last_day
        places, limit = ranks(found), term("honour", day)
        few = {key: len(facts.decided) < term("few", day) for key, facts in found.items()}
        order = sorted(found, key=lambda key: (few[key], places.get(key, 0), names.get(key, ""), key))
        rows = []
        for key in order:
            light = light_of(found[key])
            row = self._row(group, key, names.get(key, str(key)), found[key], keys, light)
            row["rank"] = str(places[key]) if key in places else FEW if row["few"] else DASH
            row["honour"] = light.colour == "green" and 0 < places.get(key, 0) <= limit
            rows.append(row)
        foot = self._row(FigureGroup.TOTAL, 0, "合计", self.facts, keys, light_of(self.facts))
        head = [[INDICATORS[key].name, INDICATORS[key].unit] for key in keys]
        return {"title": title, "head": head, "rows": rows, "foot": foot, "ranked": True}

    def _row(
        self, group: str, key: int, name: str, facts: Facts, keys: Sequence[str], light: Light | None = None
    ) -> Content:
        figures = self._figures(group, key, facts, keys)
        few = group != FigureGroup.TOTAL and len(facts.decided) < self.least
        said = {"colour": light.colour, "words": light.words, "reason": light.reason} if light else None
        cells = [cell(group, key, one, figures[one], few=few, least=self.least) for one in keys]
        return {
            "name": name,
            "row": key,
            "group": str(group),
            "cells": cells,
            "light": said,
            "few": few,
            "note": self._change(group, key, figures),
        }

    def _change(self, group: str, key: int, figures: dict[str, Row]) -> str:
        """Return how the on-time rate of a row moved since the month before."""
        before = self.history.rows.get((str(group), key, "on_time"))
        now = figures.get("on_time")
        if now is None or now.value is None or before is None:
            return ""
        return f"按时率{compared('on_time', now.value, before, self._since)}"

    def _by_site(self) -> Content:
        names = self._region_names()
        parts = {key: part for key, part in self.facts.by("region").items() if part.acceptances or part.items}
        rows = [self._site_row(FigureGroup.REGION, key, names.get(key, str(key)), parts[key]) for key in sorted(parts)]
        foot = self._site_row(FigureGroup.TOTAL, 0, "合计", self.facts)
        head = [[INDICATORS[key].name, INDICATORS[key].unit] for key in BY_SITE]
        return {"title": "联合验收", "head": head, "rows": rows, "foot": foot}

    def _site_row(self, group: str, key: int, name: str, facts: Facts) -> Content:
        figures = self._figures(group, key, facts, BY_SITE)
        cells = [cell(group, key, one, figures[one], least=self.least) for one in BY_SITE]
        return {"name": name, "cells": cells}

    def _by_item(self) -> Content:
        """Return the twelve items by district, and the items that fail most with an example."""
        names, top = self._region_names(), terms(self.facts.last_day)["failing"]
        rows: list[dict[str, Any]] = []
        order = sorted(names)
        known = charts.item_names()
        by_number = self.facts.by("number")
        for number, name in known.items():
            facts = by_number.get(number) or Facts(self.facts.last_day)
            self._figures(FigureGroup.ITEM, number, facts, ("faulty",))
            parts = facts.by("region")
            cells = []
            for region in order:
                figure = INDICATORS["faulty"].of(parts.get(region) or Facts(self.facts.last_day))
                key = f"faulty_{region}"
                self.taken.figures[str(FigureGroup.ITEM), number, key] = figure
                cells.append({"t": len(figure.numerator_ids), "k": f"{FigureGroup.ITEM}/{number}/{key}"})
            examples = [fact.example for fact in facts.items]
            rows.append(
                {
                    "name": name,
                    "number": number,
                    "cells": cells,
                    "total": len(facts.items),
                    "k": f"{FigureGroup.ITEM}/{number}/faulty",
                    "example": examples[0] if examples else "",
                }
            )
        worst = sorted((row for row in rows if row["total"]), key=lambda row: (-row["total"], row["number"]))[:top]
        return {"title": "验收事项不过", "columns": [names[key] for key in order], "rows": rows, "worst": worst}

    def _ratings(self, total: dict[str, Row]) -> Content:
        cells = [cell(FigureGroup.TOTAL, 0, key, total[key], least=self.least) for key in RATED]
        given = sum((total[key].value or Decimal(0) for key in GRADES), Decimal(0))
        head = [[INDICATORS[key].name, INDICATORS[key].unit] for key in RATED]
        return {"title": "好差评", "head": head, "rows": [{"name": "本期", "cells": cells}], "given": say(given)}

    def _line_of(self, title: str, keys: Sequence[str], group: str) -> Content:
        cells = [cell(group, 0, key, self.taken.figures[str(group), 0, key]) for key in keys]
        head = [[INDICATORS[key].name, INDICATORS[key].unit] for key in keys]
        return {"title": title, "head": head, "rows": [{"name": "本期", "cells": cells}]}


def cell(group: str, row: int, key: str, figure: Row, *, few: bool = False, least: int = 0) -> Content:
    """Return a cell: of a row with too few cases no rates; a rate of fewer than `least` says so and keeps its list.

    The four big numbers of the whole always stand.
    """
    is_count = key in COUNTS
    hidden = few and not is_count and key not in ("opinions", "satisfied")
    has_list = bool(figure.numerator_ids or figure.denominator_ids)
    small = key in RATES and 0 < len(figure.denominator_ids) < least and (group != FigureGroup.TOTAL or key not in BIG)
    return {
        "t": DASH if hidden else FEW if small else say(figure.value),
        "k": f"{group}/{row}/{key}" if has_list and figure.value is not None and not hidden else "",
        "bad": key in BAD_KEYS and bool(figure.value),
    }


def _has_work(facts: Facts) -> bool:
    return bool(facts.decided or facts.running or facts.accepted or facts.tasks or facts.off_list or facts.omissions)


def _alerts(*tables: tuple[Content, Sequence[str]]) -> list[Content]:
    """Return the red rows, then the yellow ones, each with the list of its overdue cases."""
    rows = [(row, row["cells"][keys.index("overdue")]) for table, keys in tables for row in table["rows"]]
    found = [
        {"name": row["name"], "light": row["light"], "k": late["k"], "late": late["t"]}
        for row, late in rows if row["light"]["colour"] in ("red", "yellow")
    ]
    return sorted(found, key=lambda one: one["light"]["colour"] != "red")
