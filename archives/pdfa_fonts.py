"""What PDF/A-2u asks of a font: its program inside the file, its letters readable as letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

from archives import cff
from archives.pdf_dangers import resolved

PROGRAMS = ("/FontFile", "/FontFile2", "/FontFile3")
#: Encodings whose letters everybody knows, and those of glyph numbers.
KNOWN = frozenset({"/WinAnsiEncoding", "/MacRomanEncoding", "/MacExpertEncoding"})
BY_NUMBER = frozenset({"/Identity-H", "/Identity-V"})
#: A code of two bytes and the letters that it stands for.
TOLD = re.compile(rb"<([0-9a-fA-F]{4})>\s*<[0-9a-fA-F\s]*>")
#: Values that stand for no letter.
NO_LETTER = re.compile(rb"<[0-9a-fA-F]+>\s*(?:<[0-9a-fA-F]+>\s*)?<(?:0000|[fF][eE][fF][fF]|[fF]{2}[fF][eE])>\s*[\r\n]")


def faults_of_font(font: DictionaryObject) -> Iterator[str]:
    """Yield what is wrong with a font: its program, its glyph numbers, what its letters mean."""
    subtype = resolved(font.get("/Subtype"))
    name = str(resolved(font.get("/BaseFont")) or "").lstrip("/") or "未命名"
    letters = resolved(font.get("/ToUnicode"))
    if isinstance(letters, StreamObject) and NO_LETTER.search(letters.get_data()):
        yield f"字体 {name} 的文字对照有空字"
    if subtype == "/Type0":
        yield from _of_composite(font, name, letters)
    elif subtype == "/Type3":
        if not isinstance(letters, StreamObject):
            yield f"字体 {name} 没有文字对照"
    else:
        yield from _of_program(font, name, subtype, letters)


def _of_composite(font: DictionaryObject, name: str, letters: Any) -> Iterator[str]:
    if not isinstance(letters, StreamObject):
        yield f"字体 {name} 没有文字对照"
    encoding = resolved(font.get("/Encoding"))
    if not isinstance(encoding, StreamObject) and encoding not in BY_NUMBER:
        yield f"字体 {name} 的编码没有嵌入"
    below = resolved(font.get("/DescendantFonts"))
    if not isinstance(below, ArrayObject) or len(below) != 1:
        yield f"字体 {name} 没有嵌入"
    elif encoding in BY_NUMBER and isinstance(letters, StreamObject):
        known = _identifiers(resolved(below[0]))
        if known is not None and not _codes(letters.get_data()) <= known:
            yield f"字体 {name} 里有找不到的字形"


def _identifiers(font: Any) -> frozenset[int] | None:
    """Return by which codes a font's own program finds its glyphs; None where it finds them by place."""
    descriptor = resolved(font.get("/FontDescriptor")) if isinstance(font, DictionaryObject) else None
    program = resolved(descriptor.get("/FontFile3")) if isinstance(descriptor, DictionaryObject) else None
    return cff.identifiers(program.get_data()) if isinstance(program, StreamObject) else None


def _codes(letters: bytes) -> set[int]:
    """Return the codes of which letters are told one by one."""
    told = b"".join(part.partition(b"endbfchar")[0] for part in letters.split(b"beginbfchar")[1:])
    return {int(code, 16) for code in TOLD.findall(told)}


def _of_program(font: DictionaryObject, name: str, subtype: Any, letters: Any) -> Iterator[str]:
    descriptor = resolved(font.get("/FontDescriptor"))
    if not isinstance(descriptor, DictionaryObject) or not any(program in descriptor for program in PROGRAMS):
        yield f"字体 {name} 没有嵌入"
    if subtype == "/CIDFontType2" and resolved(font.get("/CIDToGIDMap")) is None:
        yield f"字体 {name} 没有字形对照"
    is_part = str(subtype).startswith("/CIDFont")
    if not is_part and not isinstance(letters, StreamObject) and resolved(font.get("/Encoding")) not in KNOWN:
        yield f"字体 {name} 没有文字对照"
