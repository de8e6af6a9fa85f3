"""Which files may be handed in, and whether the bytes are what the name says and came through whole.

Every check looks at the bytes alone: signature at the front, end mark at the back, directory of a container, tree of a
PDF's pages. Nothing is unpacked and nothing is run.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from archives import containers, pdf_dangers, pdfs
from archives.containers import CUT_OFF, OTHER

#: How much of both ends is read: an end mark stands within the last bytes, a ZIP directory within 64 KB and 22 bytes.
HEAD, TAIL = 2048, 4096
NAME_LENGTH = 120
#: A picture may have so many points; more would fill the memory of whoever opens it.
POINTS_MOST = 400_000_000
PACKED = "同时又是压缩包（图片里夹带了别的文件），不能归档，请用看图软件另存后再传"
HUGE = "的画面大得不合常理，打开会占满内存，请缩小后再传"

#: The signature of a PNG and its first chunk as far as width and height.
PNG_FRONT = 24
#: Markers of a JPEG that begin a frame.
FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
FORBIDDEN = re.compile(r'[<>:"|?*\\/]')
BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class MediaType:
    """A kind of file: its extensions, its media type, what people call it, and what is wrong with given bytes."""

    extensions: tuple[str, ...]
    media_type: str
    label: str
    fault: Callable[[IO[bytes], bytes, bytes], str]


def clean_name(name: str | None, *, fallback: str = "文件") -> str:
    """Return a file name without path, control and direction characters, at most 120 letters, its extension kept."""
    text = unicodedata.normalize("NFC", name or "").replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(letter for letter in text if unicodedata.category(letter)[0] != "C")
    text = BLANKS.sub(" ", FORBIDDEN.sub("_", text)).lstrip().rstrip(" .")
    stem, dot, extension = text.rpartition(".")
    if not dot:
        stem, extension = text, ""
    stem = stem.strip(" .") or fallback
    ending = f".{extension}" if dot else ""
    return stem[: NAME_LENGTH - len(ending)] + ending


def extension_of(name: str) -> str:
    """Return the extension in small letters without its dot, or an empty text."""
    _, dot, extension = name.rpartition(".")
    return extension.lower() if dot else ""


def ends_of(file: IO[bytes], size: int) -> tuple[bytes, bytes]:
    """Return the first and the last bytes of a file and set it back to its start."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(max(size - TAIL, 0))
    tail = file.read(TAIL)
    file.seek(0)
    return head, tail


# What is wrong with the bytes; an empty text when they are sound, `wrong` when they are something else altogether.



def _pdf(file: IO[bytes], head: bytes, tail: bytes) -> str:
    if b"%PDF-" not in head[:1024]:
        return OTHER
    if b"%%EOF" not in tail:
        return CUT_OFF
    return pdf_dangers.mixed(file, head, tail) or pdfs.facts_of(file).fault


def _png(file: IO[bytes], head: bytes, tail: bytes) -> str:
    if not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return OTHER
    if b"IEND\xaeB`\x82" not in tail:
        return CUT_OFF
    if len(head) < PNG_FRONT:
        return CUT_OFF
    wide, high = struct.unpack(">II", head[16:24])
    return HUGE if wide * high > POINTS_MOST else _packed(file)


def _jpeg(file: IO[bytes], head: bytes, tail: bytes) -> str:
    if not head.startswith(b"\xff\xd8\xff"):
        return OTHER
    if b"\xff\xd9" not in tail:
        return CUT_OFF
    return HUGE if _jpeg_points(file) > POINTS_MOST else _packed(file)


def _packed(file: IO[bytes]) -> str:
    """Return why a picture that can be unpacked as well is not taken."""
    return PACKED if pdf_dangers.is_container(file) else ""


def _jpeg_points(file: IO[bytes]) -> int:
    """Return how many points a JPEG says it has, from its frame header; 0 when there is none."""
    try:
        file.seek(2)
        while (mark := file.read(4)) and len(mark) == 4 and mark[0] == 0xFF:  # noqa: PLR2004 - marker and length
            if mark[1] in FRAMES:
                frame = file.read(5)
                high, wide = struct.unpack(">xHH", frame) if len(frame) == 5 else (0, 0)  # noqa: PLR2004
                return int(high * wide)
            file.seek(struct.unpack(">H", mark[2:])[0] - 2, 1)
    finally:
        file.seek(0)
    return 0


def _dwg(_: IO[bytes], head: bytes, __: bytes) -> str:
    return "" if re.match(rb"AC10\d\d", head) else OTHER


MEDIA: tuple[MediaType, ...] = (
    MediaType(("pdf",), "application/pdf", "PDF", _pdf),
    MediaType(("ofd",), "application/ofd", "OFD 版式文件", containers.check("OFD.xml")),
    MediaType(("jpg", "jpeg"), "image/jpeg", "JPEG 图片", _jpeg),
    MediaType(("png",), "image/png", "PNG 图片", _png),
    MediaType(
        ("docx",), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Word 文档（docx）",
        containers.check("[Content_Types].xml", "word/document.xml"),
    ),
    MediaType(
        ("xlsx",), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Excel 表格（xlsx）",
        containers.check("[Content_Types].xml", "xl/workbook.xml"),
    ),
    MediaType(("dwg",), "image/vnd.dwg", "DWG 图纸", _dwg),
    MediaType(("zip",), "application/zip", "ZIP 压缩包", containers.check()),
)
BY_EXTENSION: dict[str, MediaType] = {extension: media for media in MEDIA for extension in media.extensions}
#: For the `accept` attribute of a file input and the sentence of a refusal.
ACCEPT = ",".join(f".{extension}" for extension in BY_EXTENSION)
ALLOWED_WORDS = "、".join(media.label for media in MEDIA)
#: What a browser may show by itself; everything else is handed out as a download.
SHOWN = frozenset({"application/pdf", "image/png", "image/jpeg"})


def sniff(file: IO[bytes], head: bytes, tail: bytes) -> str:
    """Return what the bytes really are in words, or 无法识别的内容."""
    if head.startswith((b"MZ", b"\x7fELF")):
        return "可执行程序"
    for media in MEDIA:
        if media.fault(file, head, tail) != OTHER:
            return media.label
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<script", b"<svg")):
        return "网页"
    return "无法识别的内容"
