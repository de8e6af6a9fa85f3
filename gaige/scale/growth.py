"""The work list in a small city and in the large one that it has grown to: two databases, asked turn by turn.

The small city is kept as a copy beside before it grows, so that whatever else the machine does bears on both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from django.db import connection

from gaige.scale.figures import Subject, measure, median_ms
from gaige.scale.pages import WORK_LISTS, list_pages
from gaige.scale.serving import server, sign_in_all
from packages.models import MatterCase

GROWTH_RATIO = 1.25
#: The database that holds the small city.
BEFORE = "gaige_before"


@dataclass(frozen=True, slots=True)
class Kept:
    """The small city: the address of its database and how many cases it has."""

    url: str
    cases: int


@dataclass(frozen=True, slots=True)
class Grown:
    """The work lists: milliseconds in the small city and in the large one."""

    sizes: tuple[int, int]
    taken: dict[str, tuple[float, float]]

    @property
    def words(self) -> str:
        """The figures as a sentence."""
        told = ", ".join(
            f"{name} {small:.1f} and {large:.1f} ms ({large / small:.2f})"
            for name, (small, large) in self.taken.items()
        )
        return f"In a city of {self.sizes[0]:,} cases and in one of {self.sizes[1]:,}, turn by turn: {told}."

    @property
    def promises(self) -> list[tuple[str, bool]]:
        """What was promised, and whether it is kept."""
        before, now = self.sizes
        ratios = {name: large / small for name, (small, large) in self.taken.items()}
        return [
            (f"{name} at {now:,} cases: {ratio:.2f} times its time at {before:,}, promised {GROWTH_RATIO}",
             ratio <= GROWTH_RATIO)
            for name, ratio in ratios.items()
        ]


def keep_before() -> Kept:
    """Copy the database as it is; nobody else may be connected to it."""
    cases, name = MatterCase.objects.count(), connection.settings_dict["NAME"]
    connection.close()
    with _maintenance() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {BEFORE}")
        cursor.execute(f'CREATE DATABASE {BEFORE} TEMPLATE "{name}" STRATEGY file_copy')
        cursor.execute(f"COMMENT ON DATABASE {BEFORE} IS '{cases}'")
    return Kept(_address(), cases)


def kept_before() -> Kept | None:
    """Return the small city that an earlier run has kept."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [BEFORE])
        row = cursor.fetchone()
    return Kept(_address(), int(row[0])) if row else None


def _address() -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{BEFORE}"))


@contextmanager
def _maintenance() -> Iterator[Any]:
    """A cursor beside our own database, outside of a transaction."""
    given = connection.settings_dict
    beside = cast("Any", connection).Database.connect(
        dbname="template1", host=given["HOST"], port=given["PORT"], user=given["USER"], password=given["PASSWORD"]
    )
    try:
        beside.autocommit = True
        with beside.cursor() as cursor:
            yield cursor
    finally:
        beside.close()


def measure_growth(before: Kept, rounds: int, seconds: float) -> Grown:
    """Ask for the work lists of the small city and of the large one in turn."""
    with server({"DATABASE_URL": before.url}) as small, server() as large:
        pairs = [
            Subject(near.name, far.real, near.real)
            for near, far in zip(*(list_pages(sign_in_all(port), WORK_LISTS) for port in (small, large)), strict=True)
        ]
        measure(pairs, rounds, seconds)
    taken = {one.name: (median_ms(one.bare_answers), median_ms(one.answers)) for one in pairs}
    return Grown((before.cases, MatterCase.objects.count()), taken)
