"""施工图承诺书 is the paper of those who promise: they sign at its foot, not in a table."""

from archives.models import Paper
from packages.models import DrawingReview
from packages.services import drawing_review
from projects.services.parties import PartyEntry, add_party
from projects.states import PartyRole, Role
from tests import factories
from tests.packages.test_drawings import both_sign


def test_designer_and_owner_sign_at_the_foot(clock, actors):
    project = factories.enrolled_project(actors, "S3")
    factories.drain()
    body = factories.enterprise("晋城设计院有限公司", 40000003)
    designer = factories.person("designer", "何工", Role.OWNER_LEAD, body)
    add_party(project.pk, PartyEntry(PartyRole.DESIGNER, body.uscc, body.name), by=actors.clerk)
    drawing_review.upload_drawings(project.pk, by=designer, uploaded=factories.pdf("图纸.pdf", "一"))
    both_sign(actors, project, designer, DrawingReview.objects.get(project=project))
    content = Paper.objects.get(project=project, kind="drawing_pledge").content
    signed = [(one["body"], one["person"]) for one in content["promisers"]]
    assert signed == [(body.name, str(designer)), (project.owner.name, str(actors.owner))]
    assert (content["table"], content["addressee"]) == (None, project.centre.name)
