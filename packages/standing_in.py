"""Whether a paper of the project may stand in for a line of another matter: a kind holds more than one paper.

A kind holds many papers (中标通知书和合同 of the design and of the works, 批复 of the proposal and of the feasibility
study). The catalogue says from which matters a line comes; a paper that another matter brought is not that one. What
was handed in under another name stands in only where `stand_ins.tsv` declares the pair, and the line says why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from archives.models import OWNER_CLASS
from packages.case_data import Dated, dated_rows
from packages.models import MaterialItem, MatterCase
from projects import timing
from projects.quoting import quoted

if TYPE_CHECKING:
    from archives.models import Document

CASE_LABEL = MatterCase._meta.label


@dataclass(frozen=True, slots=True)
class Brought:
    """Which matter's case brought a paper: as its result, or for a line (`name`, and from which matters it came)."""

    matter: str
    name: str = ""
    earlier: frozenset[str] = frozenset()


def brought_by(documents: Iterable[Document]) -> dict[int, Brought]:
    """Return by document what brought it, where a case did. Two queries, none where no case did."""
    rows = [row for row in documents if row.source_type == CASE_LABEL and row.doc_class != OWNER_CLASS]
    cases = {row.pk: int(row.source_key) for row in rows}
    if not cases:
        return {}
    keys = sorted(set(cases.values()))
    codes = dict(MatterCase.objects.filter(pk__in=keys).values_list("pk", "matter__matter__code"))
    lines = MaterialItem.objects.filter(case__in=keys, document__in=list(cases)).values_list(
        "document_id", "case_id", "name", "definition__from_matters"
    )
    own = {
        document: (name, frozenset(earlier or ()))
        for document, case, name, earlier in lines.order_by("pk")
        if cases[document] == case
    }
    return {pk: Brought(codes[case], *own.get(pk, ())) for pk, case in cases.items() if case in codes}


@lru_cache(maxsize=1)
def _declared() -> dict[tuple[str, str, str], tuple[tuple[Dated, str], ...]]:
    """Return why one paper of a kind serves for another, by (kind, wanted, accepted), and when it does."""
    found: dict[tuple[str, str, str], tuple[tuple[Dated, str], ...]] = {}
    for row, when in dated_rows("stand_ins.tsv"):
        key = row["document_kind"], row["wanted"], row["accepted"]
        found[key] = (*found.get(key, ()), (when, row["basis"]))
    return found


def declared_basis(kind: str, wanted: str, accepted: str, day: dt.date | None = None) -> str:
    """Return why a paper that was handed in under one name serves for another of its kind, else an empty text."""
    today = day or timing.today()
    pairs = _declared().get((kind, wanted, accepted), ())
    return next((basis for when, basis in pairs if when.holds(today)), "")


def may_stand_in(item: MaterialItem, brought: Brought | None) -> bool:
    """Whether a paper may meet this line: it is the one that the line means, or the catalogue declares the pair."""
    if brought is None or item.name == brought.name:
        return True
    asked = _asked(item)
    if brought.matter in asked:
        return True
    if asked and not (brought.earlier and brought.earlier <= asked):
        return False
    return not brought.name or bool(declared_basis(item.kind.slug, item.name, brought.name))


def stand_in_words(item: MaterialItem, brought: Brought | None) -> str:
    """Return what stands in for a line and why, where it was handed in under another name; else an empty text."""
    if brought is None or brought.name in ("", item.name):
        return ""
    basis = declared_basis(item.kind.slug, item.name, brought.name)
    return f"以{quoted(brought.name)}代替{quoted(item.name)}：{basis}" if basis else ""


def _asked(item: MaterialItem) -> frozenset[str]:
    return frozenset(item.definition.from_matters if item.definition else ())
