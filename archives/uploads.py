"""An upload on its way in: received within its limits, then looked at by its bytes before anything is filed."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from archives import media, virus
from archives.containers import OTHER
from projects.errors import DomainError
from projects.quoting import quoted

if TYPE_CHECKING:
    from io import FileIO

    from django.core.files.uploadedfile import UploadedFile

#: The disk, the quota, or what one file of this process may have, is full.
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
SPACE_SENTENCE = "存储空间已满，“{name}”没有保存。请告知系统管理员清理或扩容，之后重新上传。"
#: Files whose content may hold a script; they are refused by their kind already, this says why.
SCRIPTABLE = frozenset({"svg", "html", "htm", "xhtml", "mht", "mhtml", "js", "xml"})
#: Photographs as telephones keep them; few programs open them, none of the archive's checks does.
HEIF = frozenset({"heic", "heif", "hif"})
HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif"})
HEIF_SENTENCE = (
    "是 HEIC 照片，很多电脑打不开，档案不收，没有保存。请传 JPEG：苹果手机在“设置”的“相机”“格式”里选“兼容性最佳”再拍，"
    "已经拍好的先转成 JPEG。"
)
FULL, LARGE = "full", "large"


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Writes an upload aside until it is too large or the disk is full, then only counts what still comes.

    The request is read to its end, so that the person gets a sentence and not a broken connection.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file, written without a buffer: on a full disk its rest could neither go nor be dropped."""
        super().new_file(*args, **kwargs)
        self.trouble = ""
        self.raw = cast("FileIO", cast("Any", self.file.file).raw)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keep a piece, unless there is no use in it any more."""
        if not self.trouble and start + len(raw_data) > settings.UPLOAD_MAX_BYTES:
            self._give_up(LARGE)
        if not self.trouble:
            try:
                self._write(raw_data)
            except OSError as error:
                if error.errno not in NO_SPACE:
                    raise
                self._give_up(FULL)
        return None

    def _write(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            rest = rest[self.raw.write(rest) :]

    def _give_up(self, trouble: str) -> None:
        self.trouble = trouble
        self.raw.seek(0)
        self.raw.truncate()

    def file_complete(self, file_size: int) -> TemporaryUploadedFile:
        """Return the file with its true size, whatever of it was kept."""
        self.raw.seek(0)
        self.file.size = file_size
        self.file.trouble = self.trouble  # type: ignore[attr-defined]
        return self.file


@dataclass(frozen=True, slots=True)
class CheckedUpload:
    """An upload that may be filed: its cleaned name, its media type, its size in bytes."""

    name: str
    media_type: str
    size: int


def check_upload(uploaded: UploadedFile[Any]) -> CheckedUpload:
    """Return what may be filed, or raise `DomainError` with a sentence that says what is wrong and what to do.

    Refused: an empty file (`upload_empty`), one above the limit (`upload_large`), one that the disk had no room for
    (`upload_no_space`), a type that is not allowed (`upload_type`), content that is not what the name says
    (`upload_content`), what is cut off, damaged, encrypted, scripted, several kinds of file in one, holds other files
    or unpacks beyond measure (`upload_broken`), a virus (`upload_virus`), and everything while a scanner that is
    switched on does not answer (`upload_unscanned`).
    """
    name, size = media.clean_name(uploaded.name), uploaded.size or 0
    if size == 0:
        raise DomainError("upload_empty", f"{quoted(name)}是空文件（0 字节），没有保存。请打开核对后重新选择。")
    if size > settings.UPLOAD_MAX_BYTES:
        most = settings.UPLOAD_MAX_BYTES // (1024 * 1024)
        raise DomainError(
            "upload_large",
            f"{quoted(name)}有 {size / 1024 / 1024:.1f} MB，超过单个文件 {most} MB 的上限，没有保存。"
            "请压缩或分册后再传。",
        )
    if getattr(uploaded, "trouble", "") == FULL:
        raise DomainError("upload_no_space", SPACE_SENTENCE.format(name=name))
    extension = media.extension_of(name)
    expected = media.BY_EXTENSION.get(extension)
    if expected is None:
        if extension in HEIF:
            raise DomainError("upload_type", f"{quoted(name)}{HEIF_SENTENCE}")
        why = "网页和 SVG 一类的文件可能带脚本，请另存为 PDF。" if extension in SCRIPTABLE else ""
        raise DomainError(
            "upload_type", f"{quoted(name)}的类型不在可收的范围内，没有保存。可以上传：{media.ALLOWED_WORDS}。{why}"
        )
    _check_content(uploaded, name, size, expected)
    virus.scan(_chunks(uploaded), name=name)
    return CheckedUpload(name, expected.media_type, size)


def _chunks(uploaded: UploadedFile[Any]) -> Iterator[bytes]:
    uploaded.seek(0)
    yield from uploaded.chunks()
    uploaded.seek(0)


def _check_content(uploaded: UploadedFile[Any], name: str, size: int, expected: media.MediaType) -> None:
    file = cast("IO[bytes]", uploaded.file)
    head, tail = media.ends_of(file, size)
    fault = expected.fault(file, head, tail)
    if fault == OTHER and head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS:
        raise DomainError("upload_content", f"{quoted(name)}{HEIF_SENTENCE}")
    if fault == OTHER:
        raise DomainError(
            "upload_content",
            f"{quoted(name)}的内容不是{expected.label}，而是{media.sniff(file, head, tail)}，没有保存。"
            "请另存为正确的格式再传。",
        )
    if fault:
        why, _, instead = fault.partition("，请")
        raise DomainError(
            "upload_broken", f"{quoted(name)}{why}，没有保存。请{instead or '确认能正常打开后重新上传'}。"
        )
