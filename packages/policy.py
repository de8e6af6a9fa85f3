"""Local policy as data: the risk matrix, drawing review, the one-stop permit, how many commitments are checked.

Four tables of the catalogue's folder, each with several files. Every row has dates of its own (`valid_from`,
`valid_until`, the last day included); a table that changed becomes a new version (`PolicyTable`). Here they are read,
checked and asked; nothing is written. docs/risk.md says where each value comes from.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from packages import appraisal_rule
from packages.catalog_files import Fault
from packages.conditions import Compare, Either, Is, Node, RuleError, evaluate, explain, parse_rule, supports, tests_in
from packages.drawing_states import RISK_ORDER, ReviewMode, RiskAxis, RiskClass
from packages.facts import split

Row = Mapping[str, str]
Content = Mapping[str, list[dict[str, str]]]

RISK, DRAWING, ONE_STOP, CHECKS = "risk", "drawing", "one-stop", "commitment-checks"
APPRAISAL = "appraisal"
NAMES = {
    RISK: "风险矩阵", DRAWING: "施工图审查规则", ONE_STOP: "一站式施工许可", CHECKS: "承诺核查比例",
    APPRAISAL: "联合研判规则",
}
#: The row of an organisation whose credit nobody has graded.
UNGRADED = "*"
SCORES = range(1, 5)
#: In code, so that no data can lift it: drawings of these classes are always reviewed in full.
ALWAYS_FULL = frozenset({RiskClass.HIGHER, RiskClass.HIGH})

FILES: dict[str, dict[str, tuple[str, ...]]] = {
    RISK: {
        "risk_factors.tsv": (
            "axis", "code", "name_zh", "score", "rule", "question_zh", "valid_from", "valid_until", "provenance",
        ),
        "risk_matrix.tsv": ("consequence", "likelihood", "class", "valid_from", "valid_until"),
        "risk_classes.tsv": (
            "class", "inspections", "acceptance_depth", "warned_packages", "valid_from", "valid_until",
        ),
    },
    DRAWING: {
        "drawing_rules.tsv": (
            "code", "mode", "name_zh", "classes", "rule", "percent", "valid_from", "valid_until", "provenance",
        ),
        "drawing_terms.tsv": ("code", "name_zh", "days", "unit", "valid_from", "valid_until", "provenance"),
        "drawing_disciplines.tsv": ("code", "name_zh", "departments"),
    },
    ONE_STOP: {
        "one_stop.tsv": ("matter_code", "role", "main", "valid_from", "valid_until"),
        "one_stop_form.tsv": ("name", "kind", "label_zh", "unit", "required", "help"),
    },
    APPRAISAL: appraisal_rule.FILES,
    CHECKS: {"commitment_checks.tsv": ("grade", "name_zh", "percent", "valid_from", "valid_until", "provenance")},
}
TERMS = ("technical", "fix", "return", "sample")
FORM_KINDS = ("text", "number", "date")


@dataclass(slots=True)
class Policy:
    """What the files of one table say."""

    code: str
    content: dict[str, list[dict[str, str]]]
    faults: list[Fault] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name on the screen."""
        return NAMES[self.code]

    @property
    def digest(self) -> str:
        """The same content has the same digest."""
        text = json.dumps(self.content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


# Reading and checking ------------------------------------------------------------------------------------------------


def read_policies(folder: Path) -> list[Policy]:
    """The tables that the folder holds, each with its faults; a table of which no file is there is left out."""
    found = []
    for code, files in FILES.items():
        if not any((folder / name).is_file() for name in files):
            continue
        policy = Policy(code, {})
        for name, head in files.items():
            policy.content[name] = _read(folder / name, head, policy.faults)
        if not policy.faults:
            policy.faults.extend(_CHECKS[code](policy.content))
        found.append(policy)
    return found


def _read(path: Path, head: tuple[str, ...], faults: list[Fault]) -> list[dict[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    except (OSError, UnicodeDecodeError):
        faults.append(Fault(path.name, 0, "无法读取，应为UTF-8编码的文本"))
        return []
    if tuple(lines[0].split("\t")) != head:
        faults.append(Fault(path.name, 1, f"表头应为：{' '.join(head)}"))
        return []
    rows = []
    for number, line in enumerate(lines[1:], 2):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != len(head):
            faults.append(Fault(path.name, number, f"有{len(cells)}列，应为{len(head)}列"))
        else:
            rows.append(dict(zip(head, cells, strict=True)))
    return rows


def _lines(content: Content, name: str) -> Iterator[tuple[int, dict[str, str], Callable[[str], Fault]]]:
    for number, row in enumerate(content[name], 2):
        yield number, row, lambda words, number=number: Fault(name, number, words)  # type: ignore[misc]


def _dates(content: Content, *names: str) -> Iterator[Fault]:
    for name in names:
        for _, row, fault in _lines(content, name):
            try:
                since = dt.date.fromisoformat(row["valid_from"])
                until = dt.date.fromisoformat(row["valid_until"]) if row["valid_until"] else None
            except ValueError:
                yield fault("启用、停用日期应写成 2026-01-01")
                continue
            if until is not None and until < since:
                yield fault("停用日期早于启用日期")


def _starts(content: Content, *names: str) -> list[dt.date]:
    """The days on which something changes: on each of them the table has to hold together."""
    return sorted({dt.date.fromisoformat(row["valid_from"]) for name in names for row in content[name]})


def _check_risk(content: Content) -> Iterator[Fault]:
    names = tuple(FILES[RISK])
    faults = [*_dates(content, *names), *_check_factors(content)]
    for _, row, fault in _lines(content, "risk_matrix.tsv"):
        if row["class"] not in RISK_ORDER or not {row["consequence"], row["likelihood"]} <= {str(n) for n in SCORES}:
            faults.append(fault("后果、可能性为1至4，等级为 low medium higher high"))
    for _, row, fault in _lines(content, "risk_classes.tsv"):
        if row["class"] not in RISK_ORDER or not row["inspections"].isdigit():
            faults.append(fault("等级为 low medium higher high，检查次数为数字"))
    yield from faults
    if not faults:
        yield from (fault for day in _starts(content, *names[1:]) for fault in _whole(content, day))


def _check_factors(content: Content) -> Iterator[Fault]:
    for _, row, fault in _lines(content, "risk_factors.tsv"):
        if row["axis"] not in RiskAxis.values or row["score"] not in {str(n) for n in SCORES}:
            yield fault("轴为 consequence 或 likelihood，分值为1至4")
        if bool(row["rule"]) == bool(row["question_zh"]):
            yield fault("一个因素要么有规则，要么有由中心回答的问题")
        if row["rule"] and (wrong := _not_rising(row["rule"])):
            yield fault(wrong)


def _not_rising(rule: str) -> str:
    """What is wrong with the rule of a factor: more of something may never undo it."""
    try:
        node = parse_rule(rule)
    except RuleError as error:
        return str(error)
    simple = node.parts if isinstance(node, Either) else (node,)
    if all(isinstance(test, Is) or (isinstance(test, Compare) and test.sign in {">", ">="}) for test in simple):
        return ""
    return "因素的规则只能写“大于、不小于”或“等于某值”，用 or 连接：因素加重不得降低等级"


def _whole(content: Content, day: dt.date) -> Iterator[Fault]:
    """On each day the sixteen cells and the four classes are there once, and no step up lowers the class."""
    cells: dict[tuple[int, int], str] = {}
    for row in in_force(content["risk_matrix.tsv"], day):
        key = int(row["consequence"]), int(row["likelihood"])
        if key in cells:
            yield Fault("risk_matrix.tsv", 0, f"{day}：后果{key[0]}、可能性{key[1]}有两个等级")
        cells[key] = row["class"]
    missing = [key for key in product(SCORES, SCORES) if key not in cells]
    if missing:
        yield Fault("risk_matrix.tsv", 0, f"{day}：缺少后果{missing[0][0]}、可能性{missing[0][1]}的等级")
        return
    for (first, second), found in cells.items():
        for higher in ((first + 1, second), (first, second + 1)):
            if higher in cells and RISK_ORDER.index(cells[higher]) < RISK_ORDER.index(found):
                yield Fault("risk_matrix.tsv", 0, f"{day}：后果{higher[0]}、可能性{higher[1]}的等级反而更低")
    classes = [row["class"] for row in in_force(content["risk_classes.tsv"], day)]
    if sorted(classes) != sorted(RISK_ORDER):
        yield Fault("risk_classes.tsv", 0, f"{day}：四个等级应各有一行")


def _check_drawing(content: Content) -> Iterator[Fault]:
    yield from _dates(content, "drawing_rules.tsv", "drawing_terms.tsv")
    for _, row, fault in _lines(content, "drawing_rules.tsv"):
        classes = split(row["classes"])
        if row["mode"] not in ReviewMode.values or not set(classes) <= set(RISK_ORDER):
            yield fault("方式为 full sample exempt，等级为 low medium higher high")
        if row["mode"] != ReviewMode.FULL and (not classes or ALWAYS_FULL & set(classes)):
            yield fault("免审、抽审须写明等级，且不得用于较高和高风险的工程")
        if not row["percent"].isdigit() or int(row["percent"]) > 100:  # noqa: PLR2004 - percent
            yield fault("抽查比例为0至100")
        if row["rule"] and (wrong := _unreadable(row["rule"])):
            yield fault(wrong)
    for _, row, fault in _lines(content, "drawing_terms.tsv"):
        if not row["days"].isdigit() or row["unit"] not in {"working_day", "calendar_day"}:
            yield fault("天数为数字，单位为 working_day 或 calendar_day")
    if missing := set(TERMS) - {row["code"] for row in content["drawing_terms.tsv"]}:
        yield Fault("drawing_terms.tsv", 0, f"缺少期限：{'、'.join(sorted(missing))}")


def _unreadable(rule: str) -> str:
    try:
        parse_rule(rule)
    except RuleError as error:
        return str(error)
    return ""


def _check_one_stop(content: Content) -> Iterator[Fault]:
    yield from _dates(content, "one_stop.tsv")
    for day in _starts(content, "one_stop.tsv"):
        if sum(row["main"] == "yes" for row in in_force(content["one_stop.tsv"], day)) != 1:
            yield Fault("one_stop.tsv", 0, f"{day}：应有且只有一个主证事项")
    for _, row, fault in _lines(content, "one_stop_form.tsv"):
        if row["kind"] not in FORM_KINDS or row["required"] not in {"yes", "no"}:
            yield fault("类型为 text number date，必填为 yes 或 no")


def _check_checks(content: Content) -> Iterator[Fault]:
    name = "commitment_checks.tsv"
    faults = [*_dates(content, name)]
    for _, row, fault in _lines(content, name):
        if not row["percent"].isdigit() or int(row["percent"]) > 100:  # noqa: PLR2004 - percent
            faults.append(fault("核查比例为0至100"))
    yield from faults
    for day in [] if faults else _starts(content, name):
        grades = [row["grade"] for row in in_force(content[name], day)]
        if len(set(grades)) != len(grades):
            yield Fault(name, 0, f"{day}：同一等级有两个比例")
        if UNGRADED not in grades:
            yield Fault(name, 0, f"{day}：缺少未评级（*）的比例")


def _check_appraisal(content: Content) -> Iterator[Fault]:
    faults = list(_dates(content, *FILES[APPRAISAL]))
    yield from faults or appraisal_rule.check({name: list(rows) for name, rows in content.items()})


_CHECKS: dict[str, Callable[[Content], Iterable[Fault]]] = {
    RISK: _check_risk, DRAWING: _check_drawing, ONE_STOP: _check_one_stop, CHECKS: _check_checks,
    APPRAISAL: _check_appraisal,
}


# Asking --------------------------------------------------------------------------------------------------------------


def in_force(rows: Iterable[dict[str, str]], day: dt.date) -> list[dict[str, str]]:
    """The rows that hold on a day, first and last day included."""
    text = day.isoformat()
    return [row for row in rows if row["valid_from"] <= text and (not row["valid_until"] or text <= row["valid_until"])]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the matrix says: scores from 1 to 4, class, the factors that held, those that nobody has answered."""

    consequence: int
    likelihood: int
    risk_class: str
    hits: tuple[dict[str, Any], ...]
    unknown: tuple[str, ...]
    inspections: int
    acceptance_depth: str
    warned_packages: tuple[str, ...]


def read_risk(content: Content, facts: Mapping[str, Any], answers: Mapping[str, bool], day: dt.date) -> Reading:
    """Ask the matrix as it holds on `day`. A score is that of the worst factor that holds, at least 1."""
    scores = {RiskAxis.CONSEQUENCE.value: 1, RiskAxis.LIKELIHOOD.value: 1}
    hits: list[dict[str, Any]] = []
    unknown: list[str] = []
    for row in in_force(content["risk_factors.tsv"], day):
        holds = evaluate(row["rule"], facts) if row["rule"] else answers.get(row["code"])
        if holds is None:
            unknown.append(row["name_zh"])
        elif holds:
            hits.append({
                "axis": row["axis"], "code": row["code"], "name": row["name_zh"], "score": int(row["score"]),
                "words": _words(row, facts),
            })
            scores[row["axis"]] = max(scores[row["axis"]], int(row["score"]))
    first, second = scores[RiskAxis.CONSEQUENCE], scores[RiskAxis.LIKELIHOOD]
    risk_class = next(
        row["class"] for row in in_force(content["risk_matrix.tsv"], day)
        if (row["consequence"], row["likelihood"]) == (str(first), str(second))
    )
    row = next(row for row in in_force(content["risk_classes.tsv"], day) if row["class"] == risk_class)
    return Reading(
        first, second, risk_class, tuple(hits), tuple(unknown), int(row["inspections"]), row["acceptance_depth"],
        split(row["warned_packages"]),
    )


def _words(row: Row, facts: Mapping[str, Any]) -> str:
    if not row["rule"]:
        return "由中心判定"
    return "；".join(explain(test, facts) for test in supports(parse_rule(row["rule"]), facts))


def names_used(*contents: Content) -> set[str]:
    """The facts that the rules of these tables ask for: these are kept with a result."""
    rules = [row["rule"] for content in contents for rows in content.values() for row in rows if row.get("rule")]
    nodes: list[Node] = [parse_rule(rule) for rule in rules]
    return {test.key for node in nodes for test in tests_in(node)}


def questions(content: Content, day: dt.date) -> list[dict[str, str]]:
    """The factors that the centre answers by hand."""
    return [row for row in in_force(content["risk_factors.tsv"], day) if row["question_zh"]]


def decide_mode(
    content: Content, facts: Mapping[str, Any], risk_class: str, day: dt.date
) -> tuple[str, dict[str, Any]]:
    """How much of the drawings is reviewed, and by which row.

    The first row that fits decides. What is not answered never exempts, and makes a row of 全审 fit. Without a fitting
    row, and for the two upper classes in any case, the review is in full.
    """
    if risk_class in ALWAYS_FULL:
        return ReviewMode.FULL, {"code": "floor", "name": "风险较高和高的工程全审", "percent": 0}
    for row in in_force(content["drawing_rules.tsv"], day):
        classes = split(row["classes"])
        holds = evaluate(row["rule"], facts) if row["rule"] else True
        fits = holds is not False if row["mode"] == ReviewMode.FULL else bool(holds)
        if fits and (not classes or risk_class in classes):
            name = row["name_zh"] if holds else f"{row['name_zh']}（情形未答全，按全审）"
            return row["mode"], {
                "code": row["code"], "name": name, "percent": int(row["percent"]), "valid_from": row["valid_from"],
                "valid_until": row["valid_until"],
            }
    return ReviewMode.FULL, {"code": "default", "name": "没有适用的免审、抽审规则，全审", "percent": 0}


def term(content: Content, code: str, day: dt.date) -> tuple[int, str]:
    """Days and unit of a term on a day."""
    row = next(row for row in in_force(content["drawing_terms.tsv"], day) if row["code"] == code)
    return int(row["days"]), row["unit"]


def disciplines_of(content: Content, department: str) -> list[tuple[str, str]]:
    """Code and name of the disciplines that a department reviews."""
    rows = content["drawing_disciplines.tsv"]
    return [(row["code"], row["name_zh"]) for row in rows if department in split(row["departments"])]


def check_percent(content: Content, grade: str, day: dt.date) -> int | None:
    """How many of a hundred commitments are checked on a day, by the credit of who promised; None without a row."""
    found = {row["grade"]: int(row["percent"]) for row in in_force(content["commitment_checks.tsv"], day)}
    return found.get(grade, found.get(UNGRADED))


def discipline_names(content: Content) -> dict[str, str]:
    """All disciplines by code."""
    return {row["code"]: row["name_zh"] for row in content["drawing_disciplines.tsv"]}


def chosen(keys: Iterable[str], *, seed: str, percent: int) -> list[str]:
    """Draw from `keys`: the same seed and the same keys give the same choice, in whatever order they come.

    Each key is ranked by the SHA-256 of seed and key; the first `percent` of them, rounded up, are drawn.
    """
    ranked = sorted(set(keys), key=lambda key: hashlib.sha256(f"{seed}|{key}".encode()).hexdigest())
    return ranked[: -(-len(ranked) * percent // 100)]
