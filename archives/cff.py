"""Font programs of the compact kind (CFF) as they stand in a PDF: which code finds which glyph.

A font whose glyphs have identifiers of their own (the Chinese ones have) is looked up by identifier, through the list
in its program (ISO 32000-1, 9.7.4.2). The renderer writes the place of a glyph instead. Readers that keep to the rule
then draw nothing or another letter, so `by_place` makes identifier and place the same.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from fontTools.cffLib import CFFFontSet
from fontTools.ttLib import TTFont


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
    """Return the CFF of an OpenType font with the identifier of each glyph its place; None for a font without them."""
    with TTFont(BytesIO(program), lazy=True, recalcBBoxes=False) as whole:
        table = whole.get("CFF ")
        if table is None or not hasattr(table.cff.topDictIndex[0], "ROS"):
            return None
        [font] = table.cff.topDictIndex
        names = [".notdef", *(f"cid{place:05}" for place in range(1, font.numGlyphs))]
        # the glyphs stand in the order of their places, whatever they are called
        font.CharStrings.charStrings = dict(zip(names, font.CharStrings.charStrings.values(), strict=True))
        font.charset = names
        return bytes(table.compile(whole))


def identifiers(program: bytes) -> frozenset[int] | None:
    """Return the identifiers of the glyphs of a font, OpenType or bare CFF; None for a font that has places only."""
    if program[:4] == b"OTTO":
        fonts = TTFont(BytesIO(program), lazy=True)["CFF "].cff
    else:
        fonts = CFFFontSet()
        fonts.decompile(BytesIO(program), None)
    [font] = fonts.topDictIndex
    if not hasattr(font, "ROS"):
        return None
    if font.charset is None:
        return frozenset(range(font.numGlyphs))
    # an identifier that stands twice gets an ending, cid00042.1
    return frozenset({0, *(int(name.removeprefix("cid").partition(".")[0]) for name in font.charset[1:])})
