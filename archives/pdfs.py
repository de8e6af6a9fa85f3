"""Reading PDFs that came from outside: what may not be archived, how many pages, what they say.

Nothing is run and nothing is shown: the objects are read with limits. A file that makes the reader stumble is damaged.
"""

from __future__ import annotations

import logging
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.conf import settings
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import DictionaryObject

from archives import pdf_dangers
from archives.pdf_dangers import resolved

#: What the reader stumbles with over a file that is not sound.
BROKEN = (
    PyPdfError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError,
    NotImplementedError, EOFError, struct.error, zlib.error,
)
DAMAGED = "已损坏，读不出页面"
ENCRYPTED = "加了密或设了口令，归档后无法打开"
EMPTY = "一页也没有"
_PDFA = re.compile(
    rb"pdfaid:part[>=\"'\s]+(\d).{0,200}?pdfaid:conformance[>=\"'\s]+([ABUabu])", re.DOTALL
)
#: A blank between two Chinese letters: the end of a line of the page, not of a word.
BROKEN_WORD = re.compile(r"(?<=[\u2e80-\u9fff\uf900-\ufaff]) (?=[\u2e80-\u9fff\uf900-\ufaff])")
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """What a PDF is: what speaks against archiving it (empty: nothing), its pages, the PDF/A level that it claims."""

    fault: str = ""
    pages: int = 0
    pdfa: str = ""


def facts_of(file: IO[bytes]) -> PdfFacts:
    """Return what a PDF is; its pages are counted by walking the tree, not by what it says of itself."""
    file.seek(0)
    try:
        reader = PdfReader(file, strict=False)
        if reader.is_encrypted:
            return PdfFacts(ENCRYPTED)
        root = reader.root_object
        pages = notes = 0
        fault = pdf_dangers.of_catalogue(root)
        for page in _pages(root):
            pages += 1
            if pages > settings.UPLOAD_MAX_PAGES:
                return PdfFacts(f"超过 {settings.UPLOAD_MAX_PAGES} 页，请分册", pages)
            if not fault:
                fault, there = pdf_dangers.of_page(page)
                notes += there
                fault = fault or (pdf_dangers.CROWDED if notes > pdf_dangers.NOTES_MOST else "")
        if fault:
            return PdfFacts(fault, pages)
        return PdfFacts("" if pages else EMPTY, pages, _pdfa(root))
    except BROKEN:
        return PdfFacts(DAMAGED)
    finally:
        file.seek(0)


def _pages(root: DictionaryObject) -> Iterator[DictionaryObject]:
    """Yield the pages in order. A tree that names the same branch again and again is cut off by who counts."""
    waiting = [(resolved(root["/Pages"]), 0)]
    steps = 0
    while waiting:
        node, depth = waiting.pop()
        steps += 1
        if depth > 100 or steps > 4 * settings.UPLOAD_MAX_PAGES + 1000 or not isinstance(node, DictionaryObject):  # noqa: PLR2004 - deeper than any tree
            raise ValueError("no tree of pages")
        kids = resolved(node.get("/Kids"))
        if kids is None:
            yield node
        else:
            waiting.extend((resolved(kid), depth + 1) for kid in reversed(kids[: settings.UPLOAD_MAX_PAGES + 1]))


def _pdfa(root: DictionaryObject) -> str:
    """Return the PDF/A level that the metadata claims, as 2u; empty without one."""
    metadata = resolved(root.get("/Metadata"))
    if metadata is None or not hasattr(metadata, "get_data"):
        return ""
    found = _PDFA.search(metadata.get_data()[:100_000])
    return f"{found[1].decode()}{found[2].decode().lower()}" if found else ""


def text_of(file: IO[bytes], *, most: int) -> str:
    """Return the words of a PDF up to `most` letters; what cannot be read is left out, a scan has none.

    Chinese words that a page breaks over two lines are put together again, so that they are found.
    """
    file.seek(0)
    found: list[str] = []
    length = 0
    try:
        root = PdfReader(file, strict=False)
        for page in root.pages:
            words = BROKEN_WORD.sub("", " ".join(page.extract_text().replace("\x00", "").split()))
            found.append(words)
            length += len(words)
            if length >= most:
                break
    except BROKEN:
        pass
    finally:
        file.seek(0)
    return "\n".join(found)[:most]
