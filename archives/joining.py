"""Pictures of one paper, taken page by page, become one PDF: in the order in which they came, each at most A4.

The document camera at the window and the telephone of an enterprise give pictures; the archive keeps one file a paper.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageOps
from pypdf import PdfWriter

from archives import media
from archives.uploads import check_upload
from projects.errors import DomainError
from projects.quoting import quoted

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

#: A4 at 300 dots an inch; more is not seen on paper.
DPI, A4 = 300, (2480, 3508)
QUALITY, MOST = 85, 40
PICTURES = frozenset({"jpg", "jpeg", "png"})


def joined(files: Sequence[UploadedFile[Any]]) -> UploadedFile[Any] | None:
    """Return one upload: none of none, the one as it is, several pictures as the pages of one PDF in their order.

    Raises `DomainError`: `joined_types` when several files are not all pictures, `joined_many` above `MOST`, and what
    `check_upload` says of a single picture, so that a broken page is named.
    """
    if len(files) <= 1:
        return files[0] if files else None
    names = [media.clean_name(file.name) for file in files]
    if others := [name for name in names if media.extension_of(name) not in PICTURES]:
        raise DomainError(
            "joined_types",
            f"一次选多个文件只用于逐页的图片（合并成一份 PDF），“{others[0]}”不是图片。请合并成一个文件后再传。",
        )
    if len(files) > MOST:
        raise DomainError("joined_many", f"一次最多合并 {MOST} 张图片，现在有 {len(files)} 张。请分册上传。")
    writer = PdfWriter()
    for file in files:
        check_upload(file)
        try:
            writer.append(_page(file))
        except (OSError, Image.DecompressionBombError) as error:
            name = media.clean_name(file.name)
            raise DomainError("upload_broken", f"{quoted(name)}打不开，没有保存。请重拍这一页。") from error
    out = io.BytesIO()
    writer.write(out)
    stem = names[0].rpartition(".")[0]
    return SimpleUploadedFile(f"{stem}（{len(files)} 页）.pdf", out.getvalue(), content_type="application/pdf")


def _page(file: UploadedFile[Any]) -> io.BytesIO:
    """One picture as a PDF of one page: upright as it was taken, without what the camera wrote into it."""
    file.seek(0)
    with Image.open(file) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail(A4 if upright.height >= upright.width else A4[::-1])
    page = io.BytesIO()
    upright.save(page, format="PDF", resolution=DPI, quality=QUALITY)
    page.seek(0)
    return page
