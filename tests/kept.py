"""Worlds that are built once: tests work on copies of them, and what a test writes is taken back.

A *layer* lies in an open transaction under the tests that ask for it, one on the other; tests that follow each other and
ask for the same share it. A *kept* world belongs to one module and lies in the module's own transaction.
"""

import contextlib
import copy
import datetime as dt
from dataclasses import dataclass

import pytest
from django.db import connection, transaction

from projects import memo, timing

MORNING = dt.datetime(2026, 11, 2, 9, 0, tzinfo=timing.BUSINESS_ZONE)  # a Monday
#: How each layer is built, and on which others; what lies below comes first.
_plans = {}
_laid = []
_set_aside = []


@dataclass(frozen=True)
class Laid:
    """A layer that lies: its transaction, and what was built in it."""

    name: str
    atomic: transaction.Atomic
    value: object


def layer(name, build, *below, at=MORNING):
    """Return the fixture `name`: a copy of what `build` returned at a moment (None: now), given copies of the layers below.

    Where the test has a real transaction of its own (`at_once`), or its module has one, it is built in the test.
    """
    _plans[name] = (build, below, at)

    @pytest.fixture(name=name)
    def copied(request, db):
        if lies(name):
            return _value(name)
        return _made(name, [request.getfixturevalue(under) for under in below])

    return copied


def layers_of(item):
    """Return the names of the layers that a test asks for by fixture or mark, what lies below first.

    None where it has a transaction.
    """
    marker = item.get_closest_marker("django_db")
    if "transactional_db" in item.fixturenames or (marker and marker.kwargs.get("transaction")):
        return ()
    asked = {*item.fixturenames, *(name for mark in item.iter_markers("laid") for name in mark.args)}
    found = set()
    for name in reversed(_plans):
        if name in found or name in asked:
            found |= {name, *_plans[name][1]}
    return tuple(name for name in _plans if name in found)


def lies(name):
    """Whether a layer lies under the test that runs."""
    return name in {one.name for one in _laid}


def lay(names, ground):
    """Have these layers and no others; `ground` is called where none lies."""
    if _set_aside:
        ground()
        return
    same = 0
    while same < min(len(names), len(_laid)) and names[same] == _laid[same].name:
        same += 1
    take_off(same)
    if not _laid:
        ground()
    for name in names[same:]:
        _lay(name)
        memo.forget_all()


def _lay(name):
    with contextlib.ExitStack() as stack:
        atomic = transaction.atomic()
        stack.enter_context(atomic)
        value = _made(name, map(_value, _plans[name][1]))
        connection.check_constraints()  # once, and not at the end of each test
        stack.pop_all()  # the transaction stays open
    _laid.append(Laid(name, atomic, value))


def take_off(rest=0):
    """Take back all layers but the lowest `rest`."""
    while len(_laid) > rest:
        transaction.set_rollback(True)
        _laid.pop().atomic.__exit__(None, None, None)


@contextlib.contextmanager
def set_aside():
    """No layer lies in here: somebody has a transaction around several tests."""
    take_off()
    _set_aside.append(True)
    try:
        yield
    finally:
        _set_aside.pop()


def _value(name):
    return copy.deepcopy(next(one.value for one in _laid if one.name == name))


def _made(name, below):
    build, _, at = _plans[name]
    with timing.travel(at) if at else contextlib.nullcontext():
        return build(*below)


def kept(build, *names):
    """Return the fixtures of a module: the world, a copy of it for each test, and its parts by name.

    `build` returns the parts by name; it is called once, on MORNING. The clock of each test stands there too. A module
    whose tests need a transaction of their own (`at_once`) cannot keep its world.
    """

    @pytest.fixture(scope="module", name="_world")
    def whole(module_database):
        with timing.travel(MORNING):
            made = build()
        connection.check_constraints()
        return made

    @pytest.fixture(name="world")
    def copied(_world, db, clock):
        return copy.deepcopy(_world)

    def part(name):
        @pytest.fixture(name=name)
        def one(world):
            return world[name]

        return one

    return (whole, copied, *map(part, names))
