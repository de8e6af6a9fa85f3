"""The catalogue is data: it is loaded as a whole or not at all, and what is published never changes."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from archives.models import DocumentKind
from packages.catalog_files import read_tables
from packages.facts import parse_facts
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
from packages.models.versions import FrozenVersionError
from packages.planning.build import build_plan
from packages.planning.from_files import packages_from_files
from packages.planning.from_rows import definition_of
from packages.planning.proposal import Fit, propose_package
from packages.services.catalogue import Action, CatalogueRefused, load_catalogue
from projects.models import Event, Organisation
from tests.packages.test_planning import EXAMPLES

SIZES = {"部门": 41, "文件种类": 154, "事项": 95, "套餐": 9, "联合验收事项": 12, "规则表": 5}


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
    folder("matters.tsv", "start-report", "name_zh", "开工信息报告（新）")
    load_catalogue(folder.path)

    load_catalogue()

    found = MatterVersion.objects.filter(matter__code="start-report").order_by("version")
    assert [(v.version, v.status) for v in found] == [(1, "retired"), (2, "retired"), (3, "published")]
    assert found[0].digest == found[2].digest


@pytest.mark.django_db
def test_a_catalogue_that_does_not_hold_together_changes_nothing(folder):
    folder("matters.tsv", "start-report", "name_zh", "开工信息报告（新）")
    line = folder("departments.tsv", "parks", "kind", "club")

    with pytest.raises(CatalogueRefused) as refusal:
        load_catalogue(folder.path)

    assert refusal.value.message.startswith(f"目录有1处错误，未载入任何内容。departments.tsv 第{line}行：")
    assert MatterVersion.objects.filter(matter__code="start-report").count() == 1


@pytest.mark.slow
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
    version = PackageVersion.objects.published().select_related("package").get(package__code="gov-general")
    definition_of(version)

    with django_assert_num_queries(0):
        build_plan(version, parse_facts(EXAMPLES["G1"]["facts"]))


@pytest.mark.django_db
@pytest.mark.parametrize("code", EXAMPLES)
def test_the_portal_proposes_the_package_and_says_why(code):
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
    found = propose_package(parse_facts(EXAMPLES["S2"]["facts"]))

    assert found.package_version is None
    assert {c.code for c in found.possible} == {"gov-general", "soc-factory"}
