"""Whether a project is ripe for its consultation, in the words of its appraisal: the one place that asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packages.appraisal_states import Maturity
from packages.models import PoolEntry

if TYPE_CHECKING:
    from projects.models import Project

DIRECT = "备案项目直接会商"


@dataclass(frozen=True, slots=True)
class Ripeness:
    """What the appraisal says of a project."""

    is_ripe: bool
    word: str


def ripeness(project: Project) -> Ripeness:
    """Return the maturity of a project; one that was never appraised is not ripe.

    A project that is only to be filed may skip the appraisal when its owner has asked for that at the pool.
    """
    entry = PoolEntry.objects.filter(project=project).only("maturity", "is_direct").first()
    if entry is None:
        return Ripeness(False, "未研判")
    if entry.is_direct:
        return Ripeness(True, DIRECT)
    return Ripeness(entry.maturity == Maturity.READY, str(Maturity(entry.maturity).label))
