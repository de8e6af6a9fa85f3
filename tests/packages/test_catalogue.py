"""The catalogue is data: it is loaded as a whole or refused naming file and line, and what is published never changes."""

import io
import shutil

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from archives.models import DocumentKind
from packages.catalog_checks import check
from packages.catalog_files import CATALOG, HEADS, read_note, read_tables
from packages.catalog_walk import check_answers, check_examples
from packages.facts import parse_facts
from packages.floor import may_be_tacit
from packages.models import (
    AcceptanceItemDef,
    MaterialDef,
    Matter,
    MatterVersion,
    Package,
    PackageRow,
    PackageVersion,
    ReviewDef,
)
from packages.models.catalogue import FrozenVersionError
from packages.planning.build import build_plan
from packages.planning.from_files import packages_from_files
from packages.planning.from_rows import definition_of
from packages.planning.proposal import Fit, propose_package
from packages.services.catalogue import Action, CatalogueRefused, load_catalogue
from projects.models import Event, Organisation
from tests.packages.test_planning import EXAMPLES

SIZES = {"部门": 41, "文件种类": 154, "事项": 95, "套餐": 9, "联合验收事项": 12, "规则表": 5}


@pytest.fixture
def folder(tmp_path):
    """A copy of the catalogue and a function that changes one cell of it."""
    copy = tmp_path / "catalog"
    shutil.copytree(CATALOG, copy)

    def change(name, key, column, value, *, keys=1):
        path = copy / name
        lines = path.read_text(encoding="utf-8").split("\n")
        head = lines[0].split("\t")
        for n, line in enumerate(lines[1:], 1):
            cells = line.split("\t")
            if "/".join(cells[:keys]) == key:
                cells[head.index(column)] = value
                lines[n] = "\t".join(cells)
                path.write_text("\n".join(lines), encoding="utf-8")
                return n + 1
        raise AssertionError(key)

    change.path = copy
    return change


def faults_of(path):
    tables = read_tables(path)
    return [str(fault) for fault in check(tables) or check_answers(tables)]


def test_our_own_catalogue_holds_together_on_all_answers_and_all_examples():
    tables = read_tables()

    assert {name: len(tables[name]) for name in HEADS} == {
        "departments.tsv": 41, "document_kinds.tsv": 154, "matters.tsv": 95, "matter_reviews.tsv": 294,
        "materials.tsv": 349, "packages.tsv": 9, "package_matters.tsv": 442, "acceptance_items.tsv": 12,
        "examples.tsv": 15, "deferrals.tsv": 27, "commitments.tsv": 16, "review_rounds.tsv": 3, "review_phrases.tsv": 9,
        "holders.tsv": 10,
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
        (lambda p: (p / "matters.tsv").open("a").write("x\ty\n"), f"matters.tsv 第{SIZES['事项'] + 2}行：有2列，应为19列"),
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


def test_examples_are_held_to_what_they_say(folder):
    line = folder("examples.tsv", "S2", "days", "2+5+11")

    assert [str(f) for f in check_examples(read_tables(folder.path))] == [
        f"examples.tsv 第{line}行：应为 2+5+10 日，第7日可开工"
    ]


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


# Loading


@pytest.mark.django_db
@pytest.mark.bare
def test_loading_fills_an_empty_database_and_a_second_time_changes_nothing():
    first, events = load_catalogue(), Event.objects.count()
    versions = list(MatterVersion.objects.values_list("pk", "digest", "published_at"))
    second = load_catalogue()

    assert {table: first.count(table, Action.ADD) for table in SIZES} == SIZES
    assert {table: second.count(table, Action.KEEP) for table in SIZES} == SIZES
    assert second.changes == []
    assert (ReviewDef.objects.count(), MaterialDef.objects.count(), PackageRow.objects.count()) == (294, 349, 442)
    slugs = {line["slug"] for line in read_tables()["document_kinds.tsv"]}
    assert (Organisation.objects.exclude(code="").count(), DocumentKind.objects.filter(slug__in=slugs).count()) == (
        41, 154,
    )
    assert list(MatterVersion.objects.values_list("pk", "digest", "published_at")) == versions
    assert Event.objects.filter(kind="catalogue.loaded").count() == 1
    assert Event.objects.count() == events


@pytest.mark.django_db
def test_every_column_of_a_matter_arrives():
    load_catalogue()
    found = MatterVersion.objects.get(matter__code="eia-report", status="published")

    assert {
        "name": found.name, "kind": found.get_kind_display(), "lead": found.lead.code, "stage": found.stage,
        "national": found.national_stage, "milestone": found.is_milestone, "level": found.level,
        "works": found.starts_works, "law": (found.statutory_days, found.statutory_unit),
        "promise": (found.promised_days, found.unit), "result": (found.result_name, found.result_kind.slug),
        "commitment": found.commitment_allowed, "deferral": found.deferral_allowed, "group": found.parallel_group,
        "needs": [p.matter.code for p in found.prerequisites.all()], "provenance": found.provenance,
        "counted": found.is_counted, "version": found.version,
    } == {
        "name": "建设项目环境影响报告书审批", "kind": "行政许可", "lead": "approval-bureau", "stage": "planning", "national": 5,
        "milestone": False, "level": "city", "works": False, "law": (60, "calendar_day"),
        "promise": (10, "working_day"), "result": ("环评批复", "eia-approval"),
        "commitment": False, "deferral": False, "group": "B", "needs": ["project-code", "agency-assess"],
        "provenance": "S:law;P:灌南=10/北京2018=20/雄安=15", "counted": True, "version": 1,
    }


@pytest.mark.django_db
@pytest.mark.bare
def test_a_dry_run_tells_the_plan_and_writes_nothing():
    plan = load_catalogue(dry_run=True)

    assert plan.count("事项", Action.ADD) == SIZES["事项"]
    assert (Matter.objects.count(), Package.objects.count(), Organisation.objects.count(), Event.objects.count()) == (
        0, 0, 0, 0,
    )


@pytest.mark.django_db
def test_changed_content_becomes_a_new_version_and_projects_keep_theirs(folder):
    load_catalogue()
    before = PackageVersion.objects.get(package__code="soc-minimal", status="published")
    plan_before = build_plan(before, parse_facts(EXAMPLES["S4"]["facts"]))
    folder("matters.tsv", "start-report", "name_zh", "开工信息报告（新）")

    plan = load_catalogue(folder.path)

    changed = {(e.table, e.code, e.action, e.version) for e in plan.changes}
    holding = {p.code for p in packages_from_files().values() if any(r.matter.code == "start-report" for r in p.rows)}
    assert changed == {("事项", "start-report", Action.CHANGE, 2)} | {("套餐", c, Action.CHANGE, 2) for c in holding}
    before.refresh_from_db()
    after = PackageVersion.objects.get(package__code="soc-minimal", status="published")
    assert (before.status, before.version, after.version) == ("retired", 1, 2)
    assert before.valid_until == after.valid_from
    names = {
        version.version: version.name for version in MatterVersion.objects.filter(matter__code="start-report")
    }
    assert names[2] == "开工信息报告（新）"
    old = build_plan(before, parse_facts(EXAMPLES["S4"]["facts"]))
    assert [m.name for m in old.matters] == [m.name for m in plan_before.matters]
    new = build_plan(after, parse_facts(EXAMPLES["S4"]["facts"]))
    assert "开工信息报告（新）" in [m.name for m in new.matters]
    assert load_catalogue(folder.path).changes == []


@pytest.mark.django_db
def test_going_back_to_the_former_content_is_a_third_version(folder):
    load_catalogue()
    folder("matters.tsv", "start-report", "name_zh", "开工信息报告（新）")
    load_catalogue(folder.path)

    load_catalogue()

    found = MatterVersion.objects.filter(matter__code="start-report").order_by("version")
    assert [(v.version, v.status) for v in found] == [(1, "retired"), (2, "retired"), (3, "published")]
    assert found[0].digest == found[2].digest


@pytest.mark.django_db
def test_a_catalogue_that_does_not_hold_together_changes_nothing(folder):
    load_catalogue()
    folder("matters.tsv", "start-report", "name_zh", "开工信息报告（新）")
    line = folder("departments.tsv", "parks", "kind", "club")

    with pytest.raises(CatalogueRefused) as refusal:
        load_catalogue(folder.path)

    assert refusal.value.message.startswith(f"目录有1处错误，未载入任何内容。departments.tsv 第{line}行：")
    assert MatterVersion.objects.filter(matter__code="start-report").count() == 1


@pytest.mark.django_db
@pytest.mark.bare
def test_the_command_prints_the_plan_and_the_faults(folder):
    out, err = io.StringIO(), io.StringIO()
    call_command("load_catalog", stdout=out)
    assert out.getvalue().splitlines()[-6:] == [
        f"{table}：新增 {size}，变更 0，停用 0，不变 0" for table, size in SIZES.items()
    ]
    out = io.StringIO()
    call_command("load_catalog", "--full", stdout=out)
    assert out.getvalue().splitlines()[-1] == "目录没有变化。"

    line = folder("matters.tsv", "eia-form", "promised_days", "31")
    with pytest.raises(CommandError, match="目录有1处错误，未载入任何内容。"):
        call_command("load_catalog", "--folder", str(folder.path), stderr=err)
    assert err.getvalue() == f"matters.tsv 第{line}行：承诺31日长于法定30日\n"
    with pytest.raises(CommandError, match="文件夹不存在"):
        call_command("load_catalog", "--folder", str(folder.path / "nowhere"))


@pytest.mark.django_db
def test_published_rows_are_frozen():
    load_catalogue()
    matter = MatterVersion.objects.filter(status="published").first()
    package = PackageVersion.objects.filter(status="published").first()
    item = AcceptanceItemDef.objects.filter(status="published").first()

    for row, column in ((matter, "promised_days"), (package, "scope_text"), (item, "days")):
        setattr(row, column, 99)
        with pytest.raises(FrozenVersionError, match="已发布，内容不可更改或删除"):
            row.save()
        with pytest.raises(FrozenVersionError):
            row.delete()
        with pytest.raises(FrozenVersionError):
            type(row).objects.filter(pk=row.pk).update(**{column: 99})
        with pytest.raises(FrozenVersionError):
            type(row).objects.filter(pk=row.pk).update(status="draft")
        with pytest.raises(FrozenVersionError):
            type(row).objects.filter(pk=row.pk).delete()
    for part in (ReviewDef.objects.first(), MaterialDef.objects.first(), PackageRow.objects.first()):
        with pytest.raises(FrozenVersionError):
            part.save()
        with pytest.raises(FrozenVersionError):
            part.delete()
        with pytest.raises(FrozenVersionError):
            type(part).objects.filter(pk=part.pk).update(order=99)
        with pytest.raises(FrozenVersionError):
            type(part).objects.filter(pk=part.pk).delete()


@pytest.mark.django_db
def test_there_is_one_published_version_and_a_retired_one_never_comes_back():
    load_catalogue()
    current = MatterVersion.objects.filter(status="published").select_related("matter").first()
    twin = MatterVersion.objects.get(pk=current.pk)
    twin.pk, twin.version = None, 2
    twin._state.adding = True

    with pytest.raises(IntegrityError, match=r"matterversion_one_published|matter_id"), transaction.atomic():
        twin.save()
    current.status = "retired"
    current.save()
    current.status = "published"
    with pytest.raises(FrozenVersionError):
        current.save()


@pytest.mark.django_db
def test_a_draft_may_be_changed_and_deleted():
    load_catalogue()
    draft = MatterVersion.objects.filter(status="published").first()
    draft.pk, draft.version, draft.status, draft.published_at = None, 2, "draft", None
    draft._state.adding = True
    draft.save()
    draft.promised_days = 3
    draft.save()

    assert draft.delete()[0] == 1


# What the rows give


@pytest.mark.django_db
def test_rows_and_files_give_the_same_definitions():
    load_catalogue()
    files = packages_from_files()

    for version in PackageVersion.objects.published().select_related("package"):
        found, want = definition_of(version), files[version.code]
        assert (found.name, found.investment, found.stage_days, found.scope) == (
            want.name, want.investment, want.stage_days, want.scope,
        )
        assert [(r.entry, r.rule, r.condition, r.promised_days) for r in found.rows] == [
            (r.entry, r.rule, r.condition, r.promised_days) for r in want.rows
        ]
        for mine, theirs in zip(found.rows, want.rows, strict=True):
            assert mine.matter.lead == theirs.matter.lead
            assert [(r.body, r.role, r.days, r.tacit, r.rule) for r in mine.matter.reviews] == [
                (r.body, r.role, r.days, r.tacit, r.rule) for r in theirs.matter.reviews
            ]
            assert [(m.name, m.source, m.from_matters, m.second_source, m.kind) for m in mine.matter.materials] == [
                (m.name, m.source, m.from_matters, m.second_source, m.kind) for m in theirs.matter.materials
            ]


@pytest.mark.django_db
def test_a_definition_is_read_once_in_a_process(django_assert_num_queries):
    load_catalogue()
    version = PackageVersion.objects.published().select_related("package").get(package__code="gov-general")
    definition_of(version)

    with django_assert_num_queries(0):
        build_plan(version, parse_facts(EXAMPLES["G1"]["facts"]))


@pytest.mark.django_db
@pytest.mark.parametrize("code", EXAMPLES)
def test_the_portal_proposes_the_package_and_says_why(code):
    load_catalogue()
    row = EXAMPLES[code]
    investment = "government" if row["package_code"].startswith("gov") else "social"

    found = propose_package(parse_facts(row["facts"]), investment)

    assert found.package_version.code == row["package_code"]
    assert found.questions == ()
    assert [c.code for c in found.possible] == [row["package_code"]]
    assert found.reasons[0] == ("投资类型：政府投资" if investment == "government" else "投资类型：社会投资")
    assert len(found.reasons) > 1
    assert all("：" in reason or "（" in reason for reason in found.reasons)
    assert all(c.reasons for c in found.candidates)


@pytest.mark.django_db
def test_while_answers_are_missing_the_candidates_and_the_questions_are_told():
    load_catalogue()

    found = propose_package(parse_facts("land_supply=transfer;pipeline_project=no;building_use=industrial"), "social")

    assert found.package_version is None
    assert {c.code: c.fit for c in found.candidates} == {
        "soc-realestate": Fit.OUT, "soc-factory": Fit.OPEN, "soc-lowrisk": Fit.OPEN, "soc-minimal": Fit.OUT,
    }
    assert [q.name for q in found.questions] == [
        "works", "gross_floor_area", "height", "simple_design", "near_river", "heritage_zone", "env_sensitive", "eia",
        "hazardous", "special_fire",
    ]


@pytest.mark.django_db
def test_without_the_investment_nothing_is_proposed_while_two_kinds_fit():
    load_catalogue()

    found = propose_package(parse_facts(EXAMPLES["S2"]["facts"]))

    assert found.package_version is None
    assert {c.code for c in found.possible} == {"gov-general", "soc-factory"}
