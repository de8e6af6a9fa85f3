"""Whether a catalogue holds together: every fault with file and line, in Chinese. Nothing is loaded while one stands.

Longer than other files: it is one list of checks, one function for each table.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from archives.models import OWNER_CLASS
from archives.states import CLASS_NAMES
from packages import floor
from packages.catalog_content import EVERY
from packages.catalog_files import FORM_OF, KIND_OF, SHARED_FLAG, SOURCE_OF, Fault, Line, Tables, read_note, repeated
from packages.choices import ArrivesBefore, LateConsequence, MaterialSource, MatterLevel, ReviewRole
from packages.conditions import ASSESSMENTS, Applies, Node, RuleError, parse_rule, tests_in
from packages.facts import split
from packages.planning.applying import assessing_of
from packages.planning.engine import STAGES, PlanError, Row, plan
from packages.review_terms import NAMES as TERMS
from packages.states import OpinionVerdict
from projects.states import Investment, OrganisationKind, PartyRole

NATIONAL = {"planning": "15", "permit": "235", "acceptance": "45"}  # standard stages met in a local stage
MILESTONE_STAGES = "1234"
BODY_KINDS = {kind.value for kind in OrganisationKind} - {OrganisationKind.ENTERPRISE, OrganisationKind.OWNER_BODY}
CODE = re.compile(r"[a-z][a-z0-9-]{0,38}", re.ASCII)
PRODUCERS_APART = ("party", "authority")
INTERMEDIARY, JOINT_ACCEPT, RECORD = "intermediary", "joint-accept", "completion-record"
YES_NO = ("yes", "no")
APPLICANT = MaterialSource.APPLICANT.label


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


def parsed(line: Line, column: str) -> tuple[Node | None, list[Fault]]:
    """The rule of a cell and what is wrong with it; a rule must depend on an answer."""
    if not line[column]:
        return None, []
    try:
        node = parse_rule(line[column])
    except RuleError as error:
        return None, [line.fault(str(error))]
    return (node, []) if node.holds({}) is None else (None, [line.fault(f"规则“{line[column]}”不取决于任何回答")])


def check_rules(c: Catalogue) -> Iterator[Fault]:
    """Every rule and scope parses; rules name matters of their package and form no circle."""
    for name, column in (("matter_reviews.tsv", "rule"), ("acceptance_items.tsv", "rule"), ("packages.tsv", "scope")):
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


# Contents


def check_order(c: Catalogue) -> Iterator[Fault]:
    """No row stands before its prerequisite; `together` marks exactly those with one in their own step."""
    for rows in c.inside.values():
        for code, line in rows.items():
            same = False
            for other in c.needs(code):
                if other not in rows:
                    continue
                if position(rows[other]) > position(line):
                    yield line.fault(f"排在前置事项 {other} 之前")
                elif position(rows[other]) == position(line):
                    same = True
                    if line["lane"] or rows[other]["lane"]:
                        yield line.fault(f"旁线事项与前置事项 {other} 在同一步骤")
            if line["together"] != ("yes" if same else ""):
                yield line.fault(f"together 应为“{'yes' if same else ''}”")


def check_promises(c: Catalogue) -> Iterator[Fault]:
    """The published stage days are the critical path of the required and counted rows; each stage has a milestone."""
    for package, line in c.packages.items():
        rows = list(c.inside[package].values())
        standard = [row for row in rows if row["required"] == "yes" and row.says("counted")]
        try:
            found = plan(_entry(c, row) for row in standard).stage_days
        except PlanError as error:
            yield line.fault(str(error))
            continue
        published = tuple(line.number_of(f"days_{stage}") for stage in STAGES)
        if found != published:
            told, want = ("+".join(map(str, days)) for days in (published, found))
            yield line.fault(f"公布的阶段天数 {told} 与推算的 {want} 不符")
        for stage in STAGES:
            if not any(r["stage"] == stage and c.matters[r["matter_code"]].says("milestone")
                       and r["required"] == "yes" for r in rows):
                yield line.fault(f"阶段 {stage} 没有必办的里程碑事项")


def _entry(c: Catalogue, row: Line) -> Row:
    code, (stage, step) = row["matter_code"], position(row)
    days = c.promise(row)
    return Row(code, stage, step, row["lane"], days if row.says("counted") else 0, days, c.needs(code),
               c.matters[code].says("starts_works"))


def check_reviews(c: Catalogue) -> Iterator[Fault]:
    """One lead for every decided matter; opinions fit into every promise; silence is consent only where it may be."""
    lines = c.tables["matter_reviews.tsv"]
    yield from repeated(lines, "matter_code", "department_code")
    leads: defaultdict[str, int] = defaultdict(int)
    promises: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in c.tables["package_matters.tsv"]:
        promises[row["matter_code"]].append((row["package_code"], c.promise(row)))
    for line in lines:
        code, body = line["matter_code"], c.departments.get(line["department_code"])
        faults = [*one_of(line, "role", ReviewRole.values), *one_of(line, "tacit", YES_NO), *number(line, "days")]
        if code not in c.matters:
            faults.append(line.fault(f"事项“{code}”不在 matters.tsv"))
        if body is None:
            faults.append(line.fault(f"部门“{line['department_code']}”不在 departments.tsv"))
        yield from faults
        if faults or body is None:
            continue
        leads[code] += line["role"] == ReviewRole.LEAD
        yield from _review(line, body, c.matters[code])
        yield from _opinion_days(line, promises[code])
    for code, line in c.matters.items():
        if leads[code] != (line["kind"] != "中介服务"):
            yield line.fault(f"在 matter_reviews.tsv 有{leads[code]}个牵头部门")


def _review(line: Line, body: Line, matter: Line) -> Iterator[Fault]:
    if line["role"] == ReviewRole.LEAD:
        if body["name_zh"] != matter["lead_department"]:
            yield line.fault(f"牵头部门与 matters.tsv 的“{matter['lead_department']}”不同")
        if line["rule"] or body["kind"] == INTERMEDIARY:
            yield line.fault("牵头部门不带条件，也不能是中介机构")
    allowed = floor.may_be_tacit(line["matter_code"], body["kind"], body["code"], line["role"], line["rule"])
    if line.says("tacit") and not allowed:
        yield line.fault("此处不得适用超时默认")


def _opinion_days(line: Line, promises: list[tuple[str, int]]) -> Iterator[Fault]:
    days = line.number_of("days")
    for package, promise in promises:
        room = promise if line["role"] == ReviewRole.LEAD or promise == 1 else promise - 1
        if promise and days > room:
            yield line.fault(f"答复{days}日超出套餐 {package} 承诺的{promise}日")
    if days and not any(promise for _, promise in promises):
        yield line.fault("事项即办，答复时限应为0")


def check_materials(c: Catalogue) -> Iterator[Fault]:
    """Lines are complete, and each result named as a source exists when the matter is handled."""
    lines = c.tables["materials.tsv"]
    yield from repeated(lines, "matter_code", "name_zh")
    handed: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        handed[line["matter_code"]].add(line["document_kind"])
    edges = [(line, code, other) for code, line in c.matters.items() for other in c.needs(code)]
    for line in lines:
        faults = list(_material(c, line))
        yield from faults
        if not faults:
            yield from _earlier_results(c, line, handed)
            edges.extend((line, line["matter_code"], other) for other in split(line["from_matter"]))
    yield from circle(edges)


def _material(c: Catalogue, line: Line) -> Iterator[Fault]:
    if line["matter_code"] not in c.matters:
        yield line.fault(f"事项“{line['matter_code']}”不在 matters.tsv")
    yield from one_of(line, "form", FORM_OF)
    yield from one_of(line, "source", [label for label, value in SOURCE_OF.items() if value in SHARED_FLAG])
    if line["second_source"]:
        yield from one_of(line, "second_source", SOURCE_OF)
    if line["shared_in_new_regime"] != SHARED_FLAG.get(SOURCE_OF.get(line["source"], ""), ""):
        yield line.fault("shared_in_new_regime 与来源不符")
    if line["document_kind"] not in c.kinds:
        yield line.fault(f"文件种类“{line['document_kind']}”不在 document_kinds.tsv")
    sources = split(line["from_matter"])
    for code in sources:
        if code not in c.matters:
            yield line.fault(f"来源事项“{code}”不在 matters.tsv")
    if (line["source"] == "上一环节结果") != bool(sources) or (line["second_source"] and not sources):
        yield line.fault("只有“上一环节结果”才填来源事项和备用来源，且必须填来源事项")


def _earlier_results(c: Catalogue, line: Line, handed: Mapping[str, set[str]]) -> Iterator[Fault]:
    sources, matter = split(line["from_matter"]), line["matter_code"]
    if not sources:
        return
    made = split(c.kinds[line["document_kind"]]["produced_by"])
    holding = {p: rows for p, rows in c.inside.items() if matter in rows}
    sure = set()
    for source in sources:
        ready = {p for p, r in holding.items() if source in r and position(r[source]) <= position(r[matter])}
        sure |= {p for p in ready if not c.inside[p][source]["rule"]}
        if not ready:
            yield line.fault(f"来源事项 {source} 在任何套餐里都不先于 {matter}")
        if source not in made and line["document_kind"] not in handed[source]:
            yield line.fault(f"来源事项 {source} 既不产生也不收取“{line['document_kind']}”")
    if (set(holding) != sure) != bool(line["second_source"]):
        yield line.fault("备用来源该填而未填" if set(holding) != sure else "备用来源用不到，不应填写")


def check_deferrals(c: Catalogue) -> Iterator[Fault]:
    """容缺 only where the matter allows it, never 即办 nor 上报, never for what the applicant does not hand in."""
    lines = c.tables["deferrals.tsv"]
    yield from repeated(lines, "matter_code", "name_zh")
    materials = {(line["matter_code"], line["name_zh"]): line for line in c.tables["materials.tsv"]}
    for line in lines:
        material = materials.get((line["matter_code"], line["name_zh"]))
        if material is None:
            yield line.fault(f"“{line['name_zh']}”不在事项 {line['matter_code']} 的材料中")
            continue
        matter = c.matters[line["matter_code"]]
        if not matter.says("deficiency_ok"):
            yield line.fault("事项不适用容缺受理（deficiency_ok=no）")
        if not floor.may_be_deferred(matter["level"], matter.number_of("promised_days")):
            yield line.fault("即办件、上报件不适用容缺受理")
        if APPLICANT not in (material["source"], material["second_source"]):
            yield line.fault("不由申请人提供的材料不向企业要，谈不上容缺")
        yield from number(line, "max_days")
        if line.whole("max_days") == 0:
            yield line.fault("容缺期限至少1个工作日")
        yield from one_of(line, "arrives_before", ArrivesBefore.values)
        yield from one_of(line, "late", LateConsequence.values)


def check_holders(c: Catalogue) -> Iterator[Fault]:
    """Only 主体资格 is held by a body that takes part, and each line names one type of body."""
    lines = c.tables["holders.tsv"]
    yield from repeated(lines, "matter_code", "name_zh")
    materials = {(line["matter_code"], line["name_zh"]): line for line in c.tables["materials.tsv"]}
    for line in lines:
        material = materials.get((line["matter_code"], line["name_zh"]))
        if material is None:
            yield line.fault(f"“{line['name_zh']}”不在事项 {line['matter_code']} 的材料中")
            continue
        if c.kinds[material["document_kind"]]["class"] != OWNER_CLASS:
            yield line.fault("只有主体资格类（S）的材料由参建单位持有")
        yield from one_of(line, "role", PartyRole.values)


def check_commitments(c: Catalogue) -> Iterator[Fault]:
    """The terms of a commitment are complete and belong to a matter."""
    lines = c.tables["commitments.tsv"]
    yield from repeated(lines, "matter_code")
    for line in lines:
        if line["matter_code"] != EVERY and line["matter_code"] not in c.matters:
            yield line.fault(f"事项“{line['matter_code']}”不在 matters.tsv")
        yield from filled(line, "conditions", "requirements", "consequences")
        yield from number(line, "days")
        yield from one_of(line, "designer", YES_NO)


def check_rounds(c: Catalogue) -> Iterator[Fault]:
    """The terms of the rounds are numbers, and pushing, answering and merging fit into the promise of the matter."""
    lines = c.tables["review_rounds.tsv"]
    yield from repeated(lines, "matter_code")
    reviews = c.tables.group("matter_reviews.tsv", "matter_code")
    for line in lines:
        code = line["matter_code"]
        faults = [fault for name in TERMS for fault in number(line, name)]
        yield from faults
        if code == EVERY or faults:
            continue
        if code not in c.matters:
            yield line.fault(f"事项“{code}”不在 matters.tsv")
            continue
        longest = max((row.number_of("days") for row in reviews.get(code, []) if row["role"] != floor.LEAD), default=0)
        promise = c.matters[code].number_of("promised_days")
        if line.number_of("push") + longest + line.number_of("merge") > promise:
            yield line.fault(f"推送、答复、汇总共{line.number_of('push') + longest + line.number_of('merge')}日，"
                             f"超过承诺时限{promise}日")


def check_phrases(c: Catalogue) -> Iterator[Fault]:
    """A phrase belongs to a body and a matter; a no and a condition name basis and remedy."""
    for line in c.tables["review_phrases.tsv"]:
        if line["department_code"] != EVERY and line["department_code"] not in c.departments:
            yield line.fault(f"部门“{line['department_code']}”不在 departments.tsv")
        if line["matter_code"] != EVERY and line["matter_code"] not in c.matters:
            yield line.fault(f"事项“{line['matter_code']}”不在 matters.tsv")
        yield from one_of(line, "verdict", OpinionVerdict.values)
        yield from filled(line, "reason")
        if line["verdict"] in {OpinionVerdict.DISAGREE, OpinionVerdict.CONDITIONAL}:
            yield from filled(line, "basis", "remedy")


def check_items(c: Catalogue) -> Iterator[Fault]:
    """Acceptance items are numbered in order; the gating ones are what the joint conclusion waits for."""
    lines = c.tables["acceptance_items.tsv"]
    yield from repeated(lines, "code")
    by_code = c.tables.by("acceptance_items.tsv", "code")
    gating: set[str] = set()
    for n, line in enumerate(lines, 1):
        if line["no"] != str(n):
            yield line.fault(f"序号应为{n}")
        yield from one_of(line, "gate", YES_NO)
        yield from number(line, "days")
        matters = [c.matters[code] for code in split(line["matter_code"]) if code in c.matters]
        if not matters or len(matters) != len(split(line["matter_code"])):
            yield line.fault(f"事项“{line['matter_code']}”不在 matters.tsv")
            continue
        if line.says("gate"):
            gating |= set(split(line["matter_code"]))
        yield from _item(c, line, matters, by_code)
    if JOINT_ACCEPT in c.matters and gating != set(c.needs(JOINT_ACCEPT)):
        yield c.matters[JOINT_ACCEPT].fault("前置事项与联合验收各项（gate=yes）的事项不同")
    if RECORD in c.matters and JOINT_ACCEPT not in c.needs(RECORD):
        yield c.matters[RECORD].fault("竣工验收备案须以联合验收为前置")


def _item(c: Catalogue, line: Line, matters: list[Line], by_code: Mapping[str, Line]) -> Iterator[Fault]:
    if line["days"] != str(max(matter.number_of("promised_days") for matter in matters)):
        yield line.fault("天数与事项的承诺时限不同")
    if {c.by_name[matter["lead_department"]]["code"] for matter in matters} != {line["department_code"]}:
        yield line.fault("部门与事项的牵头部门不同")
    fused = line["fused_with"]
    if fused and (fused not in by_code or by_code[fused]["fused_with"] != line["code"]):
        yield line.fault(f"与“{fused}”合并检查，但对方没有写")
    node, _ = parsed(line, "rule")
    named = {test.code for test in tests_in(node) if isinstance(test, Applies)} if node else set()
    if node and named != {matter["code"] for matter in matters}:
        yield line.fault("规则应只提本项的事项")


NAMES: tuple[Check, ...] = (
    check_departments, check_matters, check_prerequisites, check_kinds, check_packages, check_rows,
)
RULES: tuple[Check, ...] = (check_rules,)
CONTENTS: tuple[Check, ...] = (check_order, check_promises, check_reviews, check_materials, check_items)
CONTENTS += (check_deferrals, check_holders, check_commitments, check_rounds, check_phrases)
