"""What a PDF from outside may carry besides its pages: scripts, programs, other files, forms and media of one program.

None of it can be read as a page in thirty years, and some of it acts on whoever opens the file. Each is refused with a
sentence that says which, and what to hand in instead.
"""

from __future__ import annotations

import re
import struct
from typing import IO, Any

from pypdf.generic import ArrayObject, DictionaryObject

SCRIPTED = "里面带脚本或启动程序的动作，归档后不安全，请重新打印（另存）成不带脚本的 PDF"
SENDS = "里面带向外发送或从外面取内容的动作，归档后不安全，请重新打印（另存）成普通 PDF"
ATTACHED = "里面夹带附件文件，附件不会随页面归档和查验，请取出附件单独上传，正文另存为不带附件的 PDF"
XFA = "是 XFA 动态表单，换一个软件就看不到内容，请打印（另存）成普通 PDF"
SHOWS = "里面带影音或三维批注，归档后不能长期打开，请另存为只有页面的 PDF"
MIXED = "同时又是另一种文件（夹带了{what}），不能归档，请用原来的软件重新导出 PDF"
CROWDED = "里面的批注多得不合常理，请重新打印（另存）成普通 PDF"
RUNNING = frozenset({"/JavaScript", "/Launch"})
SENDING = frozenset({"/SubmitForm", "/ImportData", "/GoToE"})
#: Notes that hold a file, and notes that play.
HOLDS, PLAYS = frozenset({"/FileAttachment"}), frozenset({"/RichMedia", "/Screen", "/Movie", "/Sound", "/3D"})
#: So many actions in a row, so many bookmarks and fields, so many notes in all are looked at.
ACTIONS_MOST, BRANCHES_MOST, NOTES_MOST = 50, 5000, 60_000
#: A place on another machine: opening it tells that machine who is there.
ELSEWHERE = re.compile(r"^\s*(\\\\|//|/\w+/\w|[a-z][a-z0-9+.-]+:)", re.IGNORECASE)
#: What may stand before the head of a PDF and behind its end: nothing but blanks.
BLANK = b"\xef\xbb\xbf \t\r\n\x00\x0c\x1a"
PAGES_OF_WEB = re.compile(rb"<(?:!doctype|html|head|body|script|svg|iframe|\?php|\?xml|meta|img)\b", re.IGNORECASE)
#: The end record of a ZIP, and how far from the end it may stand.
END, END_REACH = b"PK\x05\x06", 65_557
FIRST_OBJECT = re.compile(rb"\d+\s+\d+\s+obj\b")


def mixed(file: IO[bytes], head: bytes, tail: bytes) -> str:
    """Return why the bytes are another kind of file as well; an empty text when they are a PDF and nothing else.

    Before the head stands nothing, between head and first object no mark of a web page, behind the end nothing, and
    no reader of containers finds a directory in it.
    """
    start = head.find(b"%PDF-")
    if head[:start].strip(BLANK):
        return MIXED.format(what="开头的其他内容")
    first = FIRST_OBJECT.search(head)
    if PAGES_OF_WEB.search(head[: first.start() if first else len(head)]):
        return MIXED.format(what="网页")
    if is_container(file):
        return MIXED.format(what="压缩包")
    if tail[tail.rfind(b"%%EOF") + 5 :].strip(BLANK):
        return MIXED.format(what="结尾的其他内容")
    return ""


def is_container(file: IO[bytes]) -> bool:
    """Return whether the bytes can be opened as a ZIP as well: an end record whose directory stands right before it.

    The directory is not read, however long it says it is. The file is set back to its start.
    """
    size = file.seek(0, 2)
    file.seek(max(size - END_REACH, 0))
    last = file.read()
    try:
        at = last.rfind(END)
        while at >= 0:
            if len(record := last[at : at + 22]) == 22 and _has_directory(file, size - len(last) + at, record):  # noqa: PLR2004
                return True
            at = last.rfind(END, 0, at)
        return False
    finally:
        file.seek(0)


def _has_directory(file: IO[bytes], at: int, record: bytes) -> bool:
    """Return whether an end record at a place has a directory before it, by itself or by the record of large ones."""
    long = struct.unpack_from("<L", record, 12)[0]
    for back, mark in ((20, b"PK\x06\x07"), (long, b"PK\x01\x02")):
        if 0 < back <= at:
            file.seek(at - back)
            if file.read(4) == mark:
                return True
    return False


def of_catalogue(root: DictionaryObject) -> str:
    """Return what the catalogue of a PDF carries: scripts by name, by event, by bookmark or field; files; forms."""
    names, form = resolved(root.get("/Names")), resolved(root.get("/AcroForm"))
    if isinstance(names, DictionaryObject) and "/JavaScript" in names:
        return SCRIPTED
    if fault := of_action(root.get("/OpenAction")) or _of_events(root):
        return fault
    if isinstance(names, DictionaryObject) and _has_leaves(names.get("/EmbeddedFiles")):
        return ATTACHED
    if "/Collection" in root or listed(root.get("/AF")):
        return ATTACHED
    if isinstance(form, DictionaryObject) and resolved(form.get("/XFA")) is not None:
        return XFA
    marks = resolved(root.get("/Outlines"))
    roots = [marks] if isinstance(marks, DictionaryObject) else []
    if isinstance(form, DictionaryObject):
        roots += listed(form.get("/Fields"))
    return _of_branches(roots)


def of_page(page: DictionaryObject) -> tuple[str, int]:
    """Return what a page and its notes carry, and how many notes it has."""
    notes = resolved(page.get("/Annots"))
    notes = notes if isinstance(notes, ArrayObject) else ()
    fault = _of_events(page) or (ATTACHED if listed(page.get("/AF")) else "")
    for note in notes[:NOTES_MOST]:
        if fault:
            break
        found = resolved(note)
        if isinstance(found, DictionaryObject):
            fault = _of_note(found)
    return fault, len(notes)


def _of_note(note: DictionaryObject) -> str:
    kind = resolved(note.get("/Subtype"))
    if kind in HOLDS:
        return ATTACHED
    if kind in PLAYS:
        return SHOWS
    return of_action(note.get("/A")) or _of_events(note)


def of_action(action: Any) -> str:
    """Return what an action, or one that follows it, does: a script, a program, something that is sent; or too many."""
    waiting = [action]
    for _ in range(ACTIONS_MOST):
        if not waiting:
            return ""
        found = resolved(waiting.pop())
        if isinstance(found, DictionaryObject):
            kind = resolved(found.get("/S"))
            if "/JS" in found or kind in RUNNING:
                return SCRIPTED
            if kind in SENDING or (kind == "/GoToR" and _is_elsewhere(found.get("/F"))):
                return SENDS
            following = resolved(found.get("/Next"))
            waiting += following[:ACTIONS_MOST] if isinstance(following, ArrayObject) else [following]
    return SCRIPTED if waiting else ""


def _is_elsewhere(target: Any) -> bool:
    found = resolved(target)
    if isinstance(found, DictionaryObject):
        return resolved(found.get("/FS")) == "/URL" or any(_is_elsewhere(found.get(key)) for key in ("/UF", "/F"))
    return isinstance(found, str) and ELSEWHERE.match(found) is not None


def _of_events(holder: DictionaryObject) -> str:
    events = resolved(holder.get("/AA"))
    if not isinstance(events, DictionaryObject):
        return ""
    return next((fault for fault in map(of_action, events.values()) if fault), "")


def _of_branches(roots: list[Any]) -> str:
    """Return what a bookmark or a field below these does."""
    waiting = roots
    for _ in range(BRANCHES_MOST):
        if not waiting:
            break
        found = resolved(waiting.pop())
        if isinstance(found, DictionaryObject):
            if fault := of_action(found.get("/A")) or _of_events(found):
                return fault
            waiting += [found[key] for key in ("/Next", "/First") if key in found]
            waiting += listed(found.get("/Kids"))
    return ""


def _has_leaves(tree: Any) -> bool:
    """Return whether a tree of names holds a name; the empty ones that some programs write hold none."""
    found = resolved(tree)
    return isinstance(found, DictionaryObject) and bool(listed(found.get("/Names")) or listed(found.get("/Kids")))


def listed(value: Any) -> list[Any]:
    """Return the first entries of an array."""
    found = resolved(value)
    return list(found[:BRANCHES_MOST]) if isinstance(found, ArrayObject) else []


def resolved(value: Any) -> Any:
    """Return what a reference points at."""
    return value.get_object() if hasattr(value, "get_object") else value
