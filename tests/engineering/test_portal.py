"""A job that is in the queue when its worker is killed is done by the next worker, on real PostgreSQL and Redis."""

import json

import pytest

pytestmark = [pytest.mark.kill, pytest.mark.slow]
SEND = "from agency.tasks import sweep_due\nresult = str(sweep_due.delay())"


def runs(portal):
    return portal.rows("SELECT count(*) AS n FROM projects_jobrun WHERE job = 'sweep_due' AND finished_at IS NOT NULL")[
        0
    ]["n"]


def test_the_queue_outlives_a_worker(portal_factory):
    portal = portal_factory("queue", people=False)
    portal.start("web")
    portal.start("worker")
    portal.python(SEND)
    portal.wait_for(lambda: runs(portal) == 1, "the first job is done")
    portal.kill("worker")
    portal.python(SEND)
    assert runs(portal) == 1
    portal.start("worker2")
    portal.wait_for(lambda: runs(portal) == 2, "the second worker has taken the job")
    findings = {row["part"]: row["level"] for row in json.loads(portal.manage("doctor", "--json"))}
    assert {part for part, level in findings.items() if level == "fault"} == set()
    assert findings["heartbeat"] == findings["queue"] == findings["database"] == "ok"
