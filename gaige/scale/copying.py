"""Writes unsaved rows of a model in bulk: by COPY on PostgreSQL, by `bulk_create` elsewhere."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, models

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def insert_rows(model: type[models.Model], rows: Sequence[Any], *, batch: int) -> None:
    """Insert the rows and give each its key."""
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(rows, batch_size=batch)
        return
    if not rows:
        return
    fields = list(model._meta.concrete_fields)
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, len(rows)]
        )
        for row, (key,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = key
            row._prepare_related_fields_for_save(operation_name="bulk_create")  # noqa: SLF001 - as bulk_create does
        columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
        text = io.StringIO("".join(_line(row, fields) for row in rows))
        cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", text)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _line(row: Any, fields: Sequence[Any]) -> str:
    return "\t".join(_cell(field, row) for field in fields) + "\n"


def _cell(field: Any, row: Any) -> str:
    value = field.pre_save(row, add=True)
    if value is None:
        return "\\N"
    if isinstance(field, models.JSONField):
        return json.dumps(value, cls=field.encoder, ensure_ascii=False).translate(ESCAPES)
    kept = field.get_db_prep_save(value, connection)
    if isinstance(kept, (bytes, memoryview)):
        return "\\\\x" + bytes(kept).hex()
    if isinstance(kept, bool):
        return "t" if kept else "f"
    return str(kept).translate(ESCAPES)
