"""四性检测 as machine checks: is a file genuine (真实), whole (完整), usable (可用), safe (安全).

The list is our own reading of the four properties (docs/archive.md). Each check answers with words; nothing is written
here. At filing and at a hand-over every check is made, by night those that a changed byte or a lost file would fail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import IO, TYPE_CHECKING, Any

from archives import blobs, media, pdfs, virus
from archives.blobs import DamagedError
from archives.containers import OTHER
from projects.errors import DomainError

if TYPE_CHECKING:
    from archives.models import DocumentVersion

AUTHENTIC, COMPLETE, USABLE, SAFE = "真实性", "完整性", "可用性", "安全性"
PROPERTIES = (AUTHENTIC, COMPLETE, USABLE, SAFE)
#: check -> (property, what is looked at); the order is that of the page.
CHECKS: dict[str, tuple[str, str]] = {
    "digest": (AUTHENTIC, "内容与归档时的摘要一致"),
    "origin": (AUTHENTIC, "归档人、时间和来源环节有记录"),
    "log": (AUTHENTIC, "大事记里的摘要与档案一致"),
    "metadata": (COMPLETE, "题名、类目、档号、文件名齐全"),
    "size": (COMPLETE, "字节数与归档时一致"),
    "versions": (COMPLETE, "版次连续，没有缺版"),
    "stored": (USABLE, "文件在库，能读出"),
    "format": (USABLE, "格式在可收范围内，内容与格式相符"),
    "opens": (USABLE, "能打开，没有损坏、没有加密"),
    "pages": (USABLE, "PDF 至少有一页"),
    "virus": (SAFE, "病毒扫描"),
    "scripts": (SAFE, "不带脚本、宏、程序和夹带的文件"),
    "name": (SAFE, "文件名不含路径和控制字符"),
}
#: What is told of a file at a hand-over beside the checks: whether it is PDF/A-2u, has a copy that is, or neither.
PDFA = "pdfa"
AT_TRANSFER = {PDFA: (USABLE, "长期保存格式 PDF/A-2u")}
NIGHTLY = ("digest", "size", "stored")
UNSCANNED = "没有接病毒扫描，未检"
#: The faults that speak against safety rather than usability.
UNSAFE = ("脚本", "宏", "程序", "压缩炸弹", "以外的位置", "夹带", "向外发送", "影音或三维")


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of one check."""

    check: str
    ok: bool
    words: str = ""

    @property
    def label(self) -> str:
        """What is looked at."""
        return (CHECKS | AT_TRANSFER).get(self.check, ("", self.check))[1]

    @property
    def of(self) -> str:
        """Which of the four properties."""
        return (CHECKS | AT_TRANSFER).get(self.check, ("", ""))[0]


@dataclass(slots=True)
class Examined:
    """What looking at one file gave."""

    results: list[Result] = field(default_factory=list)
    pages: int | None = None
    pdfa: str = ""

    @property
    def ok(self) -> bool:
        """Return whether every check was passed."""
        return all(result.ok for result in self.results)

    @property
    def failed(self) -> list[Result]:
        """Return the checks that were not passed."""
        return [result for result in self.results if not result.ok]

    def as_rows(self) -> list[list[Any]]:
        """Return the results as they are kept."""
        return [[one["check"], one["ok"], one["words"]] for one in map(asdict, self.results)]


def revived(rows: Iterable[Sequence[Any]]) -> list[Result]:
    """Return kept results."""
    return [Result(str(check), bool(ok), str(words)) for check, ok, words in rows]


def examine_bytes(version: DocumentVersion) -> Examined:
    """Return whether the bytes in the store are those that were filed: the checks of the night."""
    try:
        with blobs.open_checked(version.storage_key, version.digest) as file:
            size = file.seek(0, 2)
    except DamagedError as error:
        stored = error.code != "file_missing"
        return Examined([Result("digest", ok=False, words=error.message), Result("stored", stored)])
    return Examined([Result("digest", ok=True), _size(size, version.size), Result("stored", ok=True)])


def _size(found: int, filed: int) -> Result:
    return Result("size", found == filed, "" if found == filed else f"归档时 {filed} 字节，现在 {found} 字节")


def examine(version: DocumentVersion, *, told: Iterable[str]) -> Examined:
    """Make every check of one version; `told` are the digests that the event log names for its document."""
    done = examine_bytes(version)
    document = version.document
    found = done.results
    lacks = [word for word, value in (
        ("归档人", document.filed_by_name), ("来源环节", document.source_label), ("归档时间", document.filed_at),
    ) if not value]
    found.append(Result("origin", not lacks, f"缺{'、'.join(lacks)}" if lacks else ""))
    known = version.digest in set(told)
    found.append(Result("log", known, "" if known else "大事记里没有这个摘要"))
    lacks = [word for word, value in (
        ("题名", document.title), ("类目", document.doc_class), ("文件名", version.file_name),
        ("格式", version.media_type),
    ) if not value]
    found.append(Result("metadata", not lacks, f"缺{'、'.join(lacks)}" if lacks else ""))
    numbers = sorted(document.versions.values_list("version", flat=True))
    whole = numbers == list(range(1, len(numbers) + 1))
    found.append(Result("versions", whole, "" if whole else f"版次是 {'、'.join(map(str, numbers))}"))
    safe_name = media.clean_name(version.file_name) == version.file_name
    found.append(Result("name", safe_name, "" if safe_name else "文件名含有路径或控制字符"))
    if found[0].ok:
        with blobs.open_stored(version.storage_key) as file:
            _open(version, file, done)
    found.sort(key=lambda result: list(CHECKS).index(result.check))
    return done


def _open(version: DocumentVersion, file: IO[bytes], done: Examined) -> None:
    """Look inside the file."""
    kind = next((one for one in media.MEDIA if one.media_type == version.media_type), None)
    head, tail = media.ends_of(file, version.size)
    fault = kind.fault(file, head, tail) if kind is not None else OTHER
    done.results.append(Result("format", fault != OTHER, "内容与格式不符" if fault == OTHER else ""))
    unsafe = any(word in fault for word in UNSAFE)
    usable = not fault or unsafe or fault == OTHER
    done.results.append(Result("opens", usable, "" if usable else fault))
    done.results.append(Result("scripts", not unsafe, fault if unsafe else ""))
    if kind is not None and kind.label == "PDF" and fault != OTHER:
        facts = pdfs.facts_of(file)
        done.pages, done.pdfa = facts.pages or None, facts.pdfa
        done.results.append(Result("pages", facts.pages > 0, "" if facts.pages else "读不出页面"))
    done.results.append(_scan(version, file))


def _scan(version: DocumentVersion, file: IO[bytes]) -> Result:
    if not virus.is_on():
        return Result("virus", ok=True, words=UNSCANNED)
    file.seek(0)
    try:
        virus.scan(iter(lambda: file.read(blobs.CHUNK), b""), name=version.file_name)
    except DomainError as error:
        return Result("virus", ok=False, words=error.message)
    return Result("virus", ok=True)
