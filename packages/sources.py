"""Where a material comes from and who has to bring it: what the government issued is never asked of the enterprise.

Pure reads over the catalogue. A line of the checklist is of the government when its source says so (数据共享, 部门核验,
上一环节结果 of a matter of ours) or when the kind of its document is what a matter or an authority produces.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packages.choices import MaterialSource, MatterKind
from packages.facts import split
from packages.models import MatterVersion
from packages.states import Supply
from projects.memo import Memo

if TYPE_CHECKING:
    from archives.models import DocumentKind
    from packages.models import MaterialItem

#: Matters whose result an enterprise obtains from somebody it pays or chooses, no act of the government.
PRIVATE_KINDS = (MatterKind.INTERMEDIARY, MatterKind.TENDER)
#: What `produced_by` says of a kind that no government body produces.
PARTY, PORTAL = "party", "portal"
AUTHORITY = "authority"
ALWAYS = (MaterialSource.SHARED, MaterialSource.VERIFIED)


@dataclass(frozen=True, slots=True)
class Makers:
    """The matters whose results an enterprise brings itself, and the lead department of each matter."""

    private: frozenset[str]
    leads: dict[str, int]


#: Who produces what; a catalogue that is loaded meanwhile is seen within these seconds.
_kept_makers: Memo[Makers] = Memo(most=1, seconds=15)


def makers() -> Makers:
    """Return who produces what in the catalogue that is in force. One query, kept for a short while."""

    def read() -> Makers:
        found = list(MatterVersion.objects.published().values_list("matter__code", "kind", "lead_id"))
        return Makers(
            frozenset(code for code, kind, _ in found if kind in PRIVATE_KINDS), {code: lead for code, _, lead in found}
        )

    return _kept_makers.of("published", read)


def is_of_government(kind: DocumentKind, known: Makers) -> bool:
    """Whether documents of this kind are issued by a government body."""
    producers = [code for code in split(kind.produced_by) if code not in (PARTY, PORTAL)]
    return any(code not in known.private for code in producers)


def is_issued(item: MaterialItem, known: Makers) -> bool:
    """Whether the paper of a line comes from the government, so that it can never be demanded of the enterprise."""
    source = MaterialSource(item.source)
    if source in ALWAYS:
        return True
    if source == MaterialSource.EARLIER:
        codes = item.definition.from_matters if item.definition else []
        return not codes or any(code not in known.private for code in codes)
    return source == MaterialSource.APPLICANT and is_of_government(item.kind, known)


def supplier_of(item: MaterialItem, known: Makers, leads: dict[str, int]) -> tuple[int, str]:
    """Return (organisation, way): the department that has to bring a paper of the government, and how.

    `leads` are the lead departments of the project's own cases by matter. 数据共享 is fetched by the window (调取)
    unless a matter produces the kind; the rest is recorded by the department that issued it (部门补录).
    """
    codes: Sequence[str] = item.definition.from_matters if item.definition else []
    for code in _first([*codes, *split(item.kind.produced_by)]):
        if code in leads:
            return leads[code], Supply.RECORD
        if code in known.leads and code not in known.private:
            return known.leads[code], Supply.RECORD
    if item.source == MaterialSource.SHARED:
        return item.case.project.centre_id, Supply.FETCH
    return item.case.lead_id, Supply.RECORD


def _first(codes: Iterable[str]) -> list[str]:
    return [code for code in dict.fromkeys(codes) if code not in (PARTY, PORTAL, AUTHORITY)]
