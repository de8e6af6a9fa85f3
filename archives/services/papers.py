"""Official papers (文书): a row with its number and its frozen words first, a PDF second, rendered once.

`issue_paper` runs in the caller's transaction. The PDF is made by a worker (or by the first who asks for it): claim,
render outside of any lock, then attach and mark in one transaction. A worker that dies anywhere leaves a row that the
sweep takes up; a second one finds the mark and does nothing.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from typing import IO, TYPE_CHECKING, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.db.models import Q, QuerySet

from archives import blobs, codewords, papering
from archives.models import Delivery, DocumentKind, DocumentVersion, Paper
from archives.paper_kinds import LEGAL_NOTICES, PAPER_CLASSES, paper_slug
from archives.services import filing
from archives.states import PaperKind, PaperState, Visibility
from projects import timing
from projects.bulk import insert_linked
from projects.errors import DomainError
from projects.events import lock_project, record, subject_of
from projects.memo import Memo
from projects.numbering import take_number
from projects.states import OrganisationKind, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archives.models import Document
    from projects.models import Organisation, Project, Region, User

logger = logging.getLogger(__name__)
PDF = "application/pdf"
#: What the name of a body ends with and its word in a number leaves away; the longest first.
ISSUER_ENDINGS = (
    "管委会审批中心", "管理委员会", "登记中心", "委员会", "管委会", "中心", "公司", "大队", "局", "办", "馆"
)
#: A word of a number has to fit on one line.
LONGEST_WORD = 12
#: How long somebody who asks for a PDF waits for a worker that is just making it, in seconds.
PATIENCE = 10.0
#: Class of a certificate whose kind the catalogue does not know (开工审批文件).
CERTIFICATE_CLASS = "A5"
#: Bodies whose full name begins with that of their region.
LOCAL_BODIES = frozenset(
    {OrganisationKind.BUREAU, OrganisationKind.DEPARTMENT, OrganisationKind.CENTRE, OrganisationKind.REGISTRY}
)


def issuer_word(issuer: Organisation) -> str:
    """Return the word of an issuer in its numbers, so that two issuers never give the same number.

    The bureau of the one seal, which the catalogue names, has the setting PAPER_PREFIX (高审), the bureau of another
    place the first letter of its own name in it (晋城市: 晋审), a management committee with a centre of its own its
    zone as well (晋城经济技术开发区: 晋开发区审). Any other body has the first letter of its region, that of the
    setting where it has none, and its own short name (住建局: 高住建).
    """
    prefix = str(settings.PAPER_PREFIX)
    if issuer.kind == OrganisationKind.BUREAU:
        return prefix if issuer.code else f"{issuer.name[:1]}{prefix[1:]}"
    name = issuer.label
    for ending in ISSUER_ENDINGS:
        if name.endswith(ending) and len(name) > len(ending) + 1:
            name = name.removesuffix(ending)
            break
    own = issuer.region if not issuer.code else None
    seal = prefix[1:] if own and issuer.kind == OrganisationKind.COMMITTEE else ""
    return f"{own.name[:1] if own else prefix[:1]}{name[:LONGEST_WORD]}{seal}"


def issue_paper(
    project: Project | None,
    *,
    kind: str,
    series: str,
    title: str,
    issuer: Organisation,
    content: dict[str, Any],
    subject: models.Model,
    by: User | None,
    document_kind_slug: str = "",
    is_public: bool = False,
    valid_until: dt.date | None = None,
    visibility: str = Visibility.PROJECT,
    source_label: str = "",
    at: dt.datetime | None = None,
    year: int | None = None,
    beside: Sequence[Any] = (),
) -> Paper:
    """Issue a paper in the locked project (None: a bulletin) and return it; its PDF follows.

    Takes the next number of `series` (one word: 受 gives 〔2026〕高审受字第000123号), freezes `content`, files the
    document at once, records `paper.issued`. A legal notice waits from then on for its addressee's signature.
    `document_kind_slug` names the catalogue's kind (a matter's result); without it, or when the catalogue does not
    know it, the kind of the paper itself serves. `content`: gist {project, what, do, when}, paragraphs, table or
    tables {caption, head, rows}, form (pairs), sections, legal, closing, addressee, facts (pairs of the verification
    strip), signed_on (ISO date). `beside`: unsaved rows with a `paper`, which becomes this one; written with it.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("issue_paper() belongs inside the service's transaction")
    moment = at or timing.now()
    word = f"{issuer_word(issuer)}{series}"
    given_year, serial = take_number(issuer, word, year=year or timing.business_day(moment).year)
    subject_type, subject_key = subject_of(subject)
    paper = Paper(
        project=project, kind=kind, title=title, issuer=issuer, series=word, year=given_year, serial=serial,
        number=f"〔{given_year}〕{word}字第{serial:06d}号", content=_freeze(content, project, issuer, by),
        subject_type=subject_type, subject_key=subject_key, verify_code=codewords.random_code(codewords.VERIFY_LENGTH),
        is_public=is_public, issued_by=by, issued_at=moment, valid_until=valid_until,
    )
    for row in beside:
        row.paper = paper
    if project is None:
        insert_linked(paper, *beside)
    else:
        paper.document = filing.drafted_document(
            project, kind=_kind_of(document_kind_slug, kind), title=f"{title} {paper.number}", source=subject, by=by,
            visibility=visibility, valid_until=valid_until, source_label=source_label, at=moment,
        )
        notice = [Delivery(paper=paper, organisation_id=project.owner_id, sent_at=moment)]
        filing.put_document(paper.document, paper, *(notice if kind in LEGAL_NOTICES else []), *beside)
    _record_issue(paper, by=by, at=at)
    return paper


def _record_issue(paper: Paper, *, by: User | None, at: dt.datetime | None) -> None:
    """Tell `paper.issued` in the chain of the project; a paper without one stands in the chain of its issuer."""
    record(
        "paper.issued", subject=paper, project=paper.project, by=by, at=at,
        organisation=None if paper.project else paper.issuer, summary=f"出具{paper.title} {paper.number}",
        data={
            "state": ["", paper.state], "kind": paper.kind, "number": paper.number,
            "sha256": papering.content_digest(paper),
        },
    )


def _freeze(
    content: dict[str, Any], project: Project | None, issuer: Organisation, by: User | None
) -> dict[str, Any]:
    """Return the content as plain JSON with the names of that day, so that the paper never changes with them.

    Raises `ValueError` for a content that would bring such names itself.
    """
    if "frozen" in content:
        raise ValueError(f"the content of a paper has its own frozen names: {content['frozen']!r}")
    frozen = {"issuer": full_name(issuer, project.region if project else issuer.region), "handler": str(by or "")}
    if project is not None:
        frozen |= {"project": project.name, "code": project.code}
    plain: dict[str, Any] = json.loads(json.dumps(content | {"frozen": frozen}, cls=DjangoJSONEncoder))
    return plain


def full_name(issuer: Organisation, region: Region | None) -> str:
    """Return the name of a body as its papers carry it: the catalogue's 行政审批局 is 高平市行政审批局 there."""
    local = issuer.kind in LOCAL_BODIES and region is not None and region.name not in issuer.name
    return f"{region.name}{issuer.name}" if region is not None and local else issuer.name


#: Kinds of documents by slug; a catalogue that is loaded meanwhile is seen within these seconds.
_kept_kinds: Memo[list[DocumentKind]] = Memo(most=500, seconds=15)


def _kind_of(slug: str, paper_kind: str) -> DocumentKind:
    """Return the catalogue's kind, or the kind of our own papers of this sort (made when first needed)."""
    found = _kept_kinds.of(slug, lambda: list(DocumentKind.objects.filter(slug=slug)[:1])) if slug else []
    if found:
        return found[0]
    own, _ = DocumentKind.objects.get_or_create(
        slug=paper_slug(paper_kind),
        defaults={
            "name": PaperKind(paper_kind).label, "doc_class": PAPER_CLASSES.get(paper_kind, CERTIFICATE_CLASS),
            "produced_by": "portal",
        },
    )
    return own


def papers_of(*subjects: models.Model | None) -> QuerySet[Paper]:
    """Return the papers of some objects, newest first; None among them counts for nothing."""
    keys: dict[str, list[str]] = {}
    for kind, key in (subject_of(subject) for subject in subjects if subject is not None):
        keys.setdefault(kind, []).append(key)
    wanted = Q(pk__in=())
    for kind, found in keys.items():
        wanted |= Q(subject_type=kind, subject_key__in=found)
    return Paper.objects.filter(wanted)


# Rendering: claim, act, mark


def _stale_before() -> dt.datetime:
    """An older claim is that of a dead worker: a PDF takes less than a second, and one made twice is attached once."""
    return timing.now() - dt.timedelta(seconds=settings.RENDER_STALE_SECONDS)


def unrendered() -> QuerySet[Paper]:
    """Return the papers without a PDF that nobody is making, oldest first."""
    free = Q(claimed_at=None) | Q(claimed_at__lt=_stale_before())
    return Paper.objects.filter(free, rendered_at=None).order_by("pk")


def render(paper_id: int) -> bool:
    """Make the PDF of a paper unless it has one or somebody is at it; return whether this call made it."""
    if unrendered().filter(pk=paper_id).update(claimed_at=timing.now()) != 1:
        return False
    paper = Paper.objects.select_related("issuer").get(pk=paper_id)
    return _attach(paper_id, blobs.put([papering.pdf_of(paper)]))


@transaction.atomic
def _attach(paper_id: int, stored: blobs.Stored) -> bool:
    """Attach the PDF as version 1 of the document and mark the paper; a paper that has its PDF keeps it."""
    project_id = Paper.objects.values_list("project_id", flat=True).get(pk=paper_id)
    project = lock_project(project_id) if project_id else None
    paper = Paper.objects.select_for_update(of=("self",)).select_related("document").get(pk=paper_id)
    if paper.rendered_at is not None:
        return False
    paper.digest, paper.size, paper.storage_key = stored.digest, stored.size, stored.key
    paper.rendered_at = max(timing.now(), paper.issued_at)
    paper.save(update_fields=["digest", "size", "storage_key", "rendered_at"])
    if paper.document is not None:
        DocumentVersion.objects.create(
            document=paper.document, version=1, algorithm=stored.algorithm, digest=stored.digest,
            sha256=stored.sha256, size=stored.size, media_type=PDF, file_name=file_name(paper),
            storage_key=stored.key, added_at=paper.rendered_at,
        )
    record(
        "paper.rendered", subject=paper, project=project, organisation=None if project else paper.issuer, by=None,
        summary=f"生成版式文件：{paper.title} {paper.number}",
        data={"number": paper.number, stored.algorithm: stored.digest},
    )
    return True


def render_next(paper_id: int) -> bool:
    """Make one PDF and return whether one was made: a worker that was woken for a paper makes what is needed most.

    First what a hand-over to the city archive waits for, project by project, then the paper itself, then the oldest:
    as many papers are made as there were calls, whatever their order.
    """
    waiting = unrendered()
    handed = waiting.filter(project__stage=Stage.DELIVERED, state=PaperState.VALID).order_by("project_id", "pk")
    for rows in (handed, waiting.filter(pk=paper_id), waiting):
        first = rows.values_list("pk", flat=True).first()
        if first is not None and render(first):
            return True
    return False


def file_name(paper: Paper) -> str:
    """Return the name under which the PDF is handed out."""
    return f"{paper.title}{paper.number}.pdf"


def ensure_rendered(paper_id: int) -> Paper:
    """Return the paper with its PDF: make it now, or wait for the worker that is just making it.

    Raises `DomainError` `paper_rendering` when that worker takes longer than a person waits.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        paper = Paper.objects.select_related("issuer", "project", "document").get(pk=paper_id)
        if paper.rendered_at is not None:
            return paper
        if not render(paper_id):
            if time.monotonic() > deadline:
                raise DomainError(
                    "paper_rendering", "这份文书的 PDF 正在生成，请过几秒再试；网页上的文书内容相同，可以先看。"
                )
            time.sleep(0.2)


def open_pdf(paper_id: int) -> tuple[Paper, IO[bytes]]:
    """Return the paper and its PDF, opened, its hash compared; the caller closes it. Made now when it is missing."""
    paper = ensure_rendered(paper_id)
    return paper, blobs.open_checked(paper.storage_key, paper.digest)


def render_pending(*, limit: int = 100) -> tuple[int, int]:
    """Make the PDFs that are missing; return how many were made and how many failed."""
    made = failed = 0
    for paper_id in list(unrendered().values_list("pk", flat=True)[:limit]):
        try:
            made += render(paper_id)
        except (DomainError, OSError, ValueError) as error:
            failed += 1
            logger.warning("paper %s: %s", paper_id, error)
    return made, failed


# What becomes of a paper


@transaction.atomic
def replace_paper(old: Paper, *, new: Paper, by: User | None, reason: str, at: dt.datetime | None = None) -> Paper:
    """换发: `new` stands in the place of `old`, whose number stays taken. Event `paper.replaced`; twice is a no-op."""
    project = lock_project(old.project_id) if old.project_id else None
    paper = Paper.objects.select_for_update(of=("self",)).select_related("document", "issuer").get(pk=old.pk)
    if paper.state == PaperState.REPLACED:
        return paper
    _require_valid(paper, "换发")
    before = paper.state
    paper.replace()
    paper.save(update_fields=["state"])
    if paper.document is not None and new.document is not None:
        filing.replace_document(paper.document, new.document)
    record(
        "paper.replaced", subject=paper, project=project, organisation=None if project else paper.issuer, by=by, at=at,
        summary=f"换发为 {new.number}：{reason}", data={"state": [before, paper.state], "by": new.number},
    )
    return paper


@transaction.atomic
def revoke_paper(old: Paper, *, by: User | None, reason: str, at: dt.datetime | None = None) -> Paper:
    """撤销: the paper no longer has any effect; it stays in the archive. Event `paper.revoked`; twice is a no-op."""
    project = lock_project(old.project_id) if old.project_id else None
    paper = Paper.objects.select_for_update(of=("self",)).select_related("issuer").get(pk=old.pk)
    if paper.state == PaperState.REVOKED:
        return paper
    _require_valid(paper, "撤销")
    before = paper.state
    paper.revoke()
    paper.save(update_fields=["state"])
    record(
        "paper.revoked", subject=paper, project=project, organisation=None if project else paper.issuer, by=by, at=at,
        summary=f"撤销 {paper.number}：{reason}", data={"state": [before, paper.state]},
    )
    return paper


def _require_valid(paper: Paper, verb: str) -> None:
    if paper.state != PaperState.VALID:
        raise DomainError("paper_not_valid", f"{paper.number} 已是“{paper.get_state_display()}”，不能再{verb}。")


def documents_of(papers: Iterable[Paper]) -> list[Document]:
    """Return the documents of papers that have one."""
    return [paper.document for paper in papers if paper.document is not None]
