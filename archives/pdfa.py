"""Whether a PDF is what it says when it claims PDF/A-2u: the rules that a machine can hold it to without rendering it.

Not a whole validator of ISO 19005-2, but its essentials: the ends of the file, metadata and the document information
that must agree with it, output intent with a sound colour profile, encryption, scripts and actions, attachments,
streams, pictures, notes, fonts with their programs and their letters; each object is looked at once, with what lies
inside it. With an output intent transparency needs no colour space of its own (6.2.10), so only blend modes are looked
at. What is found wrong is said in words. What cannot be told counts as wrong: such a file gets a copy.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, StreamObject

from archives import pdf_dangers, pdfs
from archives.pdf_dangers import resolved
from archives.pdfa_fonts import faults_of_font

LEVEL = "2u"
OBJECTS_MOST, DEPTH_MOST = 200_000, 12
HEAD = re.compile(rb"%PDF-1\.[0-7]\r?\n?\r?%[\x80-\xff]{4}")
END = re.compile(rb"%%EOF\r?\n?$")
#: Kinds of notes that PDF/A-2 forbids, and those that need no drawn appearance.
NOTES = frozenset({"/3D", "/Sound", "/Screen", "/Movie", "/RichMedia", "/FileAttachment"})
UNDRAWN = frozenset({"/Popup", "/Link"})
PRINTED, UNSEEN = 4, 1 | 2 | 32 | 256
FILTERS = frozenset({"/LZWDecode", "/Crypt"})
ACTIONS = frozenset({
    "/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/Hide", "/SetOCGState", "/Rendition", "/Trans",
    "/GoTo3DView", "/JavaScript",
})
BLENDS = frozenset({
    "/Normal", "/Compatible", "/Multiply", "/Screen", "/Overlay", "/Darken", "/Lighten", "/ColorDodge", "/ColorBurn",
    "/HardLight", "/SoftLight", "/Difference", "/Exclusion", "/Hue", "/Saturation", "/Color", "/Luminosity",
})
#: Colour space of a profile, as its header writes it, and how many components it has.
PROFILES = {b"RGB ": 3, b"GRAY": 1, b"CMYK": 4}
DEVICES = {"/DeviceRGB": b"RGB ", "/DeviceCMYK": b"CMYK"}
FOUR_INKS = re.compile(rb"(?:[-+.\d]+\s+){4}[kK]\s")
THREE_LIGHTS = re.compile(rb"(?:[-+.\d]+\s+){3}(?:rg|RG)\s")
#: The document information and where the metadata say the same.
TOLD = {
    "/Title": ("dc", "title"), "/Author": ("dc", "creator"), "/Subject": ("dc", "description"),
    "/Keywords": ("pdf", "Keywords"), "/Creator": ("xmp", "CreatorTool"), "/Producer": ("pdf", "Producer"),
}
MOMENTS = {"/CreationDate": ("xmp", "CreateDate"), "/ModDate": ("xmp", "ModifyDate")}
NAMESPACES = {
    "dc": "http://purl.org/dc/elements/1.1/", "pdf": "http://ns.adobe.com/pdf/1.3/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}


def faults_of(file: IO[bytes]) -> list[str]:
    """Return what speaks against PDF/A-2u, each once; nothing when every rule that is looked at holds."""
    facts = pdfs.facts_of(file)
    if facts.fault:
        return [facts.fault.partition("，请")[0]]
    if facts.pdfa != LEVEL:
        return [f"元数据写的是 PDF/A-{facts.pdfa}" if facts.pdfa else "元数据没有写 PDF/A"]
    try:
        return list(dict.fromkeys([*_ends(file), *_faults(PdfReader(file, strict=False))]))
    except pdfs.BROKEN:
        return [pdfs.DAMAGED]
    finally:
        file.seek(0)


def _ends(file: IO[bytes]) -> Iterator[str]:
    file.seek(0)
    if not HEAD.match(file.read(32)):
        yield "文件开头不合规定"
    file.seek(-16, 2)
    if not END.search(file.read()):
        yield "文件结尾之后还有内容"
    file.seek(0)


def _faults(reader: PdfReader) -> Iterator[str]:
    if "/ID" not in reader.trailer:
        yield "文件没有标识（ID）"
    root = reader.root_object
    space = _space_of(root)
    if not space:
        yield "没有输出意图和颜色特性文件"
    yield from _of_catalogue(root)
    yield from _of_metadata(reader)
    for page in reader.pages:
        yield from _of_page(page, space)
    for number in _numbers(reader):
        yield from _of_object(reader.get_object(number), space, 0)


def _numbers(reader: PdfReader) -> Iterator[IndirectObject]:
    """Yield every object of the file, whatever its generation."""
    placed = [(number, generation) for generation, found in reader.xref.items() for number in found]
    placed += [(number, 0) for number in reader.xref_objStm]
    for number, generation in sorted(set(placed))[:OBJECTS_MOST]:
        if number:
            yield IndirectObject(number, generation, reader)


def _of_catalogue(root: DictionaryObject) -> Iterator[str]:
    names, form = resolved(root.get("/Names")), resolved(root.get("/AcroForm"))
    if isinstance(names, DictionaryObject):
        if "/EmbeddedFiles" in names:
            yield "带有附件"
        if "/AlternatePresentations" in names:
            yield "带有演示页面"
    if "/AA" in root:
        yield "带有自动动作"
    if "/Requirements" in root or "/Collection" in root:
        yield "对阅读软件有特别要求"
    if isinstance(form, DictionaryObject):
        if "/XFA" in form:
            yield "带有 XFA 表单"
        if _is_true(form.get("/NeedAppearances")):
            yield "表单要由软件重画"


def _space_of(root: DictionaryObject) -> bytes:
    """Return the colour space of the profile of the output intent; empty without a sound one."""
    for intent in map(resolved, pdf_dangers.listed(root.get("/OutputIntents"))):
        if not isinstance(intent, DictionaryObject) or intent.get("/S") != "/GTS_PDFA1":
            continue
        profile = resolved(intent.get("/DestOutputProfile"))
        if isinstance(profile, StreamObject) and "/OutputConditionIdentifier" in intent:
            data, parts = profile.get_data()[:128], resolved(profile.get("/N"))
            space = data[16:20]
            if data[36:40] == b"acsp" and data[8] <= 4 and PROFILES.get(space) == parts:  # noqa: PLR2004 - ICC 4
                return space
    return b""


def _of_metadata(reader: PdfReader) -> Iterator[str]:
    """Yield each entry of the document information that the metadata do not say as well."""
    info: Mapping[str, Any] = reader.metadata or {}
    told = reader.xmp_metadata
    if told is None:
        yield "元数据读不出"
        return
    for key, (space, name) in TOLD.items():
        said = resolved(info.get(key))
        if said and str(said) != _said(told, space, name):
            yield f"文件信息与元数据不一致（{key[1:]}）"
    for key, (space, name) in MOMENTS.items():
        said = resolved(info.get(key))
        if said and _moment(str(said)) != _moment(_said(told, space, name)):
            yield f"文件信息与元数据不一致（{key[1:]}）"


def _said(told: Any, space: str, name: str) -> str:
    """Return one property of the metadata as text; several of a list with commas between them."""
    found = []
    for node in told.get_element("", NAMESPACES[space], name):
        listed = [] if node.nodeType == node.ATTRIBUTE_NODE else node.getElementsByTagNameNS("*", "li")
        found += [_text(item) for item in listed] or [_text(node)]
    return ", ".join(dict.fromkeys(found))


def _text(node: Any) -> str:
    if node.nodeType == node.ATTRIBUTE_NODE:
        return str(node.nodeValue)
    return "".join(child.data for child in node.childNodes if child.nodeType == child.TEXT_NODE).strip()


def _moment(text: str) -> dt.datetime | str:
    """Return a moment of either spelling (D:20260102030405+08'00', 2026-01-02T03:04:05+08:00), to be compared."""
    found = re.match(r"(?:D:)?(\d{4})-?(\d\d)-?(\d\d)T?(\d\d):?(\d\d):?(\d\d)?(?:\.\d+)?(Z|[-+]\d\d)?'?:?(\d\d)?", text)
    if found is None:
        return text
    zone = found[7] or "Z"
    away = dt.timedelta() if zone == "Z" else dt.timedelta(hours=int(zone), minutes=int(zone[0] + (found[8] or "0")))
    return dt.datetime(*(int(part or 0) for part in found.groups()[:6]), tzinfo=dt.timezone(away)).astimezone(dt.UTC)  # type: ignore[arg-type,misc]


def _of_page(page: DictionaryObject, space: bytes) -> Iterator[str]:
    if "/AA" in page or "/PresSteps" in page:
        yield "页面带有自动动作"
    notes = resolved(page.get("/Annots"))
    for note in map(resolved, notes if isinstance(notes, ArrayObject) else ()):
        if isinstance(note, DictionaryObject):
            yield from _of_note(note)
    content = page.get_contents() if hasattr(page, "get_contents") else None
    if content is not None:
        yield from _of_colours(content.get_data(), space)


def _of_note(note: DictionaryObject) -> Iterator[str]:
    kind, flags = resolved(note.get("/Subtype")), resolved(note.get("/F"))
    if kind in NOTES:
        yield "带有声音、影像、附件一类的批注"
    if kind != "/Popup" and (not isinstance(flags, int) or not flags & PRINTED or flags & UNSEEN):
        yield "有打印不出来的批注"
    if kind not in UNDRAWN and "/AP" not in note:
        yield "批注没有自带的样子"


def _of_colours(content: bytes, space: bytes) -> Iterator[str]:
    """Yield whether colours are named that the profile does not know; without a profile that is said already."""
    for known, named in ((b"CMYK", FOUR_INKS), (b"RGB ", THREE_LIGHTS)):
        if space not in {b"", known} and named.search(content):
            yield "用了输出意图没有的颜色"


def _of_object(found: Any, space: bytes, depth: int) -> Iterator[str]:
    """Yield what is wrong with an object and with what lies directly inside it."""
    if depth > DEPTH_MOST:
        yield "结构嵌套太深"
    elif isinstance(found, ArrayObject):
        for inner in found:
            if isinstance(inner, DictionaryObject | ArrayObject):
                yield from _of_object(inner, space, depth + 1)
    elif isinstance(found, DictionaryObject):
        yield from _of_dictionary(found, space)
        for inner in found.values():
            if isinstance(inner, DictionaryObject | ArrayObject):
                yield from _of_object(inner, space, depth + 1)


def _of_dictionary(found: DictionaryObject, space: bytes) -> Iterator[str]:
    kind, subtype, action = (resolved(found.get(key)) for key in ("/Type", "/Subtype", "/S"))
    if isinstance(found, StreamObject):
        yield from _of_stream(found, subtype, space)
    if kind == "/Font":
        yield from faults_of_font(found)
    if "/EF" in found:
        yield "带有附件"
    if isinstance(action, NameObject) and action in ACTIONS and "/P" not in found:
        yield "带有不允许的动作"
    if kind == "/ExtGState":
        yield from _of_state(found)


def _of_state(found: Mapping[str, Any]) -> Iterator[str]:
    modes = resolved(found.get("/BM"))
    if not set(modes if isinstance(modes, ArrayObject) else [modes or "/Normal"]) <= BLENDS:
        yield "用了不允许的混合模式"
    if "/TR" in found or "/HTP" in found or resolved(found.get("/TR2")) not in {None, "/Default"}:
        yield "用了不允许的传递函数"


def _of_stream(found: StreamObject, subtype: Any, space: bytes) -> Iterator[str]:
    if "/F" in found or "/FFilter" in found:
        yield "内容放在文件以外"
    filters = resolved(found.get("/Filter"))
    if FILTERS & set(map(str, map(resolved, filters if isinstance(filters, ArrayObject) else [filters]))):
        yield "用了不允许的压缩方式"
    if subtype == "/Image":
        if _is_true(found.get("/Interpolate")):
            yield "图片设了插值"
        if "/Alternates" in found or "/OPI" in found:
            yield "图片另有替换件"
        colours = resolved(found.get("/ColorSpace"))
        if DEVICES.get(str(colours), space) != space and space:
            yield "用了输出意图没有的颜色"
    if subtype == "/PS" or "/PS" in found or (subtype == "/Form" and ("/Ref" in found or "/OPI" in found)):
        yield "引用了别的文件或程序"
    if subtype == "/Form":
        yield from _of_colours(found.get_data(), space)


def _is_true(value: Any) -> bool:
    found = resolved(value)
    return bool(getattr(found, "value", found))
