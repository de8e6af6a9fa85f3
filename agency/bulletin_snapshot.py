"""The snapshot of a bulletin: stored once, read again, and proved by a hash over all of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from agency.bulletin_content import Figures, Snapshot, take
from agency.bulletin_counting import Row
from agency.models import Bulletin, BulletinFigure, BulletinLines, BulletinList

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Statements carry so many figures at most.
BATCH = 500


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a value as JSON without blanks, keys in order."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def snapshot_hash(
    figures: Mapping[tuple[str, int, str], tuple[Decimal | None, str, str]], lines: Sequence[Any], content: Any
) -> str:
    """Return `sha256:<hex>` over the figures with the digests of their lists, the lines, and the content."""
    rows = [
        [group, row, key, None if value is None else f"{value:.2f}", counted, base]
        for (group, row, key), (value, counted, base) in sorted(figures.items())
    ]
    return f"sha256:{digest_of([rows, digest_of(lines), digest_of(content)])}"


def store(bulletin: Bulletin, taken: Snapshot) -> str:
    """Write a snapshot inside the caller's transaction and return its hash. Lists that are equal are written once."""
    digests: dict[tuple[int, ...], str] = {(): ""}
    for figure in taken.figures.values():
        for ids in (figure.numerator_ids, figure.denominator_ids):
            if ids not in digests:
                digests[ids] = digest_of(ids)
    made = BulletinList.objects.bulk_create(
        [BulletinList(bulletin=bulletin, digest=digest, ids=ids) for ids, digest in digests.items() if ids],
        batch_size=BATCH,
    )
    key_of = {row.digest: row.pk for row in made} | {"": None}
    BulletinFigure.objects.bulk_create(
        [
            BulletinFigure(
                bulletin=bulletin,
                group=group,
                row=row,
                key=key,
                value=figure.value,
                counted_id=key_of[digests[figure.numerator_ids]],
                base_id=key_of[digests[figure.denominator_ids]],
            )
            for (group, row, key), figure in taken.figures.items()
        ],
        batch_size=BATCH,
    )
    BulletinLines.objects.create(bulletin=bulletin, rows=taken.lines)
    bulletin.content = taken.content
    said = {
        at: (figure.value, digests[figure.numerator_ids], digests[figure.denominator_ids])
        for at, figure in taken.figures.items()
    }
    return snapshot_hash(said, taken.lines, taken.content)


def is_untouched(bulletin: Bulletin) -> bool:
    """Return whether what is stored still gives the hash that was kept at freezing; every list is digested anew."""
    digests = {row.pk: digest_of(row.ids) for row in BulletinList.objects.filter(bulletin=bulletin).iterator(50)}
    rows = BulletinFigure.objects.filter(bulletin=bulletin)
    columns = ("group", "row", "key", "value", "counted_id", "base_id")
    figures = {
        (group, row, key): (value, digests.get(counted, ""), digests.get(base, ""))
        for group, row, key, value, counted, base in rows.values_list(*columns)
    }
    lines = BulletinLines.objects.filter(bulletin=bulletin).values_list("rows", flat=True).first()
    return bulletin.snapshot_hash == snapshot_hash(figures, lines or [], bulletin.content)


def snapshot_of(bulletin: Bulletin) -> Snapshot:
    """Return the figures, content and lines of a bulletin: as frozen, or as they stand now while it is collecting."""
    if not bulletin.is_stored:
        return take(bulletin)
    lines = BulletinLines.objects.filter(bulletin=bulletin).values_list("rows", flat=True).first()
    return Snapshot(stored_figures(bulletin), bulletin.content, lines or [])


def content_of(bulletin: Bulletin) -> dict[str, Any]:
    """Return the blocks alone: no query for a frozen bulletin."""
    return dict(bulletin.content if bulletin.is_stored else take(bulletin).content)


def stored_figures(bulletin: Bulletin) -> Figures:
    """Return all figures of a frozen bulletin with their lists."""
    lists = {row.pk: tuple(row.ids) for row in BulletinList.objects.filter(bulletin=bulletin)}
    return {
        (one.group, one.row, one.key): Row(
            one.value, lists.get(one.counted_id or 0, ()), lists.get(one.base_id or 0, ())
        )
        for one in BulletinFigure.objects.filter(bulletin=bulletin)
    }


def figure_of(bulletin: Bulletin, group: str, row: int, key: str) -> Row | None:
    """Return one figure with its lists; None when the bulletin has no such figure. One query for a frozen one."""
    if not bulletin.is_stored:
        return take(bulletin).figures.get((group, row, key))
    found = BulletinFigure.objects.filter(bulletin=bulletin, group=group, row=row, key=key)
    one = found.select_related("counted", "base").first()
    if one is None:
        return None
    return Row(one.value, tuple(one.counted.ids) if one.counted else (), tuple(one.base.ids) if one.base else ())
