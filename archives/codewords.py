"""Codes that people read aloud and type: random letters and digits without those that look alike."""

from __future__ import annotations

import secrets
import unicodedata

#: No 0 O, 1 I L, U (read as V), so that a code can be told on the telephone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
VERIFY_LENGTH = 12
CHECK_LENGTH = 6


def random_code(length: int) -> str:
    """Return `length` random letters of the alphabet."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def grouped(code: str, *, by: int = 4, between: str = "-") -> str:
    """Return a code in groups: 3F9K-Q2T7-HM4C."""
    return between.join(code[at : at + by] for at in range(0, len(code), by))


def plain(text: str) -> str:
    """Return a typed or scanned code as it is kept: full-width letters, blanks and dashes mended, capitals."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).upper() if letter.isalnum())
