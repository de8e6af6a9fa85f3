"""An enterprise neither reads what departments tell each other nor changes what they have read already."""

import pytest
from django.db import transaction
from django.test import Client

from archives.models import Document, Paper
from archives.services import filing
from packages.models import JointSession
from packages.services import review
from projects.errors import NotAllowed
from projects.events import lock_project
from projects.states import Role
from tests import factories
from tests.archives.conftest import pdf_bytes, upload


def status(user, path):
    client = Client()
    client.force_login(user)
    return client.get(path).status_code


def test_an_owner_cannot_swap_a_file_under_a_step(world, kind):
    with transaction.atomic():
        project = lock_project(world.project.pk)
        document = filing.file_upload(
            project, uploaded=upload(), kind=kind, title="施工图", source=world.owner_body, by=world.owner
        )
    with pytest.raises(NotAllowed) as refused:
        filing.add_version(document, uploaded=upload(content=pdf_bytes("b")), by=world.owner)
    assert refused.value.message == (
        "这份文件是办件环节交来的，办件会用到它；需要更换时在申报的材料清单或补正里重新上传。"
    )
    assert document.versions.count() == 1
    assert filing.add_version(document, uploaded=upload(content=pdf_bytes("b")), by=world.clerk).version == 2


def test_an_owner_still_renews_what_belongs_to_no_step(world, kind):
    document = filing.file_document(world.project.pk, uploaded=upload(), kind=kind, title="执照", by=world.owner)
    assert filing.add_version(document, uploaded=upload(content=pdf_bytes("b")), by=world.owner).version == 2


@pytest.mark.slow
def test_the_merged_opinions_stay_with_the_office(factory, actors):
    case = factories.in_review(factory, "plan-permit", actors)
    factories.answer_all(case)
    reviewer = factories.official("natural-resources", Role.REVIEWER)
    review.merge_session(JointSession.objects.get(case=case).pk, by=reviewer, passed=True, text="同意")
    paper = Paper.objects.get(project=factory, kind="review_opinion")
    paths = [f"/papers/{paper.pk}/", f"/papers/{paper.pk}/pdf/", f"/documents/{paper.document_id}/"]
    assert [status(actors.owner, path) for path in paths] == [404, 404, 404]
    assert status(reviewer, paths[0]) == 200
    assert not Document.objects.visible_to(actors.owner).filter(pk=paper.document_id).exists()
