"""The risk page: the matrix with the project's cell, the factors that held, what follows, and the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packages import policy
from packages.drawing_states import RISK_TONES, RiskAxis, RiskClass
from packages.facts import vocabulary
from packages.models import RiskAssessment
from packages.services import policies
from projects import timing
from projects.models import Project

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix."""

    word: str
    tone: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class RiskPage:
    """Everything the page shows."""

    newest: RiskAssessment | None
    history: tuple[RiskAssessment, ...]
    grid: tuple[tuple[int, tuple[Cell, ...]], ...]
    hits: tuple[tuple[str, tuple[Mapping[str, object], ...]], ...]
    facts: tuple[tuple[str, str], ...]
    asked: tuple[dict[str, str], ...]

    @property
    def tone(self) -> str:
        """Colour of the class."""
        return RISK_TONES[self.newest.risk_class] if self.newest else ""


def risk_page(project: Project) -> RiskPage:
    """The page of a project. Three queries."""
    found = RiskAssessment.objects.filter(project=project).select_related("table", "made_by").order_by("-number")
    history = tuple(found[:SHOWN])
    newest = history[0] if history else None
    table = newest.table if newest else policies.find_table(policy.RISK)
    if table is None:
        return RiskPage(None, (), (), (), (), ())
    day = timing.business_day(newest.made_at) if newest else timing.today()
    return RiskPage(
        newest, history, _grid(table.content, newest), _hits(newest), _facts(newest),
        tuple(policy.questions(table.content, day)),
    )


def _grid(content: policy.Content, newest: RiskAssessment | None) -> tuple[tuple[int, tuple[Cell, ...]], ...]:
    day = timing.business_day(newest.made_at) if newest else timing.today()
    cells = {(int(row["consequence"]), int(row["likelihood"])): row["class"]
             for row in policy.in_force(content["risk_matrix.tsv"], day)}
    here = (newest.consequence, newest.likelihood) if newest else None
    return tuple(
        (first, tuple(
            Cell(str(RiskClass(cells[first, second]).label), RISK_TONES[cells[first, second]], (first, second) == here)
            for second in policy.SCORES
        ))
        for first in reversed(policy.SCORES)
    )


def _hits(newest: RiskAssessment | None) -> tuple[tuple[str, tuple[Mapping[str, object], ...]], ...]:
    hits = newest.hits if newest else []
    return tuple(
        (str(axis.label), tuple(sorted((h for h in hits if h["axis"] == axis), key=lambda h: -h["score"])))
        for axis in RiskAxis
    )


def _facts(newest: RiskAssessment | None) -> tuple[tuple[str, str], ...]:
    known = vocabulary()
    facts = newest.facts if newest else {}
    return tuple((known[name].label, known[name].show(value)) for name, value in facts.items() if name in known)
