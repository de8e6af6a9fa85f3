"""项目卷: the archive of a project as one PDF with cover, catalogue, page numbers, bookmarks and a closing note.

Pages of PDFs are taken over as they are; pictures become a page; anything else (drawings, tables, large files) has a
sheet that says which file it is and where its digest stands. The result claims PDF/A only when every page came from
a file that claims it and in which `pdfa.faults_of` finds nothing against it.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from PIL import Image, ImageOps
from pypdf import PageObject, PdfReader, PdfWriter, Transformation
from pypdf.generic import NameObject

from archives import blobs, papering, pdfa, pdfs
from archives.blobs import DamagedError
from archives.states import CLASS_NAMES

if TYPE_CHECKING:
    from archives.models import DocumentVersion

logger = logging.getLogger(__name__)
#: A page of the volume is set for this paper, in points.
WIDE, HIGH, EDGE = 595, 842, 36
#: Of a picture so many points are kept along its longer side: 200 to the inch on A4.
PICTURE = 2340
#: Size of the strip with the page number, in points, and how far it stands from the corner.
STRIP, APART = (170, 12), 14


@dataclass(slots=True)
class Part:
    """One document of the volume: its line in the catalogue and the pages that stand for it."""

    archive_no: str
    doc_class: str
    title: str
    filed_on: str
    by: str
    digest: str
    version: DocumentVersion | None
    note: str = ""
    first: int = 0
    pages: list[PageObject] = field(default_factory=list)

    @property
    def last(self) -> int:
        """Number of its last page."""
        return self.first + len(self.pages) - 1

    @property
    def class_name(self) -> str:
        """Class in words."""
        return f"{self.doc_class} {CLASS_NAMES.get(self.doc_class, '')}".strip()


@dataclass(frozen=True, slots=True)
class Bound:
    """What came out: pages with cover and catalogue, whether it claims PDF/A, how many files stand outside."""

    pages: int
    is_pdfa: bool
    outside: int


def bind(parts: Sequence[Part], target: IO[bytes], *, facts: dict[str, Any], most_bytes: int) -> Bound:
    """Write the volume of the given documents to `target`.

    Files beyond `most_bytes` together stay outside, with a sheet in their place. Raises `DamagedError` for a file whose
    bytes are not those that were filed.
    """
    claims, left = True, most_bytes
    sheets: list[Part] = []
    for part in parts:
        version = part.version
        if version is not None and version.size <= left:
            part.pages, data = _pages_of(part, version)
            left -= version.size if part.pages else 0
            claims = claims and (not part.pages or _is_pdfa(data))
        elif version is not None:
            part.note = "文件较大，另册保存"
        if not part.pages:
            part.note = part.note or "非版式文件，电子件另存"
            sheets.append(part)
    _insert_sheets(sheets)
    number = 1
    for part in parts:
        part.first, number = number, number + len(part.pages)
    facts = facts | {"parts": parts, "groups": _grouped(parts), "sheets": sheets, "total": number - 1}
    front = _laid_out("archives/volume_front.html", facts)
    writer = PdfWriter(clone_from=front)
    ahead = len(writer.pages)
    _append(writer, parts)
    closing = _laid_out("archives/volume_closing.html", facts)
    writer.append(closing, import_outline=False)
    _bookmark(writer, parts, ahead)
    if not claims:
        writer.root_object.pop(NameObject("/Metadata"), None)
    writer.page_mode = "/UseOutlines"
    writer.write(target)
    return Bound(len(writer.pages), claims, len(sheets))


def _pages_of(part: Part, version: DocumentVersion) -> tuple[list[PageObject], bytes]:
    """Return the pages of a file, none for what has none, and the bytes of what is a PDF."""
    if version.media_type == "application/pdf":
        with blobs.open_checked(version.storage_key, version.digest) as file:
            data = file.read()
        try:
            return list(PdfReader(io.BytesIO(data), strict=False).pages), data
        except pdfs.BROKEN:
            part.note = "文件打不开，见四性检测"
            return [], b""
    if version.media_type in ("image/jpeg", "image/png"):
        return _picture(part, version), b""
    return [], b""


def _is_pdfa(data: bytes) -> bool:
    """Whether a file claims PDF/A-2u and keeps it: papers made before their fonts were mended claim what they lack."""
    return bool(data) and not pdfa.faults_of(io.BytesIO(data))


def _picture(part: Part, version: DocumentVersion) -> list[PageObject]:
    target = io.BytesIO()
    try:
        with blobs.open_checked(version.storage_key, version.digest) as file, Image.open(file) as given:
            given.draft("RGB", (PICTURE, PICTURE))
            picture = ImageOps.exif_transpose(given).convert("RGB")
    except DamagedError:
        raise
    except (OSError, ValueError, Image.DecompressionBombError):
        part.note = "图片打不开，见四性检测"
        return []
    picture.thumbnail((PICTURE, PICTURE))
    if picture.width > picture.height:
        picture = picture.rotate(90, expand=True)
    room = ((WIDE - 2 * EDGE) / picture.width, (HIGH - 2 * EDGE) / picture.height)
    picture.save(target, "PDF", resolution=72 / min(room), quality=85)
    [small] = PdfReader(target).pages
    page = PageObject.create_blank_page(width=WIDE, height=HIGH)
    left, low = (WIDE - float(small.mediabox.width)) / 2, (HIGH - float(small.mediabox.height)) / 2
    page.merge_transformed_page(small, Transformation().translate(left, low))
    return [page]


def _laid_out(template: str, context: dict[str, Any]) -> PdfReader:
    return PdfReader(io.BytesIO(papering.sheet_pdf(template, context)))


def _insert_sheets(sheets: Sequence[Part]) -> None:
    """Give each file that stands outside a sheet of its own, all laid out at once."""
    if sheets:
        made = _laid_out("archives/volume_sheets.html", {"sheets": sheets})
        for part, page in zip(sheets, made.pages, strict=True):
            part.pages = [page]


def _grouped(parts: Sequence[Part]) -> list[tuple[str, list[Part]]]:
    groups: dict[str, list[Part]] = {}
    for part in parts:
        groups.setdefault(part.class_name, []).append(part)
    return list(groups.items())


def _append(writer: PdfWriter, parts: Sequence[Part]) -> None:
    """Add the pages, each with its number and the archive number of its document."""
    numbered = [(part, part.first + at) for part in parts for at in range(len(part.pages))]
    if not numbered:
        return
    strips = _laid_out("archives/volume_strips.html", {"numbered": numbered}).pages
    pages = (page for part in parts for page in part.pages)
    for page, strip in zip(pages, strips, strict=True):
        added = writer.add_page(page)
        if added.rotation:
            added.transfer_rotation_to_content()
        box = added.mediabox
        left, low = float(box.right) - STRIP[0] - APART, float(box.bottom) + APART
        added.merge_transformed_page(strip, Transformation().translate(left, low))


def _bookmark(writer: PdfWriter, parts: Sequence[Part], ahead: int) -> None:
    writer.add_outline_item(title="目录", page_number=1 if ahead > 1 else 0)
    parents: dict[str, Any] = {}
    for part in parts:
        at = ahead + part.first - 1
        if part.class_name not in parents:
            parents[part.class_name] = writer.add_outline_item(title=part.class_name, page_number=at)
        writer.add_outline_item(
            title=f"{part.archive_no} {part.title}", page_number=at, parent=parents[part.class_name]
        )


