"""Search over the whole archive: titles, kinds and steps, numbers, and the words of the files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q

from archives.models import Document, DocumentVersion, VersionText
from archives.queries import DocumentLine, lines_of
from archives.states import CLASS_NAMES

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from projects.models import User

SHORTEST = 2
#: So many hits are gathered; a search that finds more asks for another word.
MOST = 200
PAGE = 20
AROUND = 40
#: So many words are looked for, each by itself.
WORDS_MOST = 6
#: The code of a project, and what follows it in the number of a document: class, serial, version.
NUMBER = re.compile(
    rf"(?P<code>\d{{4}}-[0-9A-Z-]*?)(?:-(?P<cls>{'|'.join(CLASS_NAMES)})(?:-(?P<serial>\d{{4}})(?:-\d+)?)?)?"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that was found, and where its words say it: before, the word, after."""

    line: DocumentLine
    before: str = ""
    word: str = ""
    after: str = ""


def found_ids(user: User | AnonymousUser, text: str, doc_class: str = "") -> list[int]:
    """Return the keys of the documents that the person may see and that hold the text, newest first. Two queries.

    Of several words every one has to be there: in what the document is called, where one may name the project, or in
    its file. The number of a document or of a project finds what lies under it.
    """
    visible = Document.objects.visible_to(user)
    if doc_class:
        visible = visible.filter(doc_class=doc_class)
    words = _words(text)
    called = Q()
    for word in words:
        called &= _called(word, is_one_of_many=len(words) > 1)
    by_name = visible.filter(called | _numbered(text)).order_by("-pk").values_list("pk", flat=True)[:MOST]
    holding = _saying(words).values("version__document")
    by_words = visible.filter(pk__in=holding).order_by("-pk").values_list("pk", flat=True)[:MOST]
    return sorted({*by_name, *by_words}, reverse=True)[:MOST]


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(text.split()))[:WORDS_MOST]


def _saying(words: list[str]) -> QuerySet[VersionText]:
    """Return the files whose words hold each of these."""
    found = VersionText.objects.all()
    for word in words:
        found = found.filter(text__icontains=word)
    return found


def _called(word: str, *, is_one_of_many: bool) -> Q:
    """Return the condition that the names of a document hold a word."""
    found = Q(title__icontains=word) | Q(kind__name__icontains=word) | Q(source_label__icontains=word)
    return found | Q(project__name__icontains=word) if is_one_of_many else found


def _numbered(text: str) -> Q:
    """Return the condition of a number of a document or of a project; empty for what is none."""
    number = NUMBER.fullmatch(text.upper())
    if number is None:
        return Q()
    found = Q(project__code=number["code"]) if number["cls"] else Q(project__code__startswith=number["code"])
    if number["cls"]:
        found &= Q(doc_class=number["cls"])
    return found & Q(serial=int(number["serial"])) if number["serial"] else found


def hits(ids: list[int], text: str) -> list[Hit]:
    """Return the documents of a page of keys with what their newest files say around the text. Five queries."""
    versions = Prefetch("versions", DocumentVersion.objects.order_by("version"))
    related = Document.objects.filter(pk__in=ids).select_related("kind", "paper", "project", "holder")
    rows = related.prefetch_related(versions)
    words = _words(text)
    texts = _saying(words).filter(version__document__in=ids).order_by("pk")
    by_text: dict[int, str] = dict(texts.values_list("version__document_id", "text"))
    by_id = {line.document.pk: line for line in lines_of(rows)}
    return [_hit(by_id[pk], by_text.get(pk, ""), words[0]) for pk in ids if pk in by_id]


def _hit(line: DocumentLine, words: str, text: str) -> Hit:
    at = words.lower().find(text.lower())
    if at < 0:
        return Hit(line)
    end = at + len(text)
    start = max(at - AROUND, 0)
    before = ("…" if start else "") + " ".join(words[start:at].split())
    after = " ".join(words[end : end + AROUND].split()) + ("…" if len(words) > end + AROUND else "")
    return Hit(line, before, words[at:end], after)
