"""A process killed while it files, or binds what is handed over: nothing half, nothing twice, no number lost."""

import subprocess
import sys

import pytest

from tests.faults.test_worker_killed import made_portal

pytestmark = [pytest.mark.kill, pytest.mark.slow]
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
import sys
import django
django.setup()
from archives.models import DocumentKind
from archives.services import filing
from projects.models import User
from tests import factories
from tests.faults.kill_points import FILING
project, kind, by, point = sys.argv[1:]
if point:
    FILING[point]()
filing.file_document(
    int(project), uploaded=factories.pdf(text=f"中断{project}"), kind=DocumentKind.objects.get(pk=kind), title="图",
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
    arguments = [str(story[name]) for name in ("project", "kind", "by")]

    environment = {**portal.environment, "DJANGO_SETTINGS_MODULE": "gaige.settings"}

    def file(point):
        command = [sys.executable, "-c", FILE, *arguments, point]
        return subprocess.run(command, env=environment, start_new_session=True, capture_output=True, check=False)

    assert file(point).returncode == -9
    filed = int(point == "after the commit")
    state = portal.python(STATE, pk=story["project"])
    assert state == {"serials": [1] * filed, "versions": filed, "events": filed, "chain": True, "damaged": 0}
    again = file("")
    assert again.returncode == 0, again.stderr.decode()[-2000:]
    state = portal.python(STATE, pk=story["project"])
    assert state == {"serials": [1], "versions": 1, "events": 1, "chain": True, "damaged": 0}
