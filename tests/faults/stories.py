"""What the tests of killed processes share: stories, portals that give a dead worker up soon, what a story leaves."""

import os
import signal
import time

import pytest

ROUNDS = int(os.environ.get("GAIGE_KILL_ROUNDS", "1"))
DOOMED = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}
#: A project whose case was received three months ago, and is accepted: late from the first moment.
STORY = """
import datetime as dt
from packages import queries
from packages.models import ReviewDef
from packages.services.intake import accept_case
from projects import timing
from tests import factories

with timing.travel(timing.now() - dt.timedelta(days=90)):
    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "S4")
    ready = [case for case, draft in queries.open_drafts(project) if draft.is_ready and case.handling == "review"]
    ready = [case for case in ready if case.promised_days]
    ready.sort(key=lambda case: (-ReviewDef.objects.filter(version=case.matter).count(), case.pk))
    [case] = factories.received(project, [ready[0].matter.matter.code], actors)
    if accept:
        accept_case(case.pk, by=actors.clerk)
result = {"project": project.pk, "case": case.pk}
"""
#: A worker whose pool learns where to die.
WORKER = """
from celery import signals
from gaige.celery import app
from tests.faults import kill_points

def arm(**_):
    kill_points.install(point)

signals.worker_process_init.connect(arm, weak=False)
app._after_fork()  # connections to the broker are the parent's
app.worker_main(arguments)
"""
FOLD = """
from packages.models import MatterCase
from projects.events import fold
from projects.models import Project
project = Project.objects.get(pk=pk)
told = fold(project)
cases = {("packages.MatterCase", str(c.pk), "state"): c.state for c in MatterCase.objects.filter(project=project)}
result = [key for key, state in cases.items() if told[key] != state]
"""


def made_portal(name, **environment):
    """Return a portal whose workers give a dead one up soon, with beat in a hurry."""
    from tests.portal import Portal

    quick = {"OUTBOX_STALE_SECONDS": "5", "RENDER_STALE_SECONDS": "5", "VISIBILITY_TIMEOUT": "5", **environment}
    return Portal(name, people=False, environment=quick)


def settle(portal, story):
    """Wait until nothing is left to do for a project, and a whole sweep has found nobody else to remind."""
    project = story["project"]

    def is_done():
        [row] = portal.rows(
            """
            SELECT (SELECT count(*) FROM projects_outbox o JOIN projects_event e ON e.id = o.event_id
                    WHERE e.project_id = %s AND o.done_at IS NULL) AS undone,
                   (SELECT count(*) FROM archives_paper WHERE project_id = %s AND rendered_at IS NULL) AS unrendered
            """,
            project, project,
        )
        return row["undone"] == row["unrendered"] == 0

    portal.wait_for(is_done, "everything is done", seconds=150)
    [last] = portal.rows("SELECT coalesce(max(id), 0) AS id FROM projects_jobrun")
    swept = "SELECT 1 FROM projects_jobrun WHERE id > %s AND job = 'sweep_due' AND finished_at IS NOT NULL AND errors = 0"
    portal.wait_for(lambda: portal.rows(swept, last["id"]), "a sweep has reminded", seconds=150)
    portal.wait_for(is_done, "what the sweep began is done", seconds=150)


def left_by(portal, story):
    """Return what a story has left: sessions, tasks, events, papers, reminders, each with how many of it."""
    project, case = story["project"], story["case"]
    tasks = portal.rows(
        "SELECT o.code, count(*) AS n FROM packages_reviewtask t JOIN packages_jointsession s ON s.id = t.session_id "
        "JOIN projects_organisation o ON o.id = t.organisation_id WHERE s.case_id = %s GROUP BY 1 ORDER BY 1", case,
    )
    events = portal.rows(
        "SELECT kind, count(*) AS n FROM projects_event WHERE project_id = %s GROUP BY 1 ORDER BY 1", project
    )
    papers = portal.rows(
        "SELECT p.kind, count(DISTINCT p.id) AS n, count(v.id) AS files FROM archives_paper p "
        "LEFT JOIN archives_documentversion v ON v.document_id = p.document_id WHERE p.project_id = %s "
        "GROUP BY 1 ORDER BY 1", project,
    )
    # Who is told depends on how far the case was at that moment; which clocks have spoken does not.
    told = portal.rows(
        "SELECT c.kind, n.threshold, count(DISTINCT n.clock_id) AS clocks FROM agency_notification n "
        "JOIN projects_clock c ON c.id = n.clock_id WHERE n.project_id = %s GROUP BY 1, 2 ORDER BY 1, 2", project,
    )
    twice = portal.rows(
        "SELECT user_id, clock_id, threshold FROM agency_notification WHERE project_id = %s "
        "GROUP BY 1, 2, 3 HAVING count(*) > 1", project,
    )
    codes = portal.rows("SELECT count(*) AS n FROM archives_qrtoken WHERE project_id = %s", project)
    sessions = portal.rows("SELECT count(*) AS n FROM packages_jointsession WHERE case_id = %s", case)
    return {
        "tasks": tasks, "events": events, "papers": papers, "told": told, "twice": twice, "codes": codes,
        "sessions": sessions,
    }


def start_doomed(portal, point):
    """Start a worker that will be killed at a point, and wait for its end.

    It is a copy of a process in which Django has begun, without a connection: a worker like any other from there on.
    """
    arguments = portal.command("worker")
    code = portal.python(
        "result = end_of(code, log=log, seconds=150, point=point, arguments=arguments)", code=WORKER,
        log=str(portal.var / "doomed.log"), point=point, arguments=arguments[arguments.index("--quiet"):],
    )
    if code is None:
        pytest.fail(f"the worker never came to the point {point!r}:\n{portal.log('doomed')[-3000:]}")
    assert code == -signal.SIGKILL, portal.log("doomed")[-3000:]


def assert_numbers_without_gap(portal):
    """Every number that was given stands on a paper, and none stands on two."""
    for series in portal.rows(
        "SELECT issuer_id, series, year, count(*) AS n, min(serial) AS first, max(serial) AS last, "
        "count(DISTINCT serial) AS different FROM archives_paper GROUP BY 1, 2, 3"
    ):
        assert (series["first"], series["last"], series["different"]) == (1, series["n"], series["n"]), series


def finishes(portal, second, undisturbed, point):
    """A worker is killed at a point; the next one leaves what is left when nobody is killed."""
    second(works=False)
    story = portal.python(STORY, accept=True)
    start_doomed(portal, point)
    second(works=True)
    settle(portal, story)
    time.sleep(1)  # whatever is delivered twice has its chance
    left = left_by(portal, story)
    for what, rows in undisturbed.items():
        assert left[what] == rows, what
    assert undisturbed["sessions"] == undisturbed["codes"] == [{"n": 1}]
    assert {row["n"] for row in undisturbed["tasks"]} == {1}
    assert (undisturbed["told"] != [], undisturbed["twice"]) == (True, [])
    assert all(row["n"] == row["files"] for row in undisturbed["papers"])
    assert_numbers_without_gap(portal)
    assert portal.python(FOLD, pk=story["project"]) == []
    portal.manage("verify_events")
