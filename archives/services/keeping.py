"""What happens to a file after it was filed: its words are read for the search, and the four checks are made.

Workers do it: every minute the versions that have no text row yet. A file that cannot be read has a row too, so that
nothing is tried for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Max

from archives import blobs, checks, pdfs
from archives.blobs import DamagedError
from archives.models import DocumentVersion, Inspection, VersionText
from archives.services import filing
from archives.states import CheckMoment
from projects import timing
from projects.events import subject_of
from projects.models import Event

if TYPE_CHECKING:
    from archives.checks import Examined
    from archives.models import Document

TEXT_MOST = 100_000
#: Rows that were written by transactions which ended later than their keys say.
LOOK_BACK = 2000
PDF = "application/pdf"
TOLD = ("document.filed", "document.version_added", "paper.rendered")


def told_digests(documents: Iterable[Document]) -> dict[int, set[str]]:
    """Return for each document the digests that the event log names for it. Two queries."""
    rows = list(documents)
    by_subject = {subject_of(row): row.pk for row in rows}
    for row in rows:
        paper = getattr(row, "paper", None)
        if paper is not None:
            by_subject[subject_of(paper)] = row.pk
    found: dict[int, set[str]] = {row.pk: set() for row in rows}
    events = Event.objects.filter(kind__in=TOLD, subject_key__in={key for _, key in by_subject})
    for kind, key, data in events.values_list("subject_type", "subject_key", "data"):
        if (kind, key) in by_subject:
            found[by_subject[kind, key]].update(data[name] for name in ("sha256", "sm3") if name in data)
    return found


def keep_result(version: DocumentVersion, done: Examined, moment: str) -> Inspection:
    """Keep what the checks of one moment gave; a changed byte is told in the event log, once."""
    inspection, _ = Inspection.objects.update_or_create(
        version=version, moment=moment,
        defaults={"ok": done.ok, "results": done.as_rows(), "inspected_at": timing.now()},
    )
    for result in done.failed:
        if result.check == "digest":
            filing.report_damage(version.document, digest=version.digest, reason=result.words)
    return inspection


def inspect(version: DocumentVersion, moment: str) -> Examined:
    """Make every check of a version and keep the result."""
    done = checks.examine(version, told=told_digests([version.document])[version.document_id])
    with transaction.atomic():
        keep_result(version, done, moment)
    return done


def words_of_paper(content: Any) -> Iterator[str]:
    """Yield the words of the frozen content of a paper, so that no PDF of our own has to be read back."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for name, value in content.items():
            if name != "frozen":
                yield from words_of_paper(value)
    elif isinstance(content, list):
        for value in content:
            yield from words_of_paper(value)


def take_in(version_id: int) -> bool:
    """Read the words of a version and make the checks of filing; return whether this call did. Safe to run twice."""
    versions = DocumentVersion.objects.select_related("document__project", "document__paper")
    version = versions.filter(pk=version_id, text=None).first()
    if version is None:
        return False
    done = inspect(version, CheckMoment.FILING)
    _, made = VersionText.objects.get_or_create(
        version=version,
        defaults={
            "text": _text_of(version), "pages": done.pages, "pdfa": done.pdfa, "extracted_at": timing.now(),
        },
    )
    return made


def _text_of(version: DocumentVersion) -> str:
    paper = getattr(version.document, "paper", None)
    if paper is not None:
        return "\n".join(words_of_paper(paper.content))[:TEXT_MOST]
    if version.media_type != PDF:
        return ""
    try:
        with blobs.open_stored(version.storage_key) as file:
            return pdfs.text_of(file, most=TEXT_MOST)
    except DamagedError:
        return ""


def take_in_pending(*, seconds: float = 40.0) -> tuple[int, int]:
    """Take in what has no text row yet, the oldest first, for so long; return how many, and how many failed a check."""
    until = time.monotonic() + seconds
    taken = failed = 0
    last = VersionText.objects.aggregate(last=Max("pk"))["last"] or 0
    pending = DocumentVersion.objects.filter(pk__gt=max(last - LOOK_BACK, 0), text=None).order_by("pk")
    for version_id in list(pending.values_list("pk", flat=True)[:1000]):
        if time.monotonic() > until:
            break
        taken += take_in(version_id)
        failed += Inspection.objects.filter(version_id=version_id, moment=CheckMoment.FILING, ok=False).exists()
    return taken, failed
