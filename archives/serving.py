"""Handing out files: hash compared, read written down, shown in the browser only where that is safe."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from django.http import FileResponse, Http404

from archives import media
from archives.blobs import DamagedError
from archives.services import filing, papers

if TYPE_CHECKING:
    from django.http import HttpRequest

    from archives.models import Document, DocumentVersion, Paper

#: A browser's own PDF viewer does not start in a sandbox; nothing else may do anything.
CSP_SHOWN = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; object-src 'self'; frame-ancestors 'self'"
)
CSP_DOWNLOAD = "default-src 'none'; sandbox"


def file_response(file: IO[bytes], *, name: str, media_type: str, digest: str, download: bool) -> FileResponse:
    """Return an open file as a response that no browser guesses about, keeps, or runs."""
    shown = media_type in media.SHOWN and not download
    response = FileResponse(file, as_attachment=not shown, filename=name, content_type=media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = CSP_SHOWN if shown else CSP_DOWNLOAD
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    response["ETag"] = f'"{digest}"'
    return response


def serve_document(request: HttpRequest, document: Document, *, number: int | None = None) -> FileResponse:
    """Hand out a version (the newest by default) of a document that the user may see; writes who read it.

    A paper whose PDF is not there yet is rendered now. Raises `Http404` for a version that does not exist and
    `DamagedError` for bytes that changed.
    """
    paper = getattr(document, "paper", None)
    if paper is not None and paper.rendered_at is None:
        papers.ensure_rendered(paper.pk)
    versions = document.versions.order_by("version")
    version = versions.filter(version=number).first() if number else versions.last()
    if version is None:
        raise Http404
    file = _opened(document, version)
    action = "download" if _wants_download(request) else "view"
    filing.log_read(request.user, subject=document, project=document.project, action=action)
    return file_response(
        file, name=version.file_name, media_type=version.media_type, digest=version.digest,
        download=_wants_download(request),
    )


def _opened(document: Document, version: DocumentVersion) -> IO[bytes]:
    try:
        return filing.open_version(version)
    except DamagedError as error:
        filing.report_damage(document, digest=version.digest, reason=error.code)
        raise


def serve_paper(request: HttpRequest, paper: Paper) -> FileResponse:
    """Hand out the PDF of a paper that the user may see (or that is published); writes who read it."""
    try:
        paper, file = papers.open_pdf(paper.pk)
    except DamagedError as error:
        if paper.document is not None:
            filing.report_damage(paper.document, digest=paper.digest, reason=error.code)
        raise
    download = _wants_download(request)
    filing.log_read(request.user, subject=paper, project=paper.project, action="download" if download else "view")
    return file_response(
        file, name=papers.file_name(paper), media_type=papers.PDF, digest=paper.digest, download=download
    )


def _wants_download(request: HttpRequest) -> bool:
    return "download" in request.GET
