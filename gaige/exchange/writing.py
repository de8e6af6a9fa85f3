"""Writes the tables as CSV and JSON into a folder, row by row, with the report of the checks beside them."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaige.exchange.checks import RULES, Checker, Violation
from gaige.exchange.rows import Source, moment
from gaige.exchange.tables import TABLES, ExchangeTable
from projects import timing
from projects.account_states import ProvisionWay
from projects.models import Project, Provision, Region
from projects.services.privacy import note_provision

if TYPE_CHECKING:
    from django.db.models import QuerySet

FORMATS = ("csv", "json")
REPORT, UPDATED = "CHECKS.json", "GXSJ"
#: What is personal in the tables, and on what they stand (a name of the standard, no statute of ours).
PERSONAL = "办理人姓名（BLR）"
BASIS = "工程建设项目审批管理系统数据共享交换标准"
#: More violations than this are counted but not written one by one.
MOST = 10_000


@dataclass(slots=True)
class Export:
    """What was written: rows by table, and what the checks found."""

    rows: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    digest: str = ""
    #: Digests every row but its time of update, which is now where the portal keeps none.
    seen: Any = field(default_factory=hashlib.sha256)

    @property
    def found(self) -> int:
        """How many violations there are."""
        return sum(self.counts.values())


def export(
    folder: Path, *, projects: QuerySet[Project], region: str, formats: Sequence[str] = FORMATS
) -> Export:
    """Write every table of these projects for a reporting region into a folder; return what was written and found.

    A row that breaks a rule is written with SJSCZT -1 and the first reason in SBYY, so that nothing is lost; the
    report names all of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source, checker, made = Source(projects, region), Checker(), Export()
    for table in TABLES:
        made.rows[table.name] = _write(folder, table, source, checker, made, formats)
    for violation in checker.at_the_end():
        _keep(made, violation)
    made.digest = f"sha256:{made.seen.hexdigest()}"
    _report(folder, made, region)
    return made


def note(made: Export, *, region: Region, recipient: str, at: dt.datetime | None = None) -> Provision:
    """Keep in the register of provisions that these tables were made for another body; the same tables again: once."""
    filled = sum(1 for rows in made.rows.values() if rows)
    return note_provision(
        recipient_name=recipient, what=f"国家共享交换表：{region.name}，{filled} 张表 {sum(made.rows.values()):,} 行",
        fields=PERSONAL, purpose="工程建设项目审批数据共享", basis=BASIS, way=ProvisionWay.EXCHANGE,
        subject=(f"exchange {recipient}"[:60], region.code), digest=made.digest, at=at,
    )


def _write(
    folder: Path, table: ExchangeTable, source: Source, checker: Checker, made: Export, formats: Sequence[str]
) -> int:
    names = [column.name for column in table.all_columns]
    number = 0
    with ExitStack() as files:
        lines = objects = None
        if "csv" in formats:
            out = files.enter_context((folder / f"{table.name}.csv").open("w", encoding="utf-8", newline=""))
            lines = csv.writer(out)
            lines.writerow(names)
        if "json" in formats:
            objects = files.enter_context((folder / f"{table.name}.json").open("w", encoding="utf-8"))
            objects.write("[")
        for number, row in enumerate(source.rows(table), start=1):
            _check(table, row, checker, made)
            said = {name: row.get(name) for name in names}
            made.seen.update(json.dumps(said | {UPDATED: ""}, ensure_ascii=False, default=_plain).encode())
            if lines is not None:
                lines.writerow(["" if row.get(name) is None else row[name] for name in names])
            if objects is not None:
                objects.write("," if number > 1 else "")
                objects.write("\n" + json.dumps(said, ensure_ascii=False, default=_plain))
        if objects is not None:
            objects.write("\n]\n")
    return number


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


def _check(table: ExchangeTable, row: dict[str, Any], checker: Checker, made: Export) -> None:
    found = list(checker.look(table, row))
    if found:
        row["SJSCZT"], row["SBYY"] = "-1", f"{found[0].rule} {found[0].words}"[:300]
    for violation in found:
        _keep(made, violation)


def _keep(made: Export, violation: Violation) -> None:
    made.counts[violation.rule] += 1
    if len(made.violations) < MOST:
        made.violations.append(violation)


def _report(folder: Path, made: Export, region: str) -> None:
    body = {
        "region": region, "made_at": moment(timing.now()), "rows": made.rows,
        "rules": {rule: {"means": means, "violations": made.counts[rule]} for rule, means in RULES.items()},
        "violations": [
            {"rule": one.rule, "table": one.table, "key": one.key, "words": one.words} for one in made.violations
        ],
    }
    text = json.dumps(body, ensure_ascii=False, indent=1)
    (folder / REPORT).write_text(f"{text}\n", encoding="utf-8")
