"""What higher apps show on the kernel's pages: panels of the project page and lines of the public QR page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest

    from projects.models import Project


@dataclass(frozen=True, slots=True)
class Panel:
    """One sheet of the project page: a template and what it needs. `column` is main or side."""

    template: str
    context: dict[str, Any]
    column: str = "main"


#: Returns the panel for this project and request, or None when there is nothing to show to this user.
PanelProvider = Callable[["Project", "HttpRequest"], Panel | None]
_panels: dict[str, tuple[int, PanelProvider]] = {}


def register(name: str, order: int, provider: PanelProvider) -> None:
    """Register a panel; `order` places it within its column."""
    _panels[name] = (order, provider)


def panels_for(project: Project, request: HttpRequest) -> list[Panel]:
    """Return the panels of the project page in order."""
    ordered = sorted(_panels.values(), key=lambda entry: entry[0])
    return [panel for _, provider in ordered if (panel := provider(project, request)) is not None]


@dataclass(frozen=True, slots=True)
class PublicFact:
    """One line that everybody may read on the QR page: a permit that was issued, the next step. No personal value."""

    group: str
    title: str
    detail: str = ""
    on: str = ""
    tone: str = "plain"


PublicProvider = Callable[["Project"], list[PublicFact]]
_public: dict[str, PublicProvider] = {}


def register_public(name: str, provider: PublicProvider) -> None:
    """Register a provider of public facts."""
    _public[name] = provider


def public_facts(project: Project) -> list[PublicFact]:
    """Return all public facts of a project."""
    return [fact for provider in _public.values() for fact in provider(project)]
