"""Which files may be handed in, and whether the bytes are what the name says and came through whole.

Every check looks at the bytes alone: signature at the front, end mark at the back, directory of a container. Nothing is
unpacked and nothing is run.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

#: How much of both ends is read: an end mark stands within the last bytes, a ZIP directory within 64 KB and 22 bytes.
HEAD, TAIL = 2048, 4096
NAME_LENGTH = 120
CUT_OFF = "不完整，像是没有传完"
ENCRYPTED = "加了密，归档后无法打开"
CROWDED = "里面的文件太多，不像是申报材料"
#: A container may list so many parts; each costs memory when its directory is read.
PARTS_MOST = 20_000
_PART = b"PK\x01\x02"

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

OTHER = "other"


def _pdf(_: IO[bytes], head: bytes, tail: bytes) -> str:
    if b"%PDF-" not in head[:1024]:
        return OTHER
    return "" if b"%%EOF" in tail else CUT_OFF


def _png(_: IO[bytes], head: bytes, tail: bytes) -> str:
    if not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return OTHER
    return "" if b"IEND\xaeB`\x82" in tail else CUT_OFF


def _jpeg(_: IO[bytes], head: bytes, tail: bytes) -> str:
    if not head.startswith(b"\xff\xd8\xff"):
        return OTHER
    return "" if b"\xff\xd9" in tail else CUT_OFF


def _dwg(_: IO[bytes], head: bytes, __: bytes) -> str:
    return "" if re.match(rb"AC10\d\d", head) else OTHER


def _lists_too_much(file: IO[bytes]) -> bool:
    """Return whether a container names more parts than anybody hands in, without reading its directory."""
    file.seek(0)
    count = 0
    while chunk := file.read(1024 * 1024):
        count += chunk.count(_PART)
        if count > PARTS_MOST:
            break
    file.seek(0)
    return count > PARTS_MOST


def _container(*needed: str) -> Callable[[IO[bytes], bytes, bytes], str]:
    """Return the check of a ZIP container that holds the `needed` parts."""

    def fault(file: IO[bytes], head: bytes, _: bytes) -> str:
        if not head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return OTHER
        if _lists_too_much(file):
            return CROWDED
        try:
            with zipfile.ZipFile(file) as container:
                parts = container.infolist()
        except (zipfile.BadZipFile, struct.error, ValueError, EOFError, OSError, NotImplementedError):
            return CUT_OFF
        finally:
            file.seek(0)
        names = {part.filename for part in parts}
        if not parts:
            return "里面没有任何文件"
        if any(part.flag_bits & 1 for part in parts):
            return ENCRYPTED
        return "" if names >= set(needed) else OTHER

    return fault


MEDIA: tuple[MediaType, ...] = (
    MediaType(("pdf",), "application/pdf", "PDF", _pdf),
    MediaType(("ofd",), "application/ofd", "OFD 版式文件", _container("OFD.xml")),
    MediaType(("jpg", "jpeg"), "image/jpeg", "JPEG 图片", _jpeg),
    MediaType(("png",), "image/png", "PNG 图片", _png),
    MediaType(
        ("docx",), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Word 文档（docx）",
        _container("[Content_Types].xml", "word/document.xml"),
    ),
    MediaType(
        ("xlsx",), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "Excel 表格（xlsx）",
        _container("[Content_Types].xml", "xl/workbook.xml"),
    ),
    MediaType(("dwg",), "image/vnd.dwg", "DWG 图纸", _dwg),
    MediaType(("zip",), "application/zip", "ZIP 压缩包", _container()),
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
