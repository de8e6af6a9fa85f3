"""The package of a hand-over: BagIt (RFC 8493) with the files, an index as CSV, the signed facts as JSON; one ZIP.

Made and validated with the library that the receiver uses. Every file lies under `documents/` as it was filed; a PDF or
picture that is not PDF/A-2u by itself has a copy that is one under `pdfa/`. The index says of each what is what.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bagit

from archives import blobs, conversion, media
from projects import timing
from projects.errors import DomainError
from projects.exports import csv_lines

if TYPE_CHECKING:
    from archives.models import Transfer, TransferLine

logging.getLogger("bagit").setLevel(logging.ERROR)
INDEX_HEAD = (
    "序号", "档号", "类目", "题名", "文件", "格式", "PDF/A", "页数", "字节数", "摘要算法", "摘要",
    "SHA-256", "责任者", "归档时间", "来源环节", "原件存放", "长期保存", "PDF/A-2u 件", "PDF/A-2u 件 SHA-256",
)
INDEX, FACTS = "index.csv", "transfer.json"
#: What the validation finds, in words; the path is that inside the package.
DETAILS = (
    (bagit.ChecksumMismatch, "{} 的内容与清单不一致"), (bagit.FileMissing, "清单里的 {} 不在包里"),
    (bagit.UnexpectedFile, "清单里没有 {}"),
)
NAMED = 3
BROKEN = (bagit.BagError, zipfile.BadZipFile, OSError, ValueError, KeyError)


def file_of(line: TransferLine) -> str:
    """Return the place of a file in the package: documents/A1/0001-2603-…-1.pdf, letters and digits only."""
    extension = media.extension_of(line.version.file_name) or "bin"
    return f"documents/{line.doc_class}/{line.ordinal:04d}-{line.archive_no}.{extension}"


def copy_of(line: TransferLine) -> str:
    """Return the place of the PDF/A-2u copy of a file in the package: pdfa/A1/0001-2603-…-1.pdf."""
    return f"pdfa/{line.doc_class}/{line.ordinal:04d}-{line.archive_no}.pdf"


def index_rows(lines: Sequence[TransferLine], kept: Mapping[int, conversion.Kept]) -> Iterator[Sequence[Any]]:
    """Yield head and lines of the index."""
    yield INDEX_HEAD
    for line in lines:
        stands = kept[line.version_id]
        document, text = line.version.document, getattr(line.version, "text", None)
        yield (
            line.ordinal, line.archive_no, line.doc_class, line.title, file_of(line), line.media_type,
            text.pdfa if text else "", text.pages if text and text.pages else "", line.size, line.algorithm,
            line.digest, line.version.sha256 or line.digest, document.filed_by_name,
            f"{document.filed_at.astimezone(timing.BUSINESS_ZONE):%Y-%m-%d %H:%M:%S}", document.source_label,
            document.original_at, stands.words, *_of_copy(line, stands.copy),
        )


def _of_copy(line: TransferLine, copy: Path | None) -> tuple[str, str]:
    if copy is None:
        return "", ""
    with copy.open("rb") as file:
        return copy_of(line), hashlib.file_digest(file, "sha256").hexdigest()


def fill(
    folder: Path, transfer: Transfer, lines: Sequence[TransferLine], kept: Mapping[int, conversion.Kept]
) -> None:
    """Write the payload and make it a bag. Raises `DamagedError` for a file that is not what was filed."""
    for line in lines:
        place = folder / file_of(line)
        place.parent.mkdir(parents=True, exist_ok=True)
        with blobs.open_checked(line.version.storage_key, line.digest) as file, place.open("wb") as copy:
            shutil.copyfileobj(file, copy, blobs.CHUNK)
        if (made := kept[line.version_id].copy) is not None:
            beside = folder / copy_of(line)
            beside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made, beside)
    (folder / INDEX).write_text("".join(csv_lines(index_rows(lines, kept))), encoding="utf-8")
    project = transfer.project
    facts = {
        "项目名称": project.name, "项目代码": project.code, "建设单位": project.owner.name,
        "移交单位": project.centre.name, "接收单位": transfer.receiver.name, "移交次数": transfer.round,
        "件数": len(lines), "字节数": sum(line.size for line in lines),
        "PDF/A-2u": sum(one.is_pdfa for one in kept.values()),
    }
    (folder / FACTS).write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
    bagit.make_bag(
        str(folder),
        {
            "Source-Organization": project.centre.name, "Organization-Name": transfer.receiver.name,
            "External-Identifier": f"{project.code}-{transfer.round}", "External-Description": project.name,
            "Bagging-Date": f"{timing.today():%Y-%m-%d}",
        },
        checksums=["sha256"], encoding="utf-8",
    )


def pack(folder: Path, target: Path, *, name: str) -> None:
    """Write the bag as one ZIP without compressing it again."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as container:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                container.write(path, f"{name}/{path.relative_to(folder).as_posix()}")


def validate(file: Any, scratch: Path) -> None:
    """Unpack a package into a scratch folder and validate it with the public library.

    Raises `DomainError` `bag_invalid` with what it found: a changed byte, a file that is missing or too many.
    """
    try:
        with zipfile.ZipFile(file) as container:
            container.extractall(scratch)
        [folder] = [path for path in scratch.iterdir() if path.is_dir()]
        bagit.Bag(str(folder)).validate(processes=1)
    except BROKEN as error:
        raise DomainError(
            "bag_invalid", f"移交包校验不一致，不能接收：{_found(error)}。请退回，由移交方重新生成。"
        ) from error


def _found(error: Exception) -> str:
    """Return in words what the validation found: which file, and what is wrong with it."""
    details = getattr(error, "details", None) or []
    words = [
        template.format(detail.path) for detail in details for kind, template in DETAILS if isinstance(detail, kind)
    ]
    more = f"等 {len(words)} 处" if len(words) > NAMED else ""
    return "；".join(words[:NAMED]) + more if words else "件数、字节数或包的结构与清单不符"
