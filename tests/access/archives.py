"""Codes, papers, and a hand-over of the archive."""

from archives.models import Bundle, Transfer
from archives.services.papers import ensure_rendered
from projects import timing
from tests import factories


def papers(project):
    """A paper and the code of the project, both rendered."""
    paper, token = project.papers.filter(kind="acceptance_notice").first(), project.qr_tokens.get()
    for pk in (paper.pk, token.paper_id):
        ensure_rendered(pk)
    return {"paper": paper, "document": paper.document, "token": token}


def handing(project):
    """A hand-over of an archive that is prepared, and its package that is not made yet."""
    now = timing.now()
    transfer = Transfer.objects.create(
        project=project, receiver=factories.organisation("city-archive"), prepared_at=now
    )
    bundle = Bundle.objects.create(project=project, kind="bag", transfer=transfer, view="office", requested_at=now)
    return {"handing": transfer, "handing_bundle": bundle}
