"""Whether a catalogue holds together: every fault with file and line, in Chinese. Nothing is loaded while one stands.

One list of checks, one function for each table; the contents have a file of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from archives.states import CLASS_NAMES
from packages.catalog_content_checks import (
    check_commitments,
    check_deferrals,
    check_holders,
    check_items,
    check_materials,
    check_order,
    check_phrases,
    check_promises,
    check_reviews,
    check_rounds,
    check_stand_ins,
)
from packages.catalog_files import KIND_OF, Fault, Line, Tables, read_note, repeated
from packages.catalog_lines import (
    INTERMEDIARY,
    YES_NO,
    Catalogue,
    circle,
    coded,
    dates,
    filled,
    number,
    one_of,
    parsed,
)
from packages.choices import MatterLevel
from packages.conditions import ASSESSMENTS, Applies, Node, tests_in
from packages.facts import split
from packages.planning.applying import assessing_of
from packages.planning.engine import STAGES
from projects.quoting import quoted
from projects.states import Investment, OrganisationKind

NATIONAL = {"planning": "15", "permit": "235", "acceptance": "45"}  # standard stages met in a local stage
MILESTONE_STAGES = "1234"
BODY_KINDS = {kind.value for kind in OrganisationKind} - {OrganisationKind.ENTERPRISE, OrganisationKind.OWNER_BODY}
PRODUCERS_APART = ("party", "authority")


Check = Callable[[Catalogue], Iterable[Fault]]


def check(tables: Tables) -> list[Fault]:
    """All faults of a catalogue. Later checks build on names and numbers, so they wait until those hold."""
    faults = list(tables.faults)
    if faults:
        return faults
    catalogue = Catalogue(tables)
    for group in (NAMES, RULES, CONTENTS):
        faults = [fault for part in group for fault in part(catalogue)]
        if faults:
            break
    return faults


# Names and numbers


def check_departments(c: Catalogue) -> Iterator[Fault]:
    """Departments are unique and of a known kind."""
    lines = c.tables["departments.tsv"]
    yield from repeated(lines, "code")
    yield from repeated(lines, "name_zh")
    for line in lines:
        yield from coded(line, "code")
        yield from filled(line, "name_zh")
        yield from one_of(line, "kind", sorted(BODY_KINDS))


def check_matters(c: Catalogue) -> Iterator[Fault]:
    """Every matter has a known department, stage, level and days; its promise keeps the law."""
    yield from repeated(c.tables["matters.tsv"], "code")
    for line in c.tables["matters.tsv"]:
        yield from coded(line, "code")
        yield from filled(line, "name_zh", "name_en", "result_document", "legal_basis", "note")
        yield from one_of(line, "kind", KIND_OF)
        yield from one_of(line, "stage", STAGES)
        yield from one_of(line, "level", MatterLevel.values)
        for column in ("milestone", "starts_works", "commitment", "deficiency_ok"):
            yield from one_of(line, column, YES_NO)
        yield from number(line, "promised_days")
        yield from number(line, "statutory_days", empty=True)
        yield from _lead_and_stage(c, line)
    for stage in MILESTONE_STAGES:
        if not any(m.says("milestone") and m["national_stage"] == stage for m in c.matters.values()):
            yield Fault("matters.tsv", 0, f"标准阶段{stage}没有里程碑事项")


def _lead_and_stage(c: Catalogue, line: Line) -> Iterator[Fault]:
    lead = c.by_name.get(line["lead_department"])
    if lead is None:
        yield line.fault(f"牵头部门“{line['lead_department']}”不在 departments.tsv")
    elif (lead["kind"] == INTERMEDIARY) != (line["kind"] == "中介服务"):
        yield line.fault("中介机构只办中介服务，中介服务只由中介机构办")
    yield from one_of(line, "national_stage", NATIONAL.get(line["stage"], ""))
    counted = read_note(line["note"]).is_counted
    if line.says("milestone") and (line["national_stage"] == "5" or not counted):
        yield line.fault("里程碑事项须属标准阶段1至4并计时")
    statutory, promised = line.whole("statutory_days"), line.whole("promised_days")
    if counted and statutory is not None and promised is not None and promised > statutory:
        yield line.fault(f"承诺{promised}日长于法定{statutory}日")


def check_prerequisites(c: Catalogue) -> Iterator[Fault]:
    """Prerequisites are known, stand in no later stage and form no circle."""
    edges: list[tuple[Line, str, str]] = []
    for code, line in c.matters.items():
        for other in c.needs(code):
            if other not in c.matters:
                yield line.fault(f"前置事项“{other}”不在 matters.tsv")
                continue
            edges.append((line, code, other))
            stages = [c.matters[x]["stage"] for x in (other, code)]
            if set(stages) <= set(STAGES) and STAGES.index(stages[0]) > STAGES.index(stages[1]):
                yield line.fault(f"前置事项 {other} 在后面的阶段")
    yield from circle(edges)


def check_kinds(c: Catalogue) -> Iterator[Fault]:
    """Document kinds are of a known class; the result of every matter has exactly one kind."""
    lines = c.tables["document_kinds.tsv"]
    yield from repeated(lines, "slug")
    made: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        yield from coded(line, "slug")
        yield from filled(line, "name_zh", "produced_by")
        yield from one_of(line, "class", CLASS_NAMES)
        yield from one_of(line, "personal", YES_NO)
        yield from one_of(line, "reusable", YES_NO)
        if line["validity_days"] and not line.whole("validity_days"):
            yield line.fault(f"有效期“{line['validity_days']}”应为正整数或空")
        if line["produced_by"] in PRODUCERS_APART:
            continue
        for code in split(line["produced_by"]):
            made[code].append(line)
            if code not in c.matters:
                yield line.fault(f"产生该文件的事项“{code}”不在 matters.tsv")
    for code, line in c.matters.items():
        if len(made[code]) != 1:
            yield line.fault(f"办理结果须恰好对应一个文件种类，现有{len(made[code])}个")


def check_packages(c: Catalogue) -> Iterator[Fault]:
    """Packages are unique and their stage days add up."""
    lines = c.tables["packages.tsv"]
    yield from repeated(lines, "code")
    columns = [f"days_{stage}" for stage in STAGES]
    for line in lines:
        yield from coded(line, "code")
        yield from filled(line, "name_zh", "scope_rule", "scope")
        yield from one_of(line, "investment", Investment.values)
        faults = [fault for column in (*columns, "total_days") for fault in number(line, column)]
        yield from faults
        if not faults and sum(line.number_of(column) for column in columns) != line.number_of("total_days"):
            yield line.fault("三个阶段的天数之和不等于 total_days")
        if line["code"] not in c.inside:
            yield line.fault("套餐里没有事项")


def check_rows(c: Catalogue) -> Iterator[Fault]:
    """Rows of packages name known packages and matters, once each, with lane, days and condition in order."""
    lines = c.tables["package_matters.tsv"]
    yield from repeated(lines, "package_code", "matter_code")
    used = {line["matter_code"] for line in lines}
    for line in lines:
        yield from _row_matter(c, line)
        yield from one_of(line, "required", ("yes", "conditional"))
        yield from one_of(line, "counted", YES_NO)
        yield from one_of(line, "lane", ("", "side"))
        yield from number(line, "days_override", empty=True)
        if not line.whole("step"):
            yield line.fault(f"步骤“{line['step']}”应为正整数")
        if bool(line["condition"]) != bool(line["rule"]):
            yield line.fault("condition 与 rule 须同时填写")
        if line["required"] == "conditional" and not line["rule"]:
            yield line.fault("条件事项没有规则")
        if line["lane"] and line["required"] == "yes":
            yield line.fault("旁线只放条件事项")
    for code, line in c.matters.items():
        if code not in used:
            yield line.fault("没有一个套餐包含这个事项")


def _row_matter(c: Catalogue, line: Line) -> Iterator[Fault]:
    if line["package_code"] not in c.packages:
        yield line.fault(f"套餐“{line['package_code']}”不在 packages.tsv")
    matter = c.matters.get(line["matter_code"])
    if matter is None:
        yield line.fault(f"事项“{line['matter_code']}”不在 matters.tsv")
    elif line["stage"] != matter["stage"]:
        yield line.fault(f"阶段与 matters.tsv 的 {matter['stage']} 不同")
    elif line.says("counted") and not read_note(matter["note"]).is_counted:
        yield line.fault("不计时的事项不能计入承诺时限")


# Rules


def check_scopes(c: Catalogue) -> Iterator[Fault]:
    """A scope names a material of its matter, has a rule, and says on what ground."""
    lines = c.tables["material_scope.tsv"]
    yield from repeated(lines, "matter_code", "name_zh", "since")
    named = {(line["matter_code"], line["name_zh"]) for line in c.tables["materials.tsv"]}
    for line in lines:
        if (line["matter_code"], line["name_zh"]) not in named:
            yield line.fault(f"{quoted(line['name_zh'])}不在事项 {line['matter_code']} 的材料中")
        yield from filled(line, "rule", "basis", "source")
        yield from dates(line)


def check_rules(c: Catalogue) -> Iterator[Fault]:
    """Every rule and scope parses; rules name matters of their package and form no circle."""
    for name, column in (
        ("matter_reviews.tsv", "rule"), ("acceptance_items.tsv", "rule"), ("material_scope.tsv", "rule"),
        ("packages.tsv", "scope"),
    ):
        for line in c.tables[name]:
            node, faults = parsed(line, column)
            yield from faults
            if node is not None and column == "scope" and _derived(node):
                yield line.fault("适用规则只能使用申请时填写的情形")
            yield from (
                line.fault(f"规则提到的事项“{t.code}”不在 matters.tsv")
                for t in (tests_in(node) if node else ()) if isinstance(t, Applies) and t.code not in c.matters
            )
    for code in c.packages:
        yield from _package_rules(c, code)


def _derived(node: Node) -> bool:
    return any(isinstance(test, Applies) or test.name == ASSESSMENTS for test in tests_in(node))


def _package_rules(c: Catalogue, package: str) -> Iterator[Fault]:
    rows = c.inside[package]
    assessing = assessing_of({code: c.needs(code) for code in c.matters}) & set(rows)
    edges: list[tuple[Line, str, str]] = []
    for code, line in rows.items():
        node, faults = parsed(line, "rule")
        yield from faults
        for test in tests_in(node) if node else ():
            if isinstance(test, Applies):
                edges.append((line, code, test.code))
                if test.code not in rows or test.code == code:
                    yield line.fault(f"规则提到的“{test.code}”不是本套餐的另一个事项")
            elif test.name == ASSESSMENTS:
                edges.extend((line, code, other) for other in sorted(assessing))
                if not assessing:
                    yield line.fault("规则数评估项数，而本套餐没有评估事项")
    yield from circle(edges)


NAMES: tuple[Check, ...] = (
    check_departments, check_matters, check_prerequisites, check_kinds, check_packages, check_rows,
)
RULES: tuple[Check, ...] = (check_rules,)
CONTENTS: tuple[Check, ...] = (check_order, check_promises, check_reviews, check_materials, check_items)
CONTENTS += (check_deferrals, check_holders, check_stand_ins, check_commitments, check_rounds, check_phrases)
CONTENTS += (check_scopes,)
