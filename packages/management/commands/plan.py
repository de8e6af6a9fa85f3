"""`manage.py plan --facts-file FILE --json`: the plan of every set of facts in a table, one JSON object a line.

The table is tab-separated (or comma-separated) UTF-8 with a header; the columns `code` and `facts` are needed, `facts`
in the notation of the catalogue's examples. Columns of other names, blank lines, CRLF and a byte order mark do no harm.
`package_code` names the package; without it the scopes decide. Of the packages of one kind of investment exactly one
fits, so the column `investment` (government, social) settles the rest; without it the package is taken whose questions
are exactly the answers given, and where that is not one alone the line says so. A row that cannot be planned has
`error` in place of the plan, with the number of its line in the file, and the command ends with status 1.
"""

from __future__ import annotations

import csv
import io
import json
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from packages.facts import FactError, parse_facts
from packages.models import PackageVersion
from packages.planning.build import PlanView, build_plan
from packages.planning.definition import PackageDefinition
from packages.planning.from_files import CatalogueError, packages_from_files
from packages.planning.from_rows import definition_of
from packages.planning.proposal import choose
from projects.commands import OperatorCommand
from projects.states import Investment


class Command(OperatorCommand):
    """Print plans without touching any project."""

    help = "Plan every set of facts of a table (columns code and facts; optionally package_code, investment)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the command."""
        parser.add_argument("--facts-file", type=Path, required=True, help="table with the columns code and facts")
        parser.add_argument("--json", action="store_true", help="one JSON object a line (default: a short table)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Plan every row; end with status 1 when one could not be planned."""
        rows = read_rows(options["facts_file"])
        packages = catalogue()
        failed = 0
        for row in rows:
            told = tell(row, packages)
            failed += "error" in told
            self.stdout.write(json.dumps(told, ensure_ascii=False) if options["json"] else in_words(told))
        if failed:
            raise CommandError(f"{failed}行没有得出计划。", returncode=1)


def catalogue() -> Mapping[str, PackageDefinition]:
    """The published packages; where the database holds none (or is not there yet), those of the files."""
    try:
        versions = list(PackageVersion.objects.published().select_related("package").order_by("package__order"))
        if versions:
            return {version.code: definition_of(version) for version in versions}
    except DatabaseError:
        pass  # no database, or no table yet: a fresh checkout
    try:
        return packages_from_files()
    except CatalogueError as error:
        raise CommandError(f"目录有误：{error}") from error


class Tabs(csv.excel_tab):
    """Tab-separated, no quotes: the notation of the catalogue."""

    quoting = csv.QUOTE_NONE


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by column, the line of the file it ends on, and what is wrong with it as a row."""

    line: int
    cells: Mapping[str, str]
    fault: str = ""

    def __getitem__(self, column: str) -> str:
        """Return a cell without blanks around it; empty where the row or the table has none."""
        return self.cells.get(column, "").strip()


def read_rows(path: Path) -> list[Row]:
    """The rows of the table below its header. CommandError when it cannot be read or lacks a needed column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"无法读取 {path} / cannot be read：{error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise CommandError(f"无法读取 {path}：第 {line} 行不是 UTF-8 编码 / line {line} is not UTF-8") from error
    first = next((line for line in text.split("\n") if line.strip()), "")
    if not first:
        raise CommandError(f"{path} 是空的 / is empty：第一行应为表头，含 code 和 facts 两列。")
    reader = csv.reader(io.StringIO(text, newline=""), Tabs if "\t" in first else csv.excel, strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise CommandError(f"无法读取 {path}：第 {reader.line_num} 行 / line {reader.line_num}：{error}") from error
    at, head = lines[0][0], [cell.strip() for cell in lines[0][1]]
    if missing := {"code", "facts"} - set(head):
        names = "、".join(sorted(missing))
        raise CommandError(f"{path} 第 {at} 行（表头）缺少列 / line {at}, the header, lacks：{names}")
    if twice := {name for name in head if name and head.count(name) > 1}:
        raise CommandError(f"{path} 第 {at} 行（表头）列名重复 / columns twice：{'、'.join(sorted(twice))}")
    return [_row(number, head, cells) for number, cells in lines[1:]]


def _row(number: int, head: list[str], cells: list[str]) -> Row:
    found = dict(zip(head, cells, strict=False))
    fault = ""
    if lacking := [name for name in ("code", "facts") if name not in found]:
        fault = f"只有 {len(cells)} 格，缺少 {'、'.join(lacking)} / too few cells"
    elif any(cell.strip() for cell in cells[len(head) :]):
        fault = f"有 {len(cells)} 格，表头只有 {len(head)} 列 / more cells than columns"
    return Row(number, found, fault)


def tell(row: Row, packages: Mapping[str, PackageDefinition]) -> dict[str, Any]:
    """The plan of one row, or its code with an error that names the line."""
    view = plan_of(row, packages)
    if isinstance(view, str):
        return {"code": row["code"], "error": f"第 {row.line} 行 / line {row.line}：{view}"}
    return {"code": row["code"], **as_json(view)}


def plan_of(row: Row, packages: Mapping[str, PackageDefinition]) -> PlanView | str:
    """The plan of one row, or the sentence that says why there is none."""
    if row.fault:
        return row.fault
    try:
        facts = parse_facts(row["facts"])
    except FactError as error:
        return str(error)
    wanted, investment = row["package_code"], row["investment"]
    if wanted and wanted not in packages:
        return f"没有套餐“{wanted}” / unknown package；现有：{'、'.join(packages)}"
    if investment and investment not in Investment.values:
        return f"investment 没有“{investment}” / unknown investment；可填：{'、'.join(Investment.values)}"
    chosen, candidates = (packages[wanted], [wanted]) if wanted else choose(packages, facts, investment)
    if chosen is None:
        reason = f"不能确定套餐，可能是：{'、'.join(candidates)}" if candidates else "没有一个套餐适用"
        return f"{reason} / the facts do not settle one package；请补充情形，或填写 investment 或 package_code"
    return build_plan(chosen, facts)


def as_json(view: PlanView) -> dict[str, Any]:
    """Package, matters with their promise days, the days of the three stages and the day works may start.

    `undecided` (matters neither in nor out) and `questions` (facts to be answered) stand only where there are any.
    """
    order = {row.matter.code: n for n, row in enumerate(view.package.rows)}
    slots = sorted(view.promise.slots.values(), key=lambda slot: (slot.start, slot.end, order[slot.code]))
    told: dict[str, Any] = {
        "package": view.package.code,
        "matters": [
            {"matter": slot.code, "start": slot.start, "end": slot.end, "step": slot.step, "lane": slot.lane}
            for slot in slots
        ],
        "days": list(view.days),
        "works_start": view.works_start,
    }
    if view.undecided:
        told["undecided"] = [matter.code for matter in view.undecided]
    if view.questions:
        told["questions"] = [fact.name for fact in view.questions]
    return told


def in_words(told: Mapping[str, Any]) -> str:
    """One line for people."""
    if "error" in told:
        return f"{told['code']}\t{told['error']}"
    days = "+".join(map(str, told["days"]))
    works = f"第{told['works_start']}日可开工" if told["works_start"] is not None else "无须开工许可"
    cells = [told["code"], told["package"], f"{len(told['matters'])}个事项", f"{days}个工作日", works]
    if asked := told.get("questions"):
        cells.append(f"还有{len(told.get('undecided', []))}项未定，待答：{'、'.join(asked)}")
    return "\t".join(cells)
