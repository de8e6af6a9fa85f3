"""缺件清单: what the archive of a project still lacks. Apps register rules; the archive page shows what they find."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from projects.models import Project


@dataclass(frozen=True, slots=True)
class Missing:
    """One document that is not in the archive.

    `is_due` is true when it should be there already (缺件), false when its step is still to come (待形成). `owed_by` is
    the body that has to bring it, `when` the day or the words by which, `url` where it is done.
    """

    kind_name: str
    doc_class: str
    owed_by: str
    when: dt.date | str = ""
    url: str = ""
    reason: str = ""
    is_due: bool = True


#: Returns what a project lacks, in a fixed number of queries.
Provider = Callable[["Project"], Iterable[Missing]]
_providers: dict[str, Provider] = {}


def register(name: str, provider: Provider) -> None:
    """Register a rule; a second registration of the same name replaces the first."""
    _providers[name] = provider


def missing_of(project: Project) -> list[Missing]:
    """Return what the archive lacks, what is due first, then by class and name; each document once."""
    found: dict[tuple[str, str], Missing] = {}
    for provider in _providers.values():
        for missing in provider(project):
            key = (missing.doc_class, missing.kind_name)
            if key not in found or (missing.is_due and not found[key].is_due):
                found[key] = missing
    return sorted(found.values(), key=lambda missing: (not missing.is_due, missing.doc_class, missing.kind_name))
