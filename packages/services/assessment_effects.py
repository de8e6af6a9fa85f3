"""What the register of regional results means for one project on one day: pure reads (handbook §5.1).

An effect is an answer to a fact of the catalogue (`assessed_soil`): where the parcel lies wholly in units with a valid
result and the project is not excluded, the answer is yes and the rules of the package drop the matter. Nothing of the
plan is decided here. What a case was accepted on stays, also when the result has run out since (`RegionalUse` fixed).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

from packages import assessment_data, geometry
from packages.assessment_data import Item
from packages.assessment_states import (
    RESULT_COMING,
    RESULT_LIVE,
    STRICTNESS,
    EffectStatus,
    ResultState,
    Simplification,
    UseState,
)
from packages.conditions import evaluate
from packages.models import Enrolment, Parcel, RegionalResult, RegionalUnit, RegionalUse
from projects import timing
from projects.one_page import once

if TYPE_CHECKING:
    from packages.facts import Facts, FactValue
    from projects.models import Project

YES, NO = "yes", "no"
SHOWN = (*RESULT_COMING, *RESULT_LIVE, ResultState.LAPSED)


@dataclass(frozen=True, slots=True)
class Effect:
    """One item of the register for one project: whether its own assessment falls away, on what, until when, and why.

    `fact` and `answer` go into the facts of the plan. `matters` are the codes that the answer yes drops, `brings` those
    that come instead. With `EffectStatus.COMMITS` the matter stays and a commitment takes the place of its report, a
    line of one of the `kinds`.
    """

    item: str
    name: str
    fact: str
    status: str
    way: str
    matters: tuple[str, ...]
    brings: tuple[str, ...]
    kinds: tuple[str, ...]
    result_id: int | None
    unit_id: int | None
    unit_name: str
    valid_until: dt.date | None
    words: str

    @property
    def answer(self) -> str:
        """Return yes where no separate assessment is needed, else no."""
        return YES if self.status in (EffectStatus.APPLIES, EffectStatus.FIXED) else NO

    @property
    def status_label(self) -> str:
        """Return the word of the status."""
        return str(EffectStatus(self.status).label)

    @property
    def way_label(self) -> str:
        """Return 免评, 引用, 登记, 承诺, or nothing."""
        return str(Simplification(self.way).label) if self.way else ""


def regional_effects(
    project: Project, on: dt.date | None = None, facts: Facts | None = None
) -> list[Effect]:
    """Return what the register says of a project on a day (today), in the order of the items. At most five queries.

    Nothing while the project has no place. `facts` decide the excluded types; without them those of the enrolment do.
    """
    day = on or timing.today()
    if facts is None and day == timing.today():
        return once(("regional", project.pk), lambda: _effects(project, day, None))
    return _effects(project, day, facts)


def with_regional(
    facts: Mapping[str, FactValue], effects: Iterable[Effect], asked: Iterable[str]
) -> dict[str, FactValue]:
    """Return the facts with the answers of the register in place of what was said: the register decides."""
    wanted = set(asked) | set(facts)
    return {**facts, **{effect.fact: effect.answer for effect in effects if effect.fact in wanted}}


def _effects(project: Project, day: dt.date, facts: Facts | None) -> list[Effect]:
    parcel = Parcel.objects.filter(project=project).first()
    uses = {
        use.item: use for use in RegionalUse.objects.filter(project=project, state=UseState.FIXED).select_related(
            "result__unit", "fixed_case__matter"
        )
    }
    if parcel is None and not uses:
        return []
    known = facts if facts is not None else _facts_of(project)
    units = units_at(parcel) if parcel is not None else []
    by_item: dict[str, list[RegionalResult]] = defaultdict(list)
    for result in RegionalResult.objects.filter(unit__in=units, state__in=SHOWN).order_by("-pk"):
        by_item[result.item].append(result)
    found = []
    for item in assessment_data.items(day):
        if item.code in uses:
            found.append(_fixed(item, uses[item.code]))
        elif parcel is not None:
            found.append(_of_item(item, by_item[item.code], units, parcel, known, day))
    return found


def _facts_of(project: Project) -> Facts:
    facts: Facts = Enrolment.objects.filter(project=project).values_list("facts", flat=True).first() or {}
    return facts


def units_at(parcel: Parcel) -> list[RegionalUnit]:
    """Return the units that hold some part of a parcel."""
    frame = Q(west__lte=parcel.east, east__gte=parcel.west, south__lte=parcel.north, north__gte=parcel.south)
    near = list(RegionalUnit.objects.filter(frame).order_by("code"))
    return [near[n] for n in geometry.touched([unit.boundary for unit in near], parcel.geometry)] if near else []


def _fixed(item: Item, use: RegionalUse) -> Effect:
    result, case = use.result, use.fixed_case
    on = timing.written(use.fixed_on) if use.fixed_on else ""
    words = f"“{case.matter.name if case else ''}”已于{on}受理，当时成果有效，此后到期不影响本项目"
    return _effect(item, EffectStatus.FIXED, words, result, unit=result.unit, way=use.way)


def _of_item(
    item: Item, results: Sequence[RegionalResult], units: Sequence[RegionalUnit], parcel: Parcel, facts: Facts,
    day: dt.date,
) -> Effect:
    names = {unit.pk: unit for unit in units}
    valid = {result.unit_id: result for result in reversed(results) if result.is_valid_on(day)}
    covering = [unit for unit in units if unit.pk in valid]
    held = geometry.share_covered([unit.boundary for unit in covering], parcel.geometry) if covering else []
    if held:
        chosen = [valid[covering[n].pk] for n in held]
        return _covered(item, chosen, names, facts)
    if covering:
        words = f"地块只有一部分在{'、'.join(unit.name for unit in covering)}的有效成果内，仍须单独评估"
        return _effect(item, EffectStatus.PARTLY, words, valid[covering[0].pk], unit=covering[0])
    return _uncovered(item, results, names, day)


def _covered(
    item: Item, chosen: Sequence[RegionalResult], names: Mapping[int, RegionalUnit], facts: Facts
) -> Effect:
    """The parcel lies in valid results: the strictest holds, and an exclusion in any of them excludes."""
    for result in chosen:
        if result.excludes and evaluate(result.excludes, facts):
            words = f"本项目属于除外情形（{result.excludes_words}），仍须单独评估"
            return _effect(item, EffectStatus.EXCLUDED, words, result, unit=names[result.unit_id])
    strict = max(chosen, key=lambda result: (STRICTNESS.index(Simplification(result.way)), result.pk))
    ends = min(result.valid_until for result in chosen if result.valid_until)
    where = "、".join(dict.fromkeys(names[result.unit_id].name for result in chosen))
    straddles = "，跨两个区域按较严的一项" if len(chosen) > 1 else ""
    until = f"{f'{strict.number}，' if strict.number else ''}有效期至{timing.written(ends)}"
    if strict.way == Simplification.COMMIT:
        words = f"地块在{where}的有效成果内{straddles}：签承诺书，不交评估报告（{until}）"
        return _effect(item, EffectStatus.COMMITS, words, strict, unit=names[strict.unit_id], until=ends)
    words = f"地块在{where}的有效成果内{straddles}：{_way_words(strict.way)}（{until}）"
    return _effect(item, EffectStatus.APPLIES, words, strict, unit=names[strict.unit_id], until=ends)


def _way_words(way: str) -> str:
    return {
        Simplification.EXEMPT: "免于单独评估", Simplification.CITE: "引用区域成果，免于单独评估",
        Simplification.REGISTER: "改为登记，免于单独评估",
    }[Simplification(way)]


def _uncovered(
    item: Item, results: Sequence[RegionalResult], names: Mapping[int, RegionalUnit], day: dt.date
) -> Effect:
    """Nothing holds: it is being made, it has run out, or there is none."""
    coming = next((result for result in results if result.state in RESULT_COMING), None)
    if coming is not None:
        when = f"，预计 {coming.expected_on.month} 月" if coming.expected_on else ""
        words = f"{names[coming.unit_id].name}的区域评估在编{when}；目前仍须单独评估"
        return _effect(item, EffectStatus.COMING, words, coming, unit=names[coming.unit_id])
    past = next((result for result in results if result.valid_until and result.valid_until < day), None)
    if past is not None:
        words = f"{names[past.unit_id].name}的成果已于{timing.written(past.valid_until)}到期，须单独评估"
        return _effect(item, EffectStatus.EXPIRED, words, past, unit=names[past.unit_id])
    return _effect(item, EffectStatus.NONE, "本地块没有可用的区域成果，须单独评估", None)


def _effect(
    item: Item, status: str, words: str, result: RegionalResult | None, *, unit: RegionalUnit | None = None,
    way: str = "", until: dt.date | None = None,
) -> Effect:
    return Effect(
        item.code, item.name, item.fact, str(status), way or (result.way if result else ""), item.matters, item.brings,
        item.kinds, result.pk if result else None, unit.pk if unit else None, unit.name if unit else "",
        until or (result.valid_until if result else None), words,
    )
