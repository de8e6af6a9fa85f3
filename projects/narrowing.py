"""What narrows the project list beside the kernel's own columns: filters that the apps above give it (套餐, 在等谁).

An app registers a name, its word, its choices and the condition of a choice in `AppConfig.ready`; the list, its
counters and its files then know it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import Q

Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """One filter: `choices` are read when the list is shown, `condition` is that of projects."""

    name: str
    label: str
    choices: Callable[[], Choices]
    condition: Callable[[str], Q]


_registered: dict[str, Narrowing] = {}


def register(name: str, label: str, choices: Callable[[], Choices], condition: Callable[[str], Q]) -> None:
    """Register a filter; a second registration of the same name replaces the first."""
    _registered[name] = Narrowing(name, label, choices, condition)


def narrowings() -> tuple[Narrowing, ...]:
    """Return all filters in the order of their registration."""
    return tuple(_registered.values())


def condition_of(name: str, value: str) -> Q:
    """Return the condition of a choice; of a filter that is not known, all."""
    found = _registered.get(name)
    return found.condition(value) if found else Q()
