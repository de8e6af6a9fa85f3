"""Text as it may stand on a page or a paper: no control characters, nothing that turns the direction of writing.

A name with U+202E in it reads differently from what it says, and one with an invisible letter looks like another one.
What was typed is kept otherwise as it was: no letter is replaced, private-use letters of rare names stay.
"""

from __future__ import annotations

import re

#: Controls but tabulator and line ends; marks, embeddings, overrides and isolates of direction; shapeless letters.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b"
    "\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
BREAKS = re.compile("[\u2028\u2029]")


def plain(text: str) -> str:
    """Return a text without what nobody sees; its lines stay."""
    return INVISIBLE.sub("", BREAKS.sub("\n", text))


def one_line(text: str) -> str:
    """Return a name: plain, on one line, without blanks around it and never two in a row."""
    return " ".join(plain(text).split())
