"""Writes many rows of one model in one statement that costs next to nothing to build.

On PostgreSQL the rows travel as one JSON parameter and the database spreads them over the columns by their types; a
statement with a place for every value takes longer to put together than to carry out. Elsewhere `bulk_create` does it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


def insert_all(rows: Sequence[Row], *, then: str = "") -> list[Row]:
    """Insert unsaved rows of one model, in their order, and give each its key. One statement, no signals.

    `then`: on PostgreSQL another INSERT of the same statement, which reads what was written as `made`.

    For plain columns: numbers, texts, days, times, booleans, JSON. A column that is computed when a row is saved
    (`auto_now`, encrypted ones) has no place here.
    """
    if not rows:
        return []
    model = type(rows[0])
    if connection.vendor != "postgresql":
        return list(model._default_manager.bulk_create(rows))
    with connection.cursor() as cursor:
        cursor.execute(_statement(model, then), [as_json(rows)])
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


def _plain(value: Any) -> str:
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no plain column")


def update_all(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    """Write plain columns of rows of a model that the caller has locked. One statement, no signals."""
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_update(rows, names)
        return
    chosen = {model._meta.get_field(name).name for name in names}
    wanted = [(field.attname, str(field.column)) for field in model._meta.concrete_fields if field.name in chosen]
    given = [{"id": row.pk} | {column: getattr(row, name) for name, column in wanted} for row in rows]
    table = model._meta.db_table
    sets = ", ".join(f'"{column}" = given."{column}"' for _, column in wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{table}" SET {sets} '  # noqa: S608 - names from the models
            f'FROM json_populate_recordset(NULL::"{table}", %s) AS given WHERE "{table}".id = given.id',
            [json.dumps(given, ensure_ascii=False, default=_plain)],
        )
