"""Names of matters and bodies in the lines of a box: cut between words, whole where the box is large enough. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

#: Characters that a line of a box takes where nothing else is said.
CHARS = 6
#: What a title is rather cut before than through.
WORDS = re.compile(
    "[（“]|联合|审批|审查|核发|核准|登记|许可|备案|报告|规划|验收|一次|编制|监督|报建|检查|成交|施工|设计|方案|"
    "意见|房证|中心|接入|报装|用地|评估|首次|告知|所有权|使用权|竣工|项目|民用建筑|可行性|初步设计|社会稳定|风险|排水|设施|基础设施"
)
#: No line begins with these, and none ends with those.
CLOSERS, OPENERS = "、，；）”", "（“"


@lru_cache(maxsize=2048)
def lines_of(title: str, chars: int = CHARS, most: int = 2) -> list[str]:
    """Return a title in as few lines of so many characters as hold it, cut between words where that is possible.

    What stands in brackets is left out before anything is cut off.
    """
    for text in dict.fromkeys((title, title.partition("（")[0])):
        for count in range(-(-len(text) // chars), most + 1):
            if lines := _wrapped(text, chars, count):
                return lines
    left = title[: chars * most - 1] + "…"
    return [left[at : at + chars] for at in range(0, len(left), chars)]


def _wrapped(text: str, chars: int, count: int) -> list[str]:
    """Return the text in so many lines with the fewest cuts through a word, then the evenest; none where it is long."""
    if count <= 1:
        return [text] if len(text) <= chars else []
    even = len(text) / count
    found: list[tuple[int, float, list[str]]] = []
    for at in range(max(1, len(text) - chars * (count - 1)), min(chars, len(text) - 1) + 1):
        rest = _wrapped(text[at:], chars, count - 1)
        if rest and text[at] not in CLOSERS and text[at - 1] not in OPENERS:
            lines = [text[:at], *rest]
            found.append((_torn(lines), sum((len(line) - even) ** 2 for line in lines), lines))
    return min(found)[2] if found else []


def _torn(lines: Sequence[str]) -> int:
    """How many of these lines begin within a word."""
    return sum(not WORDS.match(line) and before[-1] not in CLOSERS for before, line in pairwise(lines))
