"""Redis, broker and cache in one, killed under running workers, web and beat: nothing lost, nothing twice, pages open."""

import subprocess
import time

import pytest

from tests.faults.stories import (
    DOOMED,
    FOLD,
    STORY,
    assert_numbers_without_gap,
    left_by,
    made_portal,
    settle,
)
from tests.faults.test_others_killed import MERGED, SILENCE, SILENT
from tests.servers import start_redis

pytestmark = [pytest.mark.kill, pytest.mark.slow]
STATE = "SELECT state FROM packages_mattercase WHERE id = %s"
#: The window waits for no broker: seconds that a press may take on a machine that others use as well.
PATIENCE = 30
DECIDED = "SELECT count(*) AS n FROM projects_event WHERE kind = 'case.decided' AND subject_key = %s"


@pytest.fixture
def broker():
    """A Redis of the test's own."""
    from tests.conftest import missing
    from tests.servers import ServerMissingError

    try:
        found = start_redis()
    except ServerMissingError as error:
        missing(str(error))
    yield found
    found.stop()


@pytest.fixture
def portal(broker):
    """A portal on that Redis."""
    made = made_portal("brokerless", REDIS_URL=broker.url)
    yield made
    made.close()


def kill(broker):
    """As a power cut would: what it held in memory is gone."""
    broker.process.kill()
    broker.process.wait()


def start_again(broker):
    """The same address, empty."""
    broker.process = subprocess.Popen(
        list(broker.process.args), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def press(portal, name, path, **fields):
    """Somebody signs in, opens a page and posts its form; return the answer and the seconds of the post."""
    from gaige.scale.visitor import Visitor
    from tests.factories import PASSWORD

    visitor = Visitor(portal.port)
    visitor.sign_in(name, PASSWORD)
    started = time.monotonic()
    answer = visitor.post(path, {"csrfmiddlewaretoken": visitor.token_of(path), **fields})
    return answer, time.monotonic() - started


def test_a_killed_broker_loses_nothing_and_does_not_stop_the_window(portal, broker):
    silent, merged = portal.python(SILENT), portal.python(MERGED)
    waiting = portal.python(STORY, accept=False)
    processes = ("web", "worker", "worker2", "beat")
    for name in processes:
        portal.start(name, **(DOOMED if name == "beat" else {}))
    opening = portal.python(STORY, accept=True)  # its review is being opened, silence is being swept
    kill(broker)
    portal.kill("beat")
    answer, seconds = press(portal, "clerk", f"/cases/{waiting['case']}/accept/")
    assert (answer.status, seconds < PATIENCE) == (302, True)
    decide = {"outcome": "fail", "note": "不符合规划条件"}
    answer, seconds = press(portal, merged["chief"], f"/cases/{merged['case']}/decide/", **decide)
    assert (answer.status, seconds < PATIENCE) == (302, True)
    assert portal.rows(STATE, waiting["case"]) == [{"state": "accepted"}]
    assert portal.rows(STATE, merged["case"]) == [{"state": "decided_fail"}]
    start_again(broker)
    portal.start("beat", **DOOMED)
    portal.wait_for(
        lambda: {row["state"] for row in portal.rows(SILENCE, silent["case"])} == {"tacit"}, "silence has spoken", seconds=150
    )
    for story in (silent, merged, opening, waiting):
        settle(portal, story)
        assert portal.python(FOLD, pk=story["project"]) == []
    assert {name: portal.processes[name].poll() for name in processes} == dict.fromkeys(processes)  # they found it again
    [row] = portal.rows(SILENCE, silent["case"])
    assert row["n"] == row["opinions"] == row["events"] > 1
    for story in (opening, waiting):
        left = left_by(portal, story)
        assert (left["sessions"], left["codes"], left["twice"]) == ([{"n": 1}], [{"n": 1}], [])
        assert {row["n"] for row in left["tasks"]} == {1}
        assert all(row["n"] == row["files"] for row in left["papers"])
        assert portal.rows(STATE, story["case"]) == [{"state": "in_review"}]
    assert portal.rows(DECIDED, str(merged["case"])) == [{"n": 1}]
    assert_numbers_without_gap(portal)
    portal.manage("verify_events")
