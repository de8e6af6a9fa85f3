"""Fixtures of the work on the catalogue: seven actors, a project on the low-risk package, a fixed morning."""


import pytest

from projects import timing
from tests import factories
from tests.kept import MORNING


@pytest.fixture
def actors(db):
    """The actors with their memberships; the catalogue is loaded."""
    return factories.make_actors()


@pytest.fixture
def clock():
    """The clock, standing at Monday 2026-11-02 09:00 until the test moves it."""
    with timing.travel(MORNING) as traveller:
        yield traveller


@pytest.fixture
def project(clock, actors):
    """A private low-risk warehouse (soc-lowrisk) with its plan, registered on MORNING."""
    return factories.enrolled_project(actors, "S3")


@pytest.fixture
def factory(clock, actors):
    """A private plant (soc-factory), for matters that ask several departments."""
    return factories.enrolled_project(actors, "S2")
