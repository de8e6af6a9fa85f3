"""What higher apps show on the kernel's pages: panels of the project page and lines of the public QR page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest

    from projects.errors import Verdict
    from projects.models import Project


@dataclass(frozen=True, slots=True)
class Panel:
    """One sheet of the project page: a template and what it needs.

    `column` is main or side; on the page of the enterprise also first, before everything else (who to call).
    """

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


#: Group of the facts that say when things will be: they stand on the first screen of the QR page.
WHEN = "大概何时"


@dataclass(frozen=True, slots=True)
class PublicFact:
    """One line that everybody may read on the QR page: a permit that was issued, the next step. No personal value.

    `is_first`: it stands at the head of the page, in its tone (a permit that runs out and what it allows).
    """

    group: str
    title: str
    detail: str = ""
    on: str = ""
    tone: str = "plain"
    is_first: bool = False


PublicProvider = Callable[["Project"], list[PublicFact]]
_public: dict[str, PublicProvider] = {}


def register_public(name: str, provider: PublicProvider) -> None:
    """Register a provider of public facts."""
    _public[name] = provider


def public_facts(project: Project) -> list[PublicFact]:
    """Return all public facts of a project."""
    return [fact for provider in _public.values() for fact in provider(project)]


@dataclass(frozen=True, slots=True)
class JointFact:
    """What one of the six joints says in the stage chain: one fact, one date, and its state (done, now, todo)."""

    fact: str = ""
    when: dt.date | dt.datetime | str | None = None
    state: str = ""


#: Returns facts by the key of the joint (`JOINTS` in `projects/chain.py`); an empty state follows the stage.
JointProvider = Callable[["Project"], dict[str, JointFact]]
_joints: dict[str, JointProvider] = {}


def register_joints(name: str, provider: JointProvider) -> None:
    """Register a provider of facts of the joints; a later one overrides an earlier one joint by joint."""
    _joints[name] = provider


def joint_facts(project: Project) -> dict[str, JointFact]:
    """Return what the six joints say."""
    facts: dict[str, JointFact] = {}
    for provider in _joints.values():
        facts.update(provider(project))
    return facts


@dataclass(frozen=True, slots=True)
class Action:
    """A button in the head of the project page; `verdict` None is always pressable."""

    label: str
    url: str
    verdict: Verdict | None = None
    primary: bool = False


#: Returns the ways that lead from an object (a connected utility, a code, a paper) to a page of a higher app.
WayProvider = Callable[[Any, Any], list[Action]]
_ways: dict[str, list[WayProvider]] = {}


def register_ways(label: str, provider: WayProvider) -> None:
    """Register what leads from an object of the model `label` (packages.UtilityLine) further, for this user."""
    _ways.setdefault(label, []).append(provider)


def ways_of(obj: Any, user: Any) -> list[Action]:
    """Return the ways that lead from an object to pages of higher apps, for this user (who may be anonymous)."""
    return [way for provider in _ways.get(obj._meta.label, ()) for way in provider(obj, user)]


#: Returns the words of the head (工业厂房类) and the buttons beside it.
HeadProvider = Callable[["Project", "HttpRequest"], tuple[list[str], list[Action]]]
_heads: dict[str, HeadProvider] = {}


def register_head(name: str, provider: HeadProvider) -> None:
    """Register a provider of words and buttons of the project page's head."""
    _heads[name] = provider


def head_of(project: Project, request: HttpRequest) -> tuple[list[str], list[Action]]:
    """Return all words and buttons of the head, in the order of registration."""
    words: list[str] = []
    actions: list[Action] = []
    for provider in _heads.values():
        more_words, more_actions = provider(project, request)
        words += more_words
        actions += more_actions
    return words, actions
