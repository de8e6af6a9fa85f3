"""一码流转: one code, every role. Who is signed in and scans a project's code arrives at their own work on it.

Apps register what a person has to do on a project; the most pressing comes first. Somebody without work there, and
everybody who is not signed in, reads the page behind the code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projects.models import Project, User


@dataclass(frozen=True, slots=True)
class Errand:
    """One piece of work of a person on a project; `rank`: 1 what waits at the person, 5 where things are kept."""

    title: str
    url: str
    detail: str = ""
    rank: int = 1


#: Returns what the person has to do on the project, in a fixed number of queries.
Provider = Callable[["Project", "User"], Iterable[Errand]]
_providers: dict[str, Provider] = {}


def register(name: str, provider: Provider) -> None:
    """Register a provider; a second registration of the same name replaces the first."""
    _providers[name] = provider


def errands_of(project: Project, user: User) -> list[Errand]:
    """Return what the person has to do on the project, the most pressing first, each address once."""
    found: dict[str, Errand] = {}
    for provider in _providers.values():
        for errand in provider(project, user):
            found.setdefault(errand.url, errand)
    return sorted(found.values(), key=lambda errand: errand.rank)
