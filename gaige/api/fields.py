"""How a value of the interface is declared: its name, what it is, what it means; the schema is made from that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import Project

TEXT, WHOLE, NUMBER, YES_NO, DAY, MOMENT = "string", "integer", "number", "boolean", "date", "date-time"


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a row."""

    name: str
    kind: str
    means: str
    is_nullable: bool = False
    values: tuple[str, ...] = ()

    def schema(self) -> dict[str, Any]:
        """Return its JSON schema."""
        plain = TEXT if self.kind in {DAY, MOMENT} else self.kind
        found: dict[str, Any] = {"type": [plain, "null"] if self.is_nullable else plain, "description": self.means}
        if self.kind in {DAY, MOMENT}:
            found["format"] = self.kind
        if self.values:
            found["enum"] = [*self.values, None] if self.is_nullable else list(self.values)
        return found


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a list may be narrowed by, and the condition that follows from it."""

    name: str
    means: str
    column: str
    values: tuple[str, ...] = ()

    def schema(self) -> dict[str, Any]:
        """Return it as OpenAPI has it."""
        kind: dict[str, Any] = {"type": TEXT}
        if self.values:
            kind["enum"] = list(self.values)
        return {"name": self.name, "in": "query", "required": False, "description": self.means, "schema": kind}


Rows = Callable[["QuerySet[Project]"], "QuerySet[Any]"]
Show = Callable[[Sequence[Any]], "list[dict[str, Any]]"]


@dataclass(frozen=True, slots=True)
class Resource:
    """One list: who may read it, what its rows say, what narrows it, where rows come from and how they are told."""

    name: str
    title: str
    means: str
    scope: str
    fields: tuple[Field, ...]
    parameters: tuple[Parameter, ...]
    rows: Rows
    show: Show

    def schema(self) -> dict[str, Any]:
        """Return the schema of a row: exactly these values, all of them there."""
        return {
            "type": "object", "description": self.title, "additionalProperties": False,
            "required": [field.name for field in self.fields],
            "properties": {field.name: field.schema() for field in self.fields},
        }


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as JSON has it: days and moments as text, decimals as numbers."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


