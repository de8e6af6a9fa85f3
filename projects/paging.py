"""Keyset paging: a page begins after (or ends before) a row, so page 200 costs what page 1 costs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)
R = TypeVar("R")
#: Days of an address are taken from these years.
FIRST_YEAR, LAST_YEAR = 1900, 2199


@dataclass(frozen=True, slots=True)
class KeyPage(Generic[R]):
    """Rows of one page, and the keys for `?before=` and `?after=`; None where there is no more."""

    rows: list[R]
    before: int | None = None
    after: int | None = None


def as_key(text: str | None) -> int | None:
    """Return the key of an address, or None when there is none or it is no number."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


def as_day(text: str | None) -> dt.date | None:
    """Return the day of an address, or None when there is none, it is no day, or one at the ends of the calendar.

    What lies there cannot be counted on from, nor said in another zone.
    """
    try:
        day = dt.date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None


def key_page(
    queryset: QuerySet[M], *, sort: str, size: int, after: int | None = None, before: int | None = None
) -> KeyPage[M]:
    """Cut a page of `size` rows, ordered by `sort` (a column that is never null, `-` in front to descend) and key.

    One query, two when a page other than the first is ordered by another column than the key. A key whose row is gone
    gives the first page.
    """
    name, descending, backwards = sort.lstrip("-"), sort.startswith("-"), before is not None
    anchor = before if backwards else after
    down = descending != backwards
    order = ("-" if down else "") + name, ("-" if down else "") + "pk"
    rows = queryset.order_by(order[1]) if name in {"pk", "id"} else queryset.order_by(*order)
    if anchor is not None and (beyond := _beyond(queryset, name, anchor, down=down)) is not None:
        rows = rows.filter(beyond)
    else:
        backwards = False
        anchor = None
    return cut_page(list(rows[: size + 1]), size, is_first=anchor is None, backwards=backwards)


def cut_page(found: list[M], size: int, *, is_first: bool = True, backwards: bool = False) -> KeyPage[M]:
    """Return the page of what was read, a row more than fits when there are more."""
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    if not found:
        return KeyPage([])
    has_before, has_after = (more, True) if backwards else (not is_first, more)
    return KeyPage(found, found[0].pk if has_before else None, found[-1].pk if has_after else None)


def _beyond(queryset: QuerySet[M], name: str, anchor: int, *, down: bool) -> Q | None:
    """Return the condition of the rows beyond the anchor, or None when its row is gone."""
    way = "lt" if down else "gt"
    if name in {"pk", "id"}:
        return Q(**{f"pk__{way}": anchor})
    rows = queryset.model._default_manager.filter(pk=anchor)
    value = rows.values_list(name, flat=True).first()
    if value is None:
        return None
    return Q(**{f"{name}__{way}": value}) | Q(**{name: value, f"pk__{way}": anchor})
