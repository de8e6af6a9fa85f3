"""ZIP containers (ZIP, DOCX, XLSX, OFD) that came from outside: what may not be archived. Nothing is unpacked."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import IO

from projects.plain_text import plain

#: A container may list so many parts; each costs memory when its directory is read.
PARTS_MOST = 20_000
#: Unpacked it may be so large, and from some size on so many times larger than packed.
UNPACKED_MOST, RATIO_MOST, RATIO_FROM = 4 * 1024**3, 200, 64 * 1024**2
CUT_OFF = "不完整，像是没有传完"
OTHER = "other"
ENCRYPTED = "加了密，归档后无法打开"
CROWDED = "里面的文件太多，不像是申报材料"
BOMB = "解开后会大得不合常理（像压缩炸弹），不能归档"
EMPTY = "里面没有任何文件"
ESCAPES = "里面有文件要写到压缩包以外的位置，不能归档"
HIDDEN = "里面有文件名带控制字符或改变书写方向的字符，请改名后重新打包"
MACRO = "带有宏程序，请另存为不带宏的格式"
PROGRAM = "里面有程序或脚本文件，请取出后重新打包"
PROGRAMS = (
    ".exe", ".com", ".bat", ".cmd", ".vbs", ".js", ".ps1", ".scr", ".msi", ".lnk", ".jar", ".hta", ".svg", ".html",
    ".htm", ".xhtml", ".mht", ".mhtml", ".wsf", ".jse", ".vbe", ".pif", ".cpl",
)
_PART = b"PK\x01\x02"


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


def check(*needed: str) -> Callable[[IO[bytes], bytes, bytes], str]:
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
        if parts and not names >= set(needed):
            return OTHER
        return _fault_of(parts, is_document=bool(needed))

    return fault


def _fault_of(parts: Sequence[zipfile.ZipInfo], *, is_document: bool) -> str:
    names = [part.filename for part in parts]
    if not parts:
        return EMPTY
    if any(part.flag_bits & 1 for part in parts):
        return ENCRYPTED
    if _is_bomb(parts):
        return BOMB
    return _fault_of_names(names, is_document=is_document)


def _fault_of_names(names: Sequence[str], *, is_document: bool) -> str:
    if any(_escapes(name.replace("\\", "/")) for name in names):
        return ESCAPES
    if any(plain(name) != name for name in names):
        return HIDDEN
    if is_document:
        return MACRO if any(name.lower().endswith("vbaproject.bin") for name in names) else ""
    return PROGRAM if any(name.lower().endswith(PROGRAMS) for name in names) else ""


def _escapes(name: str) -> bool:
    return name.startswith("/") or name[1:2] == ":" or ".." in name.split("/")


def _is_bomb(parts: Sequence[zipfile.ZipInfo]) -> bool:
    """Return whether it would unpack to more than it can honestly hold, or uses the same bytes several times."""
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    if unpacked > UNPACKED_MOST or (unpacked > RATIO_FROM and unpacked > RATIO_MOST * max(packed, 1)):
        return True
    placed = sorted((part.header_offset, part.compress_size) for part in parts if part.compress_size)
    return any(start + size > following for (start, size), (following, _) in pairwise(placed))
