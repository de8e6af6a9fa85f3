"""Reading the tables of the catalogue: cells with their file and line, so that a fault can be shown its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packages.choices import MaterialForm, MaterialSource, MatterKind
from packages.facts import CATALOG, split, vocabulary_faults

__all__ = [
    "CATALOG", "HEADS", "Fault", "Line", "Tables", "Texts", "read_note", "read_tables", "repeated", "split",
]

HEADS: dict[str, tuple[str, ...]] = {
    name: tuple(columns.split())
    for name, columns in {
        "departments.tsv": "code name_zh name_en kind note",
        "document_kinds.tsv": "slug name_zh class produced_by validity_days personal reusable",
        "matters.tsv": "code name_zh name_en kind lead_department stage national_stage milestone level starts_works "
        "statutory_days promised_days result_document commitment deficiency_ok parallel_group prerequisites "
        "legal_basis note",
        "matter_reviews.tsv": "matter_code department_code role days tacit rule note",
        "materials.tsv": "matter_code name_zh name_en form source shared_in_new_regime from_matter second_source "
        "document_kind",
        "packages.tsv": "code name_zh name_en investment days_planning days_permit days_acceptance total_days "
        "scope_rule scope source",
        "package_matters.tsv": "package_code matter_code stage step lane together required condition days_override "
        "counted rule",
        "acceptance_items.tsv": "no code name_zh department_code matter_code days gate fused_with rule",
        "deferrals.tsv": "matter_code name_zh max_days arrives_before late",
        "holders.tsv": "matter_code name_zh role",
        "stand_ins.tsv": "document_kind wanted accepted basis source since until",
        "material_scope.tsv": "matter_code name_zh rule basis source since until",
        "review_rounds.tsv": "matter_code push merge second rectify supplement disclaim note",
        "review_phrases.tsv": "department_code matter_code verdict reason basis remedy",
        "commitments.tsv": "matter_code conditions requirements days designer consequences",
        "examples.tsv": "code name_zh package_code kind facts has lacks days works_start note",
    }.items()
}
OPTIONAL = frozenset(
    {
        "examples.tsv", "deferrals.tsv", "commitments.tsv", "review_rounds.tsv", "review_phrases.tsv", "holders.tsv",
        "stand_ins.tsv", "material_scope.tsv",
    }
)

KIND_OF = {kind.label: kind.value for kind in MatterKind}
FORM_OF = {form.label: form.value for form in MaterialForm}
SOURCE_OF = {source.label: source.value for source in MaterialSource}
SHARED_FLAG = {"applicant": "no", "commitment": "commit", "shared": "yes", "verified": "yes", "earlier": "yes"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in the catalogue: file, line (1 is the header, 0 the file as a whole), a Chinese sentence."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        """`matters.tsv 第12行：…`."""
        place = f" 第{self.line}行" if self.line else ""
        return f"{self.file}{place}：{self.message}"


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table with its place."""

    file: str
    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """The cell of a column."""
        return self.cells[column]

    def fault(self, message: str) -> Fault:
        """A fault at this line."""
        return Fault(self.file, self.number, message)

    def whole(self, column: str) -> int | None:
        """The whole number of a cell, None when it is empty or none."""
        return int(self.cells[column]) if _is_whole(self.cells[column]) else None

    def number_of(self, column: str) -> int:
        """The whole number of a checked cell."""
        return int(self.cells[column])

    def says(self, column: str) -> bool:
        """Whether the cell says yes."""
        return self.cells[column] == "yes"


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6  # noqa: PLR2004 - more digits are no count of days


@dataclass(slots=True)
class Tables:
    """All tables of one catalogue folder, and the faults met while reading them."""

    lines: dict[str, list[Line]]
    faults: list[Fault] = field(default_factory=list)

    def __getitem__(self, name: str) -> list[Line]:
        """The rows of a file."""
        return self.lines[name]

    def by(self, name: str, column: str) -> dict[str, Line]:
        """Rows of a file by a key column; the first of two with one key."""
        found: dict[str, Line] = {}
        for line in self.lines[name]:
            found.setdefault(line[column], line)
        return found

    def group(self, name: str, column: str) -> dict[str, list[Line]]:
        """Rows of a file gathered by a column."""
        found: defaultdict[str, list[Line]] = defaultdict(list)
        for line in self.lines[name]:
            found[line[column]].append(line)
        return found

    def everything(self) -> Iterator[Line]:
        """All rows of all files."""
        for lines in self.lines.values():
            yield from lines


def read_tables(folder: Path = CATALOG) -> Tables:
    """Read the tables of a folder; header, number of cells, blanks and encoding are checked here."""
    tables = Tables({name: [] for name in HEADS})
    for name in HEADS:
        path = folder / name
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            if name not in OPTIONAL:
                tables.faults.append(Fault(name, 0, f"文件不存在（{folder}）"))
        except UnicodeDecodeError:
            tables.faults.append(Fault(name, 0, "不是UTF-8编码的文本"))
        except OSError as error:
            tables.faults.append(Fault(name, 0, f"无法读取：{error.strerror}"))
        else:
            tables.lines[name], faults = _read(name, text)
            tables.faults.extend(faults)
    tables.faults.extend(_vocabulary(folder))
    return tables


def _vocabulary(folder: Path) -> Iterator[Fault]:
    """The facts that rules may name come with the program; a folder may hold the same list, not another one."""
    own, path = CATALOG / "facts.tsv", folder / "facts.tsv"
    yield from (Fault(own.name, number, message) for number, message in vocabulary_faults(own.read_text("utf-8")))
    if folder != CATALOG and path.is_file() and path.read_bytes() != own.read_bytes():
        yield Fault("facts.tsv", 0, "情形词汇表与本系统的不同；词汇表随系统一起更换，不能单独载入")


def _read(name: str, text: str) -> tuple[list[Line], list[Fault]]:
    head = HEADS[name]
    rows = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if rows[-1] == "":
        rows.pop()
    if not rows or tuple(rows[0].split("\t")) != head:
        return [], [Fault(name, 1, f"表头应为：{' '.join(head)}")]
    lines: list[Line] = []
    faults: list[Fault] = []
    for number, row in enumerate(rows[1:], 2):
        cells = row.split("\t")
        if len(cells) != len(head):
            faults.append(Fault(name, number, f"有{len(cells)}列，应为{len(head)}列"))
            continue
        faults.extend(Fault(name, number, f"“{cell}”前后有空格") for cell in cells if cell != cell.strip())
        lines.append(Line(name, number, dict(zip(head, cells, strict=True))))
    return lines, faults


@dataclass(frozen=True, slots=True)
class Texts:
    """What the free text of a matter's note carries beside the text."""

    note: str
    provenance: str
    is_counted: bool
    unit: str
    statutory_unit: str


UNCOUNTED = "[不计时]"
NATURAL = "自然日"


def read_note(text: str) -> Texts:
    """Split a note: `[不计时]` in front, `{S:…;P:…}` behind, and in which days promise and statute are counted.

    `法条60日为自然日` speaks of the statute alone, `公示（自然日）另计` of neither.
    """
    body, sign, tag = text.partition("{S:")
    body = body.strip()
    statutory = "法条" in body and "日为自然日" in body
    promise = NATURAL in body and not statutory and f"（{NATURAL}）另计" not in body
    return Texts(
        body.removeprefix(UNCOUNTED).strip(), f"S:{tag.rstrip('}')}" if sign else "", not body.startswith(UNCOUNTED),
        "calendar_day" if promise else "working_day", "calendar_day" if promise or statutory else "working_day",
    )


def repeated(lines: Iterable[Line], *columns: str) -> Iterator[Fault]:
    """A fault for every row whose key stands in an earlier one."""
    seen: dict[tuple[str, ...], int] = {}
    for line in lines:
        key = tuple(line[column] for column in columns)
        if key in seen:
            yield line.fault(f"“{' / '.join(key)}”与第{seen[key]}行重复")
        seen.setdefault(key, line.number)
