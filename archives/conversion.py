"""Files from outside as PDF/A-2u for the hand-over: a copy beside the file that was filed, which stays as it is.

A PDF or a picture becomes pages of pictures with its words behind them, set by the renderer of our own papers, so that
fonts, metadata and output intent are those of every paper; the copy is then held to `pdfa.faults_of`. What is PDF/A-2u
by itself needs no copy. What cannot be converted says why and is handed over as it was filed.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.html import escape
from pypdf import PdfReader, PdfWriter

from archives import blobs, fonts, media, papering, pdfa
from archives.raster import TOO_MANY

if TYPE_CHECKING:
    from archives.models import DocumentVersion

PDF = "application/pdf"
PICTURES = frozenset({"image/jpeg", "image/png"})
#: Seconds that the reader may take for one file, and pages that are set at once.
TIMEOUT, AT_ONCE = 100, 20
#: Marks of the order of bytes, which no letter may be read as.
NO_LETTERS = frozenset({0xFEFF, 0xFFFE})
ITSELF, COPIED, AS_IS = "原件即 PDF/A-2u", "已另存 PDF/A-2u 件", "按原样移交"
#: The sheet on which a page lies; words stand behind its picture, where a reader finds and copies them.
STYLE = """
section { position: relative; overflow: hidden; }
section span { position: absolute; white-space: nowrap; line-height: 1; font-family: "Noto Sans SC"; }
section span { font-variant-ligatures: none; }
section img { position: absolute; left: 0; top: 0; width: 100%; height: 100%; image-rendering: crisp-edges; }
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands for a file in the long run: the place of its copy, and in words what it is or why there is none."""

    words: str
    copy: Path | None = None

    @property
    def is_pdfa(self) -> bool:
        """Return whether the file itself or its copy is PDF/A-2u."""
        return self.copy is not None or self.words == ITSELF


def refusal(media_type: str, pages: int | None) -> str:
    """Return why a file cannot be converted, as far as its kind and its pages tell; an empty text when it can."""
    if media_type not in PICTURES | {PDF}:
        label = next((one.label for one in media.MEDIA if one.media_type == media_type), "这种格式")
        return f"{label}不是可以转换的格式"
    if pages and pages > settings.PDFA_MAX_PAGES:
        return f"有 {pages} 页，超过 {settings.PDFA_MAX_PAGES} 页"
    return ""


def keep(version: DocumentVersion, folder: Path) -> Kept:
    """Return the PDF/A-2u copy of a version in a folder, made when it is not there; the bytes are compared first.

    Raises `DamagedError` for bytes that are not those that were filed.
    """
    if why := refusal(version.media_type, _pages_of(version)):
        return Kept(f"{AS_IS}：{why}")
    place, mark = folder / f"{version.digest}.pdf", folder / f"{version.digest}.txt"
    if place.exists():
        return Kept(COPIED, place)
    if mark.exists():
        return Kept(mark.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        source, made = Path(scratch, "source"), Path(scratch, "made")
        with blobs.open_checked(version.storage_key, version.digest) as file, source.open("wb") as copy:
            shutil.copyfileobj(file, copy, blobs.CHUNK)
        words = _converted(version, source, made)
        if words == COPIED:
            made.replace(place)
            return Kept(words, place)
    mark.write_text(words, encoding="utf-8")
    return Kept(words)


def _pages_of(version: DocumentVersion) -> int | None:
    text = getattr(version, "text", None)
    return text.pages if text is not None else None


def _converted(version: DocumentVersion, source: Path, made: Path) -> str:
    """Write the copy of a file; return in words what became of it."""
    if version.media_type == PDF:
        with source.open("rb") as file:
            if not pdfa.faults_of(file):
                return ITSELF
    folder = source.with_name("pages")
    folder.mkdir()
    if why := _read(source, folder):
        return f"{AS_IS}：{why}"
    pages = json.loads((folder / "pages.json").read_text(encoding="utf-8"))
    with made.open("w+b") as target:
        _set(pages, folder, target, title=version.document.title)
        if faults := pdfa.faults_of(target):
            return f"{AS_IS}：转换件没有通过检查（{faults[0]}）"
    return COPIED


def _read(source: Path, folder: Path) -> str:
    """Have the pages of a file drawn by a process of its own; return why it could not, an empty text when it did."""
    home = fonts.font_folder()
    command = [
        sys.executable, "-m", "archives.raster", str(source), str(folder), str(home or ""),
        str(settings.PDFA_MAX_PAGES),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own module with paths of ours
            command, cwd=settings.BASE_DIR, timeout=TIMEOUT, capture_output=True, check=False, stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return f"{TIMEOUT} 秒内没有读完"
    if done.returncode == TOO_MANY:
        return f"超过 {settings.PDFA_MAX_PAGES} 页"
    return "页面画不出来" if done.returncode else ""


def _set(pages: Sequence[dict[str, Any]], folder: Path, target: Any, *, title: str) -> None:
    """Set the pages, some at a time, and write them as one file with the metadata of the first."""
    writer: PdfWriter | None = None
    for first in range(0, len(pages), AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, len(pages)))
        html = _html([(pages[number], folder / f"{number:04d}.jpg") for number in numbers], title)
        part = PdfReader(io.BytesIO(papering.html_pdf(html)))
        if writer is None:
            writer = PdfWriter(clone_from=part)
        else:
            writer.append(part, import_outline=False)
    if writer is not None:
        writer.write(target)


def _html(pages: Sequence[tuple[dict[str, Any], Path]], title: str) -> str:
    rules, bodies = [STYLE], []
    for number, (page, picture) in enumerate(pages):
        wide, high = page["size"]
        rules.append(f"@page p{number} {{ size: {wide}pt {high}pt; margin: 0; }}")
        rules.append(f"#p{number} {{ page: p{number}; width: {wide}pt; height: {high}pt; }}")
        data = base64.b64encode(picture.read_bytes()).decode()
        runs = "".join(map(_run, page["runs"]))
        bodies.append(f'<section id="p{number}">{runs}<img src="data:image/jpeg;base64,{data}"></section>')
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{"".join(rules)}</style>'
    return f'<!DOCTYPE html><html lang="zh-Hans"><head>{head}</head><body class="pdf">{"".join(bodies)}</body></html>'


def _run(run: Sequence[Any]) -> str:
    left, top, wide, high, text = run
    words = "".join(letter for letter in text if ord(letter) in _letters())
    size = max(min(wide, high), 1)
    return f'<span style="left:{left}pt;top:{top}pt;font-size:{size}pt">{escape(words)}</span>' if words.strip() else ""


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    """Return the letters that the font of the words has: a letter without a shape may not stand in PDF/A."""
    from fontTools.ttLib import TTFont

    home = fonts.font_folder()
    if home is None:
        return frozenset()
    found = next(path for path in sorted(home.rglob("NotoSansSC*")) if path.suffix in {".ttf", ".otf"})
    with TTFont(found, lazy=True) as font:
        return frozenset(code for code in font.getBestCmap() if code >= ord(" ") and code not in NO_LETTERS)

