"""What has been computed and cannot have changed since, kept in the process for a short while.

A key carries what the value depends on: the head of a project's chain of events, the day, who asks. So an event changes
the key, and nothing has to be thrown away. `seconds` bounds what a key cannot see: a person's name, a body's label.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection

from projects import prepared, timing
from projects.access import access_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from projects.models import User

V = TypeVar("V")
_all: list[Memo[Any]] = []


class Memo(Generic[V]):
    """At most `most` values, each for `seconds`; the oldest goes first."""

    def __init__(self, *, most: int, seconds: float) -> None:
        """Begin empty."""
        self.most, self.seconds = most, seconds
        self._kept: dict[Hashable, tuple[float, V]] = {}
        _all.append(self)

    def get(self, key: Hashable) -> V | None:
        """Return the value of a key, or None when there is none or it is too old."""
        found = self._kept.get(key)
        return found[1] if found is not None and found[0] > time.monotonic() else None

    def put(self, key: Hashable, value: V) -> V:
        """Keep a value and return it."""
        while len(self._kept) >= self.most:
            self._kept.pop(next(iter(self._kept), None), None)
        self._kept.pop(key, None)
        self._kept[key] = (time.monotonic() + self.seconds, value)
        return value

    def of(self, key: Hashable, compute: Callable[[], V]) -> V:
        """Return the value of a key, computed when it is not there."""
        found = self.get(key)
        return self.put(key, compute()) if found is None else found

    def all_of(
        self, keys: Sequence[Hashable], compute: Callable[[Sequence[Any]], Mapping[Any, V]]
    ) -> list[V]:
        """Return the values of some keys in their order; those that are not there are computed in one go."""
        found = [self.get(key) for key in keys]
        missing = [key for key, value in zip(keys, found, strict=True) if value is None]
        made = compute(missing) if missing else {}
        for key, value in made.items():
            self.put(key, value)
        return [made[key] if value is None else value for key, value in zip(keys, found, strict=True)]

    def forget(self) -> None:
        """Be empty again."""
        self._kept.clear()


def forget_all() -> None:
    """Empty every memo of this process; tests begin with it."""
    for memo in _all:
        memo.forget()


class Counters(Memo[tuple[int, V]]):
    """Counts over everything that a person sees. They may lag behind what others do by `COUNTERS_SECONDS`.

    They never lag behind what the person has done: an own event since they were counted has them counted anew.
    """

    def __init__(self) -> None:
        """Begin empty."""
        super().__init__(most=1000, seconds=settings.COUNTERS_SECONDS)

    def for_user(self, user: User, key: Hashable, count: Callable[[], tuple[int, V]]) -> V:
        """Return the counts of a key for a person; `count` returns them with the newest event (`NEWEST_EVENT`)."""
        found = self.get(key)
        if found is not None and not _has_acted(user.pk, found[0]):
            return found[1]
        return self.put(key, count())[1]


def _has_acted(user_id: int, since: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM projects_event WHERE id > %s AND actor_id = %s LIMIT 1", [since, user_id])
        return cursor.fetchone() is not None


#: What a count reads beside its numbers, in the same query.
NEWEST_EVENT = "SELECT max(id) FROM projects_event"


#: SQL and parameters of a list by the key of what it shows: building them costs more than running them.
_compiled: Memo[tuple[str, tuple[Any, ...]]] = Memo(most=1000, seconds=600)


def rows_of(key: Hashable, queryset: Callable[[], QuerySet[Any, Any]]) -> list[tuple[Any, ...]]:
    """Return the rows of a `values_list`; `key` names everything that the query depends on.

    Values come as the database gives them (SQLite: days as text).
    """

    def compiled() -> tuple[str, tuple[Any, ...]]:
        return queryset().query.sql_with_params()

    try:
        sql, params = _compiled.of(key, compiled)
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


#: Questions about some rows.
_asked: Memo[prepared.Asked] = Memo(most=1000, seconds=600)


def rows_about(key: Hashable, queryset: Callable[[int], QuerySet[Any, Any]], pk: int) -> list[tuple[Any, ...]]:
    """Return the rows of a `values_list` about one row; `key` names everything else that the query depends on.

    For what does not depend on who asks: its plan is kept (`projects/plans.py`).
    """
    if pk > prepared.GREATEST:
        return []
    try:
        asked = _asked.of(key, lambda: prepared.Asked.of(*queryset(prepared.SLOTS[0]).query.sql_with_params()))
        return asked.rows((pk,))
    except EmptyResultSet:
        return []


def rows_about_all(
    key: Hashable, queryset: Callable[[int], QuerySet[Any, Any]], pks: Sequence[int]
) -> list[tuple[Any, ...]]:
    """As `rows_about` of several rows at once: their keys stand in `field__in=[pk]`, by themselves."""
    asked = _asked.of(key, lambda: prepared.Asked.of(*queryset(prepared.MANY).query.sql_with_params()))
    return asked.rows((pks,))


def asker(user: User) -> tuple[Any, ...]:
    """Return what every list depends on beside its filters: who asks, for whom, by which facts, and on which day."""
    access = access_of(user)
    roles = tuple(sorted((role, tuple(sorted(bodies))) for role, bodies in access.by_role.items()))
    return user.pk, access.user_ids, roles, access.region_prefixes, timing.today()
