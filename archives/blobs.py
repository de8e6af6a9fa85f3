"""Where bytes lie: under the digest of their content, written aside, moved into place, never written over.

The same content twice is stored once. Reading computes the digest again: a changed byte is refused, not handed out.
The algorithm is a setting (DIGEST_ALGORITHM: sha256 or sm3) and stands at the front of every key, so that what was
stored under another one is still found and checked. The store is the Django storage `default`: a folder, or S3.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

from archives.uploads import NO_SPACE
from projects.errors import DomainError

logger = logging.getLogger(__name__)
CHUNK = 1024 * 1024


class DamagedError(DomainError):
    """The stored bytes are not those that were filed, or they are gone."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Content in the store: its key, its digest and by which algorithm, its size in bytes, and always its SHA-256."""

    key: str
    digest: str
    size: int
    algorithm: str
    sha256: str


def key_of(digest: str, algorithm: str) -> str:
    """Return the storage key of a content: sha256/ab/cd/abcd..."""
    return f"{algorithm}/{digest[:2]}/{digest[2:4]}/{digest}"


def algorithm_of(key: str) -> str:
    """Return by which algorithm a content is stored."""
    return key.partition("/")[0]


def put(chunks: Iterable[bytes]) -> Stored:
    """Store a content and return where it lies. Nothing is seen under its key before all of it is on the disk.

    Raises `DomainError` `store_full` when there is no room for it.
    """
    try:
        return _put(chunks)
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        logger.error("the store is full: %s", error)  # noqa: TRY400 - the line says all
        raise DomainError(
            "store_full", "档案库的存储空间已满，没有保存。请告知系统管理员清理或扩容，之后再试；已归档的文件不受影响。"
        ) from error


def _put(chunks: Iterable[bytes]) -> Stored:
    descriptor, name = tempfile.mkstemp(dir=_incoming())
    temporary = Path(name)
    algorithm = settings.DIGEST_ALGORITHM
    digest, size = hashlib.new(algorithm), 0
    beside = hashlib.sha256() if algorithm != "sha256" else digest
    try:
        with os.fdopen(descriptor, "wb") as target:
            for chunk in chunks:
                digest.update(chunk)
                if beside is not digest:
                    beside.update(chunk)
                size += len(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        found = digest.hexdigest()
        stored = Stored(key_of(found, algorithm), found, size, algorithm, beside.hexdigest())
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


def scratch_folder() -> Path | None:
    """Return a folder on the disk of the store for work that is thrown away; None: that of the machine."""
    return _incoming()


def clear_abandoned(*, hours: int = 24) -> int:
    """Delete what uploads that were cut off left beside the store; return how many files."""
    folder = _incoming()
    if folder is None:
        return 0
    oldest = time.time() - hours * 3600
    abandoned = [path for path in folder.iterdir() if path.stat().st_mtime < oldest]
    for path in abandoned:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
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
            name = default_storage.save(stored.key, File(source))
        if name != stored.key:  # somebody stored the same content in the same moment
            default_storage.delete(name)
        return
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary.chmod(settings.FILE_UPLOAD_PERMISSIONS or 0o640)
    temporary.replace(final)


def read_digest(file: IO[bytes], algorithm: str) -> str:
    """Return the digest of an open file and set it back to its start."""
    digest = hashlib.new(algorithm)
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def open_stored(key: str) -> IO[bytes]:
    """Return the content, opened, as it lies there; the caller closes it. Raises `DamagedError` when it is gone."""
    try:
        file: IO[bytes] = default_storage.open(key, "rb")
    except FileNotFoundError as error:
        logger.error("content %s is gone", key)  # noqa: TRY400 - the place says all, the trace nothing
        raise DamagedError(
            "file_missing", "档案库里找不到这份文件，已记入日志。请告知系统管理员从备份恢复，恢复前不要重复提交。"
        ) from error
    return file


def open_checked(key: str, digest: str) -> IO[bytes]:
    """Return the content, opened, after comparing its digest; the caller closes it.

    Raises `DamagedError` when a byte changed or the content is gone.
    """
    file = open_stored(key)
    found = read_digest(file, algorithm_of(key))
    if found != digest:
        file.close()
        logger.error("content %s reads as %s", digest, found)
        raise DamagedError(
            "file_changed", "这份文件的内容与归档时的校验值不一致，已停止提供并记入日志。请告知系统管理员从备份恢复。"
        )
    return file
