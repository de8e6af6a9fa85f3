"""Web server and beat killed, a worker in the middle of a sweep, the embedded default: nothing lost, nothing twice."""

import contextlib
import http.client
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

import pytest

from tests.faults.kill_points import OTHERS
from tests.faults.stories import (
    DOOMED,
    FOLD,
    STORY,
    assert_numbers_without_gap,
    left_by,
    made_portal,
    settle,
    start_doomed,
)
from tests.portal import Portal
from tests.servers import free_port

pytestmark = [pytest.mark.kill, pytest.mark.slow]
#: A case whose departments were asked a month ago and have not answered.
SILENT = """
import datetime as dt
from projects import timing
from tests import factories

with timing.travel(timing.now() - dt.timedelta(days=30)):
    actors = factories.make_actors()
    case = factories.in_review(factories.enrolled_project(actors, "S2"), "plan-permit", actors)
result = {"project": case.project_id, "case": case.pk}
"""
#: A case that its chief representative decides next.
MERGED = """
from projects.states import Role
from tests import factories

actors = factories.make_actors()
project = factories.enrolled_project(actors, "S2")
case = factories.in_review(project, "plan-permit", actors)
factories.answer_all(case)
factories.merge(case)
chief = factories.official(case.lead.code, Role.CHIEF)
chief.set_password(factories.PASSWORD)
chief.save()
result = {"project": case.project_id, "case": case.pk, "chief": chief.username}
"""
SILENCE = """
SELECT t.state, count(*) AS n, count(o.id) AS opinions, count(DISTINCT e.id) AS events
FROM packages_reviewtask t JOIN packages_jointsession s ON s.id = t.session_id
LEFT JOIN packages_opinion o ON o.task_id = t.id
LEFT JOIN projects_event e ON e.kind = 'task.tacit' AND e.subject_key = CAST(t.id AS text)
WHERE s.case_id = %s AND t.is_tacit_allowed AND t.role <> 'lead' GROUP BY 1
"""


@pytest.fixture(scope="module")
def portal():
    """A portal on PostgreSQL; each test brings its processes."""
    from tests.conftest import missing
    from tests.servers import ServerMissingError

    try:
        portal = made_portal("others")
    except ServerMissingError as error:
        missing(str(error))
    yield portal
    portal.close()


@contextlib.contextmanager
def running(portal, *names, **environment):
    """Run processes inside the block."""
    try:
        for name in names:
            portal.start(name, **environment)
        yield
    finally:
        for name in names:
            if name in portal.processes:
                portal.stop(name)


@pytest.mark.parametrize("point", [point for point in OTHERS if point.startswith("sweep")])
def test_a_sweep_goes_on_where_a_killed_worker_stopped(portal, point):
    story = portal.python(SILENT)
    with running(portal, "beat", **DOOMED):
        start_doomed(portal, point)
        with running(portal, "worker", "worker2"):
            portal.wait_for(
                lambda: {row["state"] for row in portal.rows(SILENCE, story["case"])} == {"tacit"}, "silence has spoken",
                seconds=150,
            )
            settle(portal, story)
    [row] = portal.rows(SILENCE, story["case"])
    assert row["n"] == row["opinions"] == row["events"] > 1
    assert portal.python(FOLD, pk=story["project"]) == []
    portal.manage("verify_events")


@pytest.mark.parametrize("point", [point for point in OTHERS if point.startswith("decision")])
def test_a_decision_is_made_once_though_the_web_server_was_killed(portal, point):
    from gaige.scale.visitor import Visitor
    from tests.factories import PASSWORD

    story = portal.python(MERGED)
    path = f"/cases/{story['case']}/decide/"

    def decide():
        chief = Visitor(portal.port)
        chief.sign_in(story["chief"], PASSWORD)
        return chief.post(path, {"csrfmiddlewaretoken": chief.token_of(path), "outcome": "fail", "note": "不符合规划条件"})

    portal.start("web", **DOOMED, KILL_POINT=point)
    with pytest.raises((http.client.HTTPException, OSError)):
        decide()
    portal.processes.pop("web").wait(60)
    decided = point.endswith("after the commit")
    state = "SELECT state FROM packages_mattercase WHERE id = %s"
    assert portal.rows(state, story["case"]) == [{"state": "decided_fail" if decided else "in_review"}]
    with running(portal, "web"), contextlib.suppress(RuntimeError):  # a second press gets a sentence (409)
        decide()
    told = "SELECT count(*) AS n FROM projects_event WHERE kind = 'case.decided' AND subject_key = %s"
    papers = "SELECT count(*) AS n FROM archives_paper WHERE project_id = %s AND kind = 'refusal' AND subject_key = %s"
    assert portal.rows(state, story["case"]) == [{"state": "decided_fail"}]
    key = str(story["case"])
    assert (portal.rows(told, key), portal.rows(papers, story["project"], key)) == ([{"n": 1}], [{"n": 1}])
    assert_numbers_without_gap(portal)
    assert portal.python(FOLD, pk=story["project"]) == []


class Embedded(Portal):
    """A portal of one machine: SQLite, and a queue of files."""

    def __init__(self):
        self.folders, self.processes = contextlib.ExitStack(), {}
        self.var = Path(self.folders.enter_context(tempfile.TemporaryDirectory(prefix="embedded-")))
        self.port = free_port()
        kept = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
        self.environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "tests.portal_settings", "GAIGE_VAR": str(self.var), "OUTBOX_STALE_SECONDS": "5",
            "RENDER_STALE_SECONDS": "5",
            "PYTHONUNBUFFERED": "1", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        self.manage("migrate", "--verbosity", "0")
        self.manage("load_catalog", "--verbosity", "0")
        self.collect()

    def rows(self, statement, *parameters):
        with contextlib.closing(sqlite3.connect(self.var / "db.sqlite3", timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(statement.replace("%s", "?"), parameters)]

    def close(self):
        for name in list(self.processes):
            self.kill(name)
        self.end_runner()
        self.folders.close()


def test_the_embedded_default_survives_a_killed_worker_and_beat():
    portal = Embedded()
    try:
        story = portal.python(STORY, accept=True)
        portal.start("beat", **DOOMED)
        start_doomed(portal, "review: between the rows")
        portal.kill("beat")
        with running(portal, "worker2"), running(portal, "beat", **DOOMED):
            settle(portal, story)
        left = left_by(portal, story)
        assert (left["sessions"], left["codes"], left["twice"]) == ([{"n": 1}], [{"n": 1}], [])
        assert {row["n"] for row in left["tasks"]} == {1}
        assert all(row["n"] == row["files"] for row in left["papers"])
        assert_numbers_without_gap(portal)
        assert portal.python(FOLD, pk=story["project"]) == []
        portal.manage("verify_events")
    finally:
        portal.close()
