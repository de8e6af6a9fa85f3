"""Names in sentences: what is put between quotes keeps its own as single ones (GB/T 15834, 4.8.3.4)."""

from __future__ import annotations

INNER = str.maketrans("“”", "‘’")


def quoted(words: object) -> str:
    """Return a name between “ and ”; quotes of its own become ‘ and ’."""
    return f"“{str(words).translate(INNER)}”"
