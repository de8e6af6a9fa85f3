"""No public page of the whole demonstration holds an opinion, a contact, a person or an unpublished document."""

import pytest

from archives.models import Document, DocumentKind, Paper, QrToken
from gaige.demo.run import run
from packages.models import MatterVersion, Opinion
from projects.models import IssueItem, Party, User

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]  # a minute: once is enough
#: Shorter texts (同意) are words of the trade, not somebody's text; so are these, which the portal itself writes.
SHORTEST = 6
OF_THE_PORTAL = {"超时默认同意", "改完施工图违反强条的问题"}


def texts_of(rows):
    texts = {text.strip() for row in rows for text in row if isinstance(text, str)}
    return {text for text in texts if len(text) >= SHORTEST} - OF_THE_PORTAL


def secrets():
    """Return every text of the demonstration that is nobody else's business, by what it is.

    A document whose title is a name of the catalogue (建设工程规划许可证) is told by its number and its digest.
    """
    published = set(Paper.objects.filter(is_public=True).values_list("document_id", flat=True))
    unpublished = Document.objects.exclude(pk__in=published).select_related("project").prefetch_related("versions")
    of_matters = MatterVersion.objects.values_list("name", "result_name")
    of_catalogue = "\n".join([*DocumentKind.objects.values_list("name", flat=True), *("".join(row) for row in of_matters)])
    people = {name for name in User.objects.values_list("name", flat=True) if len(name) > 1}
    parties = [(party.contact_name, party.contact_phone) for party in Party.objects.all()]
    return {
        "opinion": texts_of(Opinion.objects.values_list("reason", "basis", "remedy")),
        "issue": texts_of(IssueItem.objects.values_list("what", "how_to_fix")),
        "person": people | {name for name, _ in parties if len(name) > 1} | {phone for _, phone in parties if phone},
        "document": texts_of((row.title,) for row in unpublished if row.title not in of_catalogue)
        | {row.archive_no for row in unpublished}
        | {version.digest for row in unpublished for version in row.versions.all()},
        "paper": set(Paper.objects.filter(is_public=False).values_list("number", flat=True)),
    }


def test_the_whole_demonstration_keeps_what_is_not_public(client):
    run(tell=lambda _: None)
    hidden = secrets()
    assert all(hidden.values()), "the demonstration has something to hide of every kind"
    tokens = list(QrToken.objects.filter(state="active").select_related("project"))
    assert len(tokens) >= 15
    for token in tokens:
        response = client.get(f"/q/{token.token}/")
        text = response.content.decode()
        found = {what: sorted(one for one in texts if one in text) for what, texts in hidden.items()}
        assert not any(found.values()), (token.project.name, found)
        assert (response.status_code, len(response.content) < 30_000, "<script" in text) == (200, True, False)
