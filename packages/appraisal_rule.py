"""How ripe a project is, and how pressing: pure functions over the local tables (`policy.APPRAISAL`).

The tables are data with dates of their own; docs/appraisal.md says where each value comes from. Nothing is read or
written here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from packages.appraisal_states import Factor, Grade, Maturity
from packages.catalog_files import Fault
from packages.facts import split

Content = Mapping[str, list[dict[str, str]]]
EVERY = "*"
LEVELS = range(4)
SCALE = range(1, 6)
TERMS = ("score", "claim", "again", "asleep", "consult")
RIPE = (Maturity.READY, Maturity.INCUBATING)

FILES: dict[str, tuple[str, ...]] = {
    "appraisal_factors.tsv": (
        "factor", "order", "investment", "departments", "name_zh", "evidence_zh", "valid_from", "valid_until",
        "provenance",
    ),
    "appraisal_levels.tsv": (
        "factor", "level", "word_zh", "meaning_zh", "action_zh", "needs_evidence", "valid_from", "valid_until",
        "provenance",
    ),
    "appraisal_rules.tsv": (
        "package", "maturity", "funds", "planning", "land", "eia", "energy", "forgiven", "valid_from", "valid_until",
        "provenance",
    ),
    "appraisal_marks.tsv": (
        "axis", "code", "name_zh", "score", "from_wan", "within_days", "question_zh", "valid_from", "valid_until",
        "provenance",
    ),
    "appraisal_grades.tsv": ("importance", "urgency", "grade", "valid_from", "valid_until"),
    "appraisal_terms.tsv": ("code", "name_zh", "days", "unit", "valid_from", "valid_until", "provenance"),
    "appraisal_resources.tsv": (
        "grade", "name_zh", "dispatch_zh", "leader_zh", "valid_from", "valid_until", "provenance",
    ),
}


def in_force(content: Content, name: str, day: dt.date) -> Iterator[dict[str, str]]:
    """The rows of a file that hold on a day, first and last day included."""
    text = day.isoformat()
    for row in content[name]:
        if row["valid_from"] <= text and (not row["valid_until"] or text <= row["valid_until"]):
            yield row


def term(content: Content, code: str, day: dt.date) -> tuple[int, str]:
    """Days and unit of a term on a day."""
    row = next(row for row in in_force(content, "appraisal_terms.tsv", day) if row["code"] == code)
    return int(row["days"]), row["unit"]


# Factors and levels --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FactorDef:
    """One factor: who scores it (codes of departments) and what proves it."""

    code: str
    name: str
    departments: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True)
class Level:
    """What a level of a factor means, what raises it, and whether it has to be proved."""

    level: int
    word: str
    meaning: str
    action: str
    needs_evidence: bool


def factors_of(content: Content, investment: str, day: dt.date) -> list[FactorDef]:
    """The five factors of a kind of investment, in their order."""
    rows = [row for row in in_force(content, "appraisal_factors.tsv", day) if row["investment"] in ("", investment)]
    rows.sort(key=lambda row: int(row["order"]))
    return [FactorDef(row["factor"], row["name_zh"], split(row["departments"]), row["evidence_zh"]) for row in rows]


def levels_of(content: Content, factor: str, day: dt.date) -> list[Level]:
    """The four levels of a factor, from 0 (缺) to 3 (已具备)."""
    rows = [row for row in in_force(content, "appraisal_levels.tsv", day) if row["factor"] == factor]
    found = [
        Level(int(row["level"]), row["word_zh"], row["meaning_zh"], row["action_zh"], row["needs_evidence"] == "yes")
        for row in rows
    ]
    return sorted(found, key=lambda level: level.level)


# Maturity ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Floor:
    """What a maturity asks of each factor, and how many factors below it with a dated, claimed gap it forgives."""

    maturity: str
    needs: dict[str, int]
    forgiven: int


@dataclass(frozen=True, slots=True)
class Derived:
    """What the machine says, and why: one sentence per factor that stands in the way of the next maturity."""

    maturity: str
    reasons: tuple[str, ...]


def floors_of(content: Content, package: str, day: dt.date) -> tuple[Floor, ...]:
    """The floors of a package, the ripest first; a package without rows of its own has those of `*`."""
    rows = list(in_force(content, "appraisal_rules.tsv", day))
    own = [row for row in rows if row["package"] == package] or [row for row in rows if row["package"] == EVERY]
    found = {
        row["maturity"]: Floor(
            row["maturity"], {factor.value: int(row[factor]) for factor in Factor}, int(row["forgiven"])
        )
        for row in own
    }
    return tuple(found[maturity] for maturity in RIPE)


def derive_maturity(
    levels: Mapping[str, int | None], floors: tuple[Floor, ...], promised: Collection[str] = ()
) -> Derived:
    """Derive the maturity from the levels of the five factors; None is a factor that nobody has scored.

    成熟 asks every factor to reach the floor of 成熟. 孵化 asks the same of its own floor, where factors below it that
    have a dated, claimed gap (`promised`) are forgiven, up to `forgiven` of them. Else 孕育. While a factor is not
    scored the answer is 待定: silence is never read as a level. Raising a level never lowers the answer.
    """
    silent = [factor for factor in Factor if levels.get(factor) is None]
    if silent:
        return Derived(Maturity.PENDING, tuple(f"{factor.label}未评，不能判定" for factor in silent))
    known = {factor.value: levels[factor] or 0 for factor in Factor}
    above: tuple[str, ...] = ()
    for floor in floors:
        short = [factor for factor in Factor if known[factor] < floor.needs[factor]]
        excused = [factor for factor in short if factor in promised]
        forgiven = excused if len(excused) <= floor.forgiven else []
        if set(short) == set(forgiven):
            word = tuple(
                f"{factor.label}={known[factor]}，缺口已认领并约定期限，按{_word(floor)}" for factor in forgiven
            )
            return Derived(floor.maturity, (*above, *word) or _all_reached(floor))
        above = above or _short(short, known, floor)
    return Derived(Maturity.CONCEIVING, (*above, *_below(known, floors[-1])))


def _word(floor: Floor) -> str:
    return str(Maturity(floor.maturity).label)


def _all_reached(floor: Floor) -> tuple[str, ...]:
    return (f"五项要素均达到{Maturity(floor.maturity).label}要求",)


def _short(short: list[Factor], known: Mapping[str, int], floor: Floor) -> tuple[str, ...]:
    word = Maturity(floor.maturity).label
    return tuple(f"因为{factor.label}={known[factor]}，低于{word}要求的 {floor.needs[factor]}" for factor in short)


def _below(known: Mapping[str, int], floor: Floor) -> tuple[str, ...]:
    """What keeps a project from the lowest floor, where that is not said already."""
    word = Maturity(floor.maturity).label
    return tuple(
        f"{factor.label}={known[factor]}，也低于{word}要求的 {floor.needs[factor]}"
        for factor in Factor if known[factor] < floor.needs[factor]
    )


# Priority ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Weight:
    """Importance and urgency from 1 to 5, the grade, and the marks that made them."""

    importance: int
    urgency: int
    grade: str
    hits: tuple[str, ...]


def weigh(
    content: Content, *, investment: float | None, opening_on: dt.date | None, ticks: Collection[str], day: dt.date
) -> Weight:
    """Grade a project: the highest mark that holds on each axis, at least 1. `investment` in 万元."""
    scores = {"importance": 1, "urgency": 1}
    hits = []
    for row in in_force(content, "appraisal_marks.tsv", day):
        if _holds(row, investment, opening_on, ticks, day):
            scores[row["axis"]] = max(scores[row["axis"]], int(row["score"]))
            hits.append(row)
    best = [row["name_zh"] for row in hits if int(row["score"]) == scores[row["axis"]]]
    return Weight(
        scores["importance"], scores["urgency"],
        grade_of(content, scores["importance"], scores["urgency"], day), tuple(best),
    )


def _holds(
    row: Mapping[str, str], investment: float | None, opening_on: dt.date | None, ticks: Collection[str], day: dt.date
) -> bool:
    if row["from_wan"]:
        return investment is not None and investment >= int(row["from_wan"])
    if row["within_days"]:
        return opening_on is not None and (opening_on - day).days <= int(row["within_days"])
    return row["code"] in ticks


def grade_of(content: Content, importance: int, urgency: int, day: dt.date) -> str:
    """The grade of a cell of the table."""
    return next(
        row["grade"] for row in in_force(content, "appraisal_grades.tsv", day)
        if (row["importance"], row["urgency"]) == (str(importance), str(urgency))
    )


def questions(content: Content, day: dt.date) -> list[tuple[str, str]]:
    """Code and words of the marks that a person ticks."""
    rows = in_force(content, "appraisal_marks.tsv", day)
    return [(row["code"], row["question_zh"]) for row in rows if row["question_zh"]]


def resources(content: Content, grade: str, day: dt.date) -> tuple[str, str]:
    """How often a grade is dispatched, and who leads it."""
    for row in in_force(content, "appraisal_resources.tsv", day):
        if row["grade"] == grade:
            return row["dispatch_zh"], row["leader_zh"]
    return "", ""


# Checking the files --------------------------------------------------------------------------------------------------


def check(content: Content) -> Iterator[Fault]:
    """What does not hold together: levels, floors that cross, a grade that falls as a project grows more pressing."""
    yield from _check_cells(content)
    days = sorted({dt.date.fromisoformat(row["valid_from"]) for rows in content.values() for row in rows})
    for day in days:
        yield from _check_factors(content, day)
        yield from _check_rules(content, day)
        yield from _check_grades(content, day)
    if missing := set(TERMS) - {row["code"] for row in content["appraisal_terms.tsv"]}:
        yield Fault("appraisal_terms.tsv", 0, f"缺少期限：{'、'.join(sorted(missing))}")


def _check_cells(content: Content) -> Iterator[Fault]:
    columns = {
        "appraisal_levels.tsv": ("level",), "appraisal_rules.tsv": (*Factor.values, "forgiven"),
        "appraisal_marks.tsv": ("score",), "appraisal_grades.tsv": ("importance", "urgency"),
        "appraisal_terms.tsv": ("days",), "appraisal_factors.tsv": ("order",),
    }
    for name, numbers in columns.items():
        for line, row in enumerate(content[name], 2):
            if any(not row[column].isdigit() for column in numbers):
                yield Fault(name, line, f"{'、'.join(numbers)} 应为数字")
    for line, row in enumerate(content["appraisal_marks.tsv"], 2):
        if sum(bool(row[column]) for column in ("from_wan", "within_days", "question_zh")) != 1:
            yield Fault("appraisal_marks.tsv", line, "总投资、天数、由人判断的问题三者填且只填一项")
        if row["axis"] not in ("importance", "urgency"):
            yield Fault("appraisal_marks.tsv", line, "轴为 importance 或 urgency")
    for line, row in enumerate(content["appraisal_terms.tsv"], 2):
        if row["unit"] not in {"working_day", "calendar_day"}:
            yield Fault("appraisal_terms.tsv", line, "单位为 working_day 或 calendar_day")


def _check_factors(content: Content, day: dt.date) -> Iterator[Fault]:
    for investment in ("government", "social"):
        found = factors_of(content, investment, day)
        if sorted(factor.code for factor in found) != sorted(Factor.values):
            yield Fault("appraisal_factors.tsv", 0, f"{day}：{investment} 应有五项要素，各一行")
        if any(not factor.departments for factor in found):
            yield Fault("appraisal_factors.tsv", 0, f"{day}：每项要素须有评分部门")
    for factor in Factor:
        if [level.level for level in levels_of(content, factor, day)] != list(LEVELS):
            yield Fault("appraisal_levels.tsv", 0, f"{day}：{factor.label}应有 0 至 3 四级")


def _check_rules(content: Content, day: dt.date) -> Iterator[Fault]:
    packages = {row["package"] for row in in_force(content, "appraisal_rules.tsv", day)}
    if EVERY not in packages:
        yield Fault("appraisal_rules.tsv", 0, f"{day}：缺少通用规则（package 为 *）")
    for package in sorted(packages):
        rows = [row for row in in_force(content, "appraisal_rules.tsv", day) if row["package"] == package]
        if sorted(row["maturity"] for row in rows) != sorted(RIPE):
            yield Fault("appraisal_rules.tsv", 0, f"{day}：{package} 应有成熟、孵化各一行")
            continue
        ready, incubating = floors_of(content, package, day)
        if any(ready.needs[factor] < incubating.needs[factor] for factor in Factor):
            yield Fault("appraisal_rules.tsv", 0, f"{day}：{package} 成熟的要求低于孵化")
        if ready.forgiven or any(need not in LEVELS for need in ready.needs.values()):
            yield Fault("appraisal_rules.tsv", 0, f"{day}：{package} 成熟不容缺，要求为 0 至 3")


def _check_grades(content: Content, day: dt.date) -> Iterator[Fault]:
    cells: dict[tuple[int, int], str] = {
        (int(row["importance"]), int(row["urgency"])): row["grade"]
        for row in in_force(content, "appraisal_grades.tsv", day)
    }
    if set(cells) != set(product(SCALE, SCALE)) or not set(cells.values()) <= set(Grade.values):
        yield Fault("appraisal_grades.tsv", 0, f"{day}：重要性、紧迫性 1 至 5 应各有一个等级 A 至 D")
        return
    for (first, second), grade in cells.items():
        for higher in ((first + 1, second), (first, second + 1)):
            if cells.get(higher, "A") > grade:
                yield Fault("appraisal_grades.tsv", 0, f"{day}：重要性{higher[0]}、紧迫性{higher[1]}的等级反而更低")
