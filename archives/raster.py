"""Pages of a file as pictures with their words, in a process of its own: `python -m archives.raster FILE FOLDER FONTS`.

What came from outside is opened by a library that is not ours, so this runs with little memory and a limit of time and
knows nothing of the portal. It writes `0000.jpg` and so on, and `pages.json`: size in points, and runs of words with
their places. It ends with 1 when the file cannot be read, with 3 when it has too many pages.
"""

from __future__ import annotations

import ctypes
import json
import math
import resource
import sys
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageOps

#: Dots to the inch, and the most of the longer side: an A0 drawing stays legible.
DPI, LONGEST, QUALITY = 150, 7000, 80
#: Colours that differ by less are grey.
GREY = 12
#: Runs of words kept of one page, and letters of one run.
RUNS_MOST, RUN_MOST = 600, 400
#: Bytes of memory and seconds of the processor that this process may use.
MEMORY, SECONDS = 2 * 1024**3, 90
A4 = (595.0, 842.0)
#: Points of a side of a page that can be set: what PDF itself allows.
SIDES = (3.0, 14_400.0)
TOO_MANY = 3


def main(source: Path, folder: Path, fonts: str, most: int) -> int:
    """Write the pages of a PDF or of a picture; return the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    with source.open("rb") as file:
        is_pdf = b"%PDF-" in file.read(1024)
    found = _pages_of_pdf(source, folder, fonts, most) if is_pdf else [_picture(source, folder)]
    if found is None:
        return TOO_MANY
    (folder / "pages.json").write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
    return 0 if found else 1


def _picture(source: Path, folder: Path) -> dict[str, Any]:
    """Write a picture as one page of A4, upright as it was taken."""
    with Image.open(source) as given:
        upright = ImageOps.exif_transpose(given).convert("RGB")
    wide, high = A4 if upright.height >= upright.width else A4[::-1]
    upright.thumbnail((int(wide / 72 * 300), int(high / 72 * 300)))
    _save(upright, folder / "0000.jpg")
    return {"size": [upright.width * 72 / 300, upright.height * 72 / 300], "runs": []}


def _pages_of_pdf(source: Path, folder: Path, fonts: str, most: int) -> list[dict[str, Any]] | None:
    import pypdfium2

    _know_fonts(pypdfium2.raw, fonts)
    document = pypdfium2.PdfDocument(source)
    if len(document) > most:
        return None
    document.init_forms()
    found = []
    for number in range(len(document)):
        page = document[number]
        wide, high = page.get_size()
        if not all(SIDES[0] <= side <= SIDES[1] for side in (wide, high)):
            return []
        scale = min(DPI / 72, LONGEST / max(wide, high))
        bitmap = page.render(scale=scale)
        _save(bitmap.to_pil().convert("RGB"), folder / f"{number:04d}.jpg")
        found.append({"size": [wide, high], "runs": _runs(page, bitmap.get_posconv(page), scale, max(wide, high))})
        page.close()
    return found


def _know_fonts(raw: Any, fonts: str) -> None:
    """Begin the library anew with our fonts: many files name a Chinese font without bringing it."""
    raw.FPDF_DestroyLibrary()
    folders = [folder.encode() for folder in (fonts, "/usr/share/fonts", "/usr/local/share/fonts") if folder]
    paths = (ctypes.POINTER(ctypes.c_char) * (len(folders) + 1))()
    for place, folder in enumerate(folders):
        paths[place] = ctypes.cast(ctypes.c_char_p(folder), ctypes.POINTER(ctypes.c_char))
    raw.FPDF_InitLibraryWithConfig(raw.FPDF_LIBRARY_CONFIG(version=2, m_pUserFontPaths=paths))


def _save(picture: Image.Image, target: Path) -> None:
    """Write a picture as JPEG, in grey where it has no colour: a red seal stays red."""
    red, green, blue = picture.split()
    apart: Any = max(ImageChops.difference(one, green).getextrema()[1] for one in (red, blue))
    (green if apart < GREY else picture).save(target, "JPEG", quality=QUALITY, dpi=(DPI, DPI))


def _runs(page: Any, places: Any, scale: float, most: float) -> list[list[Any]]:
    """Return the runs of words of a page: left, top, width, height in points, and the words; none beyond `most`."""
    words = page.get_textpage()
    found: list[list[Any]] = []
    for number in range(min(words.count_rects(), RUNS_MOST)):
        box = words.get_rect(number)
        text = " ".join(words.get_text_bounded(*box).split())[:RUN_MOST]
        corners = [places.to_bitmap(box[0], box[3]), places.to_bitmap(box[2], box[1])]
        across, down = ([corner[axis] / scale for corner in corners] for axis in (0, 1))
        left, top, wide, high = min(across), min(down), abs(across[0] - across[1]), abs(down[0] - down[1])
        if text and all(math.isfinite(place) and abs(place) <= most for place in (left, top, wide, high)):
            found.append([round(left, 1), round(top, 1), round(wide, 1), round(high, 1), text])
    words.close()
    return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
