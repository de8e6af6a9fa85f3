"""The vocabulary of facts (情形): what may be asked about a project, its notation, and which answers clash.

A set of facts maps a name to `yes`/`no`, one value, a list of values or a number; that is also how it is stored
as JSON. The vocabulary is `catalog/facts.tsv`; the notation is `name=value;name=a|b;name=-`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial
from pathlib import Path

CATALOG = Path(__file__).resolve().parent / "catalog"
COLUMNS = (
    "name", "kind", "values", "label_zh", "question_zh", "value_labels", "unit", "group", "asked_of", "help",
)
#: Who answers: the applicant, the centre, nobody yet, or whoever likes (no rule asks).
ASKED_OF = ("applicant", "centre", "reserved", "optional")

FactValue = str | list[str] | float
Facts = Mapping[str, FactValue]

_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)


class FactKind(StrEnum):
    """How a fact is answered."""

    YES_NO = "yes/no"
    ONE = "one"
    MANY = "many"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: how it is asked on the screen, which values it takes and in which unit."""

    name: str
    kind: FactKind
    values: tuple[str, ...]
    label: str
    question: str
    value_labels: tuple[str, ...]
    unit: str
    group: str
    asked_of: str
    help: str

    @property
    def is_optional(self) -> bool:
        """Whether no rule asks for it: it stands beside another answer, which it proves, and holds nothing up."""
        return self.asked_of == "optional"

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Value and Chinese label of each choice, for a form field."""
        return list(zip(self.values, self.value_labels, strict=True))

    def show(self, value: FactValue) -> str:
        """The answer in Chinese, with its unit."""
        if self.kind is FactKind.NUMBER:
            return f"{show_number(value)} {self.unit}"
        labels = dict(self.choices)
        if isinstance(value, list):
            return "、".join(labels[v] for v in self.values if v in value) or "无"
        return labels.get(str(value), str(value))


@dataclass(frozen=True, slots=True)
class FactFault:
    """Something wrong with an answer: the fact it belongs to, a stable code and a Chinese sentence."""

    name: str
    code: str
    message: str


class FactError(ValueError):
    """Facts that cannot be read; `faults` says each reason."""

    def __init__(self, faults: list[FactFault]) -> None:
        """Keep the faults; the text joins their sentences."""
        super().__init__("；".join(fault.message for fault in faults))
        self.faults = faults


@lru_cache(maxsize=1)
def vocabulary() -> Mapping[str, Fact]:
    """All facts by name, in the order in which they are asked."""
    head, *lines = (CATALOG / "facts.tsv").read_text(encoding="utf-8").splitlines()
    if tuple(head.split("\t")) != COLUMNS:
        raise ValueError("facts.tsv：表头与约定不符 / unexpected header")
    return {fact.name: fact for fact in map(_fact, lines)}


def vocabulary_faults(text: str) -> Iterator[tuple[int, str]]:
    """What keeps a table of facts from being read, with the number of each line."""
    head, *lines = text.splitlines() or [""]
    if tuple(head.split("\t")) != COLUMNS:
        yield 1, f"表头应为：{' '.join(COLUMNS)}"
        return
    names: set[str] = set()
    for number, line in enumerate(lines, 2):
        cells = line.split("\t")
        if len(cells) != len(COLUMNS):
            yield number, f"有{len(cells)}列，应为{len(COLUMNS)}列"
            continue
        row = dict(zip(COLUMNS, cells, strict=True))
        if row["name"] in names:
            yield number, f"情形“{row['name']}”重复"
        names.add(row["name"])
        if row["kind"] not in FactKind.__members__.values():
            yield number, f"kind 应为 {'、'.join(FactKind)}，不是“{row['kind']}”"
        elif len(split(row["values"])) != len(split(row["value_labels"])):
            yield number, "values 和 value_labels 的个数不同"
        if row["asked_of"] not in ASKED_OF:
            yield number, f"asked_of 应为 {'、'.join(ASKED_OF)}，不是“{row['asked_of']}”"


def _fact(line: str) -> Fact:
    cells = dict(zip(COLUMNS, line.split("\t"), strict=True))
    kind = FactKind(cells["kind"])
    values, labels = split(cells["values"]), split(cells["value_labels"])
    if kind is FactKind.YES_NO:
        values, labels = ("yes", "no"), ("是", "否")
    return Fact(
        cells["name"], kind, values, cells["label_zh"], cells["question_zh"], labels, cells["unit"], cells["group"],
        cells["asked_of"], cells["help"],
    )


def split(cell: str) -> tuple[str, ...]:
    """The values of a cell that are parted by `;`."""
    return tuple(part for part in cell.split(";") if part)


def show_number(value: object) -> str:
    """A number without a useless `.0`."""
    return f"{float(str(value)):.6f}".rstrip("0").rstrip(".")


def parse_facts(text: str) -> dict[str, FactValue]:
    """Read the notation `name=value;name=a|b`; `-` stands for none of the values. Raises FactError."""
    answers: dict[str, str] = {}
    faults: list[FactFault] = []
    for raw in unicodedata.normalize("NFKC", text).split(";"):
        part = raw.strip()
        if not part:
            continue
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign:
            faults.append(FactFault(name, "no_value", f"“{part}”缺少“=”，应写成“名称=值”"))
        elif name in answers:
            faults.append(FactFault(name, "twice", f"“{name}”写了两次"))
        answers[name] = value
    if faults:
        raise FactError(faults)
    return clean_facts({name: _from_notation(name, value) for name, value in answers.items()})


def _from_notation(name: str, value: str) -> FactValue:
    fact = vocabulary().get(name)
    if fact is None or fact.kind is not FactKind.MANY:
        return value
    return [] if value == "-" else [part.strip() for part in value.split("|")]


def format_facts(facts: Facts) -> str:
    """The facts in the notation that `parse_facts` reads."""
    return ";".join(f"{name}={_to_notation(value)}" for name, value in facts.items())


def _to_notation(value: FactValue) -> str:
    if isinstance(value, list):
        return "|".join(value) or "-"
    return value if isinstance(value, str) else show_number(value)


def clean_facts(raw: Mapping[str, object]) -> dict[str, FactValue]:
    """Facts in their stored form, or FactError naming every unknown fact and every value it does not take.

    Empty strings and None are answers not given and are left out. Numbers are never negative.
    """
    cleaned: dict[str, FactValue] = {}
    faults: list[FactFault] = []
    for name, value in raw.items():
        if value is None or value == "":
            continue
        fact = vocabulary().get(name)
        if fact is None:
            faults.append(FactFault(name, "unknown_fact", f"不认识的情形“{name}” / unknown fact {name!r}"))
            continue
        result = _clean(fact, value)
        if isinstance(result, FactFault):
            faults.append(result)
        else:
            cleaned[name] = result
    if faults:
        raise FactError(faults)
    return cleaned


def _clean(fact: Fact, value: object) -> FactValue | FactFault:
    if fact.kind is FactKind.NUMBER:
        text = unicodedata.normalize("NFKC", str(value)).replace(",", "").strip()
        if isinstance(value, bool) or not _NUMBER.fullmatch(text):
            return FactFault(fact.name, "not_a_number", f"{fact.label}应填不小于0的数字（{fact.unit}），收到“{value}”")
        return float(text)
    if fact.kind is FactKind.MANY:
        chosen = [str(v) for v in value] if isinstance(value, Iterable) and not isinstance(value, str) else [str(value)]
        if strange := [v for v in chosen if v not in fact.values]:
            return _not_a_value(fact, strange[0])
        return [v for v in fact.values if v in chosen]
    return str(value) if str(value) in fact.values else _not_a_value(fact, str(value))


def _not_a_value(fact: Fact, value: str) -> FactFault:
    allowed = "、".join(f"{label}（{v}）" for v, label in fact.choices)
    return FactFault(fact.name, "unknown_value", f"{fact.label}没有“{value}”这一选项，可填：{allowed}")


def contradictions(facts: Facts, investment: str = "") -> list[FactFault]:
    """Answers that cannot all be true; empty when the facts go together. Missing answers never clash."""
    return [
        FactFault(name, "contradiction", message)
        for name, clashes, message in _clashes(facts, investment)
        if clashes
    ]


def lacks_storeys(facts: Facts) -> bool:
    """Whether a building that is put up has a height and nothing is said of its storeys."""
    return bool(facts.get("height")) and "storeys" not in facts and _builds(facts)


def _says(facts: Facts, name: str, value: str) -> bool:
    got = facts.get(name)
    return value in got if isinstance(got, list) else got == value


def _builds(facts: Facts) -> bool:
    """Whether a building is put up or extended; a bridge is high and has no floors."""
    puts_up = _says(facts, "works", "new") or _says(facts, "works", "extension")
    return puts_up and not _says(facts, "building_use", "infrastructure")


def _clashes(facts: Facts, investment: str) -> Iterable[tuple[str, bool, str]]:
    says = partial(_says, facts)

    def number(name: str) -> float | None:
        got = facts.get(name)
        return got if isinstance(got, float | int) else None

    floor, underground, length = (number(n) for n in ("gross_floor_area", "floor_area_underground", "pipeline_length"))
    height, storeys = number("height"), number("storeys")
    yield (
        "floor_area_underground", floor is not None and underground is not None and underground > floor,
        "地下建筑面积大于总建筑面积，请核对两个数",
    )
    yield "works", facts.get("works") == [], "工程内容一项也没有选，请至少选一项"
    yield (
        "design_with_land", says("design_with_land", "yes") and "land_supply" in facts
        and not says("land_supply", "transfer"), "带方案出让只适用于出让用地，请核对供地方式",
    )
    yield (
        "land_supply", says("land_supply", "existing") and says("new_land", "yes"),
        "已选存量用地，又填了新增建设用地：新供的地须选出让或划拨，请核对供地方式",
    )
    yield from _clashes_of_height(facts, floor, height, storeys)
    yield (
        "farmland", says("farmland", "yes") and says("new_land", "no"),
        "占用耕地须先办理农用地转用，请核对“新增建设用地”",
    )
    yield from _clashes_of_pipeline(facts, length)
    yield (
        "presale", says("presale", "yes") and investment == "government",
        "政府投资项目不办理商品房预售，请核对",
    )
    yield (
        "state_funds", says("state_funds", "no") and investment == "government",
        "政府投资项目使用国有资金，请核对",
    )
    yield (
        "piling_first", says("piling_first", "yes") and number("excavation_depth") == 0,
        "申请基坑、桩基先行，但基坑开挖深度为0，请核对",
    )


def _clashes_of_pipeline(facts: Facts, length: float | None) -> Iterable[tuple[str, bool, str]]:
    says = partial(_says, facts)
    yield (
        "pipeline_length", says("pipeline_project", "yes") and length == 0,
        "市政管线工程须填写管线长度",
    )
    yield (
        "pipeline_length", says("pipeline_project", "no") and bool(length),
        "填写了管线长度，但工程不是单独立项的市政管线工程，请核对",
    )
    yield (
        "pipeline", says("pipeline_project", "yes") and facts.get("pipeline") == [],
        "市政管线工程须选择管线种类",
    )


def _clashes_of_height(
    facts: Facts, floor: float | None, height: float | None, storeys: float | None
) -> Iterable[tuple[str, bool, str]]:
    yield (
        "height", bool(height) and floor == 0 and _builds(facts),
        "填写了建筑高度，但总建筑面积为0，没有楼层；请核对两个数",
    )
    yield (
        "storeys", bool(height) and storeys == 0 and not _says(facts, "building_use", "infrastructure"),
        "填写了建筑高度，层数却为0：有高度的建筑至少有1层，请核对建筑高度和层数",
    )
    yield (
        "storeys", bool(storeys) and height == 0,
        "填写了层数，建筑高度却为0，请核对建筑高度和层数",
    )
    yield "storeys", storeys is not None and storeys % 1 != 0, "层数应填整数，请核对"
