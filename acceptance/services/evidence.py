"""The photographs and files that an owner hands in with the answer to a fault."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from archives.models import DocumentKind, IssueEvidence
from archives.services.filing import file_upload

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.db.models import Model

    from projects.models import IssueItem, User

LONGEST_TITLE = 190


def file_evidence(  # noqa: PLR0913
    issue: IssueItem, uploaded: Sequence[UploadedFile[Any]], *, slug: str, title: str, source: Model, by: User,
    at: dt.datetime | None = None,
) -> None:
    """File what shows that a fault is mended, in its locked project; several files are numbered in their titles.

    Raises `DomainError` as `file_upload` does.
    """
    kind = DocumentKind.objects.get(slug=slug)
    for number, one in enumerate(uploaded, 1):
        document = file_upload(
            issue.project, uploaded=one, kind=kind, source=source, by=by, at=at,
            title=title[:LONGEST_TITLE] + (f"（{number}）" if len(uploaded) > 1 else ""),
        )
        IssueEvidence.objects.get_or_create(issue=issue, version=document.versions.latest("version"))
