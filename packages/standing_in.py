"""Whether a paper of the project may stand in for a line of another matter: a kind holds more than one paper.

A kind holds many papers (中标通知书和合同 of the design and of the works, 批复 of the proposal and of the feasibility
study). The catalogue says from which matters a line comes; a paper that another matter brought is not that one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archives.models import OWNER_CLASS
from packages.choices import MaterialSource
from packages.models import MaterialItem, MatterCase

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


def may_stand_in(item: MaterialItem, brought: Brought | None) -> bool:
    """Whether a paper may meet this line: nothing in the catalogue says that the line means another paper."""
    if brought is None or item.name == brought.name:
        return True
    asked = _asked(item)
    if brought.matter in asked or (brought.earlier and brought.earlier <= asked):
        return True
    if asked:
        return False
    return not brought.name or item.source == MaterialSource.APPLICANT


def is_doubtful(item: MaterialItem, brought: Brought | None) -> bool:
    """Whether a person should look: it was handed in under another name for another matter."""
    return bool(brought and brought.name and brought.name != item.name and brought.matter not in _asked(item))


def _asked(item: MaterialItem) -> frozenset[str]:
    return frozenset(item.definition.from_matters if item.definition else ())
