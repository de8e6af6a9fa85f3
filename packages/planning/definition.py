"""The catalogue in its pure form: what a package holds, ready for the engine, whether read from rows or from files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packages.conditions import Node
from packages.planning.applying import Ruleset, assessing_of, ruleset
from packages.planning.engine import Row


@dataclass(frozen=True, slots=True)
class Body:
    """A department or other body."""

    code: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """Part of a body in the decision of a matter. `tacit` already stands under the floor of `packages.floor`."""

    pk: int | None
    body: Body
    role: str
    days: int
    tacit: bool
    rule: Node | None
    note: str


@dataclass(frozen=True, slots=True)
class MaterialLine:
    """A line of the list of materials."""

    pk: int | None
    name: str
    form: str
    source: str
    from_matters: tuple[str, ...]
    second_source: str
    kind: str
    kind_name: str
    deferral_days: int | None = None


@dataclass(frozen=True, slots=True)
class MatterDefinition:
    """A matter as its version says."""

    pk: int | None
    code: str
    name: str
    kind: str
    lead: Body
    stage: str
    national_stage: int
    is_milestone: bool
    level: str
    starts_works: bool
    statutory_days: int | None
    statutory_unit: str
    promised_days: int
    unit: str
    result_name: str
    result_kind: str
    commitment_allowed: bool
    deferral_allowed: bool
    parallel_group: str
    legal_basis: str
    note: str
    is_counted: bool
    prerequisites: tuple[str, ...]
    reviews: tuple[ReviewLine, ...]
    materials: tuple[MaterialLine, ...]


@dataclass(frozen=True, slots=True)
class RowDefinition:
    """A matter in a package."""

    pk: int | None
    matter: MatterDefinition
    entry: Row
    together: bool
    required: bool
    condition: str
    rule: Node | None
    promised_days: int
    is_counted: bool
    committed: bool = False


@dataclass(frozen=True, slots=True)
class PackageDefinition:
    """A package: its scope, its promise and its rows in catalogue order."""

    pk: int | None
    code: str
    name: str
    investment: str
    stage_days: tuple[int, int, int]
    scope_text: str
    scope: Node
    rows: tuple[RowDefinition, ...]
    rules: Ruleset

    def row(self, code: str) -> RowDefinition:
        """The row of a matter; KeyError when the package lacks it."""
        for row in self.rows:
            if row.matter.code == code:
                return row
        raise KeyError(code)


def rules_of(rows: tuple[RowDefinition, ...], prerequisites: Mapping[str, tuple[str, ...]]) -> Ruleset:
    """The rules of a package in answering order; `prerequisites` are those of all its matters."""
    return ruleset({row.matter.code: row.rule for row in rows}, assessing_of(prerequisites))
