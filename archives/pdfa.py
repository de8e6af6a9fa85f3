"""Whether a PDF is what it says when it claims PDF/A-2u: the rules that a machine can hold it to without rendering it.

Not a whole validator: metadata, output intent, encryption, scripts, fonts with their programs and their letters,
pictures, attachments and streams, each object looked at once. What is found wrong is said in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from archives import pdfs

LEVEL = "2u"
OBJECTS_MOST = 200_000
PROGRAMS = ("/FontFile", "/FontFile2", "/FontFile3")
#: Kinds of notes that PDF/A-2 forbids.
NOTES = frozenset({"/3D", "/Sound", "/Screen", "/Movie", "/RichMedia"})
FILTERS = frozenset({"/LZWDecode", "/Crypt"})


def faults_of(file: IO[bytes]) -> list[str]:
    """Return what speaks against PDF/A-2u, each once; nothing when every rule that is looked at holds."""
    facts = pdfs.facts_of(file)
    if facts.fault:
        return [facts.fault]
    if facts.pdfa != LEVEL:
        return [f"元数据写的是 PDF/A-{facts.pdfa}" if facts.pdfa else "元数据没有写 PDF/A"]
    file.seek(0)
    try:
        return list(dict.fromkeys(_faults(PdfReader(file, strict=False))))
    except pdfs.BROKEN:
        return [pdfs.DAMAGED]
    finally:
        file.seek(0)


def _faults(reader: PdfReader) -> Iterator[str]:
    if "/ID" not in reader.trailer:
        yield "文件没有标识（ID）"
    root = reader.root_object
    if not any(_is_intent(_resolved(one)) for one in _items(root.get("/OutputIntents"))):
        yield "没有输出意图和颜色特性文件"
    names = _resolved(root.get("/Names"))
    if isinstance(names, DictionaryObject) and "/EmbeddedFiles" in names:
        yield "带有附件"
    if isinstance(form := _resolved(root.get("/AcroForm")), DictionaryObject) and "/XFA" in form:
        yield "带有 XFA 表单"
    for number in range(1, min(int(_resolved(reader.trailer["/Size"])), OBJECTS_MOST)):
        found = reader.get_object(IndirectObject(number, 0, reader))
        if isinstance(found, DictionaryObject):
            yield from _of_object(found)


def _of_object(found: DictionaryObject) -> Iterator[str]:
    if isinstance(found, StreamObject):
        if "/F" in found:
            yield "内容放在文件以外"
        if FILTERS & {str(_resolved(one)) for one in _items(found.get("/Filter"))}:
            yield "用了不允许的压缩方式"
    kind = _resolved(found.get("/Type"))
    if kind == "/Font":
        yield from _of_font(found)
    elif _resolved(found.get("/Subtype")) == "/Image" and _is_true(found.get("/Interpolate")):
        yield "图片设了插值"
    elif kind == "/Annot" and _resolved(found.get("/Subtype")) in NOTES:
        yield "带有声音、影像一类的批注"


def _of_font(font: DictionaryObject) -> Iterator[str]:
    subtype = _resolved(font.get("/Subtype"))
    name = str(_resolved(font.get("/BaseFont")) or "").lstrip("/") or "未命名"
    if subtype == "/Type0":
        if "/ToUnicode" not in font:
            yield f"字体 {name} 没有文字对照"
        return
    if subtype == "/Type3":
        if "/ToUnicode" not in font:
            yield f"字体 {name} 没有文字对照"
        return
    descriptor = _resolved(font.get("/FontDescriptor"))
    if not isinstance(descriptor, DictionaryObject) or not any(program in descriptor for program in PROGRAMS):
        yield f"字体 {name} 没有嵌入"
    if not str(subtype).startswith("/CIDFont") and "/ToUnicode" not in font and "/Encoding" not in font:
        yield f"字体 {name} 没有文字对照"


def _is_intent(intent: Any) -> bool:
    return isinstance(intent, DictionaryObject) and intent.get("/S") == "/GTS_PDFA1" and "/DestOutputProfile" in intent


def _items(value: Any) -> list[Any]:
    found = _resolved(value)
    return list(found) if isinstance(found, ArrayObject) else [] if found is None else [found]


def _is_true(value: Any) -> bool:
    found = _resolved(value)
    return bool(getattr(found, "value", found))


def _resolved(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value
