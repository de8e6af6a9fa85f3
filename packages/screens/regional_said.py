"""What checklists and the page of a case say of the regional results on which a project stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from packages.models import MatterCase, RegionalUse
from packages.services.assessment_uses import relying_on
from projects import timing
from projects.models import Project

if TYPE_CHECKING:
    from django.db.models import QuerySet


def uses_of(project: Project) -> list[RegionalUse]:
    """Return on which results a project stands, for the word of it on its checklists. One query."""
    return list(live_uses().filter(project=project))


def live_uses() -> QuerySet[RegionalUse]:
    """Return the uses of regional results that stand, with their results."""
    return RegionalUse.objects.live().select_related("result__unit").order_by("pk")


def said_on(case: MatterCase, uses: Iterable[RegionalUse]) -> list[tuple[str, str]]:
    """Return what the page of a case says of the results on which it stands (应用区域评估情况)."""
    words = []
    for use in relying_on(case, uses, timing.today()):
        until = f"有效期至{timing.written(use.result.valid_until)}" if use.result.valid_until else ""
        held = f"，已于{timing.written(use.fixed_on)}锁定" if use.fixed_on else ""
        words.append(f"{use.result.name}{use.get_way_display()}（{use.result.unit.name}，{until}{held}）")
    return [("区域评估", "；".join(words))] if words else []
