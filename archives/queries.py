"""Page-sized reads of the archive: the public page, the archive page, verification, the code sheet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.models import Count, Prefetch, Q, QuerySet

from archives import codewords
from archives.completeness import Missing, missing_of
from archives.models import Bundle, Delivery, Document, DocumentQuerySet, DocumentVersion, Inspection, Paper, QrToken
from archives.states import CLASS_NAMES, PaperState, TokenState
from projects import timing
from projects.access import OWNER_ROLES, access_of
from projects.memo import rows_about_all
from projects.models import IssueItem, Project
from projects.prepared import rows_among

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from projects.models import User

PAGE = 20
OWN_SHOWN = 10
CSV_HEAD = [
    "档号", "类目", "题名", "种类", "来源环节", "归档人", "归档时间", "版次", "格式", "字节数", "SHA-256",
    "有效期至", "状态", "持有单位",
]


# The code


#: Asked with every scan, so its words are not put together each time.
HEAD_OF_CODE = """
    SELECT code.id, code.state, code.revision, project.event_seq
    FROM archives_qrtoken code JOIN projects_project project ON project.id = code.project_id WHERE code.token = %s
"""


class CodeHead(NamedTuple):
    """A code by its token: what the page behind it depends on."""

    pk: int
    state: str
    revision: int
    event_seq: int


def head_of_code(text: str) -> CodeHead | None:
    """Return what the page behind a token depends on, in one small query; None when there is no such token."""
    with connection.cursor() as cursor:
        cursor.execute(HEAD_OF_CODE, [text])
        found = cursor.fetchone()
    return CodeHead(*found) if found else None


def token_of(text: str) -> QrToken | None:
    """Return a token with everything the public page needs, in one query; None when there is no such token."""
    return (
        QrToken.objects.filter(token=text)
        .select_related("project__owner", "project__centre", "project__region", "project__public_view")
        .first()
    )


def active_token(project: Project) -> QrToken | None:
    """Return the token in use with its card."""
    return QrToken.objects.filter(project=project, state=TokenState.ACTIVE).select_related("paper", "project").first()


def tokens_of(project: Project) -> QuerySet[QrToken]:
    """Return all revisions of a project's code, newest first."""
    return QrToken.objects.filter(project=project).select_related("paper", "issued_by").order_by("-revision")


@dataclass(frozen=True, slots=True)
class OwnView:
    """What somebody who is involved sees in addition on the public page."""

    documents: list[Document]
    issues: list[IssueItem]
    is_owner: bool


def own_view(project: Project, user: User | AnonymousUser) -> OwnView | None:
    """Return documents and open issues for a person who may see the project, else None."""
    from projects.access import access_of

    if not user.is_authenticated or not Project.objects.visible_to(user).filter(pk=project.pk).exists():
        return None
    documents = documents_of(project, user).order_by("-pk")[:OWN_SHOWN]
    issues = IssueItem.objects.open().filter(project=project).select_related("debtor_organisation").order_by("due_on")
    access = access_of(user)
    if not access.is_office:
        issues = issues.filter(debtor_organisation__in=access.organisation_ids)
    return OwnView(list(documents), list(issues[:OWN_SHOWN]), not access.is_office)


# The archive page


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """What the archive page is narrowed to."""

    text: str = ""
    doc_class: str = ""
    state: str = ""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is narrowed."""
        return not (self.text or self.doc_class or self.state)


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One document as a list shows it."""

    document: Document
    archive_no: str
    version: DocumentVersion | None
    versions: int
    status: str
    tone: str
    paper: Paper | None

    @property
    def short_digest(self) -> str:
        """Return the first figures of the SHA-256; the whole stands in the title."""
        return f"{self.version.digest[:8]}…" if self.version else ""


def documents_of(project: Project, user: User | AnonymousUser) -> DocumentQuerySet:
    """Return the documents of a visible project that the user may open, with kind, paper and versions."""
    versions = Prefetch("versions", DocumentVersion.objects.order_by("version"))
    return (
        Document.objects.of_visible(project, user)
        .select_related("kind", "paper", "project", "replaced_by", "holder")
        .prefetch_related(versions)
        .order_by("doc_class", "serial")
    )


def narrowed(documents: DocumentQuerySet, wanted: DocumentFilter) -> DocumentQuerySet:
    """Narrow documents to the filter; the text is looked for in titles, kinds, steps, holders and a SHA-256."""
    if wanted.doc_class:
        documents = documents.filter(doc_class=wanted.doc_class)
    if wanted.state == "current":
        documents = documents.current()
    elif wanted.state == "replaced":
        documents = documents.exclude(replaced_by=None)
    text = wanted.text.strip()
    if text:
        found = Q(title__icontains=text) | Q(kind__name__icontains=text) | Q(source_label__icontains=text)
        found |= Q(holder__name__icontains=text)
        if len(text) >= 8:
            found |= Q(pk__in=DocumentVersion.objects.filter(digest__startswith=text.lower()).values("document"))
        documents = documents.filter(found)
    return documents


def line_of(document: Document) -> DocumentLine:
    """Return a document with what a list shows of it; no query when it comes from `documents_of`."""
    versions = list(document.versions.all())
    paper = getattr(document, "paper", None)
    status, tone = _status_of(document, paper)
    return DocumentLine(
        document, document.archive_no, versions[-1] if versions else None, len(versions), status, tone, paper
    )


def lines_of(documents: Iterable[Document]) -> list[DocumentLine]:
    """Return documents as a list shows them; whose file is known not to be what was filed says so. One query."""
    lines = [line_of(document) for document in documents]
    shown = [line.version.pk for line in lines if line.version]
    changed = set(Inspection.objects.failed().filter(version__in=shown).values_list("version", flat=True))
    return [
        replace(line, status="检测不通过", tone="bad") if line.version and line.version.pk in changed else line
        for line in lines
    ]


def _status_of(document: Document, paper: Paper | None) -> tuple[str, str]:
    """Word and tone; a paper whose PDF is not made yet is as good as any, opening it makes it."""
    if paper is not None and paper.state == PaperState.REVOKED:
        return "已撤销", "bad"
    if document.replaced_by_id is not None or (paper is not None and paper.state == PaperState.REPLACED):
        return "已换发" if paper is not None else "已替换", "none"
    if document.valid_until is not None and document.valid_until < timing.today():
        return "已过有效期", "warn"
    return "有效", "good"


def class_counts(documents: DocumentQuerySet) -> list[tuple[str, str, int]]:
    """Return (class, name, how many) of the classes that hold a document, in the order of the classification."""
    counts = dict(documents.order_by().values_list("doc_class").annotate(number=Count("pk")))
    return [(key, name, counts[key]) for key, name in CLASS_NAMES.items() if key in counts]


def csv_rows(documents: Iterable[Document]) -> Iterator[list[str]]:
    """Yield head and lines of the archive's list (卷内目录)."""
    yield CSV_HEAD
    for line in lines_of(documents):
        document, version = line.document, line.version
        yield [
            line.archive_no, f"{document.doc_class} {CLASS_NAMES.get(document.doc_class, '')}".strip(), document.title,
            document.kind.name, document.source_label, document.filed_by_name,
            f"{document.filed_at.astimezone(timing.BUSINESS_ZONE):%Y-%m-%d %H:%M:%S}", str(line.versions),
            version.media_type if version else "", str(version.size) if version else "",
            version.digest if version else "", f"{document.valid_until:%Y-%m-%d}" if document.valid_until else "",
            line.status, document.holder.name if document.holder else "",
        ]


@dataclass(frozen=True, slots=True)
class ArchiveSummary:
    """Counts per class and what is missing, for the sheet of the project page."""

    classes: list[tuple[str, str, int]]
    missing: list[Missing] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Return how many documents there are."""
        return sum(count for _, _, count in self.classes)

    @property
    def due(self) -> list[Missing]:
        """Return what should be there already (缺件)."""
        return [missing for missing in self.missing if missing.is_due]

    @property
    def to_come(self) -> list[Missing]:
        """Return what will come with a step that is still ahead (待形成)."""
        return [missing for missing in self.missing if not missing.is_due]


def archive_summary(project: Project, user: User | AnonymousUser) -> ArchiveSummary:
    """Return counts per class of what the user may open of a visible project, and what the archive lacks."""
    return ArchiveSummary(class_counts(Document.objects.of_visible(project, user)), missing_of(project))


# Verification


@dataclass(frozen=True, slots=True)
class Verification:
    """What the archive says about a code or a hash. `tone` is good, warn or bad."""

    verdict: str
    sentence: str
    tone: str
    facts: list[tuple[str, Any]] = field(default_factory=list)
    digest: str = ""
    content_digest: str = ""
    paper: Paper | None = None


UNKNOWN_CODE = Verification(
    "非本系统文件",
    "档案里没有这个验真码。请对照纸面核对每一组字母和数字；仍查不到的，这份文件不是本系统出具的。",
    "bad",
)
UNKNOWN_HASH = Verification(
    "非本系统文件", "档案里没有这个校验值的文件：它不是本系统归档的，或者归档后被改动过。", "bad"
)
_STATES = {
    PaperState.VALID: ("与档案一致，有效", "档案里有这份文书，现行有效。请核对下面各项与手中的文书相同。", "good"),
    PaperState.REPLACED: ("已换发", "档案里有这份文书，但它已由新的文书替换，不再使用。", "warn"),
    PaperState.REVOKED: ("已撤销", "档案里有这份文书，但它已被撤销，不再有效。", "bad"),
}


def verify_code(code: str) -> Verification:
    """Return what the archive says about the code printed on a paper."""
    plain = codewords.plain(code)
    paper = Paper.objects.filter(verify_code=plain).select_related("issuer", "project").first() if plain else None
    return UNKNOWN_CODE if paper is None else _of_paper(paper)


def verify_digest(digest: str) -> Verification:
    """Return what the archive says about the SHA-256 of a file."""
    paper = Paper.objects.filter(digest=digest).select_related("issuer", "project").order_by("pk").first()
    if paper is not None:
        return _of_paper(paper)
    rows = DocumentVersion.objects.select_related("document__paper").order_by("-pk")
    beside = rows.exclude(algorithm="sha256").filter(sha256=digest)
    version = rows.filter(digest=digest).first() or beside.first()
    if version is None:
        return _of_bundle(digest)
    paper = getattr(version.document, "paper", None)
    return _of_paper(paper) if paper is not None else _of_version(version, digest)


def _of_version(version: DocumentVersion, digest: str) -> Verification:
    """Say of a file from outside only that it is there and whether a newer one stands in its place: no name."""
    facts: list[tuple[str, Any]] = [
        ("归档日期", timing.business_day(version.added_at)), ("字节数", f"{version.size:,}"), ("版次", version.version),
    ]
    document = version.document
    newer = document.replaced_by_id is not None or document.versions.filter(version__gt=version.version).exists()
    if newer:
        return Verification("已换发", "校验一致，但档案里已有更新的版本，这一份不再使用。", "warn", facts, digest)
    return Verification("与档案一致", "校验一致：档案里有内容完全相同的文件。", "good", facts, digest)


def _of_bundle(digest: str) -> Verification:
    bundle = Bundle.objects.filter(digest=digest, made_at__isnull=False).order_by("-pk").first()
    if bundle is None or bundle.made_at is None:
        return UNKNOWN_HASH
    facts: list[tuple[str, Any]] = [
        ("种类", bundle.get_kind_display()), ("生成日期", timing.business_day(bundle.made_at)),
    ]
    return Verification("与档案一致", "校验一致：这是本系统由项目档案生成的文件。", "good", facts, digest)


def _of_paper(paper: Paper) -> Verification:
    from archives.papering import content_digest

    verdict, sentence, tone = _STATES[PaperState(paper.state)]
    if paper.state == PaperState.VALID and paper.valid_until and paper.valid_until < timing.today():
        verdict, sentence, tone = "已过有效期", "档案里有这份文书，但它的有效期已过。", "warn"
    frozen = paper.content.get("frozen", {})
    facts: list[tuple[str, Any]] = [
        ("文书", paper.title),
        ("文号", paper.number),
        ("发文单位", frozen.get("issuer") or paper.issuer.name),
        ("出具日期", timing.business_day(paper.issued_at)),
        ("项目", frozen.get("project") or (paper.project.name if paper.project else "")),
        ("有效期至", paper.valid_until),
        ("状态", paper.get_state_display()),
    ]
    return Verification(verdict, sentence, tone, facts, paper.digest, content_digest(paper), paper)


def public_permits(project: Project) -> list[Paper]:
    """Return the public papers of a project that hold or held, newest first, for the public page."""
    return list(
        Paper.objects.filter(project=project, is_public=True)
        .exclude(state=PaperState.REPLACED)
        .select_related("issuer")
        .order_by("-issued_at", "-pk")[:40]
    )


def permit_words(paper: Paper, today: dt.date) -> tuple[str, str]:
    """Return the line below a permit (发证日期, 单位, 有效期) and its tone."""
    issued = timing.business_day(paper.issued_at)
    text = f"{timing.written(issued)}发，{paper.issuer.label}"
    if paper.valid_until:
        text += f"，有效至{timing.written(paper.valid_until)}"
    if paper.state == PaperState.REVOKED:
        return f"{text}，已撤销", "bad"
    if paper.valid_until and paper.valid_until < today:
        return f"{text}，已过期", "warn"
    return text, "good"


# Legal notices


NOTICES = 200


def notices_of(project: Project) -> list[Delivery]:
    """Return the legal notices of a project, those that nobody signed for first, each kind newest first. One query."""
    found = Delivery.objects.filter(paper__project=project).select_related("paper__issuer", "organisation")
    rows = found.order_by("-pk")[:NOTICES]
    return sorted(rows, key=lambda row: row.signed_at is not None or row.paper.state != PaperState.VALID)


def _enterprises(user: User | AnonymousUser) -> set[int]:
    access = access_of(user)
    return {pk for role in OWNER_ROLES for pk in access.by_role.get(role, ())}


def unsigned_for(user: User | AnonymousUser, project_id: int = 0) -> list[Delivery]:
    """Return the notices that wait for somebody of the person's enterprises, newest first: all, or of one project.

    One query, or none.
    """
    bodies = sorted(_enterprises(user))

    def of_bodies(pk: int) -> QuerySet[Delivery]:
        found = Delivery.objects.unsigned().filter(organisation_id__in=[pk])
        return found.select_related("paper__project", "paper__issuer").order_by("-pk")[:NOTICES]

    if not project_id:
        return rows_among("unsigned notices of bodies", of_bodies, bodies)
    found = Delivery.objects.unsigned().filter(organisation_id__in=bodies, paper__project=project_id)
    return list(found.select_related("paper__project", "paper__issuer").order_by("-pk")[:NOTICES])


def unsigned_count(user: User | AnonymousUser) -> int:
    """Return how many notices wait for somebody of the person's enterprises. One query, or none."""
    bodies = sorted(_enterprises(user))

    def of_bodies(pk: int) -> QuerySet[Delivery, tuple[Any, ...]]:
        return Delivery.objects.unsigned().filter(organisation_id__in=[pk]).order_by().values_list("pk")

    return len(rows_about_all("unsigned", of_bodies, bodies)) if bodies else 0
