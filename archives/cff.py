"""Font programs of the compact kind (CFF) as they stand in a PDF: which code finds which glyph.

A font whose glyphs have identifiers of their own (the Chinese ones have) is looked up by identifier, through the list
in its program (ISO 32000-1, 9.7.4.2). The renderer writes the place of a glyph instead. Readers that keep to the rule
then draw nothing or another letter, so `by_place` makes identifier and place the same.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

from fontTools.cffLib import CFFFontSet
from fontTools.ttLib import TTFont

#: The numbers of lists that everybody knows stand where another list has its place; the longest short range.
PREDEFINED, SHORT_RANGE = 2, 255


def finish(_: Any, pdf: Any) -> None:
    """Put the Chinese fonts of a PDF that is about to be written into the form in which every reader finds glyphs.

    A `finisher` of the renderer. Fonts of other kinds stay as they are.
    """
    for found in pdf.objects:
        extra = getattr(found, "extra", None)
        if extra and extra.get("Subtype") == "/OpenType":
            [program] = found.stream
            if made := by_place(program):
                found.stream = [made]
                extra["Subtype"] = "/CIDFontType0C"


def by_place(program: bytes) -> bytes | None:
    """Return the CFF of an OpenType font with the identifier of each glyph its place; None for a font without them.

    Of the list of identifiers there are three forms: one by one, in short and in long ranges (Technical Note 5176, 13).
    One range is never longer than the list that stood there.
    """
    with TTFont(BytesIO(program), lazy=True) as whole:
        if "CFF " not in whole:
            return None
        made = bytearray(whole.reader["CFF "])
    font = _font(made)
    at, after_first = font.rawDict.get("charset", 0), font.numGlyphs - 2
    if not hasattr(font, "ROS") or at <= PREDEFINED or after_first < 0:
        return None
    if made[at] == 0:
        struct.pack_into(f">{after_first + 1}H", made, at + 1, *range(1, font.numGlyphs))
    elif after_first <= SHORT_RANGE:
        struct.pack_into(">BHB", made, at, 1, 1, after_first)
    else:
        struct.pack_into(">BHH", made, at, 2, 1, after_first)
    return bytes(made)


def identifiers(program: bytes) -> frozenset[int] | None:
    """Return the identifiers of the glyphs of a font, OpenType or bare CFF; None for a font that has places only."""
    if program[:4] == b"OTTO":
        with TTFont(BytesIO(program), lazy=True) as whole:
            program = whole.reader["CFF "]
    font = _font(program)
    if not hasattr(font, "ROS"):
        return None
    if font.charset is None:
        return frozenset(range(font.numGlyphs))
    # an identifier that stands twice gets an ending, cid00042.1
    return frozenset({0, *(int(name.removeprefix("cid").partition(".")[0]) for name in font.charset[1:])})


def _font(program: bytes | bytearray) -> Any:
    """Return the one font of a CFF program, read as far as it is asked."""
    fonts = CFFFontSet()
    fonts.decompile(BytesIO(program), None)
    [font] = fonts.topDictIndex
    return font
