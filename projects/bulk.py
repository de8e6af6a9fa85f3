"""Writes many rows of one model in one statement that costs next to nothing to build.

On PostgreSQL the rows travel as one JSON parameter and the database spreads them over the columns by their types; a
statement with a place for every value takes longer to put together than to carry out. Elsewhere `bulk_create` does it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

from projects import plans

Row = TypeVar("Row", bound=models.Model)


def insert_all(rows: Sequence[Row], *, then: str = "") -> list[Row]:
    """Insert unsaved rows of one model, in their order, and give each its key. One statement, no signals.

    `then`: on PostgreSQL another INSERT or UPDATE of the same statement, which reads what was written as `made`.

    For plain columns: numbers, texts, days, times, booleans, JSON. A column that is computed when a row is saved
    (`auto_now`, encrypted ones) has no place here.
    """
    if not rows:
        return []
    model = type(rows[0])
    if connection.vendor != "postgresql":
        return list(model._default_manager.bulk_create(rows))
    with connection.cursor() as cursor:
        plans.carry_out(cursor, _statement(model, then), [as_json(rows)])
        keys = cursor.fetchall()
    for row, (key,) in zip(rows, keys, strict=True):
        settle(row, key)
    return list(rows)


def settle(row: models.Model, key: int) -> None:
    """Note on a row that it stands in the database under this key."""
    row.pk = key
    row._state.adding, row._state.db = False, connection.alias


def as_json(rows: Sequence[models.Model]) -> str:
    """Return the rows as a JSON list of objects by column, without their keys."""
    pairs = _pairs(type(rows[0]))
    return json.dumps(
        [{column: getattr(row, name) for name, column in pairs} for row in rows], ensure_ascii=False, default=_plain
    )


@cache
def columns(model: type[models.Model]) -> str:
    """Return the columns of a model without its key, as they stand in a statement."""
    return ", ".join(f'"{column}"' for _, column in _pairs(model))


@cache
def _pairs(model: type[models.Model]) -> list[tuple[str, str]]:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    return [(field.attname, str(field.column)) for field in fields]


@cache
def _statement(model: type[models.Model], then: str) -> str:
    table, names, key = model._meta.db_table, columns(model), model._meta.pk.column
    insert = (
        f'INSERT INTO "{table}" ({names}) SELECT {names} '  # noqa: S608 - names from the models
        f'FROM json_populate_recordset(NULL::"{table}", %s) RETURNING '
    )
    if not then:
        return f'{insert}"{key}"'
    return f'WITH made AS ({insert}*), more AS ({then}) SELECT "{key}" FROM made ORDER BY "{key}"'  # noqa: S608


@dataclass(frozen=True, slots=True)
class Numbered:
    """A column that takes the next number among the rows that are the same in some columns."""

    column: str
    among: tuple[str, ...]


def insert_linked(*rows: models.Model, numbered: Numbered | None = None) -> None:
    """Insert rows of different models in one statement, and give each its key; a later one may point at those before.

    `numbered`: a column of the first row, whose number its caller keeps others from taking (by a lock). As for
    `insert_all` columns are plain.
    """
    if connection.vendor != "postgresql":
        _insert_one_by_one(rows, numbered)
        return
    links = tuple(
        tuple((str(field.column), rows.index(to)) for field, to in _unsaved(row, rows)) for row in rows
    )
    given = []
    for row, pointing in zip(rows, links, strict=True):
        chosen = dict(pointing)
        given.append(json.dumps(
            {column: getattr(row, name) for name, column in _pairs(type(row)) if column not in chosen},
            ensure_ascii=False, default=_plain,
        ))
    with connection.cursor() as cursor:
        plans.carry_out(cursor, _linked(tuple(type(row) for row in rows), links, numbered), given)
        *keys, number = cursor.fetchone()
    for row, key in zip(rows, keys, strict=True):
        settle(row, key)
    if numbered is not None:
        setattr(rows[0], numbered.column, number)
    _point(rows)


def _unsaved(row: models.Model, rows: Sequence[models.Model]) -> list[tuple[Any, models.Model]]:
    """The foreign keys of a row that point at one of the rows, which has no key yet."""
    found = [(field, row._state.fields_cache.get(field.name)) for field in row._meta.concrete_fields]
    return [(field, to) for field, to in found if to is not None and any(to is other for other in rows)]


def _point(rows: Sequence[models.Model]) -> None:
    """Note the new keys where a row points at another."""
    for row in rows:
        for field, to in _unsaved(row, rows):
            setattr(row, field.attname, to.pk)
            field.set_cached_value(row, to)


def _insert_one_by_one(rows: Sequence[models.Model], numbered: Numbered | None) -> None:
    if numbered is not None:
        same = {name: getattr(rows[0], name) for name in numbered.among}
        found = type(rows[0])._default_manager.filter(**same)
        last = found.order_by().aggregate(last=models.Max(numbered.column))["last"]
        setattr(rows[0], numbered.column, (last or 0) + 1)
    for row in rows:
        _point(rows)
        row.save(force_insert=True)


@cache
def _linked(
    kinds: tuple[type[models.Model], ...], links: tuple[tuple[tuple[str, int], ...], ...], numbered: Numbered | None
) -> str:
    parts = []
    for place, (model, pointing) in enumerate(zip(kinds, links, strict=True)):
        table, names = model._meta.db_table, columns(model)
        values = names
        for column, at in pointing:
            values = values.replace(f'"{column}"', f"(SELECT id FROM made_{at})")  # noqa: S608 - a number
        if numbered is not None and not place:
            same = " AND ".join(f'standing."{name}" = given."{name}"' for name in numbered.among)
            highest = f'(SELECT max("{numbered.column}") FROM "{table}" AS standing WHERE {same})'  # noqa: S608
            values = values.replace(f'"{numbered.column}"', f"coalesce({highest}, 0) + 1")
        parts.append(
            f'made_{place} AS (INSERT INTO "{table}" ({names}) SELECT {values} '  # noqa: S608 - names from the models
            f'FROM json_populate_record(NULL::"{table}", %s) AS given RETURNING *)'
        )
    keys = ", ".join(f"(SELECT id FROM made_{place})" for place in range(len(kinds)))  # noqa: S608 - numbers
    number = f'(SELECT "{numbered.column}" FROM made_0)' if numbered else "0"  # noqa: S608 - a column
    return f"WITH {', '.join(parts)} SELECT {keys}, {number}"


def _plain(value: Any) -> str:
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no plain column")


def update_all(rows: Sequence[models.Model], names: Sequence[str], *, then: str = "") -> int:
    """Write plain columns of rows of a model that the caller has locked. One statement, no signals.

    `then`: on PostgreSQL another UPDATE or INSERT of the same statement, which reads what was written as `changed`; how
    many rows it wrote is returned, 0 elsewhere.
    """
    if not rows:
        return 0
    model = type(rows[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_update(rows, names)
        return 0
    chosen = {model._meta.get_field(name).name for name in names}
    wanted = [(field.attname, str(field.column)) for field in model._meta.concrete_fields if field.name in chosen]
    given = [{"id": row.pk} | {column: getattr(row, name) for name, column in wanted} for row in rows]
    table = model._meta.db_table
    sets = ", ".join(f'"{column}" = given."{column}"' for _, column in wanted)
    update = (
        f'UPDATE "{table}" SET {sets} '  # noqa: S608 - names from the models
        f'FROM json_populate_recordset(NULL::"{table}", %s) AS given WHERE "{table}".id = given.id'
    )
    if then:
        update = f'WITH changed AS ({update} RETURNING "{table}".*) {then}'
    with connection.cursor() as cursor:
        plans.carry_out(cursor, update, [json.dumps(given, ensure_ascii=False, default=_plain)])
        return int(cursor.rowcount) if then else 0
