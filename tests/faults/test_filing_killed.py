"""A process killed while it files, or binds what is handed over: nothing half, nothing twice, no number lost."""

import pytest

from tests.faults.stories import made_portal

pytestmark = [pytest.mark.kill, pytest.mark.slow]
#: The exit code of a process that was killed on the spot.
KILLED = -9
PROJECT = """
from archives.models import DocumentKind
from tests import factories

actors = factories.make_actors()
project = factories.make_project(actors, name=f"归档中断（{point}）")
kind = DocumentKind.objects.exclude(produced_by="portal").filter(doc_class="A3").first()
result = {"project": project.pk, "kind": kind.pk, "by": actors.clerk.pk}
"""
#: Files one upload; `point` says where the process dies (empty: nowhere).
FILE = """
from archives.models import DocumentKind
from archives.services import filing
from projects.models import User
from tests import factories
from tests.faults.kill_points import FILING
if point:
    FILING[point]()
filing.file_document(
    project, uploaded=factories.pdf(text=f"中断{project}"), kind=DocumentKind.objects.get(pk=kind), title="图",
    by=User.objects.get(pk=by),
)
"""
STATE = """
from django.core.files.storage import default_storage
from pathlib import Path
from archives.models import Document
from archives.services.fixity import walk
from projects.events import verify_chain
from projects.models import Event
rows = Document.objects.filter(project=pk, title="图")
result = {
    "serials": list(rows.values_list("serial", flat=True)), "versions": sum(row.versions.count() for row in rows),
    "events": Event.objects.filter(project=pk, kind="document.filed").count(),
    "chain": verify_chain(f"project:{pk}") is None,
    "damaged": walk(force=True).damaged,
}
"""
#: A delivered project with three documents whose hand-over is prepared: the list stands, the package is asked for.
PREPARED = """
from unittest import mock
from archives.models import DocumentKind
from archives.services import filing, transferring
from projects import timing
from projects.models import Project
from tests import factories

actors = factories.make_actors()
project = factories.make_project(actors, name=f"移交中断（{point}）")
kind = DocumentKind.objects.exclude(produced_by="portal").filter(doc_class="A3").first()
for number in range(3):
    filing.file_document(
        project.pk, uploaded=factories.pdf(text=f"{point}{number}"), kind=kind, title=f"图{number}", by=actors.clerk
    )
Project.objects.filter(pk=project.pk).update(stage="delivered", delivered_at=timing.now())
with mock.patch.object(transferring, "precheck", lambda _: transferring.Precheck(3)):
    transfer = transferring.prepare(project.pk, by=actors.owner)
result = {"project": project.pk, "transfer": transfer.pk, "by": actors.owner.pk}
"""
#: Makes what is asked for, or signs the list; a claim of somebody who died counts for nothing after its time.
BIND = """
from archives.models import Bundle
from archives.services import bundles, transferring
from projects import timing
from projects.models import User
from tests.faults.kill_points import BINDING
if point:
    BINDING[point]()
if act == "bag":
    Bundle.objects.filter(transfer=transfer, made_at=None).update(claimed_at=None)
    for row in bundles.unmade().filter(transfer=transfer):
        bundles.make(row.pk)
else:
    transferring.hand_over(transfer, by=User.objects.get(pk=by))
"""
BOUND = """
from pathlib import Path
from tempfile import TemporaryDirectory
from archives import bagging
from archives.models import Bundle, Paper
from archives.services import bundles
from archives.services.fixity import walk
from projects.events import fold, verify_chain
from projects.models import Event, Project
made = list(Bundle.objects.filter(transfer=transfer).exclude(made_at=None))
for row in made:
    with bundles.open_bundle(row) as file, TemporaryDirectory() as scratch:
        bagging.validate(file, Path(scratch))
told = Event.objects.filter(project=project)
lists = Paper.objects.filter(project=project, kind="transfer_list")
result = {
    "asked": Bundle.objects.filter(transfer=transfer).count(), "made": len(made),
    "told": [told.filter(kind=kind).count() for kind in ("bag.made", "transfer.handed")],
    "lists": lists.count(), "state": fold(Project.objects.get(pk=project))["archives.Transfer", str(transfer), "state"],
    "chain": verify_chain(f"project:{project}") is None, "damaged": walk(force=True).damaged,
}
"""


def run(portal, code, **values):
    """Run a process of the portal to its end, or to its death; return its exit code."""
    return portal.python("result = end_of(code, **values)", code=code, values=values)


@pytest.fixture(scope="module")
def portal():
    """A portal on PostgreSQL without processes of its own."""
    from tests.conftest import missing
    from tests.servers import ServerMissingError

    try:
        portal = made_portal("filing")
    except ServerMissingError as error:
        missing(str(error))
    yield portal
    portal.close()


@pytest.mark.parametrize("point", ["aside", "in place", "before the commit", "after the commit"])
def test_an_upload_is_filed_once_though_the_process_was_killed(portal, point):
    story = portal.python(PROJECT, point=point)
    assert run(portal, FILE, **story, point=point) == KILLED
    filed = int(point == "after the commit")
    state = portal.python(STATE, pk=story["project"])
    assert state == {"serials": [1] * filed, "versions": filed, "events": filed, "chain": True, "damaged": 0}
    assert run(portal, FILE, **story, point="") == 0, portal.log("runner")[-2000:]
    state = portal.python(STATE, pk=story["project"])
    assert state == {"serials": [1], "versions": 1, "events": 1, "chain": True, "damaged": 0}


@pytest.mark.parametrize("point", ["bag: filled", "bag: stored", "bag: after the commit"])
def test_a_package_is_made_once_though_the_process_was_killed(portal, point):
    story = portal.python(PREPARED, point=point)
    keys = {name: story[name] for name in ("project", "transfer")}
    assert run(portal, BIND, **story, point=point, act="bag") == KILLED
    made = int(point == "bag: after the commit")
    state = portal.python(BOUND, **keys)
    assert (state["asked"], state["made"], state["told"], state["chain"], state["damaged"]) == (1, made, [made, 0], True, 0)
    assert run(portal, BIND, **story, point="", act="bag") == 0, portal.log("runner")[-2000:]
    assert portal.python(BOUND, **keys) == {
        "asked": 1, "made": 1, "told": [1, 0], "lists": 0, "state": "prepared", "chain": True, "damaged": 0
    }


@pytest.mark.parametrize("point", ["list: before the commit", "list: after the commit"])
def test_a_list_is_signed_once_though_the_process_was_killed(portal, point):
    story = portal.python(PREPARED, point=point)
    keys = {name: story[name] for name in ("project", "transfer")}
    assert run(portal, BIND, **story, point="", act="bag") == 0, portal.log("runner")[-2000:]
    assert run(portal, BIND, **story, point=point, act="list") == KILLED
    signed = int(point == "list: after the commit")
    state = portal.python(BOUND, **keys)
    assert (state["told"], state["lists"], state["state"]) == ([1, signed], signed, "handed" if signed else "prepared")
    assert run(portal, BIND, **story, point="", act="list") == 0, portal.log("runner")[-2000:]
    assert portal.python(BOUND, **keys) == {
        "asked": 1, "made": 1, "told": [1, 1], "lists": 1, "state": "handed", "chain": True, "damaged": 0
    }
