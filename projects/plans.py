"""Statements that PostgreSQL reads and plans once for a connection, and then only carries out.

Planning a statement that joins ten tables by their keys takes PostgreSQL several times as long as answering it. A kept
plan knows no values: it is for what is looked up by a key, written by a key or inserted. It lives as long as the
connection does, holds no data, and is made anew by PostgreSQL itself when a table or its statistics change. Elsewhere a
statement is carried out as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

#: Stands among the parameters of a statement for a value that is given each time.
GIVEN = object()
#: The statements of each connection with the name under which PostgreSQL keeps the plan; the oldest goes first.
_names: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
_numbers = count(1)
MOST = 200
_MARK = "\x01"


def fixed(sql: str, params: Sequence[Any]) -> str:
    """Return a statement with its parameters written into it, but for those that are `GIVEN`; for PostgreSQL."""
    from psycopg2.extensions import (  # type: ignore[import-untyped]  # noqa: PLC0415 - the embedded default needs it not
        AsIs,
    )

    with connection.cursor() as cursor:
        written: bytes = cursor.mogrify(sql, [AsIs(_MARK) if one is GIVEN else one for one in params])
    return written.decode().replace("%", "%%").replace(_MARK, "%s")


def carry_out(cursor: Any, sql: str, given: Sequence[Any]) -> None:
    """Carry out a statement whose every value is given each time, at least one; always one statement is sent."""
    if connection.vendor != "postgresql":
        cursor.execute(sql, given)
        return
    names = _names.setdefault(connection.connection, {})
    values = f"({', '.join(['%s'] * len(given))})"
    if (name := names.get(sql)) is not None:
        cursor.execute(f"EXECUTE {name} {values}", given)
        return
    drop = f"DEALLOCATE {names.pop(next(iter(names)))}; " if len(names) >= MOST else ""
    # a name of its own for each attempt: what is prepared stays although what is carried out may fail
    name = f"kept_{next(_numbers)}"
    cursor.execute(
        f"{drop}SET plan_cache_mode = force_generic_plan; PREPARE {name} AS {_with_places(sql)}; "
        f"EXECUTE {name} {values}",
        given,
    )
    names[sql] = name


def _with_places(sql: str) -> str:
    places = count(1)
    return re.sub("%%|%s", lambda found: f"${next(places)}" if found[0] == "%s" else found[0], sql)
