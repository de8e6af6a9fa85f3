"""The browsers of the people: each signs in once and keeps its session through the tests of this process."""

import os

import pytest

from tests.browser.pages import Visitor

#: Pictures are taken when they are asked for.
collect_ignore = [] if os.environ.get("GAIGE_SCREENSHOTS") else ["test_pictures.py"]
#: Browsers that stay open between modules, who came last at the end.
KEPT = 10


@pytest.fixture(scope="session")
def base_url(live_portal):
    """Where addresses without a host lie."""
    return live_portal.url


@pytest.fixture(scope="session")
def visitors():
    """The visitors whose browsers are open, by address, name and options."""
    found = {}
    yield found
    for visitor in found.values():
        visitor.context.close()


@pytest.fixture(scope="module")
def visit(browser, browser_context_args, visitors):
    """Return a function that opens a browser for somebody by user name, once; without a name for the public.

    A module finds it as if it were new, but signed in: nothing typed, nothing stored, no other page.
    """
    here = set()

    def at(name="", **options):
        arguments = {**browser_context_args, **options}
        key = (name, repr(sorted(arguments.items(), key=str)))
        if key not in here:
            here.add(key)
            if key in visitors:
                visitors[key] = visitors.pop(key)
                visitors[key].begin_again(arguments["viewport"])
            else:
                visitors[key] = Visitor(browser.new_context(**arguments), name)
        return visitors[key]

    yield at
    for key in [key for key in visitors if key[0] == "admin"] + list(visitors)[:-KEPT]:
        if key in visitors:
            visitors.pop(key).context.close()  # an administrator's elevated work ends, and who came long ago goes
