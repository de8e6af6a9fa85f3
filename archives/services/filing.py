"""Filing: an upload is checked by its bytes, stored by its content, numbered, and told in the event log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any

from django.db import connection, models, transaction
from django.db.models import Q

from archives import blobs, rules
from archives.models import OWNER_CLASS, Document, DocumentKind, DocumentVersion
from archives.states import PaperState, Visibility
from archives.uploads import CheckedUpload, check_upload
from projects import timing
from projects.bulk import Numbered, insert_linked
from projects.errors import require
from projects.events import SYSTEM_NAME, lock_project, record, subject_of
from projects.models import AccessLog, Party, Project
from projects.request_context import request_id
from projects.states import PartyRole

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.core.files.uploadedfile import UploadedFile

    from projects.models import User


#: A document is numbered within its class in the locked project.
SERIAL = Numbered("serial", ("project_id", "doc_class"))


def next_serial(project: Project, doc_class: str) -> int:
    """Return the next serial of a class in the locked project; a rollback leaves it free, so there is no gap."""
    if not connection.in_atomic_block:
        raise RuntimeError("next_serial() belongs inside the service's transaction")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT MAX(serial) FROM archives_document WHERE project_id = %s AND doc_class = %s",
            [project.pk, doc_class],
        )
        [last] = cursor.fetchone()
    return int(last or 0) + 1


def drafted_document(
    project: Project,
    *,
    kind: DocumentKind,
    title: str,
    source: models.Model,
    by: User | None,
    visibility: str = Visibility.PROJECT,
    valid_until: dt.date | None = None,
    source_label: str = "",
    role: str = PartyRole.BUILDER,
    at: dt.datetime | None = None,
) -> Document:
    """Return an unsaved document of the locked project, without its number; `put_document` writes it.

    主体资格 is kept as that of the one body that takes part in the project as `role`.
    """
    moment = at or timing.now()
    source_type, source_key = subject_of(source)
    held = kind.doc_class == OWNER_CLASS
    if valid_until is None and kind.validity_days:
        valid_until = timing.business_day(moment) + dt.timedelta(days=kind.validity_days)
    return Document(
        project=project, kind=kind, title=clean_title(title) or kind.name, doc_class=kind.doc_class,
        visibility=visibility, source_type=source_type,
        source_key=source_key, source_label=(source_label or step_of(source))[:200], filed_by=by,
        filed_by_name=str(by) if by else SYSTEM_NAME, filed_at=moment, valid_until=valid_until,
        holder_id=holder_of(project, role) if held else None, holder_role=role if held else "",
    )


def put_document(document: Document, *with_it: models.Model) -> None:
    """Write a document, numbered within its class, in one statement with rows that point at it; its bytes follow."""
    if not connection.in_atomic_block:
        raise RuntimeError("put_document() belongs inside the service's transaction")
    insert_linked(document, *with_it, numbered=SERIAL)


def holders(project: Project) -> dict[str, list[int]]:
    """Return the bodies that take part in a project, by what they are in it. One query."""
    found: dict[str, list[int]] = {PartyRole.BUILDER: [project.owner_id]}
    for role, body in Party.objects.filter(project=project).order_by("pk").values_list("role", "organisation_id"):
        if role != PartyRole.BUILDER:
            found.setdefault(role, []).append(body)
    return found


def holder_of(project: Project, role: str) -> int | None:
    """Return the one body that takes part as `role`; none where nobody does, or several do."""
    if role == PartyRole.BUILDER:
        return project.owner_id
    bodies = holders(project).get(role, [])
    return bodies[0] if len(bodies) == 1 else None


def step_of(source: models.Model) -> str:
    """Return from which step a document comes: 办件 建设工程规划许可证核发."""
    name, label = str(source._meta.verbose_name), str(source)
    return label if name in label else f"{name} {label}"


def clean_title(title: str) -> str:
    """Return a title as it is kept: printable, single blanks, at most 200 characters."""
    return " ".join("".join(letter for letter in title if letter.isprintable() or letter == " ").split())[:200]


def file_upload(
    project: Project,
    *,
    uploaded: UploadedFile[Any],
    kind: DocumentKind,
    title: str,
    source: models.Model,
    by: User | None,
    visibility: str = Visibility.PROJECT,
    valid_until: dt.date | None = None,
    source_label: str = "",
    role: str = PartyRole.BUILDER,
    at: dt.datetime | None = None,
) -> Document:
    """File an upload in the locked project: check, store the bytes, row, version 1, event `document.filed`.

    The same content for the same kind and step again returns the document that stands. Raises `DomainError` as
    `check_upload` does.
    """
    checked = check_upload(uploaded)
    stored = blobs.put(uploaded.chunks())
    standing = _standing(project, kind, source, stored.digest)
    if standing is not None:
        return standing
    document = drafted_document(
        project, kind=kind, title=title, source=source, by=by, visibility=visibility, valid_until=valid_until,
        source_label=source_label, role=role, at=at,
    )
    put_document(document)
    version = _add_version(document, stored, checked, number=1, at=at)
    record(
        "document.filed", subject=document, project=project, by=by, at=at, summary=f"归档：{document.title}",
        data={"kind": kind.slug, "archive_no": document.archive_no, version.algorithm: version.digest},
    )
    return document


def _standing(project: Project, kind: DocumentKind, source: models.Model, digest: str) -> Document | None:
    """Return the current document of the same kind, step and content."""
    source_type, source_key = subject_of(source)
    return (
        Document.objects.current()
        .filter(
            project=project, kind=kind, source_type=source_type, source_key=source_key, versions__digest=digest,
        )
        .order_by("pk")
        .first()
    )


def _add_version(
    document: Document, stored: blobs.Stored, checked: CheckedUpload, *, number: int, at: dt.datetime | None
) -> DocumentVersion:
    return DocumentVersion.objects.create(
        document=document, version=number, algorithm=stored.algorithm, digest=stored.digest,
        sha256=stored.sha256, size=stored.size, media_type=checked.media_type, file_name=checked.name,
        storage_key=stored.key, added_at=at or timing.now(),
    )


@transaction.atomic
def file_document(
    project_id: int, *, uploaded: UploadedFile[Any], kind: DocumentKind, title: str, by: User,
    at: dt.datetime | None = None,
) -> Document:
    """补充归档: file a document that belongs to no step of ours. Raises `NotAllowed` and what `file_upload` raises."""
    project = lock_project(project_id)
    require(rules.can_file, by, project)
    return file_upload(
        project, uploaded=uploaded, kind=kind, title=title, source=project, by=by, source_label="补充归档", at=at
    )


@transaction.atomic
def add_version(
    document: Document, *, uploaded: UploadedFile[Any], by: User | None, at: dt.datetime | None = None
) -> DocumentVersion:
    """Add a version to a document; earlier ones stay. Event `document.version_added`.

    The same content as the newest version is a no-op. Raises `NotAllowed` for a paper or a replaced document.
    """
    project = lock_project(document.project_id)
    document = Document.objects.select_for_update(of=("self",)).select_related("project", "kind").get(pk=document.pk)
    require(rules.can_add_version, by, document)
    return put_version(document, project, uploaded=uploaded, by=by, at=at)


def put_version(
    document: Document, project: Project, *, uploaded: UploadedFile[Any], by: User | None,
    at: dt.datetime | None = None,
) -> DocumentVersion:
    """Add a version to a document of the locked project, under a rule of the caller's. Effects as `add_version`."""
    checked = check_upload(uploaded)
    stored = blobs.put(uploaded.chunks())
    newest = document.versions.order_by("version").last()
    if newest is not None and newest.digest == stored.digest:
        return newest
    number = newest.version + 1 if newest else 1
    version = _add_version(document, stored, checked, number=number, at=at)
    record(
        "document.version_added", subject=document, project=project, by=by, at=at,
        summary=f"第 {number} 版：{document.title}", data={"version": number, version.algorithm: version.digest},
    )
    return version


def replace_document(old: Document, new: Document) -> None:
    """Mark in the locked project that `new` stands in the place of `old`; both stay in the archive."""
    old.replaced_by = new
    old.save(update_fields=["replaced_by"])


def find_held(
    project: Project, kinds: Iterable[DocumentKind], *, role: str = PartyRole.BUILDER
) -> dict[int, Document]:
    """免提交: per kind the newest document that is current, valid today and reusable, by the kind's primary key.

    `role` says whose 主体资格 (class S) is meant; other classes have no holder. See `find_held_by`.
    """
    wanted = list(kinds)
    found = find_held_by(project, wanted)
    keys = {kind.pk: (kind.pk, role if kind.doc_class == OWNER_CLASS else "") for kind in wanted}
    return {pk: found[key] for pk, key in keys.items() if key in found}


def find_held_by(project: Project, kinds: Iterable[DocumentKind]) -> dict[tuple[int, str], Document]:
    """免提交: the newest good and reusable document per kind and, for 主体资格, per role of the body that holds it.

    Looked for in the project; 主体资格 of a body that takes part in it also in all other projects: the owner's in the
    owner's, another body's wherever it was filed, personal papers only with the same owner. The archive already holds
    it, so nobody may ask for it again (国发〔2016〕55号). One query, two where 主体资格 is wanted.
    """
    wanted = [kind for kind in kinds if kind.is_reusable]
    if not wanted:
        return {}
    where = Q(project=project, kind__in=[kind.pk for kind in wanted])
    held = [kind for kind in wanted if kind.doc_class == OWNER_CLASS]
    bodies = holders(project) if held else {}
    sole = {role: ids[0] for role, ids in bodies.items() if len(ids) == 1}
    for role, body in sole.items():
        theirs = Q(holder=body, holder_role=role)
        where |= theirs & Q(kind__in=[kind.pk for kind in held if not kind.is_personal])
        where |= theirs & Q(project__owner=project.owner_id, kind__in=[kind.pk for kind in held])
    rows = (
        Document.objects.current()
        .filter(where)
        .filter(Q(valid_until=None) | Q(valid_until__gte=timing.today()))
        .filter(Q(paper=None) | Q(paper__state=PaperState.VALID))
        .filter(Q(versions__isnull=False) | Q(paper__isnull=False))
        .select_related("kind", "project", "holder")
        .order_by("pk")
        .distinct()
    )
    best: dict[tuple[int, str], Document] = {}
    for row in rows:
        if row.holder_id and row.holder_id not in bodies.get(row.holder_role, [row.holder_id]):
            continue  # it was filed here by a body that has left the project
        key = (row.kind_id, row.holder_role)
        known = best.get(key)
        if known is None or row.project_id == project.pk or known.project_id != project.pk:
            best[key] = row
    return best


def open_version(version: DocumentVersion) -> IO[bytes]:
    """Return the bytes of a version, opened, after checking their hash; the caller closes it.

    Raises `DamagedError` when a byte changed; `report_damage` tells it in the event log.
    """
    return blobs.open_checked(version.storage_key, version.digest)


@transaction.atomic
def report_damage(document: Document, *, digest: str, reason: str) -> None:
    """Tell once in the event log that the bytes of a document are not what was filed. Event `document.damaged`."""
    from projects.models import Event

    project = lock_project(document.project_id)
    subject_type, subject_key = subject_of(document)
    told = Event.objects.filter(
        subject_type=subject_type, subject_key=subject_key, kind="document.damaged", project=project
    ).values_list("data", flat=True)
    if any(data.get("sha256") == digest for data in told):
        return
    record(
        "document.damaged", subject=document, project=project, by=None, summary=f"校验不一致：{document.title}",
        data={"sha256": digest, "reason": reason},
    )


def log_read(user: User | AnonymousUser, *, subject: models.Model, project: Project | None, action: str) -> None:
    """Write who read which private file, when."""
    subject_type, subject_key = subject_of(subject)
    AccessLog.objects.create(
        user_id=user.pk if user.is_authenticated else None, project=project, subject_type=subject_type,
        subject_key=subject_key, subject_label=str(subject)[:200], action=action, read_at=timing.now(),
        request_id=request_id.get(),
    )
