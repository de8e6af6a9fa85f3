"""Departments come from the catalogue: matched by their code, added or brought up to date, never removed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import transaction

from projects.models import Organisation

COLUMNS = ("name", "kind", "note")


@dataclass(slots=True)
class Loaded:
    """What a load does: the keys of rows added, changed and left as they are."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


@transaction.atomic
def load_departments(rows: Iterable[Mapping[str, str]], *, dry_run: bool = False) -> Loaded:
    """Bring the departments to what `rows` say (`code`, `name`, `kind`, `note`); return what was done.

    A department that the rows no longer name stays: cases and opinions point at it. Region, short name and credit
    code are kept as they are.
    """
    loaded = Loaded()
    known = {found.code: found for found in Organisation.objects.select_for_update().exclude(code="")}
    for row in rows:
        found = known.get(row["code"])
        if found is None:
            loaded.added.append(row["code"])
            found = Organisation(code=row["code"])
        elif all(getattr(found, column) == row[column] for column in COLUMNS):
            loaded.unchanged.append(row["code"])
            continue
        else:
            loaded.changed.append(row["code"])
        if not dry_run:
            for column in COLUMNS:
                setattr(found, column, row[column])
            found.save()
    return loaded
