"""The archive measured: fixity beside `sha256sum`, the project volume, the page of an archive with many documents."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import django
from django.core.files.storage import default_storage

from archives import blobs, papering, volumes
from archives.models import Document, DocumentKind, DocumentVersion
from archives.services.filing import next_serial
from gaige.scale.figures import Beside
from gaige.scale.memory import peak_megabytes
from projects import timing
from projects.models import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

TURNS, FILE_MB = 3, 128
#: Fixity may take so many times the time of sha256sum: at 80 % of its speed.
MOST_RATIO = 1 / 0.8
PAGES, VOLUME_SECONDS, VOLUME_MB = 500, 20.0, 400
PROMISED_GB = 10
FEW, MANY = 20, 2000
#: The page with many documents beside the page with few.
PAGE_RATIO = 1.5
SOURCE = "bench.archive"


@dataclass(frozen=True, slots=True)
class ArchiveFigures(Beside):
    """What reading everything and binding a volume took."""

    gigabytes: float
    seconds: float
    bare_seconds: float
    pages: int
    volume_seconds: float
    volume_mb: float

    @property
    def rate(self) -> float:
        """Megabytes a second."""
        return self.gigabytes * 1024 / self.seconds

    @property
    def extrapolated(self) -> str:
        """What the promised amount would take where less was read; files are read one after the other."""
        if self.gigabytes >= PROMISED_GB:
            return ""
        return f"; {PROMISED_GB} GB at this rate, not measured: {PROMISED_GB * 1024 / self.rate:.0f} s"

    @property
    def words(self) -> str:
        """Return the figures as a sentence."""
        return (
            f"Fixity of {self.gigabytes:.2f} GB: {self.seconds:.2f} s, {self.rate:.0f} MB/s; sha256sum "
            f"{self.bare_seconds:.2f} s ({self.bare_seconds / self.seconds:.0%} of its speed){self.extrapolated}. "
            f"Project volume of {self.pages} pages: "
            f"{self.volume_seconds:.1f} s, {self.volume_mb:.0f} MB at most."
        )

    @property
    def promises(self) -> Iterator[tuple[str, bool]]:
        """Yield what is promised and whether it is kept."""
        yield f"fixity at {1 / self.ratio:.0%} of the speed of sha256sum, promised 80 %", self.ratio <= MOST_RATIO
        within = self.volume_seconds < VOLUME_SECONDS and self.volume_mb < VOLUME_MB
        yield f"volume of {self.pages} pages: {self.volume_seconds:.1f} s and {self.volume_mb:.0f} MB", within


def measure_archive(megabytes: int) -> ArchiveFigures:
    """Measure fixity over so much content and one volume."""
    gigabytes, ours, theirs = _fixity(megabytes)
    # The worker sets Django up before it reads this module, which knows the models.
    with multiprocessing.get_context("spawn").Pool(1, initializer=django.setup) as pool:
        pages, seconds, peak = pool.apply(_volume)
    return ArchiveFigures(gigabytes, ours, theirs, pages, seconds, peak)


def _fixity(megabytes: int) -> tuple[float, float, float]:
    piece = os.urandom(1024 * 1024)
    stored = []
    for number in range(max(megabytes // FILE_MB, 1)):
        mark = number.to_bytes(8, "big")
        stored.append(blobs.put(mark + piece for _ in range(FILE_MB)))
    paths = [default_storage.path(one.key) for one in stored]
    ours, theirs = [], []
    try:
        for _ in range(TURNS):
            begun = time.monotonic()
            for one in stored:
                blobs.open_checked(one.key, one.digest).close()
            ours.append(time.monotonic() - begun)
            begun = time.monotonic()
            command = ["sha256sum", *paths]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - the yardstick
            theirs.append(time.monotonic() - begun)
    finally:
        for path in paths:
            Path(path).unlink()
    size = sum(one.size for one in stored) / 1024**3
    return size, statistics.median(ours), statistics.median(theirs)


def _volume() -> tuple[int, float, float]:
    """Bind a volume in a process of its own; return its pages, the seconds, and the most memory in MB."""
    each = 20
    text = "施工图说明文字，逐页编排，用来测量。" * 40
    html = "".join(f"<p style='break-before:page'>第 {number} 页　{text}</p>" for number in range(each))
    data = papering.lay_out(f"<html><body>{html}</body></html>").write_pdf()
    parts = [_part(number, data) for number in range(PAGES // each)]
    facts: dict[str, Any] = {
        "project": "测量", "code": "0", "owner": "某单位", "region": "某地", "centre": "某中心",
        "made_on": "2026-01-01",
    }
    begun = time.monotonic()
    bound = volumes.bind(parts, io.BytesIO(), facts=facts, most_bytes=10**9)
    seconds = time.monotonic() - begun
    for part in parts:
        default_storage.delete(str(getattr(part.version, "storage_key", "")))
    return bound.pages, seconds, peak_megabytes()


def _part(number: int, data: bytes) -> volumes.Part:
    stored = blobs.put([data, b"\n%% %d\n" % number])
    version: Any = SimpleNamespace(
        media_type="application/pdf", size=stored.size, storage_key=stored.key, digest=stored.digest, file_name="a.pdf"
    )
    return volumes.Part(
        f"2603-140581-89-05-163265-A3-{number:04d}-1", "A3", f"图 {number}", "2026-01-01", "某局", stored.digest,
        version,
    )


def prepare_archives(projects: list[Project]) -> None:
    """Give the first project FEW documents of ours and the second MANY; run again it changes nothing."""
    kind = DocumentKind.objects.order_by("pk")[0]
    for project, count in zip(projects, (FEW, MANY), strict=True):
        have = Document.objects.filter(project=project).count()
        _add(project, kind, count - have)


def _add(project: Project, kind: DocumentKind, count: int) -> None:
    from django.db import transaction

    if count <= 0:
        return
    now, digest = timing.now(), hashlib.sha256(b"bench").hexdigest()
    with transaction.atomic():
        first = next_serial(project, kind.doc_class)
        rows = Document.objects.bulk_create([
            Document(
                project=project, kind=kind, title=f"测量用文件 {number}", doc_class=kind.doc_class,
                serial=first + number,
                source_type=SOURCE, source_key=str(number), source_label="测量", filed_by_name="系统", filed_at=now,
            )
            for number in range(count)
        ])
        DocumentVersion.objects.bulk_create([
            DocumentVersion(
                document=row, digest=digest, sha256=digest, size=5, media_type="application/pdf", file_name="a.pdf",
                storage_key=blobs.key_of(digest, "sha256"), added_at=now,
            )
            for row in rows
        ])


