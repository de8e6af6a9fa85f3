"""What one page has read already, shared by its panels and gone with it.

The panels of the project page come from five apps that know nothing of each other; each reads the cases, the clocks,
the acceptance of the same project. Inside `one_page()` a reading is made once. Outside of it nothing is kept: services
and tests always read the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast

from projects.models import Clock

if TYPE_CHECKING:
    from django.db.models import QuerySet

T = TypeVar("T")
_shared: ContextVar[dict[Hashable, Any] | None] = ContextVar("gaige_one_page", default=None)


@contextmanager
def one_page() -> Iterator[None]:
    """Share what is read inside the block; a block inside another shares with it."""
    if _shared.get() is not None:
        yield
        return
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def once(key: Hashable, read: Callable[[], T]) -> T:
    """Return what `read` returned the first time on this page; outside of a page read anew."""
    shared = _shared.get()
    if shared is None:
        return read()
    if key not in shared:
        shared[key] = read()
    return cast("T", shared[key])


def keep(key: Hashable, value: object) -> None:
    """Put what was read beside others on the page; outside of a page nothing is kept."""
    shared = _shared.get()
    if shared is not None:
        shared[key] = value


def seen(key: Hashable) -> Any:
    """Return what the page has read under a key, or None."""
    shared = _shared.get()
    return None if shared is None else shared.get(key)


CLOCKS = "projects.clocks"


def clocks_in(project_ids: Iterable[int]) -> QuerySet[Clock]:
    """Return the clocks of projects with pauses and segments, those due first."""
    found = Clock.objects.filter(project__in=list(project_ids)).prefetch_related("pauses", "segments")
    return found.order_by("due_on", "pk")


def clocks_of_project(project_id: int) -> dict[int, Clock]:
    """Return all clocks of a project with pauses and segments: three queries, once a page; none where it gathered."""

    def read() -> dict[int, Clock]:
        held = (seen(("gathered", project_id)) or {}).get(CLOCKS)
        return {clock.pk: clock for clock in (clocks_in([project_id]) if held is None else held)}

    return once(("clocks", project_id), read)


def clocks_by_id(ids: Iterable[int | None], project_id: int | None = None) -> dict[int, Clock]:
    """Return clocks with their pauses: two queries, none when the page holds the clocks of the project already."""
    wanted = {pk for pk in ids if pk}
    held = seen(("clocks", project_id))
    if held is not None and wanted <= set(held):
        return {pk: held[pk] for pk in wanted}
    return Clock.objects.with_pauses().in_bulk(wanted)
