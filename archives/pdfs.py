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
from typing import IO, Any

from django.conf import settings
from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject

#: What the reader stumbles with over a file that is not sound.
BROKEN = (
    PyPdfError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError, RecursionError,
    NotImplementedError, EOFError, struct.error, zlib.error,
)
DAMAGED = "已损坏，读不出页面"
ENCRYPTED = "加了密或设了口令，归档后无法打开"
SCRIPTED = "里面带脚本或启动程序的动作，归档后不安全"
EMPTY = "一页也没有"
RUNNING = frozenset({"/JavaScript", "/Launch"})
#: Annotations of so many pages are looked through for scripts; so many actions in a row, bookmarks and fields.
PAGES_LOOKED_THROUGH, ACTIONS_MOST, BRANCHES_MOST = 300, 50, 5000
_PDFA = re.compile(
    rb"pdfaid:part[>=\"'\s]+(\d).{0,200}?pdfaid:conformance[>=\"'\s]+([ABUabu])", re.DOTALL
)
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
        pages = 0
        scripted = _runs_something(root)
        for page in _pages(root):
            pages += 1
            if pages > settings.UPLOAD_MAX_PAGES:
                return PdfFacts(f"超过 {settings.UPLOAD_MAX_PAGES} 页，请分册", pages)
            if not scripted and pages <= PAGES_LOOKED_THROUGH:
                scripted = _page_runs_something(page)
        if scripted:
            return PdfFacts(SCRIPTED, pages)
        return PdfFacts("" if pages else EMPTY, pages, _pdfa(root))
    except BROKEN:
        return PdfFacts(DAMAGED)
    finally:
        file.seek(0)


def _resolved(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value


def _pages(root: DictionaryObject) -> Iterator[DictionaryObject]:
    """Yield the pages in order. A tree that names the same branch again and again is cut off by who counts."""
    waiting = [(_resolved(root["/Pages"]), 0)]
    steps = 0
    while waiting:
        node, depth = waiting.pop()
        steps += 1
        if depth > 100 or steps > 4 * settings.UPLOAD_MAX_PAGES + 1000 or not isinstance(node, DictionaryObject):  # noqa: PLR2004 - deeper than any tree
            raise ValueError("no tree of pages")
        kids = _resolved(node.get("/Kids"))
        if kids is None:
            yield node
        else:
            waiting.extend((_resolved(kid), depth + 1) for kid in reversed(kids[: settings.UPLOAD_MAX_PAGES + 1]))


def _runs_something(holder: DictionaryObject) -> bool:
    """Return whether the catalogue opens with a script, names one, or has one for an event, a bookmark, a field."""
    names = _resolved(holder.get("/Names"))
    if isinstance(names, DictionaryObject) and "/JavaScript" in names:
        return True
    if _is_running(holder.get("/OpenAction")) or _has_running_events(holder):
        return True
    marks, fields = _resolved(holder.get("/Outlines")), _resolved(holder.get("/AcroForm"))
    roots = [marks] if isinstance(marks, DictionaryObject) else []
    if isinstance(fields, DictionaryObject):
        roots += _listed(fields.get("/Fields"))
    return _a_branch_runs_something(roots)


def _a_branch_runs_something(roots: list[Any]) -> bool:
    """Return whether a bookmark or a field below these has a script."""
    waiting = roots
    for _ in range(BRANCHES_MOST):
        if not waiting:
            break
        found = _resolved(waiting.pop())
        if isinstance(found, DictionaryObject):
            if _is_running(found.get("/A")) or _has_running_events(found):
                return True
            waiting += [found[key] for key in ("/Next", "/First") if key in found]
            waiting += _listed(found.get("/Kids"))
    return False


def _listed(value: Any) -> list[Any]:
    found = _resolved(value)
    return list(found[:BRANCHES_MOST]) if isinstance(found, ArrayObject) else []


def _page_runs_something(page: DictionaryObject) -> bool:
    if _has_running_events(page):
        return True
    notes = _resolved(page.get("/Annots"))
    for note in notes if isinstance(notes, ArrayObject) else ():
        found = _resolved(note)
        if isinstance(found, DictionaryObject) and (_is_running(found.get("/A")) or _has_running_events(found)):
            return True
    return False


def _is_running(action: Any) -> bool:
    """Return whether an action, or one that follows it, is a script or starts a program; or too many follow."""
    waiting = [action]
    for _ in range(ACTIONS_MOST):
        if not waiting:
            return False
        found = _resolved(waiting.pop())
        if isinstance(found, DictionaryObject):
            if "/JS" in found or _resolved(found.get("/S")) in RUNNING:
                return True
            following = _resolved(found.get("/Next"))
            waiting += following[:ACTIONS_MOST] if isinstance(following, ArrayObject) else [following]
    return bool(waiting)


def _has_running_events(holder: DictionaryObject) -> bool:
    events = _resolved(holder.get("/AA"))
    return isinstance(events, DictionaryObject) and any(_is_running(action) for action in events.values())


def _pdfa(root: DictionaryObject) -> str:
    """Return the PDF/A level that the metadata claims, as 2u; empty without one."""
    metadata = _resolved(root.get("/Metadata"))
    if metadata is None or not hasattr(metadata, "get_data"):
        return ""
    found = _PDFA.search(metadata.get_data()[:100_000])
    return f"{found[1].decode()}{found[2].decode().lower()}" if found else ""


def text_of(file: IO[bytes], *, most: int) -> str:
    """Return the words of a PDF up to `most` letters; what cannot be read is left out, a scan has none."""
    file.seek(0)
    found: list[str] = []
    length = 0
    try:
        root = PdfReader(file, strict=False)
        for page in root.pages:
            words = " ".join(page.extract_text().replace("\x00", "").split())
            found.append(words)
            length += len(words)
            if length >= most:
                break
    except BROKEN:
        pass
    finally:
        file.seek(0)
    return "\n".join(found)[:most]
