"""The matrix of roles as data (`projects/catalog/roles.tsv`): who may do what; a test asks the rules for every cell.

`cell` is what the page prints, `own` and `other` are the verbs that the rules allow on an object of one's own (task,
matter, project) and on one of somebody else.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).parent / "catalog" / "roles.tsv"
#: Columns of the matrix in the order of the handbook of the centre.
ROLES = {
    "public": "公众", "owner": "建设单位", "agent": "代办", "clerk": "窗口", "reviewer": "部门经办",
    "chief": "首席代表", "utility": "公用单位", "head": "中心主任、工改办", "archive": "档案馆", "inspector": "督查",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one role may do: as the page says it, and as verbs on an own object and on another one."""

    action: str
    name: str
    role: str
    words: str
    own: frozenset[str]
    other: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One action with its cells in the order of the roles."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The whole, as the page shows it."""

    roles: tuple[str, ...]
    rows: tuple[Row, ...]


def _verbs(text: str | None) -> frozenset[str]:
    return frozenset(part for part in (text or "").split(",") if part)


@lru_cache(maxsize=1)
def cells() -> tuple[Cell, ...]:
    """Return every cell of the matrix."""
    with FILE.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return tuple(
        Cell(row["action"], row["name"], row["role"], row["cell"], _verbs(row["own"]), _verbs(row["other"]))
        for row in rows
    )


@lru_cache(maxsize=1)
def matrix() -> Matrix:
    """Return the matrix for the page; a cell that is missing is an error of the file."""
    found: dict[str, dict[str, Cell]] = {}
    for cell in cells():
        found.setdefault(cell.action, {})[cell.role] = cell
    rows = tuple(
        Row(next(iter(by_role.values())).name, tuple(by_role[role].words for role in ROLES))
        for by_role in found.values()
    )
    return Matrix(tuple(ROLES.values()), rows)
