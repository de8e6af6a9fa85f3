"""Files that workers make of an archive: the project volume and the package of a hand-over. Claim, make, mark.

A worker that dies anywhere leaves a row that the sweep takes up again; what it made lies under its content and does no
harm. What cannot be made says why, and may be asked for again.
"""

from __future__ import annotations

import datetime as dt
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet

from archives import bagging, blobs, checks, conversion, rules, volumes
from archives.blobs import DamagedError
from archives.models import Bundle, Document, DocumentVersion, TransferLine
from archives.services import keeping
from archives.states import BundleKind, CheckMoment, Visibility
from archives.uploads import NO_SPACE
from projects import timing
from projects.errors import DomainError, require
from projects.events import lock_project, record

if TYPE_CHECKING:
    from archives.models import Transfer
    from projects.models import Project, User

logger = logging.getLogger(__name__)
#: A claim this old is that of a dead worker; nothing that is made takes so long (task_time_limit).
STALE = dt.timedelta(seconds=310)
NAMED = 5
#: A job copies files for so long, then lets the next one go on: with one more file it stays under the limit of a task.
COPY_SECONDS = 150.0


class UnfinishedError(Exception):
    """There is more to copy than one job may take time for."""


@transaction.atomic
def request_volume(project_id: int, *, by: User, at: dt.datetime | None = None) -> Bundle:
    """Ask for the project volume; one that is being made, or that no event has overtaken, is returned as it is.

    The enterprise's volume has no documents of the office side. Event `volume.requested`; a worker makes it.
    """
    from archives.tasks import make_bundle

    project = lock_project(project_id)
    require(rules.can_read_archive, by, project)
    view = Visibility.OFFICE if rules.sees_office(by) else Visibility.PROJECT
    last = Bundle.objects.filter(project=project, kind=BundleKind.VOLUME, view=view, fault="").order_by("-pk").first()
    if last is not None and (last.made_at is None or last.requested_at >= _last_filed(project)):
        return last
    bundle = Bundle.objects.create(
        project=project, kind=BundleKind.VOLUME, view=view, requested_by=by, requested_at=at or timing.now()
    )
    record("volume.requested", subject=bundle, project=project, by=by, at=at, summary="生成项目卷")
    make_bundle.delay_on_commit(bundle.pk)
    return bundle


def _last_filed(project: Project) -> dt.datetime:
    versions = DocumentVersion.objects.filter(document__project=project).order_by("-added_at")
    return versions.values_list("added_at", flat=True).first() or dt.datetime.min.replace(tzinfo=dt.UTC)


def add_bag(transfer: Transfer, *, by: User | None, at: dt.datetime) -> Bundle:
    """Ask in the locked project for the package of a hand-over."""
    from archives.tasks import make_bundle

    bundle = Bundle.objects.create(
        project=transfer.project, kind=BundleKind.BAG, transfer=transfer, view=Visibility.OFFICE, requested_by=by,
        requested_at=at,
    )
    make_bundle.delay_on_commit(bundle.pk)
    return bundle


def unmade() -> QuerySet[Bundle]:
    """Return what nobody is making, oldest first."""
    free = Q(claimed_at=None) | Q(claimed_at__lt=timing.now() - STALE)
    return Bundle.objects.filter(free, made_at=None, fault="").order_by("pk")


def make(bundle_id: int) -> bool:
    """Make one, unless it is made or somebody is at it; return whether this call made it."""
    if unmade().filter(pk=bundle_id).update(claimed_at=timing.now()) != 1:
        return False
    bundle = Bundle.objects.select_related(
        "project__owner", "project__centre", "project__region", "transfer__receiver"
    ).get(pk=bundle_id)
    try:
        with tempfile.TemporaryDirectory(dir=blobs.scratch_folder()) as scratch:
            target = Path(scratch, "made")
            pages = None
            if bundle.kind == BundleKind.VOLUME:
                pages = _volume(bundle, target)
            else:
                _bag(bundle, target)
            with target.open("rb") as file:
                stored = blobs.put(iter(lambda: file.read(blobs.CHUNK), b""))
    except UnfinishedError:
        _go_on(bundle_id)
        return False
    except (DomainError, OSError) as error:
        _say_why(bundle_id, error)
        return False
    return _mark(bundle, stored, pages)


def _go_on(bundle_id: int) -> None:
    """Let the next job take it up where this one ended."""
    from archives.tasks import make_bundle

    Bundle.objects.filter(pk=bundle_id, made_at=None).update(claimed_at=None)
    make_bundle.delay_on_commit(bundle_id)


def _say_why(bundle_id: int, error: DomainError | OSError) -> None:
    """Keep why it could not be made; a fault of the machine that is not a full disk is not ours to explain."""
    if isinstance(error, DomainError):
        words = error.message
    elif error.errno in NO_SPACE:
        words = "存储空间已满。请告知系统管理员清理或扩容，之后重新生成；已归档的文件不受影响。"
    else:
        raise error
    Bundle.objects.filter(pk=bundle_id).update(fault=words[:300])
    logger.warning("bundle %s: %s", bundle_id, words)


@transaction.atomic
def _mark(bundle: Bundle, stored: blobs.Stored, pages: int | None) -> bool:
    project = lock_project(bundle.project_id)
    row = Bundle.objects.select_for_update().get(pk=bundle.pk)
    if row.made_at is not None:
        return False
    row.algorithm, row.digest, row.storage_key, row.size = stored.algorithm, stored.digest, stored.key, stored.size
    row.pages, row.made_at = pages, max(timing.now(), row.requested_at)
    row.save()
    record(
        f"{row.kind}.made", subject=row, project=project, by=None, summary=f"生成{row.get_kind_display()}",
        data={stored.algorithm: stored.digest, "size": stored.size},
    )
    return True


def make_pending(*, limit: int = 10) -> int:
    """Make what a dead worker or a silent broker left behind; return how many."""
    return sum(make(pk) for pk in list(unmade().values_list("pk", flat=True)[:limit]))


def again(bundle: Bundle) -> None:
    """Let a bundle that could not be made be tried again."""
    from archives.tasks import make_bundle

    Bundle.objects.filter(pk=bundle.pk, made_at=None).update(fault="", claimed_at=None)
    make_bundle.delay_on_commit(bundle.pk)


def open_bundle(bundle: Bundle) -> IO[bytes]:
    """Return a made bundle, opened, its digest compared; the caller closes it."""
    return blobs.open_checked(bundle.storage_key, bundle.digest)


def documents_for(project: Project, view: str) -> list[Document]:
    """Return the current documents of an archive in the order of its catalogue, with their versions."""
    versions = Prefetch("versions", DocumentVersion.objects.select_related("text").order_by("version"))
    rows = Document.objects.current().filter(project=project, versions__isnull=False).distinct()
    if view != Visibility.OFFICE:
        rows = rows.exclude(visibility=Visibility.OFFICE)
    related = rows.select_related("kind", "paper__issuer", "project").prefetch_related(versions)
    return list(related.order_by("doc_class", "serial"))


def _parts(documents: list[Document]) -> Iterator[volumes.Part]:
    for document in documents:
        version = list(document.versions.all())[-1]
        paper = getattr(document, "paper", None)
        yield volumes.Part(
            archive_no=document.archive_no, doc_class=document.doc_class, title=document.title,
            filed_on=f"{timing.business_day(document.filed_at):%Y-%m-%d}",
            by=paper.issuer.label if paper is not None else document.filed_by_name, digest=version.digest,
            version=version,
        )


def _volume(bundle: Bundle, target: Path) -> int:
    project = bundle.project
    facts = {
        "project": project.name, "code": project.code, "owner": project.owner.name, "region": project.region.name,
        "centre": project.centre.name, "made_on": f"{timing.today():%Y-%m-%d}",
    }
    parts = list(_parts(documents_for(project, bundle.view)))
    with target.open("wb") as file:
        return volumes.bind(parts, file, facts=facts, most_bytes=settings.VOLUME_MAX_BYTES).pages


def _bag(bundle: Bundle, target: Path) -> None:
    """Make every check of every file of a hand-over and its PDF/A-2u copy, then the package.

    Raises `DomainError` with the files that are not in order, and `UnfinishedError` when the copies take longer than a
    job may: those that are made wait for the next turn.
    """
    transfer = bundle.transfer
    if transfer is None:
        raise DomainError("bag_without_transfer", "移交包没有对应的移交记录。")
    related = ("version__document__project", "version__document__paper", "version__text")
    lines = list(TransferLine.objects.filter(transfer=transfer).select_related(*related).order_by("ordinal"))
    copies = _copies_folder(transfer)
    kept = _copies(lines, copies)
    folder = target.with_name("bag")
    folder.mkdir()
    try:
        _examine(lines, kept)
        bagging.fill(folder, transfer, lines, kept)
        bagging.pack(folder, target, name=f"{transfer.project.code}-{transfer.round}")
    finally:
        shutil.rmtree(copies, ignore_errors=True)


def _copies_folder(transfer: Transfer) -> Path:
    """Return where the copies of a hand-over wait for its package; what is left there goes after a day."""
    home = blobs.scratch_folder() or Path(tempfile.gettempdir())
    folder = home / f"gaige-pdfa-{transfer.pk}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _copies(lines: Sequence[TransferLine], folder: Path) -> dict[int, conversion.Kept]:
    """Return what stands for each version in the long run; a changed byte is left to the checks."""
    until = time.monotonic() + COPY_SECONDS
    kept: dict[int, conversion.Kept] = {}
    for line in lines:
        if time.monotonic() > until:
            raise UnfinishedError
        try:
            kept[line.version_id] = conversion.keep(line.version, folder)
        except DamagedError:
            kept[line.version_id] = conversion.Kept(f"{conversion.AS_IS}：与归档时不一致")
    return kept


def _examine(lines: Sequence[TransferLine], kept: Mapping[int, conversion.Kept]) -> None:
    """Make every check of every file and keep the results; raises `DomainError` with those that are not in order."""
    told = keeping.told_digests(line.version.document for line in lines)
    broken = []
    for line in lines:
        done = checks.examine(line.version, told=told[line.version.document_id])
        done.results.append(checks.Result(checks.PDFA, ok=True, words=kept[line.version_id].words))
        with transaction.atomic():
            keeping.keep_result(line.version, done, CheckMoment.TRANSFER)
        if not done.ok:
            broken.append(f"{line.archive_no} {line.title}（{done.failed[0].of}：{done.failed[0].label}）")
    if broken:
        more = f"等 {len(broken)} 件" if len(broken) > NAMED else ""
        raise DomainError("bag_broken_file", f"四性检测不通过：{'；'.join(broken[:NAMED])}{more}。")
