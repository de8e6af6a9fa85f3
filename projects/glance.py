"""Which of the rarely filled tables hold something of some projects: one query for all of them.

Most projects have no deferred paper, no conditional permit, no joint acceptance. Every app says where such rows would
be (`register`, in `AppConfig.ready`); a reader looks once and then asks only the tables that have an answer. Inside of
`one_page()` the look is taken once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, F, Value
from django.db.models.functions import Cast

from projects import timing
from projects.memo import rows_about, rows_about_all
from projects.one_page import once

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import Project

#: Returns the rows of these projects that count.
Rows = Callable[[Sequence[int]], "QuerySet[Any, Any]"]
_places: dict[str, tuple[tuple[Rows, ...], str, str]] = {}


@dataclass(frozen=True, slots=True)
class Glance:
    """What was found: per place and project the words of its rows."""

    found: dict[tuple[str, int], frozenset[str]]

    def words(self, place: str, project_id: int) -> frozenset[str]:
        """Return the words of a project's rows; empty when it has none."""
        return self.found.get((place, project_id), frozenset())

    def has(self, place: str, project_id: int, among: Collection[str] | None = None) -> bool:
        """Return whether a project has a row there, one with a word among these when they are given."""
        words = self.words(place, project_id)
        return bool(words) if among is None else any(word in among for word in words)

    def only(self, place: str, projects: Sequence[Project], among: Collection[str] | None = None) -> list[Project]:
        """Return the projects that have a row there."""
        return [project for project in projects if self.has(place, project.pk, among)]


def register(place: str, *rows: Rows, project: str = "project_id", word: str = "") -> None:
    """Register a place: its rows, the column of their project, and a column whose values are told (state, role)."""
    _places[place] = rows, project, word


def glance(projects: Sequence[Project]) -> Glance:
    """Look at every place at once. One query."""
    ids = tuple(project.pk for project in projects)
    return once(("glance", ids), lambda: _look(ids))


def _look(ids: tuple[int, ...]) -> Glance:
    if not _places or not ids:
        return Glance({})
    if len(ids) == 1:
        rows = rows_about(("glance", timing.today()), lambda pk: _union((pk,)), ids[0])
    else:
        rows = rows_about_all(("glance of many", timing.today()), lambda pk: _union((pk,)), ids)
    found: dict[tuple[str, int], set[str]] = {}
    for place, of, word in rows:
        found.setdefault((place, of), set()).add(word)
    return Glance({key: frozenset(words) for key, words in found.items()})


def _union(ids: tuple[int, ...]) -> QuerySet[Any, Any]:
    text = CharField()
    parts = [
        read(ids).order_by().annotate(
            _place=Value(place, text), _of=F(project), _word=Cast(F(word), text) if word else Value("", text)
        ).values_list("_place", "_of", "_word")
        for place, (rows, project, word) in _places.items() for read in rows
    ]
    whole: QuerySet[Any, Any] = parts[0].union(*parts[1:])
    return whole
