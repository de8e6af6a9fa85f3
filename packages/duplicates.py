"""Two projects of the pool that look like one: same parcel, same owner, nearly the same name. Pure reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import SequenceMatcher

from django.db.models import Q

from packages.appraisal_states import POOL_SHOWN
from packages.models import DuplicatePair, PoolEntry
from projects.quoting import quoted

#: From which likeness on two names are nearly the same, and two projects of one owner may be one.
SAME_NAME, NEAR_NAME = 0.8, 0.5


def parcel_key(text: str) -> str:
    """A parcel without blanks, dashes and case, so that two ways of writing it are one."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(letter for letter in plain if letter.isalnum())


def likeness(first: str, second: str) -> float:
    """How alike two names are, from 0 to 1; the first words of a long one count as its name."""
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    if matcher.real_quick_ratio() < NEAR_NAME or matcher.quick_ratio() < NEAR_NAME:
        return 0.0
    return matcher.ratio()


def reasons_of(one: PoolEntry, other: PoolEntry) -> list[str]:
    """Why two entries look like one project; empty when they do not."""
    found = []
    if one.parcel_key and one.parcel_key == other.parcel_key:
        found.append(f"宗地相同：{one.parcel}")
    alike = likeness(one.project.name, other.project.name)
    same_owner = one.project.owner_id == other.project.owner_id
    apart = bool(one.parcel_key and other.parcel_key and one.parcel_key != other.parcel_key)
    if same_owner and (found or alike >= NEAR_NAME or not (apart or one.parcel_key or other.parcel_key)):
        found.append(f"建设单位相同：{one.project.owner.name}")
    if alike >= SAME_NAME:
        found.append(f"名称相近：{quoted(other.project.name)}，相似 {alike:.0%}")
    return found


def look_alikes(entry: PoolEntry) -> list[tuple[PoolEntry, list[str]]]:
    """The other entries of the pool, in the same region, that look like this one, with the reasons. One query."""
    others = PoolEntry.objects.filter(state__in=list(POOL_SHOWN), project__region=entry.project.region)
    rows = others.exclude(pk=entry.pk).select_related("project__owner").order_by("pk")
    return [(other, reasons) for other in rows if (reasons := reasons_of(entry, other))]


def undecided(project_ids: Iterable[int]) -> list[DuplicatePair]:
    """The pairs of these projects that a person still has to decide; both are in the pool. One query."""
    ids = list(project_ids)
    shown = list(POOL_SHOWN)
    found = DuplicatePair.objects.filter(
        Q(first__in=ids) | Q(second__in=ids), outcome="", first__pool_entry__state__in=shown,
        second__pool_entry__state__in=shown,
    )
    return list(found.select_related("first__owner", "second__owner", "first__centre", "second__centre").order_by("pk"))
