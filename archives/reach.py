"""Which files of other projects the office side may open because they stand in for a paper of a visible one (免提交).

An app registers of what its rows make reachable; `Document.visible_to` asks all of them. The condition is of a
document, given the projects that the asker sees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import Project

Condition = Callable[["QuerySet[Project]"], Q]
_conditions: dict[str, Condition] = {}


def register(name: str, condition: Condition) -> None:
    """Register a condition; a second registration of the same name replaces the first."""
    _conditions[name] = condition


def reached(projects: QuerySet[Project]) -> Q:
    """Return the condition under which a document of another project may be opened; none holds when none is there."""
    found = Q(pk__in=[])
    for condition in _conditions.values():
        found |= condition(projects)
    return found
