"""The world of the access matrix: one of everything."""

from types import SimpleNamespace

from archives.services.codes import issue_token
from tests import factories
from tests.access import acceptance, agency, archives, cases, people, preparation


def make_world():
    """Return one of everything: a project in planning with cases in several states, one in acceptance, a bulletin."""
    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "S3", code=factories.REAL_CODE)
    issue_token(project.pk, by=actors.clerk)
    world = cases.handled(project, actors)
    received, reviewed, task = world["received"], world["reviewed"], world["task"]
    world |= cases.asked(received, reviewed, actors) | cases.around(task, actors)
    world |= cases.running_out(project, reviewed, actors) | acceptance.applied(actors)
    world |= agency.bulletin(reviewed, task, actors) | people.staff(actors) | archives.papers(project)
    world |= cases.drawings(project, reviewed, received, task, actors) | cases.records(project, reviewed, actors)
    world |= preparation.pool(project, actors) | preparation.consulted(actors) | archives.handing(project)
    world |= people.accounts(actors) | preparation.assessment(project, actors)
    world |= acceptance.supervision(project, actors) | agency.desk(project, actors) | people.credit(project, actors)
    world |= agency.heard(project, reviewed, actors) | agency.urgent(project, actors) | agency.sent(project, actors)
    return SimpleNamespace(actors=actors, project=project, **world)
