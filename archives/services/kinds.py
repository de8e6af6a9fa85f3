"""Document kinds come from the catalogue: matched by their slug, added or brought up to date, never removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from archives.models import DocumentKind
from projects.services.organisations import Loaded

COLUMNS = ("name", "doc_class", "produced_by", "validity_days", "is_personal", "is_reusable")


@transaction.atomic
def load_document_kinds(rows: Iterable[Mapping[str, Any]], *, dry_run: bool = False) -> Loaded:
    """Bring the document kinds to what `rows` say (`slug` and the columns of the model); return what was done.

    A kind that the rows no longer name stays: documents point at it.
    """
    loaded = Loaded()
    known = {found.slug: found for found in DocumentKind.objects.select_for_update()}
    for row in rows:
        found = known.get(row["slug"])
        if found is None:
            loaded.added.append(row["slug"])
            found = DocumentKind(slug=row["slug"])
        elif all(getattr(found, column) == row[column] for column in COLUMNS):
            loaded.unchanged.append(row["slug"])
            continue
        else:
            loaded.changed.append(row["slug"])
        if not dry_run:
            for column in COLUMNS:
                setattr(found, column, row[column])
            found.save()
    return loaded
