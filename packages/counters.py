"""The counters above the work list, none further than one beyond `MOST_COUNTED`: one query that reads along indexes.

What lies in a person's own hands (我的窗口) is seldom much: it is read once, and each counter says of every case
whether it counts. Of a whole centre each counter reads by itself, along the index of open cases, up to its hundred.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Case, IntegerField, When

from packages.worklist import IS_OPEN, MINE, TABS, narrowed, scope_of, tab_condition
from projects.kinds import kind_of
from projects.memo import NEWEST_EVENT, Memo
from projects.prepared import Asked

if TYPE_CHECKING:
    from packages.worklist import Wanted
    from projects.models import User

#: A counter says 99+ beyond this; how many there are exactly is a matter of the bulletin.
MOST_COUNTED = 99
#: Own cases beyond this are not read all: then each counter stops at its hundred.
MOST_READ = 2000
_queries: Memo[tuple[list[str], Asked]] = Memo(most=500, seconds=600)
#: Who had more than `MOST_READ` not long ago.
_many: Memo[bool] = Memo(most=1000, seconds=600)


def counted(user: User, asked: Wanted) -> tuple[int, dict[str, int]]:
    """Return the newest event, and count every tab. One query; two where more than `MOST_READ` own cases are found.

    A query is built once per kind of person, filters and day: building it costs more than running it.
    """
    asked = replace(asked, tab="", size="")
    if scope_of(user, asked) != MINE or _many.get((user.pk, asked)):
        return _run(user, asked, one_by_one=True)
    newest, counts = _run(user, asked, one_by_one=False)
    if counts["all"] <= MOST_READ:
        return newest, {name: min(count, MOST_COUNTED + 1) for name, count in counts.items()}
    _many.put((user.pk, asked), value=True)
    return _run(user, asked, one_by_one=True)


def _run(user: User, asked: Wanted, *, one_by_one: bool) -> tuple[int, dict[str, int]]:
    kind, build = kind_of(user), _one_by_one if one_by_one else _together
    key: Hashable = (kind.key, asked, one_by_one, MOST_COUNTED, MOST_READ)
    names, query = _queries.of(key, lambda: build(kind.somebody, asked))
    counts = {name: 0 for name, _ in TABS}
    newest, *found = query.rows(kind.given())[0]
    return int(newest or 0), counts | {name: int(count or 0) for name, count in zip(names, found, strict=True)}


def _together(user: User, asked: Wanted) -> tuple[list[str], Asked]:
    """Read all open cases of the scope once, up to one beyond `MOST_READ`."""
    names = [name for name, _ in TABS]
    marks = {
        f"in_{name}": Case(When(tab_condition(name, user), then=1), default=0, output_field=IntegerField())
        for name in names
    }
    cases = narrowed(user, asked).filter(IS_OPEN).order_by().annotate(**marks).values_list(*marks)
    try:
        sql, params = cases[: MOST_READ + 1].query.sql_with_params()
    except EmptyResultSet:
        return [], Asked(f"SELECT ({NEWEST_EVENT})", ())
    sums = ", ".join(f"SUM({mark})" for mark in map(connection.ops.quote_name, marks))
    return names, Asked(f"SELECT ({NEWEST_EVENT}), {sums} FROM ({sql}) AS found", params)  # noqa: S608 - made by the ORM


def _one_by_one(user: User, asked: Wanted) -> tuple[list[str], Asked]:
    """Count each tab that can hold something at all by itself; any hundred will do: nothing is sorted."""
    names: list[str] = []
    parts = [f"({NEWEST_EVENT})"]
    params: list[Any] = []
    cases = narrowed(user, asked).order_by()
    for name, _ in TABS:
        found = cases.filter(tab_condition(name, user)).values_list("pk")[: MOST_COUNTED + 1]
        try:
            sql, given = found.query.sql_with_params()
        except EmptyResultSet:
            continue
        names.append(name)
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) AS found_{name})")  # noqa: S608 - made by the ORM, values apart
        params += given
    return names, Asked("SELECT " + ", ".join(parts), tuple(params))
