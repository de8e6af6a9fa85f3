"""The browsers of the people: each signs in once and keeps its session through a test."""

import os

import pytest

from tests.browser.pages import Visitor

#: Pictures are taken when they are asked for.
collect_ignore = [] if os.environ.get("GAIGE_SCREENSHOTS") else ["test_pictures.py"]


@pytest.fixture(scope="session")
def base_url(live_portal):
    """Where addresses without a host lie."""
    return live_portal.url


@pytest.fixture(scope="module")
def visit(browser, browser_context_args):
    """Return a function that opens a browser for somebody by user name, once; without a name for the public."""
    opened = {}

    def at(name="", **options):
        key = (name, repr(options))
        if key not in opened:
            opened[key] = Visitor(browser.new_context(**{**browser_context_args, **options}), name)
        return opened[key]

    yield at
    for visitor in opened.values():
        visitor.context.close()
