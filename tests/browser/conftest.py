"""The browsers of the people: each signs in once and keeps its session through a test."""

import pytest

from tests.browser.pages import Visitor


@pytest.fixture(scope="session")
def base_url(live_portal):
    """Where addresses without a host lie."""
    return live_portal.url


@pytest.fixture
def visit(new_context):
    """Return a function that opens a browser for somebody by user name; without a name for the public."""
    opened = {}

    def at(name="", **options):
        key = (name, tuple(sorted(options)))
        if key not in opened:
            opened[key] = Visitor(new_context(**options), name)
        return opened[key]

    return at
