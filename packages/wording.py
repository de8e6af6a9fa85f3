"""Words that tell an applicant nothing: a notice says what is wrong, by which rule, and how to fix it (一次告知).

The words are data (`vague_words.tsv`). What stands in 《》, “” or 「」 is a name and not looked at.
"""

from __future__ import annotations

import re

from packages.case_data import VagueWord, words_today

NAMES = re.compile(r"《[^《》]*》|“[^“”]*”|「[^「」]*」")


def vague_in(text: str) -> list[VagueWord]:
    """Return the vague words of a text, each once, in the order of the table; empty when it says what it means."""
    bare = NAMES.sub("　", text)
    return [row for row in words_today() if _stands_in(row, bare)]


def _stands_in(row: VagueWord, text: str) -> bool:
    for compound in row.fine_in:
        text = text.replace(compound, "　")
    return row.word in text


def vague_words(text: str) -> list[str]:
    """Return only the words themselves."""
    return [row.word for row in vague_in(text)]


def vague_fault(text: str) -> str:
    """Return the sentence that asks for the concrete fix in the place of the vague words, or nothing."""
    found = vague_in(text)
    if not found:
        return ""
    words = "".join(f"“{row.word}”" for row in found)
    return f"{words}没有说清改成什么：{found[0].ask}。告知只有一次；属于名称的请加书名号或引号。"


def for_browser() -> list[list[str]]:
    """Return the table as the page gives it to the script that flags words while somebody types."""
    return [[row.word, "|".join(row.fine_in), row.ask] for row in words_today()]
