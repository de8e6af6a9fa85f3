"""Where bytes lie: under the SHA-256 of their content, written aside, moved into place, never written over.

The same content twice is stored once. Reading computes the hash again: a changed byte is refused, not handed out.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from projects.errors import DomainError

logger = logging.getLogger(__name__)
CHUNK = 256 * 1024
ALGORITHM = "sha256"


class DamagedError(DomainError):
    """The stored bytes are not those that were filed, or they are gone."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Content in the store: its key, its SHA-256 and its size in bytes."""

    key: str
    digest: str
    size: int


def key_of(digest: str) -> str:
    """Return the storage key of a content: sha256/ab/cd/abcd..."""
    return f"{ALGORITHM}/{digest[:2]}/{digest[2:4]}/{digest}"


def put(chunks: Iterable[bytes]) -> Stored:
    """Store a content and return where it lies. Nothing is seen under its key before all of it is on the disk."""
    folder = _incoming()
    descriptor, name = tempfile.mkstemp(dir=folder)
    temporary = Path(name)
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(descriptor, "wb") as target:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        stored = Stored(key_of(digest.hexdigest()), digest.hexdigest(), size)
        _settle(temporary, stored)
    finally:
        temporary.unlink(missing_ok=True)
    return stored


def _incoming() -> Path | None:
    """Return the folder beside the store where a content is written first; None when the store has no disk of ours."""
    try:
        folder = Path(default_storage.path("incoming"))
    except NotImplementedError:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def clear_abandoned(*, hours: int = 24) -> int:
    """Delete what uploads that were cut off left beside the store; return how many files."""
    folder = _incoming()
    if folder is None:
        return 0
    oldest = time.time() - hours * 3600
    abandoned = [path for path in folder.iterdir() if path.is_file() and path.stat().st_mtime < oldest]
    for path in abandoned:
        path.unlink(missing_ok=True)
    return len(abandoned)


def _settle(temporary: Path, stored: Stored) -> None:
    """Move a finished content to its key, unless the same content lies there already."""
    if default_storage.exists(stored.key):
        return
    try:
        final = Path(default_storage.path(stored.key))
    except NotImplementedError:
        with temporary.open("rb") as source:
            default_storage.save(stored.key, File(source))
        return
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary.chmod(settings.FILE_UPLOAD_PERMISSIONS or 0o640)
    temporary.replace(final)


def read_digest(file: IO[bytes]) -> str:
    """Return the SHA-256 of an open file and set it back to its start."""
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def open_checked(key: str, digest: str) -> IO[bytes]:
    """Return the content, opened, after comparing its hash; the caller closes it.

    Raises `DamagedError` when a byte changed or the content is gone.
    """
    try:
        file: IO[bytes] = default_storage.open(key, "rb")
    except FileNotFoundError as error:
        logger.error("content %s is gone", digest)  # noqa: TRY400 - the place says all, the trace nothing
        raise DamagedError(
            "file_missing", "档案库里找不到这份文件，已记入日志。请告知系统管理员从备份恢复，恢复前不要重复提交。"
        ) from error
    found = read_digest(file)
    if found != digest:
        file.close()
        logger.error("content %s reads as %s", digest, found)
        raise DamagedError(
            "file_changed", "这份文件的内容与归档时的校验值不一致，已停止提供并记入日志。请告知系统管理员从备份恢复。"
        )
    return file
