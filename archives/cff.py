"""Font programs of the compact kind (CFF) as they stand in a PDF: which code finds which glyph.

A font whose glyphs have identifiers of their own (the Chinese ones have) is looked up by identifier, through the list
in its program (ISO 32000-1, 9.7.4.2). The renderer writes the place of a glyph instead. Readers that keep to the rule
then draw nothing or another letter, so `by_place` makes identifier and place the same. Layout: Adobe Technical Note
5176.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

#: Operators of the top dictionary: list of identifiers, glyphs, and the mark of a font that has identifiers.
CHARSET, GLYPHS, IDENTIFIED = b"\x0f", b"\x11", b"\x0c\x1e"
ESCAPE, OPERATORS = 12, 21
PREDEFINED = 2
#: How many glyphs follow one another in one range of the short form.
SHORT_RANGE = 256


def finish(_: Any, pdf: Any) -> None:
    """Put the Chinese fonts of a PDF that is about to be written into the form in which every reader finds glyphs.

    A `finisher` of the renderer. Fonts of other kinds stay as they are.
    """
    for found in pdf.objects:
        extra = getattr(found, "extra", None)
        if extra and extra.get("Subtype") == "/OpenType":
            [program] = found.stream
            bare = unpacked(program)
            if identifiers(bare) is not None:
                found.stream = [by_place(bare)]
                extra["Subtype"] = "/CIDFontType0C"


def unpacked(program: bytes) -> bytes:
    """Return the CFF table of an OpenType font; a bare one as it is."""
    if program[:4] != b"OTTO":
        return program
    for number in range(struct.unpack_from(">H", program, 4)[0]):
        tag, start, length = struct.unpack_from(">4s4xLL", program, 12 + 16 * number)
        if tag == b"CFF ":
            return program[start : start + length]
    raise ValueError("an OpenType font without a CFF table")


def by_place(program: bytes) -> bytes:
    """Return a CFF font with identifiers in which the identifier of each glyph is its place, with the same length.

    The mark of such a font is put first in its dictionary, where it has to stand.
    """
    start, end = _top(program)
    entries = sorted(_entries(program[start:end]), key=lambda entry: entry[0] != IDENTIFIED)
    told = dict(entries)
    made = bytearray(program)
    made[start:end] = b"".join(numbers + operator for operator, numbers in entries)
    count = _count(program, told)
    at = _number(told[CHARSET])
    if count > SHORT_RANGE + 1:
        struct.pack_into(">BHH", made, at, 2, 1, count - 2)
    elif count > PREDEFINED:
        struct.pack_into(">BHB", made, at, 1, 1, count - 2)
    elif count == PREDEFINED:
        struct.pack_into(">BH", made, at, 0, 1)
    return bytes(made)


def identifiers(program: bytes) -> frozenset[int] | None:
    """Return the identifiers of the glyphs of a CFF font, None for a font that has places only."""
    start, end = _top(program)
    told = dict(_entries(program[start:end]))
    if IDENTIFIED not in told:
        return None
    at, count = _number(told.get(CHARSET, b"\x8b")), _count(program, told)
    if at <= PREDEFINED:
        return frozenset(range(count))
    form, found = program[at], {0}
    if form == 0:
        return frozenset(found | set(struct.unpack_from(f">{count - 1}H", program, at + 1)))
    at += 1
    while len(found) < count:
        first, more = struct.unpack_from(">HB" if form == 1 else ">HH", program, at)
        before = len(found)
        found |= set(range(first, first + more + 1))
        if len(found) == before:
            raise ValueError("the same identifier twice")
        at += 3 if form == 1 else 4
    return frozenset(found)


def _top(program: bytes) -> tuple[int, int]:
    """Return where the top dictionary of the first font begins and ends."""
    _, after = _only(program, program[2])
    return _only(program, after)


def _only(program: bytes, at: int) -> tuple[int, int]:
    """Return where the entry of a list of one begins and ends."""
    count, size = struct.unpack_from(">HB", program, at)
    if count != 1:
        raise ValueError("more than one font in a program")
    first, last = (int.from_bytes(program[at + 3 + size * number : at + 3 + size * (number + 1)]) for number in (0, 1))
    base = at + 2 + size * 2
    return base + first, base + last


def _count(program: bytes, told: dict[bytes, bytes]) -> int:
    """Return how many glyphs a font has."""
    return int(struct.unpack_from(">H", program, _number(told[GLYPHS]))[0])


def _entries(told: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield operator and bytes of the numbers of each entry of a dictionary."""
    start = at = 0
    while at < len(told):
        if told[at] > OPERATORS:
            at += _length(told, at)
            continue
        after = at + (2 if told[at] == ESCAPE else 1)
        yield told[at:after], told[start:at]
        start = at = after


def _length(told: bytes, at: int) -> int:
    """Return how many bytes a number takes."""
    kind = told[at]
    if kind == 30:  # noqa: PLR2004 - a real number ends with a half byte of ones
        end = at + 1
        while 0x0F not in {told[end] & 0x0F, told[end] >> 4}:
            end += 1
        return end + 1 - at
    return {28: 3, 29: 5}.get(kind, 1 if kind < 247 else 2)  # noqa: PLR2004 - Technical Note 5176, table 3


def _number(told: bytes) -> int:
    """Return a whole number as a dictionary writes it."""
    kind = told[0]
    if kind in {28, 29}:
        return int.from_bytes(told[1:], signed=True)
    if kind < 247:  # noqa: PLR2004 - Technical Note 5176, table 3
        return kind - 139
    return (kind - 247) * 256 + told[1] + 108
