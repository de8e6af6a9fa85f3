"""The check rules that the platform runs over what it is given, run here first: a report instead of a rejection.

Each row is looked at as it is written; what spans rows (keys, the order of status codes, references) is kept as keys
only. The numbers of the rules are our own but 130, which deployed systems name.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError

from gaige.exchange import tables
from gaige.exchange.tables import Column, ExchangeTable
from projects.codes import validate_project_code, validate_uscc
from projects.status_codes import check_status_sequence

Row = dict[str, Any]
#: Rule -> what it asks for.
RULES: dict[str, str] = {
    "101": "必填字段有值", "102": "字段的值在代码表里", "103": "日期、时间、数字写得对",
    "104": "项目代码通过校验", "105": "统一社会信用代码通过校验", "110": "主键不重复",
    "120": "引用的工程、流程、事项、办件存在", "130": "拟开工时间早于拟建成时间", "140": "办理状态的先后符合规则",
    "141": "同一办件、同一状态、同一时间不重复", "150": "办结通过的办件有批复文件",
}
GRANTED = {"11", "12"}


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: which, in which table and row, and what is wrong."""

    rule: str
    table: str
    key: str
    words: str


@dataclass(slots=True)
class Checker:
    """Looks at rows one by one and, at the end, at what spans them."""

    keys: dict[str, set[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(set))
    works: set[str] = field(default_factory=set)
    processes: set[tuple[str, str]] = field(default_factory=set)
    items: set[tuple[str, str, str, str]] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)
    events: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    results: set[str] = field(default_factory=set)

    def look(self, table: ExchangeTable, row: Row) -> Iterator[Violation]:
        """Yield what is wrong in a row; keep of it what later rows are compared with."""
        key = str(row["DFSJZJ"])
        for rule, words in self._faults(table, row):
            yield Violation(rule, table.name, key, words)

    def _faults(self, table: ExchangeTable, row: Row) -> Iterator[tuple[str, str]]:
        for column in table.all_columns:
            yield from _of_column(column, row.get(column.name))
        own = tuple(str(row.get(name) or "") for name in table.keys)
        if own in self.keys[table.name]:
            yield "110", f"{'、'.join(table.keys)} 为 {'、'.join(own)} 的行重复"
        self.keys[table.name].add(own)
        special = _SPECIAL.get(table.name)
        if special is not None:
            yield from special(self, row)
        if table.name not in _WITHOUT_WORKS and (code := row.get("GCDM")) and code not in self.works:
            yield "120", f"工程代码 {code} 不在项目基本信息表里"
        if table.name in _OF_CASE and (number := row.get("SPSXSLBM")) and number not in self.cases:
            yield "120", f"实例编码 {number} 不在办理信息表里"

    def at_the_end(self) -> Iterator[Violation]:
        """Yield what is wrong with the order of status codes, and grants without their document."""
        name = tables.CASE_EVENT.name
        for number, told in sorted(self.events.items()):
            codes = [int(code) for _, code in told]
            for words in check_status_sequence(codes):
                yield Violation("140", name, number, words)
            for (when, code), times in Counter(told).items():
                if times > 1:
                    yield Violation("141", name, number, f"{when} 的状态 {code} 出现 {times} 次")
            if {code for _, code in told} & GRANTED and number not in self.results:
                yield Violation("150", tables.RESULT.name, number, "办结通过，没有批复文件")


def _of_column(column: Column, value: Any) -> Iterator[tuple[str, str]]:
    if value in (None, ""):
        if column.is_required:
            yield "101", f"{column.name}（{column.means}）没有值"
        return
    text = str(value)
    if column.codes and text not in column.codes:
        yield "102", f"{column.name}（{column.means}）的值 {text} 不在代码表里"
    if not _READS[column.kind](text):
        yield "103", f"{column.name}（{column.means}）不是{column.kind}：{text}"


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_moment(text: str) -> bool:
    try:
        dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - as the platform writes it
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


_READS: dict[str, Callable[[str], bool]] = {
    tables.TEXT: lambda _: True, tables.WHOLE: lambda text: text.lstrip("-").isascii() and text.lstrip("-").isdigit(),
    tables.NUMBER: _is_number, tables.DAY: _is_day, tables.MOMENT: _is_moment,
}

Faults = Iterator[tuple[str, str]]


def _process(checker: Checker, row: Row) -> Faults:
    checker.processes.add((row["SPLCBM"], row["SPLCBBH"]))
    return iter(())


def _of_process(checker: Checker, row: Row) -> Faults:
    if (row["SPLCBM"], row["SPLCBBH"]) not in checker.processes:
        yield "120", f"流程 {row['SPLCBM']} 第 {row['SPLCBBH']} 版不在审批流程信息表里"


def _item(checker: Checker, row: Row) -> Faults:
    checker.items.add((row["SPLCBM"], row["SPLCBBH"], row["SPSXBM"], row["SPSXBBH"]))
    yield from _of_process(checker, row)


def _project(checker: Checker, row: Row) -> Faults:
    checker.works.add(row["GCDM"])
    try:
        validate_project_code(row["XMDM"])
    except ValidationError:
        yield "104", f"项目代码 {row['XMDM']} 没有通过校验"
    yield from _uscc(row["JSDWDM"])
    begin, end = row.get("NKGSJ"), row.get("NJCSJ")
    if begin and end and begin >= end:
        yield "130", f"拟开工 {begin} 不早于拟建成 {end}"
    if row.get("SPLCBM"):
        yield from _of_process(checker, row)


def _unit(_: Checker, row: Row) -> Faults:
    yield from _uscc(row["DWTYSHXYDM"])


def _uscc(code: Any) -> Faults:
    if not code:
        return
    try:
        validate_uscc(str(code))
    except ValidationError:
        yield "105", f"统一社会信用代码 {code} 没有通过校验"


def _case(checker: Checker, row: Row) -> Faults:
    checker.cases.add(row["SPSXSLBM"])
    named = (row["SPLCBM"], row["SPLCBBH"], row["SPSXBM"], row["SPSXBBH"])
    if named not in checker.items:
        yield "120", f"事项 {row['SPSXBM']} 第 {row['SPSXBBH']} 版不在流程 {row['SPLCBM']} 的事项里"


def _event(checker: Checker, row: Row) -> Faults:
    checker.events[row["SPSXSLBM"]].append((str(row["BLSJ"]), str(row["BLZT"])))
    return iter(())


def _result(checker: Checker, row: Row) -> Faults:
    checker.results.add(row["SPSXSLBM"])
    return iter(())


_SPECIAL: dict[str, Callable[[Checker, Row], Faults]] = {
    tables.PROCESS.name: _process, tables.STAGE.name: _of_process, tables.ITEM.name: _item,
    tables.PROJECT.name: _project, tables.UNIT.name: _unit, tables.CASE.name: _case, tables.CASE_EVENT.name: _event,
    tables.RESULT.name: _result,
}
_WITHOUT_WORKS = {tables.PROCESS.name, tables.STAGE.name, tables.ITEM.name, tables.PROJECT.name, tables.REGION.name}
_OF_CASE = {
    tables.CASE_EVENT.name, tables.RESULT.name, tables.SPECIAL.name, tables.OPINION.name, tables.MATERIAL.name,
}
