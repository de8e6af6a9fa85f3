"""The tables of a catalogue with their look-ups, and what every check asks of a line."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from packages.catalog_files import Fault, Line, Tables
from packages.conditions import Node, RuleError, parse_rule
from packages.facts import split
from packages.planning.engine import STAGES

CODE = re.compile(r"[a-z][a-z0-9-]{0,38}", re.ASCII)
INTERMEDIARY, JOINT_ACCEPT, RECORD = "intermediary", "joint-accept", "completion-record"
YES_NO = ("yes", "no")


@dataclass(slots=True)
class Catalogue:
    """The tables with the look-ups that the checks share."""

    tables: Tables
    departments: dict[str, Line] = field(init=False)
    by_name: dict[str, Line] = field(init=False)
    kinds: dict[str, Line] = field(init=False)
    matters: dict[str, Line] = field(init=False)
    packages: dict[str, Line] = field(init=False)
    inside: dict[str, dict[str, Line]] = field(init=False)

    def __post_init__(self) -> None:
        """Fill the look-ups."""
        self.departments = self.tables.by("departments.tsv", "code")
        self.by_name = self.tables.by("departments.tsv", "name_zh")
        self.kinds = self.tables.by("document_kinds.tsv", "slug")
        self.matters = self.tables.by("matters.tsv", "code")
        self.packages = self.tables.by("packages.tsv", "code")
        self.inside = defaultdict(dict)
        for line in self.tables["package_matters.tsv"]:
            self.inside[line["package_code"]].setdefault(line["matter_code"], line)

    def needs(self, code: str) -> tuple[str, ...]:
        """The prerequisites of a matter."""
        return split(self.matters[code]["prerequisites"])

    def promise(self, row: Line) -> int:
        """The days a matter promises in a package."""
        return int(row["days_override"] or self.matters[row["matter_code"]]["promised_days"])


def position(line: Line) -> tuple[int, int]:
    """Stage and step of a package row."""
    return (STAGES.index(line["stage"]), int(line["step"]))


def one_of(line: Line, column: str, allowed: Iterable[str]) -> Iterator[Fault]:
    """A fault when the cell is none of the allowed words."""
    words = list(allowed)
    if line[column] not in words:
        yield line.fault(f"{column} 是“{line[column]}”，应为 {'、'.join(words)} 之一")


def number(line: Line, column: str, *, empty: bool = False) -> Iterator[Fault]:
    """A fault when the cell is no whole number."""
    if line.whole(column) is None and not (empty and not line[column]):
        yield line.fault(f"{column} 是“{line[column]}”，应为整数{'或空' if empty else ''}")


def dates(line: Line) -> Iterator[Fault]:
    """The days from which and until which a row holds are days, in order; `until` may be empty."""
    try:
        since = dt.date.fromisoformat(line["since"])
        until = dt.date.fromisoformat(line["until"]) if line["until"] else since
    except ValueError:
        yield line.fault("since、until 应为日期，例如 2026-01-01；until 可以是空的")
        return
    if until < since:
        yield line.fault("until 早于 since")


def filled(line: Line, *columns: str) -> Iterator[Fault]:
    """A fault for every empty cell."""
    for column in columns:
        if not line[column]:
            yield line.fault(f"{column} 是空的")


def coded(line: Line, column: str) -> Iterator[Fault]:
    """A fault when the code is not lower case letters, digits and hyphens."""
    if not CODE.fullmatch(line[column]):
        yield line.fault(f"代码“{line[column]}”只能用小写字母、数字和连字符，以字母开头")


def circle(edges: Iterable[tuple[Line, str, str]]) -> Iterator[Fault]:
    """A fault where following `needs` from a code leads back to it; each edge is (place, code, what it needs)."""
    places: dict[str, Line] = {}
    needs: defaultdict[str, list[str]] = defaultdict(list)
    for line, code, other in edges:
        places.setdefault(code, line)
        needs[code].append(other)
    done: set[str] = set()
    for start in places:
        path: list[str] = []
        if found := _cycle_from(start, needs, done, path):
            yield places[found[0]].fault(f"互相等待，成为循环：{' → '.join([*found, found[0]])}")
            return


def _cycle_from(code: str, needs: Mapping[str, list[str]], done: set[str], path: list[str]) -> list[str]:
    if code in path:
        return path[path.index(code):]
    if code in done:
        return []
    path.append(code)
    for other in needs.get(code, []):
        if found := _cycle_from(other, needs, done, path):
            return found
    path.pop()
    done.add(code)
    return []


def parsed(line: Line, column: str) -> tuple[Node | None, list[Fault]]:
    """The rule of a cell and what is wrong with it; a rule must depend on an answer."""
    if not line[column]:
        return None, []
    try:
        node = parse_rule(line[column])
    except RuleError as error:
        return None, [line.fault(str(error))]
    return (node, []) if node.holds({}) is None else (None, [line.fault(f"规则“{line[column]}”不取决于任何回答")])
