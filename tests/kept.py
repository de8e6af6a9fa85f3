"""A world that a module builds once: its tests work on copies of it, and what they write is taken back."""

import copy
import datetime as dt

import pytest

from projects import timing

MORNING = dt.datetime(2026, 11, 2, 9, 0, tzinfo=timing.BUSINESS_ZONE)  # a Monday


def kept(build, *names):
    """Return the fixtures of a module: the world, a copy of it for each test, and its parts by name.

    `build` returns the parts by name; it is called once, on MORNING. The clock of each test stands there too. A module
    whose tests need a transaction of their own (`at_once`) cannot keep its world.
    """

    @pytest.fixture(scope="module", name="_world")
    def whole(module_database):
        with timing.travel(MORNING):
            return build()

    @pytest.fixture(name="world")
    def copied(_world, db, clock):
        return copy.deepcopy(_world)

    def part(name):
        @pytest.fixture(name=name)
        def one(world):
            return world[name]

        return one

    return (whole, copied, *map(part, names))
