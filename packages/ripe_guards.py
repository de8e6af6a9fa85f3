"""What stands against calling a project ripe and urgent at once: an app above may know (resource tickets).

The app above registers a guard in `AppConfig.ready`; the chair of an appraisal asks all of them before signing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projects.models import Project

#: Returns why not, as a Chinese sentence; empty when nothing stands against it.
Guard = Callable[["Project"], str]
_guards: dict[str, Guard] = {}


def register(name: str, guard: Guard) -> None:
    """Register a guard; a second registration of the same name replaces the first."""
    _guards[name] = guard


def against(project: Project) -> str:
    """Return everything that stands against it, one sentence after the other."""
    return "".join(word for guard in _guards.values() if (word := guard(project)))
