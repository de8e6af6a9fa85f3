"""The form of the rows of the access matrix.

Each app says in `tests/<app>/access_rows.py` who gets what at each of its addresses:

    ROWS = {"projects:detail": row("project", "302 200 200 404 200 200 200 200 404")}

A row names the object of the world that stands in the address (or several objects, or none), the codes in the order
of `ACTORS`, and for an address that only takes POST `method="post"` with its `data`.
"""

from dataclasses import dataclass, field

ACTORS = ("anonymous", "owner", "clerk", "reviewer", "chief", "agent", "dispatcher", "director", "outsider")


@dataclass(frozen=True)
class Row:
    """One address: what stands in it, and the code that each actor gets."""

    subject: str
    codes: dict
    method: str = "get"
    data: dict = field(default_factory=dict)
    query: str = ""


def row(subject, codes, *, method="get", data=None, query=""):
    """Return a row; `codes` are nine numbers in the order of `ACTORS`."""
    numbers = [int(code) for code in codes.split()]
    return Row(subject, dict(zip(ACTORS, numbers, strict=True)), method, data or {}, query)
