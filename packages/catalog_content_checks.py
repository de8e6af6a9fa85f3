"""Whether the contents of a catalogue hold together: order, promises, reviews, materials, deferrals, items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from archives.models import OWNER_CLASS
from packages import floor
from packages.catalog_content import EVERY
from packages.catalog_files import FORM_OF, SHARED_FLAG, SOURCE_OF, Fault, Line, repeated
from packages.catalog_lines import (
    INTERMEDIARY,
    JOINT_ACCEPT,
    RECORD,
    YES_NO,
    Catalogue,
    circle,
    dates,
    filled,
    number,
    one_of,
    parsed,
    position,
)
from packages.choices import ArrivesBefore, LateConsequence, MaterialSource, ReviewRole
from packages.conditions import Applies, tests_in
from packages.facts import split
from packages.planning.engine import STAGES, PlanError, Row, plan
from packages.review_terms import NAMES as TERMS
from packages.states import OpinionVerdict
from projects.quoting import quoted
from projects.states import PartyRole

APPLICANT = MaterialSource.APPLICANT.label


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
    unsure = sorted(set(holding) - sure)
    if bool(unsure) != bool(line["second_source"]):
        where = "、".join(unsure)
        yield line.fault(f"备用来源该填而未填：套餐 {where} 不一定有来源事项" if unsure else "备用来源用不到，不应填写")


def _name_materials(c: Catalogue, table: str, named: list[tuple[Line, Line]]) -> Iterator[Fault]:
    """Each line of a table names one material of its matter, each once; those that do join `named` beside it."""
    lines = c.tables[table]
    yield from repeated(lines, "matter_code", "name_zh")
    materials = {(line["matter_code"], line["name_zh"]): line for line in c.tables["materials.tsv"]}
    for line in lines:
        material = materials.get((line["matter_code"], line["name_zh"]))
        if material is None:
            yield line.fault(f"“{line['name_zh']}”不在事项 {line['matter_code']} 的材料中")
        else:
            named.append((line, material))


def check_deferrals(c: Catalogue) -> Iterator[Fault]:
    """容缺 only where the matter allows it, never 即办 nor 上报, never for what the applicant does not hand in."""
    named: list[tuple[Line, Line]] = []
    yield from _name_materials(c, "deferrals.tsv", named)
    for line, material in named:
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
    named: list[tuple[Line, Line]] = []
    yield from _name_materials(c, "holders.tsv", named)
    for line, material in named:
        if c.kinds[material["document_kind"]]["class"] != OWNER_CLASS:
            yield line.fault("只有主体资格类（S）的材料由参建单位持有")
        yield from one_of(line, "role", PartyRole.values)


def check_stand_ins(c: Catalogue) -> Iterator[Fault]:
    """A pair names two papers of one kind that lines ask for under these names, and says why one serves."""
    lines = c.tables["stand_ins.tsv"]
    yield from repeated(lines, "document_kind", "wanted", "accepted", "since")
    named = {(line["document_kind"], line["name_zh"]) for line in c.tables["materials.tsv"]}
    for line in lines:
        kind = line["document_kind"]
        for column in ("wanted", "accepted"):
            if (kind, line[column]) not in named:
                yield line.fault(f"没有一项材料是种类 {kind} 的{quoted(line[column])}")
        if line["wanted"] == line["accepted"]:
            yield line.fault("同名的材料不用登记代替关系")
        yield from filled(line, "basis", "source")
        yield from dates(line)


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
