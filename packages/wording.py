"""Words that tell an applicant nothing: a notice says what is wrong, by which rule, and how to fix it (一次告知)."""

from __future__ import annotations

import re

#: 等 at the end of a list, not in 等级, 等于, 等候, 平等, 同等, 高等, 相等, 均等, 中等, 初等, 优等.
VAGUE = {
    "等": re.compile(r"(?<![平同高相均中初优上下])等(?![级于候待量效值距额高])"),
    "完善": re.compile("完善"),
    "规范": re.compile(r"(?<!技术)(?<!设计)(?<!国家)(?<!行业)(?<!验收)规范(?!》)"),
    "按要求": re.compile("按要求"),
    "相关": re.compile("相关"),
}


def vague_words(text: str) -> list[str]:
    """Return the vague words of a text, each once, in the order of the list; empty when it says what it means."""
    return [word for word, pattern in VAGUE.items() if pattern.search(text)]
