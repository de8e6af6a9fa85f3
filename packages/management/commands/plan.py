"""`manage.py plan --facts-file FILE --json`: the plan of every set of facts in a table, one JSON object a line.

The table is tab-separated (or comma-separated) with a header; the columns `code` and `facts` are needed, `facts` in the
notation of the catalogue's examples. `package_code` names the package; without it the scopes decide. Of the packages of
one kind of investment exactly one fits, so the column `investment` (government, social) settles the rest; without it
the package is taken whose questions are exactly the answers given, and where that is not one alone the line says so.
A line that cannot be planned has `error` in place of the plan, and the command ends with status 1.
"""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from packages.facts import FactError, parse_facts
from packages.models import PackageVersion
from packages.planning.build import PlanView, build_plan
from packages.planning.definition import PackageDefinition
from packages.planning.from_files import CatalogueError, packages_from_files
from packages.planning.from_rows import definition_of
from packages.planning.proposal import choose


class Command(BaseCommand):
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


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of the table by column. CommandError when it cannot be read or lacks a needed column."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"无法读取 {path}：{error}") from error
    if not lines:
        raise CommandError(f"{path} 是空的；第一行应为表头，含 code 和 facts 两列。")
    cells = [line.split("\t") for line in lines] if "\t" in lines[0] else list(csv.reader(lines))
    head = [cell.strip() for cell in cells[0]]
    if missing := {"code", "facts"} - set(head):
        raise CommandError(f"{path} 缺少列：{'、'.join(sorted(missing))}")
    return [dict(zip(head, row + [""] * len(head), strict=False)) for row in cells[1:] if any(row)]


def tell(row: Mapping[str, str], packages: Mapping[str, PackageDefinition]) -> dict[str, Any]:
    """The plan of one row, or its code with an error."""
    code = row["code"].strip()
    try:
        facts = parse_facts(row["facts"])
    except FactError as error:
        return {"code": code, "error": str(error)}
    wanted = row.get("package_code", "").strip()
    if wanted and wanted not in packages:
        return {"code": code, "error": f"没有套餐“{wanted}”；现有：{'、'.join(packages)}"}
    investment = row.get("investment", "").strip()
    chosen, candidates = (packages[wanted], [wanted]) if wanted else choose(packages, facts, investment)
    if chosen is None:
        reason = f"不能确定套餐，可能是：{'、'.join(candidates)}" if candidates else "没有一个套餐适用"
        return {"code": code, "error": f"{reason}；请补充情形，或填写 investment 或 package_code"}
    return {"code": code, **as_json(build_plan(chosen, facts))}


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
    return "\t".join([told["code"], told["package"], f"{len(told['matters'])}个事项", f"{days}个工作日", works])
