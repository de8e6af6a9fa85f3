"""What the government issued is never asked of the enterprise, what is held is reused while it is good, and it is counted."""

import csv
import datetime as dt
import json
from collections import Counter
from types import SimpleNamespace

import pytest
from django.urls import reverse

from archives.completeness import missing_of
from archives.models import Document, DocumentKind
from archives.services.filing import file_upload
from archives.services.papers import revoke_paper
from packages import savings
from packages.facts import CATALOG
from packages.land_papers import of_the_land
from packages.models import MaterialDef, MaterialItem, MatterCase
from packages.queries import case_waiting
from packages.services import checklist, intake, setting_lines, sweeping
from packages.services.assessment_apply import set_parcel
from packages.services.reusing import good
from packages.sources import is_issued, makers
from packages.standing_in import Brought, declared_basis, may_stand_in, stand_in_words
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.events import lock_project
from projects.models import Party, Project
from projects.services.involvement import involve
from projects.states import PartyRole, Role
from tests import factories
from tests.packages.steps import holds

pytestmark = pytest.mark.slow

HANDED = {"申请人提供"}
PRIVATE = {"中介服务", "招标投标"}


def table(name):
    with (CATALOG / f"{name}.tsv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def of_government(line, matters):
    """Worked out from the files: who makes the paper of a line."""
    if line["source"] in {"数据共享", "部门核验"}:
        return True
    if line["source"] == "上一环节结果":
        return any(matters[code]["kind"] not in PRIVATE for code in line["from_matter"].split(";"))
    return False


def test_every_line_of_the_catalogue_is_asked_of_its_maker(db):
    factories.load_catalogue()
    matters = {row["code"]: row for row in table("matters")}
    expected = {(row["matter_code"], row["name_zh"]): of_government(row, matters) for row in table("materials")}
    known = makers()
    found = {}
    for line in MaterialDef.objects.filter(version__status="published").select_related("document_kind", "version__matter"):
        item = MaterialItem(definition=line, source=line.source, kind=line.document_kind, name=line.name)
        found[line.version.matter.code, line.name] = is_issued(item, known)
    assert found == expected


@pytest.mark.parametrize("example", ["S2", "S4", "G1", "G4"])
def test_no_package_demands_a_paper_of_the_government(actors, clock, example):
    project = factories.enrolled_project(actors, example)
    codes = list(MatterCase.objects.filter(project=project, handling="review").values_list("matter__matter__code", flat=True))
    application = factories.open_application(project, codes, actors)
    known = makers()
    lines = list(MaterialItem.objects.filter(case__application=application).select_related("definition", "kind", "supplier"))
    assert len(lines) > 10
    for item in lines:
        if is_issued(item, known):
            assert item.state in {"held", "shared", "awaited", "committed"}, item
            assert item.state != "awaited" or (item.supplier_id and item.supply)
        else:
            assert item.state != "awaited"
    waits = next(item for item in lines if item.state in {"shared", "awaited"} and is_issued(item, known))
    with pytest.raises(DomainError) as refused:
        setting_lines.set_material(waits.pk, state="awaited", by=actors.clerk)
    assert refused.value.code in {"awaited", "material_state"}
    back = setting_lines.set_material(waits.pk, state="missing", by=actors.clerk, note="退回")
    assert factories.fresh(back).state in {"awaited", "shared"}


def test_a_shared_paper_that_cannot_be_fetched_is_recorded_by_its_department(project, actors):
    application = factories.open_application(project, ["plan-permit"], actors)
    item = MaterialItem.objects.filter(case__application=application, state="shared").first()
    with pytest.raises(NotAllowed):
        setting_lines.report_absent(item.pk, by=actors.owner, note="没有")
    setting_lines.report_absent(item.pk, by=actors.clerk, note="共享平台没有数据")
    for line in MaterialItem.objects.filter(case__application=application, state__in=["missing", "awaited"]).exclude(pk=item.pk):
        if line.state == "awaited":
            setting_lines.supply_material(line.pk, by=actors.clerk, note="在规划系统核验一致")
        elif line.state == "missing":
            intake.set_material(line.pk, state="uploaded", by=actors.owner, uploaded=factories.pdf(text=str(line.pk)))
    intake.submit_application(application.pk, by=actors.owner)
    case = factories.make_case(project, "plan-permit")
    item.refresh_from_db()
    waiting = case_waiting([case])[case.pk]
    assert (item.state, item.note) == ("awaited", "共享平台没有数据")
    assert (waiting.role, waiting.verb, waiting.what) == (item.supplier.label, "补录", f"“{item.name}”")
    assert waiting.auto == "由部门提供，不向企业要；到期未处理即视为受理"
    with pytest.raises(DomainError) as refused:
        intake.accept_case(case.pk, by=actors.clerk)
    assert refused.value.code == "materials"
    assert f"由{item.supplier.label}补录，不向企业要" in refused.value.message
    assert refused.value.message.endswith("请窗口在申报页点“提供”调取上传，或催办该部门；不得向企业要，到齐后再受理。")
    department = factories.official(item.supplier.code, Role.REVIEWER)
    setting_lines.supply_material(item.pk, by=department, uploaded=factories.pdf(text="补录"))
    item.refresh_from_db()
    assert (item.state, item.origin, item.supply) == ("held", "supplied", "record")
    assert intake.accept_case(case.pk, by=actors.clerk).state == "accepted"
    holds(project)


def licence_of(project, actors, *, until=None, text="证"):
    """The owner's licence, filed in one of its projects."""
    kind = DocumentKind.objects.get(slug="qualification")
    locked = lock_project(project.pk)
    return file_upload(locked, uploaded=factories.pdf(text=text), kind=kind, title="企业资质证书", source=locked,
                       by=actors.clerk, valid_until=until)


def test_the_owners_papers_of_other_projects_are_found_and_run_out(project, actors, clock):
    document = licence_of(project, actors, until=dt.date(2026, 11, 4))
    other = factories.enrolled_project(actors, "S2")
    application = factories.open_application(other, ["plan-permit"], actors)
    item = MaterialItem.objects.filter(case__application=application, source="shared").first()
    item.kind = document.kind
    item.state = "missing"
    item.save()
    checklist.fill_lines(lock_project(other.pk))
    item.refresh_from_db()
    assert (item.state, item.document, item.origin) == ("held", document, "owner")
    assert item.origin_note == f"企业资质证书，2026年11月2日归档，来自{project.name}，有效期至2026年11月4日"
    clock.moment += dt.timedelta(days=2)
    assert sweeping.sweep_promises() == (0, 0)
    clock.moment += dt.timedelta(days=1)
    assert sweeping.sweep_promises() == (1, 0)
    assert sweeping.sweep_promises() == (0, 0)
    item.refresh_from_db()
    assert (item.state, item.document, item.warning) == (
        "awaited", None, "原沿用的“企业资质证书”已于11月4日到期，不能再用",
    )
    renewed = licence_of(project, actors, until=dt.date(2030, 1, 1), text="新证")
    checklist.fill_lines(lock_project(other.pk))
    item.refresh_from_db()
    assert (item.state, item.document, item.warning) == (
        "held", renewed, "原沿用的“企业资质证书”已于11月4日到期，不能再用；已改用现行有效的一份。",
    )


def by_contractor(actors, number, *, example="S2", owner=None):
    """A project of an owner whose works a contractor does, with a line that asks for the contractor's 资质."""
    project = factories.enrolled_project(actors, example)
    if owner is not None:
        Project.objects.filter(pk=project.pk).update(owner=owner)
    builder = factories.enterprise(f"山西第{number}建筑有限公司", 40000010 + number)
    Party.objects.create(project=project, organisation=builder, role=PartyRole.CONTRACTOR)
    application = factories.open_application(factories.fresh(project), ["plan-permit"], actors)
    item = MaterialItem.objects.filter(case__application=application, source="shared").first()
    item.definition = MaterialDef.objects.get(version__matter__code="road-occupy", holder_role=PartyRole.CONTRACTOR)
    item.kind, item.name, item.state = item.definition.document_kind, item.definition.name, "missing"
    item.save()
    return factories.fresh(project), item


def refilled(project, item):
    checklist.fill_lines(lock_project(project.pk))
    return factories.fresh(item)


def test_the_contractors_paper_serves_every_project_it_builds_and_nobody_elses_file_is_seen(actors, clock, client):
    here, asked = by_contractor(actors, 1)
    found = setting_lines.supply_material(asked.pk, by=actors.clerk, uploaded=factories.pdf(text="资质")) if (
        refilled(here, asked).state == "awaited") else setting_lines.set_material(
        asked.pk, state="uploaded", by=actors.clerk, uploaded=factories.pdf(text="资质"))
    document = found.document
    assert (document.holder.name, document.holder_role) == ("山西第1建筑有限公司", "2")
    other, line = by_contractor(actors, 1, owner=actors.other_body)
    line = refilled(other, line)
    assert (line.state, line.document, line.origin) == ("held", document, "owner")
    assert line.origin_note == f"{document.title}，2026年11月2日归档，山西第1建筑有限公司的主体资格，有效期至2031年11月1日"
    assert here.name not in line.origin_note + line.note
    assert not Document.objects.visible_to(actors.outsider).filter(pk=document.pk).exists()
    assert Document.objects.visible_to(actors.clerk).filter(pk=document.pk).exists()
    client.force_login(actors.outsider)
    assert client.get(reverse("archives:document", args=[document.pk])).status_code == 404
    assert document.title not in client.get(reverse("archives:archive", args=[other.pk])).content.decode()
    third, line = by_contractor(actors, 2)
    assert refilled(third, line).document is None  # another contractor's, and not the owner's own either
    DocumentKind.objects.filter(pk=document.kind_id).update(is_personal=True)
    fourth, line = by_contractor(actors, 1, owner=actors.other_body)
    assert refilled(fourth, line).document is None
    DocumentKind.objects.filter(pk=document.kind_id).update(is_personal=False)
    Party.objects.filter(project=other).delete()
    add = Document.objects.get(pk=document.pk)
    add.valid_until = dt.date(2026, 11, 1)
    add.save()
    assert refilled(other, factories.fresh(MaterialItem.objects.get(case__project=other, document=document))).document is None


def test_one_paper_of_a_case_does_not_answer_another_line_of_its_kind(actors):
    project = factories.enrolled_project(actors, "S3")
    application = factories.open_application(project, ["waste-disposal"], actors)
    lines = MaterialItem.objects.filter(case__application=application)
    plan, contract = lines.get(name="建筑垃圾处置方案"), lines.get(name="运输合同")
    assert plan.kind_id == contract.kind_id
    setting_lines.set_material(plan.pk, state="uploaded", by=actors.clerk, uploaded=factories.pdf(text="方案"))
    assert refilled(project, contract).state == "missing"
    setting_lines.set_material(contract.pk, state="uploaded", by=actors.clerk, uploaded=factories.pdf(text="合同"))
    assert {factories.fresh(line).document.title for line in (plan, contract)} == {"建筑垃圾处置方案", "运输合同"}


def test_what_departments_hold_of_the_same_land_serves_the_next_project_on_it(project, actors, clock):
    kind = DocumentKind.objects.get(slug="land-title")
    locked = lock_project(project.pk)
    title = file_upload(locked, uploaded=factories.pdf(text="证"), kind=kind, title="不动产权证书（土地）", source=locked,
                        by=actors.clerk)
    other = factories.enrolled_project(actors, "S2")
    application = factories.open_application(other, ["plan-permit"], actors)
    item = MaterialItem.objects.get(case__application=application, kind=kind)
    assert item.document is None
    department = factories.official("education", Role.REVIEWER)
    involve(lock_project(other.pk), role="reviewer", organisation=department.memberships.get().organisation, by=None)
    seen = Document.objects.visible_to(department).filter(pk=title.pk)
    place = json.dumps({"type": "Point", "coordinates": [112.92, 35.8]})
    for one, number in ((project, "140581-A-07"), (other, "140581-A-08")):
        set_parcel(one.pk, place=place, number=number, by=actors.clerk)
    assert (factories.fresh(item).document, seen.exists()) == (None, False)
    set_parcel(other.pk, place=place, number="140581-A-07", by=actors.clerk)
    item = factories.fresh(item)
    assert (item.state, item.document, item.origin, seen.exists()) == ("held", title, "department", True)
    assert item.origin_note == f"不动产权证书（土地），2026年11月2日归档，来自{project.name}"
    assert not Document.objects.visible_to(actors.outsider).filter(pk=title.pk).exists()
    Project.objects.filter(pk=project.pk).update(owner=actors.other_body)
    assert of_the_land(factories.fresh(other), [kind], good()) == {}  # another owner's paper is nobody's business here


def test_a_result_revoked_this_morning_falls_back_and_names_the_department(project, actors, clock, client):
    factories.pass_matter(project, "project-code", actors)
    granted = factories.pass_matter(project, "ent-filing", actors)
    [case] = factories.received(project, ["land-plan-permit"], actors)
    item = MaterialItem.objects.get(case=case, kind__slug="project-basis")
    assert (item.state, item.origin) == ("held", "result")
    paper = Document.objects.get(pk=item.document_id).paper
    assert paper.number in item.origin_note
    revoke_paper(paper, by=factories.official(granted.lead.code, Role.CHIEF), reason="材料不实")
    factories.drain()
    item.refresh_from_db()
    assert item.state == "awaited"
    assert item.warning == f"原沿用的“{paper.title} {paper.number}”已被撤销，不能再用"
    waiting = case_waiting([factories.fresh(case)])[case.pk]
    assert (waiting.role, waiting.verb) == (item.supplier.label, "补录")
    client.force_login(actors.owner)
    assert item.warning in client.get(reverse("packages:supplies")).content.decode()
    with pytest.raises(DomainError) as refused:
        intake.accept_case(case.pk, by=actors.clerk)
    assert item.warning in refused.value.message
    holds(project)


def test_a_result_revoked_during_the_review_stops_the_grant(project, actors, clock):
    for code in ("project-code", "ent-filing"):
        factories.pass_matter(project, code, actors)
    case = factories.in_review(project, "land-plan-permit", actors)
    factories.answer_all(case)
    factories.merge(factories.fresh(case))
    item = MaterialItem.objects.get(case=case, kind__slug="project-basis")
    revoke_paper(item.document.paper, by=actors.chief, reason="材料不实")
    MatterCase.objects.filter(project=project, state="draft").update(state="decided_pass", decided_at=clock.moment)
    with pytest.raises(DomainError) as refused:
        factories.decide(factories.fresh(case))
    lost = f"原沿用的“{item.document.title}”已被撤销，不能再用"
    assert refused.value.message == f"沿用的材料有变化：{item.name}：{lost}。补齐后才能作出准予决定。"


# The figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_saved_papers_are_those_that_were_not_handed_in(project, factory, actors, clock, client):
    factories.received(project, ["plan-permit"], actors)
    clock.moment = dt.datetime(2026, 12, 1, 0, 30, tzinfo=timing.BUSINESS_ZONE)  # November in UTC
    [second] = factories.received(factory, ["util-joint"], actors)
    [gone] = factories.received(factory, ["soil-plan"], actors) if MatterCase.objects.filter(
        project=factory, matter__matter__code="soil-plan").exists() else factories.received(factory, ["wage-deposit"], actors)
    factories.open_application(project, ["wage-deposit"], actors)  # a draft counts nowhere
    MatterCase.objects.filter(pk=gone.pk).update(state="withdrawn")

    expected = Counter()
    for item in MaterialItem.objects.select_related("case"):
        if item.case.received_at is None or item.case.state == "withdrawn":
            continue
        month = f"{item.case.received_at.astimezone(timing.BUSINESS_ZONE):%Y-%m}"
        group = {"held": "saved", "shared": "saved", "uploaded": "handed_in", "deferred": "handed_in",
                 "committed": "committed", "missing": "open", "awaited": "open", "not_applicable": "apart"}[item.state]
        expected[month, group] += 1
    found = Counter()
    for tally in savings.by_month(savings.counted(actors.clerk)):
        for group in ("saved", "handed_in", "committed", "open", "apart"):
            found[tally.key, group] += getattr(tally, group)
        assert tally.rate == round(100 * tally.saved / (tally.saved + tally.handed_in), 1)
    assert +found == expected
    assert {key[0] for key in expected} == {"2026-11", "2026-12"}
    assert {tally.key for tally in savings.by_project(savings.counted(actors.clerk))} == {str(project.pk), str(factory.pk)}

    client.force_login(actors.clerk)
    page = client.get(reverse("packages:savings"), {"month": "2026-12"}).context["page"]
    assert [row.tally.key for row in page.cases] == [str(second.pk)]
    for row, group in ((row, group) for row in page.months for group in ("saved", "handed_in", "committed")):
        lines = client.get(getattr(row, f"{group}_url")).context["page"]
        assert lines.count == getattr(row.tally, group)
    assert page.verdict.startswith("实测 ")
    assert "70%" in page.verdict
    file = b"".join(client.get(reverse("packages:savings_lines"), {"month": "2026-12", "export": "csv"}).streaming_content)
    assert file.decode("utf-8-sig").count("\n") == 1 + sum(n for (month, _), n in expected.items() if month == "2026-12")
    for query in ({"month": "2026-99"}, {"project": "x"}, {"group": "eaten"}, {"case": "9" * 30}):
        assert client.get(reverse("packages:savings_lines"), query).context["page"].count == 0
    client.force_login(actors.outsider)
    assert client.get(reverse("packages:savings")).context["page"].total.tally.total == 0


def test_a_paper_of_the_same_kind_that_another_matter_brought_does_not_stand_in(db):
    """The contract of the design is not the contract of the works: the catalogue says from which matter a line comes."""
    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "G1")
    kind = DocumentKind.objects.get(slug="award-contract")

    def award(code):
        case = MatterCase.objects.filter(project=project, matter__matter__code=code).first()
        case = case or factories.make_case(project, code)
        return file_upload(
            project, uploaded=factories.pdf(text=code), kind=kind, title="中标通知书和合同", source=case, by=actors.clerk
        )

    award("bid-design")
    application = factories.open_application(project, ["wage-deposit"], actors)
    line = MaterialItem.objects.get(case__application=application, kind=kind)
    assert (line.state, line.document) == ("missing", None)
    assert "施工合同" in {row.kind_name for row in missing_of(project)}
    works = award("bid-construct")
    intake.set_material(line.pk, state="not_applicable", by=actors.clerk, note="查找")
    intake.set_material(line.pk, state="missing", by=actors.clerk)
    line = MaterialItem.objects.get(pk=line.pk)
    assert (line.state, line.document) == ("held", works)
    assert "施工合同" not in {row.kind_name for row in missing_of(project)}


def test_another_name_stands_in_only_where_the_catalogue_declares_the_pair(clock):
    def asked(name, kind="construction-drawings"):
        return SimpleNamespace(name=name, kind=SimpleNamespace(slug=kind), definition=None)

    whole = Brought("drawing-review", "全套施工图设计文件")
    part, other = asked("消防设计文件"), asked("桩基、基坑施工图及审查意见")
    assert (may_stand_in(part, whole), may_stand_in(other, whole)) == (True, False)
    assert may_stand_in(asked(whole.name), Brought("fire-design", part.name)) is False
    assert stand_in_words(part, whole) == "以“全套施工图设计文件”代替“消防设计文件”：全套施工图内含这一部分"
    assert (stand_in_words(other, whole), stand_in_words(part, None)) == ("", "")
    survey = asked("竣工规划测绘成果", "multisurvey-report")
    said = stand_in_words(survey, Brought("joint-accept", "“多测合一”成果报告"))
    assert said.startswith("以“‘多测合一’成果报告”代替“竣工规划测绘成果”：")
    pair = ("survey-report", "勘察报告", "工程勘察报告")
    assert declared_basis(*pair, dt.date(2025, 12, 31)) == ""
    assert declared_basis(*pair, dt.date(2026, 1, 1)) == "同一份勘察成果，名称不同"
