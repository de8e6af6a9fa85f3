"""Fixtures of the work on the catalogue: seven actors, a project on the low-risk package, a fixed morning."""

import shutil

import pytest

from packages.catalog_files import CATALOG
from projects import timing
from tests import factories
from tests.kept import MORNING
from tests.packages.steps import ready_codes


@pytest.fixture
def actors(kept_actors):
    """The actors with their memberships; the catalogue is loaded."""
    return kept_actors


@pytest.fixture
def clock():
    """The clock, standing at Monday 2026-11-02 09:00 until the test moves it."""
    with timing.travel(MORNING) as traveller:
        yield traveller


@pytest.fixture
def project(clock, kept_warehouse):
    """A private low-risk warehouse (soc-lowrisk) with its plan, registered on MORNING."""
    return kept_warehouse


@pytest.fixture
def factory(clock, kept_plant):
    """A private plant (soc-factory), for matters that ask several departments."""
    return kept_plant


@pytest.fixture
def folder(tmp_path):
    """A copy of the catalogue and a function that changes one cell of it."""
    copy = tmp_path / "catalog"
    shutil.copytree(CATALOG, copy)

    def change(name, key, column, value, *, keys=1):
        path = copy / name
        lines = path.read_text(encoding="utf-8").split("\n")
        head = lines[0].split("\t")
        for n, line in enumerate(lines[1:], 1):
            cells = line.split("\t")
            if "/".join(cells[:keys]) == key:
                cells[head.index(column)] = value
                lines[n] = "\t".join(cells)
                path.write_text("\n".join(lines), encoding="utf-8")
                return n + 1
        raise AssertionError(key)

    change.path = copy
    return change


@pytest.fixture
def window(client, actors):
    """The clerk, signed in."""
    client.force_login(actors.clerk)
    return client


@pytest.fixture
def application(project, actors):
    """An application at the window, not handed in."""
    return factories.open_application(project, ready_codes(project), actors)


@pytest.fixture
def handed_in(application, actors):
    """A complete application that was handed in."""
    from packages.services.intake import submit_application

    factories.complete(application, actors.clerk)
    submit_application(application.pk, by=actors.clerk)
    return factories.fresh(application)
