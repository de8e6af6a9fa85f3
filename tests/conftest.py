"""Fixtures that every test may use: engines, two at once, a whole portal, a browser."""

import gc
import os
import re
import shutil
import signal
import threading

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

pytest.register_assert_rewrite(
    "tests.packages.steps", "tests.packages.living_steps", "tests.acceptance.joint_steps", "tests.browser.walk",
    "tests.faults.stories",
)

from devtools.environment import BROWSERS  # noqa: E402
from tests import historical, kept  # noqa: E402
from tests.servers import ServerMissingError  # noqa: E402
from tests.shared import (  # noqa: E402, F401 - fixtures for every conftest
    kept_actors,
    kept_plant,
    kept_receipt,
    kept_review,
    kept_warehouse,
)

historical.without_transitions()
historical.with_copied_fields()
IS_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
# Machines are slow when they are shared: found cases count, their milliseconds do not. CI repeats the same cases.
hypothesis_settings.register_profile(
    "suite", deadline=None, derandomize=IS_CI, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("suite")
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), None)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing(what):
    """Skip on a laptop, fail in CI: the machine lacks something that the test needs."""
    if IS_CI:
        pytest.fail(f"missing: {what}")
    pytest.skip(f"!!! missing: {what}")


def pytest_configure(config):
    """End like Ctrl-C when a supervisor asks: fixtures are taken down and no server stays behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


#: A file that is wholly of browsers or kills, and one in which there is anything of theirs.
APART, ANYTHING = re.compile(r"^pytestmark = .*mark\.(browser|kill)\b", re.MULTILINE), re.compile(r"mark\.(browser|kill)\b")


def pytest_ignore_collect(collection_path, config):
    """Leave unread the files of which a phase of `dev.py test` wants nothing."""
    if collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    wanted = config.option.markexpr
    if wanted.startswith("not browser and not kill"):
        return bool(APART.search(collection_path.read_text(encoding="utf-8"))) or None
    if wanted == "browser or kill":
        return not ANYTHING.search(collection_path.read_text(encoding="utf-8")) or None
    return None


def pytest_collection_finish(session):
    """What has been loaded so far stays: the collector of garbage need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


#: Asking any of these means asking the database.
DATABASE = {"db", "transactional_db", "django_db_setup", "module_database"}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Leave out what only PostgreSQL can do when the suite runs on SQLite; `dev.py test` runs it in its second round.

    What asks no database is marked `pure`: it need not run on both. Files of long tests go first, the longest before
    them, so that no worker is left alone with one at the end; files that kill, which mostly wait, stand evenly among the
    others, which mostly work; in a file, the tests that share a world follow each other.
    """
    for item in items:
        if not (item.get_closest_marker("django_db") or DATABASE & set(item.fixturenames)):
            item.add_marker("pure")
    yield  # the expression of the run leaves out, and pytest sets what asks for a browser side by side
    slow = {item: mark for item in items if (mark := item.get_closest_marker("slow"))}
    long, longest = {item.path for item in slow}, {item.path for item, mark in slow.items() if mark.kwargs.get("first")}
    place = {path: number for number, path in enumerate(dict.fromkeys(item.path for item in items))}
    for kind in ("browser", "kill"):
        files = sorted({item.path for item in items if item.get_closest_marker(kind)}, key=lambda path: (path not in long, path))
        place |= {path: number / len(files) - 1 for number, path in enumerate(files)}
    items.sort(key=lambda item: (
        item.path not in longest, place[item.path] >= 0 and item.path not in long, place[item.path], "module_database" in item.fixturenames,
        kept.layers_of(item),
    ))
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        return
    here = [item for item in items if not item.get_closest_marker("postgresql")]
    if len(here) < len(items):
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("postgresql")])
        items[:] = here


@pytest.fixture(autouse=True)
def _nothing_kept():
    """A test begins without what the process has kept and counted of the tests before it."""
    from django.core.cache import cache

    from projects import memo

    memo.forget_all()
    cache.clear()


@pytest.fixture(autouse=True)
def _standing_data(request):
    """Calendar and catalogue stand before a test with a database, committed once a process and not once a test.

    A transactional test empties the tables, then they are put back. A test marked `bare` begins without a catalogue.
    On them lie the layers that the test asks for (`tests/kept.py`).
    """
    if not (request.node.get_closest_marker("django_db") or {"db", "transactional_db"} & set(request.fixturenames)):
        return
    from tests import standing

    # outside of the test's transaction, so that it stays for the tests that follow
    request.getfixturevalue("_layers")
    with request.getfixturevalue("django_db_blocker").unblock():
        bare = request.node.get_closest_marker("bare") is not None
        kept.lay(kept.layers_of(request.node), lambda: standing.prepare(bare=bare))
    request.getfixturevalue("_django_db_helper")
    standing.look()


@pytest.fixture(autouse=True)
def _django_db_marker(_standing_data):
    """Stands for the fixture of pytest-django, which would begin the test's transaction before its data stand."""


@pytest.fixture(scope="session")
def _layers(django_db_setup, django_db_blocker):
    """The layers that still lie at the end are taken off while there is a database."""
    yield
    with django_db_blocker.unblock():
        kept.take_off()


@pytest.fixture(scope="module")
def module_database(_layers, django_db_blocker):
    """A transaction around all tests of a module: a module's fixture writes in it once, each test in a savepoint."""
    from tests import standing

    with django_db_blocker.unblock(), kept.set_aside(), transaction.atomic():
        standing.prepare(bare=False)
        standing.look()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def at_once(transactional_db):
    """Return a function that runs callables at the same moment, each on a connection of its own (PostgreSQL).

    It returns what each returned, or the exception it raised, in the order given.
    """

    def run(*actions, seconds=30):
        outcomes = [None] * len(actions)
        barrier = threading.Barrier(len(actions))

        def one(place, action):
            try:
                barrier.wait(seconds)
                outcomes[place] = action()
            except Exception as error:  # noqa: BLE001 - the outcome of the test
                outcomes[place] = error
            finally:
                connections.close_all()

        threads = [threading.Thread(target=one, args=pair, daemon=True) for pair in enumerate(actions)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(seconds)
            assert not thread.is_alive(), "two at once wait for each other"
        return outcomes

    assert connection.vendor == "postgresql", "mark the test with pytest.mark.postgresql"
    return run


@pytest.fixture
def portal_factory():
    """Return a function that makes a portal of the test's own; no process is started yet."""
    from tests.portal import Portal

    made = []

    def make(name="portal", **options):
        try:
            made.append(Portal(name, **options))
        except ServerMissingError as error:
            missing(str(error))
        return made[-1]

    yield make
    for portal in made:
        portal.close()


@pytest.fixture(scope="session")
def live_portal():
    """A portal with web server, worker and beat running, catalogue and people loaded, shared by the browser tests."""
    from tests.portal import Portal

    try:
        portal = Portal("live")
    except ServerMissingError as error:
        missing(str(error))
    try:
        for name in ("web", "worker", "beat"):
            portal.start(name)
        yield portal
    finally:
        portal.close()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """The system's Chromium with the fonts that the papers use."""
    if CHROMIUM is None:
        missing("Chromium: apt-get install chromium")
    environment = dict(os.environ)
    try:
        from archives import fonts
    except ImportError:
        fonts = None
    if fonts is not None and os.environ.get("FONTCONFIG_FILE"):
        environment["FONTCONFIG_FILE"] = os.environ["FONTCONFIG_FILE"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": CHROMIUM_FLAGS, "env": environment}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args, live_portal):
    """A Chinese browser in Shanghai that knows the portal's address."""
    return {
        **browser_context_args,
        "base_url": live_portal.url,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 1366, "height": 900},
    }
