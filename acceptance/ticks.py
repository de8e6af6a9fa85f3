"""过程已核: which acceptance items were checked and passed during the works, where and when (handbook §7, step 8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acceptance import data
from acceptance.models import InspectionLine, PointCard
from acceptance.supervision_states import InspectionState, InspectorState, LineAnswer
from packages.models import AcceptanceItemDef
from projects import timing
from projects.states import IssueState

if TYPE_CHECKING:
    from acceptance.models import Inspection
    from projects.models import WorkUnit


@dataclass(frozen=True, slots=True)
class CheckedInProcess:
    """An acceptance item that was checked and passed during the works.

    `records`: it may be taken over without looking again (验收免核); else it is only told. `seen` are the inspections.
    """

    item: str
    name: str
    on: dt.date
    bodies: tuple[str, ...]
    seen: tuple[Inspection, ...]
    records: bool

    @property
    def inspections(self) -> tuple[str, ...]:
        """The titles of the inspections."""
        return tuple(row.title for row in self.seen)

    @property
    def mark(self) -> str:
        """The word of the tick."""
        return "过程已核、验收免核" if self.records else "过程已核"

    @property
    def where(self) -> str:
        """When, by whom and in which inspection it was found in order."""
        day = f"{self.on.year}年{self.on.month}月{self.on.day}日"
        return f"{day}{'、'.join(self.bodies)}在{'、'.join(self.inspections)}中核为合格"

    @property
    def words(self) -> str:
        """Why it need not be seen again."""
        return f"{self.mark}：{self.where}"


def checked_in_process(work_unit: WorkUnit, on: dt.date | None = None) -> dict[str, CheckedInProcess]:
    """Return the acceptance items of a works that were checked before, by the code of the item. Three queries at most.

    An item counts when the cards of it that tick (each, or one: `acceptance_ticks.tsv`) were last answered 合格 in a
    closed inspection, or the fault was re-checked and held, and that is not longer ago than the rule of the item lets.
    """
    cards: dict[str, set[str]] = {}
    ticking = PointCard.objects.filter(notice__work_unit=work_unit, ticks=True).exclude(item="")
    for item, code in ticking.values_list("item", "code"):
        cards.setdefault(item, set()).add(code)
    if not cards:
        return {}
    last: dict[str, InspectionLine] = {}
    lines = InspectionLine.objects.filter(
        unit__inspection__work_unit=work_unit, unit__state=InspectorState.RECORDED, card__ticks=True,
        answer__in=[LineAnswer.FINE, LineAnswer.FINDING],
    ).select_related("unit__inspection", "unit__organisation", "finding__issue")
    for line in lines.order_by("unit__inspection__started_at", "pk"):
        last[line.code] = line
    names = dict(AcceptanceItemDef.objects.published().values_list("code", "name")) if last else {}
    found = {}
    for item, codes in cards.items():
        one = _tick(item, names.get(item, item), sorted(codes), last, on or timing.today())
        if one is not None:
            found[item] = one
    return found


def _tick(
    item: str, name: str, codes: Sequence[str], last: Mapping[str, InspectionLine], on: dt.date
) -> CheckedInProcess | None:
    rule = data.tick_rule(item, on)
    good = [last[code] for code in codes if code in last and _holds(last[code])]
    if rule.days:
        good = [line for line in good if (on - line.unit.inspection.slot_on).days <= rule.days]
    if not good or (rule.needs_all and len(good) < len(codes)):
        return None
    return CheckedInProcess(
        item, name, max(line.unit.inspection.slot_on for line in good),
        tuple(dict.fromkeys(line.unit.organisation.label for line in good)),
        tuple({line.unit.inspection_id: line.unit.inspection for line in good}.values()), rule.records,
    )


def _holds(line: InspectionLine) -> bool:
    if line.unit.inspection.state != InspectionState.CLOSED:
        return False
    return line.answer == LineAnswer.FINE or line.finding.issue.state == IssueState.VERIFIED
