"""Fixity (固化校验): everything in the store is read and compared by night, in slices; a changed byte is named.

A round has cursors over the versions and over the papers without a project. A slice moves them on and may be cut off
anywhere: the next one goes on from there. Two at once: the second sees that the cursor has moved and stops.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q

from archives import blobs, checks
from archives.blobs import DamagedError
from archives.models import DocumentVersion, FixityRound, Inspection, Paper
from archives.services.keeping import keep_result
from archives.states import CheckMoment
from projects import timing

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Files between two movements of the cursor.
STEP = 50
#: A new round begins when the last one began so long ago.
EVERY = dt.timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Walked:
    """What one slice did."""

    files: int = 0
    damaged: int = 0
    is_finished: bool = False


def open_round(*, force: bool = False) -> FixityRound | None:
    """Return the round that runs, or a new one when the last began long enough ago; None when it is too early."""
    last = FixityRound.objects.order_by("-number").first()
    if last is not None and last.finished_at is None:
        return last
    now = timing.now()
    if last is not None and not force and last.started_at > now - EVERY:
        return None
    try:
        with transaction.atomic():
            return FixityRound.objects.create(number=last.number + 1 if last else 1, started_at=now)
    except IntegrityError:  # another worker was faster
        return None


def walk(*, seconds: float = 90.0, force: bool = False) -> Walked:
    """Go on with the round for so long, or begin one; return what was read and what was damaged."""
    one = open_round(force=force)
    if one is None:
        return Walked()
    until = time.monotonic() + seconds
    files = damaged = 0
    while time.monotonic() < until:
        step = _step(one)
        if step is None:
            return Walked(files, damaged)
        files, damaged = files + step.files, damaged + step.damaged
        if step.is_finished:
            return Walked(files, damaged, is_finished=True)
    return Walked(files, damaged)


def _step(one: FixityRound) -> Walked | None:
    """Compare the next files and move the cursor; None when somebody else has moved it."""
    versions = DocumentVersion.objects.filter(pk__gt=one.last_version).select_related("document__project")
    rows = list(versions.order_by("pk")[:STEP])
    if rows:
        return _versions(one, rows)
    papers = Paper.objects.filter(pk__gt=one.last_paper, document=None, rendered_at__isnull=False).order_by("pk")
    bulletins = list(papers.defer("content")[:STEP])
    if bulletins:
        return _papers(one, bulletins)
    closed = FixityRound.objects.filter(pk=one.pk, finished_at=None).update(finished_at=timing.now())
    return Walked(is_finished=True) if closed else None


def _versions(one: FixityRound, rows: Sequence[DocumentVersion]) -> Walked | None:
    before = set(
        Inspection.objects.filter(version__in=rows, moment=CheckMoment.NIGHTLY, ok=False).values_list(
            "version_id", flat=True
        )
    )
    damaged, size = 0, 0
    for version in rows:
        done = checks.examine_bytes(version)
        size += version.size
        damaged += not done.ok
        if not done.ok or version.pk in before:
            with transaction.atomic():
                keep_result(version, done, CheckMoment.NIGHTLY)
    DocumentVersion.objects.filter(pk__in=[row.pk for row in rows]).update(checked_at=timing.now())
    return _moved(one, "last_version", rows[-1].pk, Walked(len(rows), damaged), size)


def _papers(one: FixityRound, rows: Sequence[Paper]) -> Walked | None:
    damaged, size = 0, 0
    for paper in rows:
        size += paper.size or 0
        try:
            blobs.open_checked(paper.storage_key, paper.digest).close()
            Inspection.objects.filter(paper=paper, moment=CheckMoment.NIGHTLY).delete()
        except DamagedError as error:
            damaged += 1
            Inspection.objects.update_or_create(
                paper=paper, moment=CheckMoment.NIGHTLY,
                defaults={
                    "ok": False, "results": [["digest", False, error.message]], "inspected_at": timing.now(),
                },
            )
    return _moved(one, "last_paper", rows[-1].pk, Walked(len(rows), damaged), size)


def _moved(one: FixityRound, cursor: str, to: int, walked: Walked, size: int) -> Walked | None:
    """Move the cursor of a round, unless it is not where it was."""
    files, sizes, damaged = one.files + walked.files, one.size + size, one.damaged + walked.damaged
    changed = FixityRound.objects.filter(Q(**{cursor: getattr(one, cursor)}), pk=one.pk, finished_at=None).update(
        **{cursor: to}, files=files, size=sizes, damaged=damaged
    )
    if changed != 1:
        return None
    setattr(one, cursor, to)
    one.files, one.size, one.damaged = files, sizes, damaged
    return walked


