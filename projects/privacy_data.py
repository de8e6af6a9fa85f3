"""Personal data as data: each field with purpose, basis and retention, what is kept how long, what people agree to.

`projects/catalog/personal_fields.tsv`, `retention.tsv`, `consents.tsv` and `privacy_notice_<version>.txt`, read once a
process. A field that is not listed is not collected: a test compares the list with the columns.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.apps import apps
from django.conf import settings

if TYPE_CHECKING:
    from django.db.models import Model

FOLDER = Path(__file__).parent / "catalog"
NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class PersonalField:
    """One column with personal data. `link` leads from its row to the person; `erase` says what a deletion does."""

    model: str
    field: str
    name: str
    whose: str
    link: str
    purpose: str
    basis: str
    retention: str
    is_masked: bool
    erase: str
    kept: str

    @property
    def table(self) -> type[Model] | None:
        """The model, or None in an installation without it."""
        try:
            return apps.get_model(self.model)
        except LookupError:
            return None


@dataclass(frozen=True, slots=True)
class Retention:
    """How long one kind of record is kept, in days, at least how long, and what happens then."""

    code: str
    name: str
    model: str
    date: str
    days: int
    least: int
    action: str
    basis: str


@dataclass(frozen=True, slots=True)
class Words:
    """What a person is told (`notice`) or agrees to (`consent`), in one version."""

    code: str
    kind: str
    version: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        """`sha256:<hex>` of the words that were shown."""
        return f"sha256:{hashlib.sha256(self.text.encode()).hexdigest()}"


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@lru_cache(maxsize=1)
def personal_fields() -> tuple[PersonalField, ...]:
    """Return every column with personal data."""
    return tuple(
        PersonalField(is_masked=row.pop("masked") == "yes", **row) for row in _rows("personal_fields.tsv")
    )


def retentions() -> tuple[Retention, ...]:
    """Return how long each kind of record is kept: the setting may lengthen it, never go below the least."""
    return tuple(
        Retention(
            row["code"], row["name"], row["model"], row["date"],
            max(settings.RETENTION_DAYS.get(row["code"], int(row["days"])), int(row["least"])), int(row["least"]),
            row["action"], row["basis"],
        )
        for row in _retention_rows()
    )


@lru_cache(maxsize=1)
def _retention_rows() -> tuple[dict[str, str], ...]:
    return tuple(_rows("retention.tsv"))


@lru_cache(maxsize=1)
def all_words() -> dict[str, Words]:
    """Return the words in force by their code; the notice is a text of its own."""
    found = {}
    for row in _rows("consents.tsv"):
        version, text = int(row["version"]), row["words"]
        if row["kind"] == NOTICE:
            text = (FOLDER / f"privacy_notice_{version}.txt").read_text(encoding="utf-8")
        found[row["code"]] = Words(row["code"], row["kind"], version, row["name"], text)
    return found


def notice_parts() -> list[tuple[str, str]]:
    """Return heading and text of each part of the notice."""
    blocks = [block.strip() for block in all_words()[NOTICE].text.split("\n\n") if block.strip()]
    return [(block.partition("\n")[0], block.partition("\n")[2]) for block in blocks]
