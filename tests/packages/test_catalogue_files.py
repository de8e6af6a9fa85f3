"""The files of the catalogue hold together as a whole, or are refused naming file and line."""

import shutil

import pytest

from packages.catalog_checks import check
from packages.catalog_files import CATALOG, HEADS, read_note, read_tables
from packages.catalog_walk import check_answers, check_examples
from packages.facts import COLUMNS, vocabulary_faults
from packages.floor import may_be_tacit


def faults_of(path):
    tables = read_tables(path)
    return [str(fault) for fault in check(tables) or check_answers(tables)]


def test_our_own_catalogue_holds_together_on_all_answers_and_all_examples():
    tables = read_tables()

    assert {name: len(tables[name]) for name in HEADS} == {
        "departments.tsv": 41, "document_kinds.tsv": 154, "matters.tsv": 95, "matter_reviews.tsv": 294,
        "materials.tsv": 349, "packages.tsv": 9, "package_matters.tsv": 442, "acceptance_items.tsv": 12,
        "examples.tsv": 15, "deferrals.tsv": 27, "commitments.tsv": 16, "review_rounds.tsv": 3, "review_phrases.tsv": 9,
        "holders.tsv": 10, "stand_ins.tsv": 80, "material_scope.tsv": 1,
    }
    assert [*check(tables), *check_answers(tables), *check_examples(tables)] == []


BROKEN = [
    ("matters.tsv", "eia-form", "lead_department", "环保局", "牵头部门“环保局”不在 departments.tsv"),
    ("matters.tsv", "eia-form", "promised_days", "five", "promised_days 是“five”，应为整数"),
    ("matters.tsv", "eia-form", "promised_days", "31", "承诺31日长于法定30日"),
    ("matters.tsv", "eia-form", "prerequisites", "moon-permit", "前置事项“moon-permit”不在 matters.tsv"),
    ("matters.tsv", "eia-form", "prerequisites", "plan-verify", "前置事项 plan-verify 在后面的阶段"),
    ("matters.tsv", "eia-form", "stage", "someday", "stage 是“someday”，应为 planning、permit、acceptance 之一"),
    ("matters.tsv", "eia-form", "name_zh", "", "name_zh 是空的"),
    ("departments.tsv", "parks", "kind", "club", "kind 是“club”，应为"),
    ("document_kinds.tsv", "one-book", "class", "Z", "class 是“Z”，应为"),
    ("stand_ins.tsv", "survey-report", "accepted", "月球图", "没有一项材料是种类 survey-report 的“月球图”"),
    ("stand_ins.tsv", "survey-report", "accepted", "勘察报告", "同名的材料不用登记代替关系"),
    ("stand_ins.tsv", "survey-report", "since", "昨天", "应为日期"),
    ("material_scope.tsv", "completion-record", "name_zh", "月球书", "“月球书”不在事项 completion-record 的材料中"),
    ("material_scope.tsv", "completion-record", "rule", "building_use=moon", "“building_use”只能取"),
    ("packages.tsv", "soc-factory", "total_days", "15", "三个阶段的天数之和不等于 total_days"),
    ("packages.tsv", "soc-factory", "scope", "works=palace", "“works”只能取"),
    ("packages.tsv", "soc-factory", "scope", "matter=fire-accept", "适用规则只能使用申请时填写的情形"),
]


@pytest.mark.parametrize(("name", "key", "column", "value", "message"), BROKEN)
def test_a_wrong_cell_is_refused_with_its_file_and_line(folder, name, key, column, value, message):
    line = folder(name, key, column, value)

    found = faults_of(folder.path)

    assert any(fault.startswith(f"{name} 第{line}行：") and message in fault for fault in found), found


BROKEN_PARTS = [
    ("package_matters.tsv", "soc-factory/eia-form", "rule", "eia=poem", 2, "“eia”只能取"),
    ("package_matters.tsv", "soc-factory/eia-form", "rule", "", 2, "condition 与 rule 须同时填写"),
    ("package_matters.tsv", "soc-factory/eia-form", "rule", "matter=gov-merged", 2, "不是本套餐的另一个事项"),
    ("package_matters.tsv", "soc-factory/eia-form", "step", "0", 2, "步骤“0”应为正整数"),
    ("package_matters.tsv", "soc-factory/plan-permit", "days_override", "9", 2, None),
    ("package_matters.tsv", "soc-factory/construction-permit", "step", "1", 2, "排在前置事项"),
    ("matter_reviews.tsv", "fire-accept/fire-rescue", "tacit", "yes", 2, "此处不得适用超时默认"),
    ("matter_reviews.tsv", "plan-permit/housing", "days", "30", 2, "超出套餐"),
    ("matter_reviews.tsv", "plan-permit/natural-resources", "role", "joint", 2, None),
    ("materials.tsv", "plan-permit/使用土地的证明文件", "from_matter", "house-register", 2, "都不先于 plan-permit"),
    ("materials.tsv", "plan-permit/使用土地的证明文件", "document_kind", "poem", 2, "文件种类“poem”不在"),
    ("acceptance_items.tsv", "1/planning", "days", "9", 2, "天数与事项的承诺时限不同"),
    ("acceptance_items.tsv", "1/planning", "gate", "no", 2, None),
]


@pytest.mark.parametrize(("name", "key", "column", "value", "keys", "message"), BROKEN_PARTS)
def test_a_wrong_part_is_refused(folder, name, key, column, value, keys, message):
    line = folder(name, key, column, value, keys=keys)

    found = faults_of(folder.path)

    assert found
    if message:
        assert any(fault.startswith(f"{name} 第{line}行：") and message in fault for fault in found), found


def test_circles_are_found_in_prerequisites_and_in_rules(folder):
    folder("matters.tsv", "ent-filing", "prerequisites", "eia-register")
    folder("matters.tsv", "eia-register", "prerequisites", "ent-filing")
    assert any("互相等待，成为循环：" in fault for fault in faults_of(folder.path))


def test_rules_that_refer_to_each_other_are_found(folder):
    folder("package_matters.tsv", "soc-factory/fire-accept", "rule", "matter=fire-record and farmland=yes", keys=2)
    folder("package_matters.tsv", "soc-factory/fire-record", "rule", "matter=fire-accept and farmland=yes", keys=2)
    assert any("互相等待，成为循环：fire-" in fault for fault in faults_of(folder.path))


def test_scopes_that_overlap_and_alternatives_that_meet_are_found(folder):
    line = folder("packages.tsv", "gov-pipeline", "scope", "pipeline_project=yes")
    assert any("同类投资的套餐并非恰好一个适用" in fault for fault in faults_of(folder.path))
    shutil.copy(CATALOG / "packages.tsv", folder.path)
    line = folder("package_matters.tsv", "soc-factory/fire-record", "rule", "farmland=yes", keys=2)
    found = faults_of(folder.path)
    assert any(f.endswith("会同时适用：special_fire=yes；farmland=yes") or "会同时适用" in f for f in found), (line, found)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: (p / "matters.tsv").unlink(), "matters.tsv：文件不存在"),
        (lambda p: (p / "matters.tsv").write_bytes(b"\xff\xfe"), "matters.tsv：不是UTF-8编码的文本"),
        (lambda p: (p / "matters.tsv").write_text("code\n"), "matters.tsv 第1行：表头应为"),
        (lambda p: (p / "matters.tsv").open("a").write("x\ty\n"), "行：有2列，应为19列"),
        (lambda p: (p / "departments.tsv").open("a").write("parks\t园林二局\tx\tdepartment\t\n"), "“parks”与第17行重复"),
    ],
    ids=["missing", "encoding", "header", "columns", "twice"],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_files_that_cannot_be_read_are_refused(folder, spoil, message):
    spoil(folder.path)

    assert any(message in fault for fault in faults_of(folder.path))


def test_a_vocabulary_of_its_own_is_refused(folder):
    folder("facts.tsv", "farmland", "label_zh", "耕地")

    assert faults_of(folder.path) == ["facts.tsv：情形词汇表与本系统的不同；词汇表随系统一起更换，不能单独载入"]


def test_a_fact_that_cannot_be_read_is_named_with_its_line():
    own = (CATALOG / "facts.tsv").read_text()
    bad = "trees\tyesno\t\t古树\t有古树吗？\t\t\t用地\tnobody\t\n\nold\tone\ta;b\t古树\t有古树吗？\t甲\t\t用地\tapplicant\t\n"

    assert list(vocabulary_faults(own)) == []
    assert list(vocabulary_faults("name\tkind\n")) == [(1, f"表头应为：{' '.join(COLUMNS)}")]
    assert list(vocabulary_faults(own.split("\n")[0] + "\n" + bad)) == [
        (2, "kind 应为 yes/no、one、many、number，不是“yesno”"),
        (2, "asked_of 应为 applicant、centre、reserved、optional，不是“nobody”"),
        (3, "有1列，应为10列"),
        (4, "values 和 value_labels 的个数不同"),
    ]


def test_examples_are_held_to_what_they_say(folder):
    line = folder("examples.tsv", "S2", "days", "2+5+11")

    assert [str(f) for f in check_examples(read_tables(folder.path))] == [
        f"examples.tsv 第{line}行：应为 2+5+10 日，第7日可开工"
    ]
    facts = next(example["facts"] for example in read_tables()["examples.tsv"] if example["code"] == "S2")
    folder("examples.tsv", "S2", "facts", facts.replace("weather_zone=no;", ""))
    assert f"examples.tsv 第{line}行：不能确定是否涉及：weather-env；facts 没有回答：weather_zone" in map(
        str, check_examples(read_tables(folder.path))
    )


def test_silence_is_never_consent_where_the_floor_stands():
    assert may_be_tacit("plan-permit", "department", "housing", "consulted", "") is True
    for matter, kind, body, role, rule in [
        ("plan-permit", "department", "housing", "lead", ""),
        ("fire-accept", "department", "housing", "joint", ""),
        ("plan-permit", "department", "civil-defence", "consulted", ""),
        ("plan-permit", "utility", "gas-company", "consulted", ""),
        ("plan-permit", "higher", "prov-natural", "consulted", ""),
        ("plan-permit", "intermediary", "intermediary", "consulted", ""),
        ("plan-permit", "department", "parks", "consulted", "hazardous=yes"),
    ]:
        assert may_be_tacit(matter, kind, body, role, rule) is False


@pytest.mark.parametrize(
    ("text", "unit", "statutory", "counted"),
    [
        ("即办 {S:none;P:est}", "working_day", "working_day", True),
        ("[不计时] 公告、挂牌期为自然日 {S:none;P:est}", "calendar_day", "calendar_day", False),
        ("法条60日为自然日；公示另计 {S:law;P:est}", "working_day", "calendar_day", True),
        ("批前公示（自然日）另计 {S:none;P:上海=6自然日}", "working_day", "working_day", True),
    ],
)
def test_notes_say_in_which_days_promise_and_law_are_counted(text, unit, statutory, counted):
    found = read_note(text)

    assert (found.unit, found.statutory_unit, found.is_counted) == (unit, statutory, counted)
    assert "{" not in found.note
    assert not found.note.startswith("[")
