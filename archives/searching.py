"""Search over the whole archive: titles, kinds and steps, numbers, and the words of the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q

from archives.models import Document, DocumentVersion, VersionText
from archives.queries import DocumentLine, line_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

SHORTEST = 2
#: So many hits are gathered; a search that finds more asks for another word.
MOST = 200
PAGE = 20
AROUND = 40


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found, and where its words say it: before, the word, after."""

    line: DocumentLine
    before: str = ""
    word: str = ""
    after: str = ""


def found_ids(user: User | AnonymousUser, text: str, doc_class: str = "") -> list[int]:
    """Return the keys of the documents that the person may see and that hold the text, newest first. Two queries."""
    visible = Document.objects.visible_to(user)
    if doc_class:
        visible = visible.filter(doc_class=doc_class)
    told = Q(title__icontains=text) | Q(kind__name__icontains=text) | Q(source_label__icontains=text)
    by_name = visible.filter(told).order_by("-pk").values_list("pk", flat=True)[:MOST]
    said = VersionText.objects.filter(text__icontains=text).values("version__document")
    by_words = visible.filter(pk__in=said).order_by("-pk").values_list("pk", flat=True)[:MOST]
    return sorted({*by_name, *by_words}, reverse=True)[:MOST]


def hits(ids: list[int], text: str) -> list[Hit]:
    """Return the documents of a page of keys with what their newest files say around the text. Four queries."""
    versions = Prefetch("versions", DocumentVersion.objects.order_by("version"))
    related = Document.objects.filter(pk__in=ids).select_related("kind", "paper", "project", "holder")
    rows = related.prefetch_related(versions)
    texts = VersionText.objects.filter(version__document__in=ids, text__icontains=text).order_by("pk")
    said: dict[int, str] = dict(texts.values_list("version__document_id", "text"))
    by_id = {row.pk: row for row in rows}
    return [_hit(by_id[pk], said.get(pk, ""), text) for pk in ids if pk in by_id]


def _hit(document: Document, words: str, text: str) -> Hit:
    at = words.lower().find(text.lower())
    if at < 0:
        return Hit(line_of(document))
    end = at + len(text)
    start = max(at - AROUND, 0)
    before = ("…" if start else "") + " ".join(words[start:at].split())
    after = " ".join(words[end : end + AROUND].split()) + ("…" if len(words) > end + AROUND else "")
    return Hit(line_of(document), before, words[at:end], after)
