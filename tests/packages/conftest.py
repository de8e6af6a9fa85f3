"""Fixtures of the work on the catalogue: seven actors, a project on the low-risk package, a fixed morning."""

import shutil

import pytest

from packages.catalog_files import CATALOG
from packages.services.intake import submit_application
from projects import timing
from tests import factories
from tests.kept import MORNING, layer
from tests.packages.living_steps import with_letter, with_permit
from tests.packages.steps import ready_codes


def _handed_in(actors, _, application):
    factories.complete(application, actors.clerk)
    submit_application(application.pk, by=actors.clerk)
    return factories.fresh(application)


#: An application of the warehouse at the window, not handed in; the same complete and handed in.
kept_application = layer(
    "kept_application", lambda actors, project: factories.open_application(project, ready_codes(project), actors),
    "kept_actors", "kept_warehouse",
)
kept_handed_in = layer("kept_handed_in", _handed_in, "kept_actors", "kept_warehouse", "kept_application")
#: Three cases of the warehouse at the window.
kept_cases = layer(
    "kept_cases", lambda actors, project: factories.received(project, ready_codes(project, 3), actors),
    "kept_actors", "kept_warehouse",
)
#: A housing project that begins with its piles, and the letter that stands for its land papers.
kept_letter = layer("kept_letter", with_letter, "kept_actors")
#: The same with the permit for the piles.
kept_permit = layer("kept_permit", lambda actors, given: with_permit(actors, given[0]), "kept_actors", "kept_letter")


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
def application(project, kept_application):
    """An application at the window, not handed in."""
    return kept_application


@pytest.fixture
def handed_in(application, kept_handed_in):
    """A complete application that was handed in."""
    return kept_handed_in
