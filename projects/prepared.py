"""Queries that are put together once per process and only given their keys afterwards, one or several.

Building the SQL of a wide query takes Django longer than the database takes to answer it. Where a service or a page
asks the same question again and again, the statement is kept; the rows become the same objects as ever.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models import prefetch_related_objects
from django.db.models.query import get_related_populators

from projects import plans

if TYPE_CHECKING:
    from django.db.models import QuerySet

M = TypeVar("M", bound=models.Model)
#: Where the numbers of the open places begin: drawn anew in each process, so that nobody can look for one of them.
_FIRST = -(2**62) - secrets.randbelow(2**61)
#: Stand in a kept statement for what is given each time; no keys of rows. There may be this many.
SLOTS = tuple(_FIRST - number for number in range(3))
_PLACES: dict[Any, int] = {slot: n for n, slot in enumerate(SLOTS)} | {str(slot): n for n, slot in enumerate(SLOTS)}
#: Stands in `field__in=[MANY]` for a list of keys; it is what is given first.
MANY = _FIRST - len(SLOTS)
_PLACES |= {MANY: 0, str(MANY): 0}
Given = int | str | Sequence[int]


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement, and where its parameters are given (`SLOTS`); on PostgreSQL the text of its plan."""

    sql: str
    params: tuple[Any, ...]
    text: str = ""

    @classmethod
    def of(cls, sql: str, params: Sequence[Any]) -> Asked:
        """Return a statement that is asked again and again."""
        sql = _with_lists(sql, params)
        marked = [value if _place(value) is None else plans.GIVEN for value in params]
        is_kept = connection.vendor == "postgresql" and plans.GIVEN in marked
        return cls(sql, tuple(params), plans.fixed(sql, marked) if is_kept else "")

    def rows(self, given: tuple[Given, ...]) -> list[tuple[Any, ...]]:
        """Return the rows that it finds."""
        with connection.cursor() as cursor:
            if self.text:
                chosen = [_value(one, given) for one in self.params if _place(one) is not None]
                plans.carry_out(cursor, self.text, chosen)
            else:
                cursor.execute(self.sql, [_value(one, given) for one in self.params])
            found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement, and what makes objects of its rows."""

    asked: Asked
    locks: bool
    compiler: Any
    names: list[str]
    span: tuple[int, int]
    converters: dict[int, Any]
    populators: list[Any]
    annotated: dict[str, int]
    prefetched: tuple[Any, ...]


#: The statements of this process. They hold no data, so they never grow old; keys with a day do, the oldest go first.
_kept: dict[Hashable, _Statement] = {}
_flags: dict[Hashable, Asked] = {}
MOST = 500
#: Above the greatest key there is no row.
GREATEST = 2**63 - 1


def _is_list(value: Any) -> bool:
    return isinstance(value, (int, str)) and value in {MANY, str(MANY)}


def _with_lists(sql: str, params: Sequence[Any]) -> str:
    """Return a statement whose lists of keys are one value each, however many keys there are."""
    if not any(map(_is_list, params)):
        return sql
    on_postgresql = connection.vendor == "postgresql"
    done, *left = sql.split("%s")
    for value, text in zip(params, left, strict=True):
        if _is_list(value):
            if not done.endswith("IN (") or not text.startswith(")"):
                raise TypeError("a list of keys stands in an IN by itself")
            opened = "= ANY(" if on_postgresql else "IN (SELECT value FROM json_each("
            done, text = done[:-4] + opened, text if on_postgresql else f"){text}"  # noqa: PLW2901 - the rest of it
        done = f"{done}%s{text}"
    return done


def rows(key: Hashable, build: Callable[..., QuerySet[M]], *given: int | str) -> list[M]:
    """Return what `build(*given)` holds; `key` names everything else that the query depends on (the day, who asks).

    For whole models, with what is selected, prefetched or annotated beside them and `select_for_update`. `given` may
    stand in the query by themselves only: as a key, or as a key that is kept as text.
    """
    if any(isinstance(value, int) and value > GREATEST for value in given):
        return []
    return _rows(key, lambda: build(*SLOTS[:len(given)]), given)


def rows_weighed(key: Hashable, build: Callable[..., QuerySet[M]], *given: int | str) -> list[M]:
    """As `rows`, for a statement whose best way depends on what is given: PostgreSQL plans it each time."""
    return _rows(key, lambda: build(*SLOTS[:len(given)]), given, weighed=True)


def rows_among(key: Hashable, build: Callable[[int], QuerySet[M]], keys: Collection[int]) -> list[M]:
    """As `rows` about several keys at once, which stand by themselves in `field__in=[one]` of `build(one)`."""
    wanted = [pk for pk in keys if pk <= GREATEST]
    return _rows(key, lambda: build(MANY), (wanted,)) if wanted else []


def _rows(
    key: Hashable, build: Callable[[], QuerySet[M]], given: tuple[Given, ...], *, weighed: bool = False
) -> list[M]:
    try:
        kept = _kept.get(key) or _keep(key, build(), weighed=weighed)
    except EmptyResultSet:
        return []
    if kept.locks and not connection.in_atomic_block:
        raise transaction.TransactionManagementError("rows are locked inside a transaction")
    found = kept.asked.rows(given)
    if kept.converters:
        found = list(kept.compiler.apply_converters(found, kept.converters))
    made = [_object(kept, row) for row in found]
    if kept.prefetched:
        prefetch_related_objects(made, *kept.prefetched)
    return made


def one(key: Hashable, build: Callable[..., QuerySet[M]], *given: int | str) -> M | None:
    """Return the first row of `rows`, or None."""
    found = rows(key, build, *given)
    return found[0] if found else None


def flags(key: Hashable, build: Callable[..., Sequence[QuerySet[Any]]], *given: int | str) -> list[bool]:
    """Return of each queryset of `build(*given)` whether it holds a row, in one query; `key` as in `rows`."""
    asked = _flags.get(key) or _keep_flags(key, build(*SLOTS[:len(given)]))
    [found] = asked.rows(given)
    return [bool(value) for value in found]


def _keep_flags(key: Hashable, querysets: Sequence[QuerySet[Any]]) -> Asked:
    parts: list[str] = []
    params: list[Any] = []
    for queryset in querysets:
        sql, given = queryset.order_by().values("pk").query.sql_with_params()
        parts.append(f"EXISTS ({sql})")
        params += given
    while len(_flags) >= MOST:
        _flags.pop(next(iter(_flags)), None)
    made = _flags[key] = Asked.of("SELECT " + ", ".join(parts), params)
    return made


def _place(value: Any) -> int | None:
    return _PLACES.get(value) if isinstance(value, (int, str)) else None


def _value(value: Any, given: tuple[Given, ...]) -> Any:
    place = _place(value)
    if place is None:
        return value
    if _is_list(value):
        keys = [str(one) if isinstance(value, str) else one for one in cast("Sequence[int]", given[0])]
        return keys if connection.vendor == "postgresql" else json.dumps(keys)
    return str(given[place]) if isinstance(value, str) else given[place]


def _keep(key: Hashable, queryset: QuerySet[Any], *, weighed: bool) -> _Statement:
    while len(_kept) >= MOST:
        _kept.pop(next(iter(_kept)), None)
    made = _kept[key] = _compiled(queryset, weighed=weighed)
    return made


def _compiled(queryset: QuerySet[Any], *, weighed: bool) -> _Statement:
    compiler = queryset.query.chain().get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    chosen, info = compiler.select, compiler.klass_info
    places = info["select_fields"]
    span = (places[0], places[-1] + 1)
    names = [column[0].target.attname for column in chosen[span[0]:span[1]]]
    asked = Asked(_with_lists(sql, params), tuple(params)) if weighed else Asked.of(sql, params)
    return _Statement(
        asked, bool(queryset.query.select_for_update), compiler, names, span,
        compiler.get_converters([column[0] for column in chosen]),
        get_related_populators(info, chosen, connection.alias),  # type: ignore[call-arg]  # stubs of a later Django
        compiler.annotation_col_map,
        queryset._prefetch_related_lookups,  # type: ignore[attr-defined]  # noqa: SLF001 - there is no public way
    )


def _object(kept: _Statement, row: Any) -> Any:
    made = cast("type[models.Model]", kept.compiler.klass_info["model"]).from_db(
        connection.alias, kept.names, row[kept.span[0]:kept.span[1]]
    )
    for populator in kept.populators:
        populator.populate(row, made)
    for name, place in kept.annotated.items():
        setattr(made, name, row[place])
    return made
