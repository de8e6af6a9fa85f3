"""多测合一、一次上门、容缺通过、房证同交: measured once, told once, accepted once, registered at once (handbook §8)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import resolve, reverse

from acceptance import data, rules
from acceptance.joint_providers import make_up_debts
from acceptance.models import (
    AcceptanceApplication,
    Inspection,
    InspectionLine,
    InspectionUnit,
    MakeUp,
    PointCard,
    PointNotice,
)
from acceptance.providers import debts
from acceptance.queries import checked_in_process
from acceptance.services import (
    application,
    items,
    late_faults,
    make_ups,
    partial,
    phases,
    pre_acceptance,
    registry,
    survey,
    visits,
)
from acceptance.services.conclusion import conclude
from acceptance.tasks import sweep_make_ups
from archives.models import Delivery, Paper
from packages.models import MatterCase
from projects import timing
from projects.clocks import read_clock
from projects.errors import DomainError, NotAllowed
from projects.events import fold, verify_chain
from projects.models import Building, CreditRecord, Event, Project, WorkUnit
from projects.services.involvement import involve
from projects.states import Role
from projects.waiting import waiting_for
from tests import factories
from tests.acceptance.conftest import FAULT
from tests.oracles import acceptance_oracle
from tests.packages.steps import rows_of

pytestmark = pytest.mark.slow

USCC = "91310000775785552L"
A, B = "1号仓库", "2号仓库"


def measured(name=A, above="2810", below="0", total="2810"):
    return {"name": name, "above": Decimal(above), "below": Decimal(below), "total": Decimal(total)}


def surveyed(unit, actors, *, shared=True):
    rows = [{"name": A, "area": Decimal(2800), "floors": 1}, {"name": B, "area": Decimal(2800), "floors": 1}]
    survey.record_buildings(unit.pk, by=actors.clerk, rows=rows)
    made = survey.commission_survey(unit.pk, by=actors.owner, uscc=USCC, name="高平测绘有限公司")
    survey.hand_in_survey(
        made.pk, by=actors.owner, surveyed_on=timing.today(), total_area=Decimal(5750), uploaded=factories.pdf("测绘.pdf", "报告"),
        rows=[measured(), measured(B, "2900", "40", "2940")],
    )
    return survey.share_survey(made.pk, by=actors.clerk) if shared else made


def refused(call, code):
    with pytest.raises(DomainError) as error:
        call()
    assert error.value.code == code
    return error.value.message


def holds(project):
    """The chain is whole, and the events fold to the states of everything in acceptance (earlier matters are by hand)."""
    row = factories.fresh(project)
    assert verify_chain(f"project:{project.pk}") is None
    folded, stand = fold(row), rows_of(row)
    waits(project)
    own = {key: state for key, state in stand.items() if key[0].startswith("acceptance.")}
    assert own == {key: folded.get(key) for key in own}
    assert own


def waits(project):
    """What the project waits for in its acceptance; always what the oracle says."""
    [rows] = waiting_for([factories.fresh(project)]).values()
    mine = [(row.role, row.verb, row.what) for row in rows if row.url and resolve(row.url).app_name == "acceptance"]
    assert sorted(mine) == acceptance_oracle.expected(project.pk, timing.today())
    return set(mine)


def reviewer(code):
    return factories.official(code, Role.REVIEWER)


def test_one_survey_is_compared_with_the_permit_and_what_does_not_add_up_is_refused(project, unit, actors):
    refused(lambda: survey.commission_survey(unit.pk, by=actors.owner, uscc=USCC), "can_commission")
    made = surveyed(unit, actors, shared=False)
    assert [(row.building.name, row.difference) for row in made.buildings.order_by("pk")] == [(A, 10), (B, 140)]
    assert [data.area_tone(float(row.difference), 2800, timing.today()) for row in made.buildings.order_by("pk")] == [
        "good", "bad"
    ]
    survey.return_survey(made.pk, by=actors.clerk, reason="2号仓库超出许可，请复测")

    def again(rows, total="5750"):
        return survey.hand_in_survey(
            made.pk, by=actors.owner, surveyed_on=timing.today(), total_area=Decimal(total), rows=rows,
            uploaded=factories.pdf("测绘.pdf", "报告"),
        )

    whole = [measured(), measured(B, "2900", "40", "2940")]
    said = {
        "building_unknown": lambda: again([*whole, measured("3号仓库")]), "building_left_out": lambda: again(whole[:1]),
        "areas_differ": lambda: again([measured(total="2811"), whole[1]]), "total_differs": lambda: again(whole, "5800"),
    }
    assert {code: refused(call, code) for code, call in said.items()} == {
        "building_unknown": "规划许可中没有单体“3号仓库”，请核对名称，或先办理规划变更。",
        "building_left_out": "还缺单体：2号仓库，一次测绘应覆盖全部单体。",
        "areas_differ": "“1号仓库”地上 2810 加地下 0 不等于合计 2811。",
        "total_differs": "各单体合计 5750 m²，与成果报告总面积 5800 m² 不一致，请核对。",
    }
    again(whole)
    shared = survey.share_survey(made.pk, by=actors.clerk)
    assert survey.share_survey(made.pk, by=actors.clerk).pk == shared.pk
    assert {row["department"] for row in shared.shared_with} >= {"自然资源局", "住建局"}
    assert Paper.objects.filter(project=project, kind="survey_share").count() == 1
    holds(project)


def test_a_building_by_itself_needs_its_survey_and_its_shared_facilities(project, unit, actors):
    other = Building.objects.create(
        work_unit=WorkUnit.objects.create(project=project, code="other", name="二期", is_default=False), name="别处"
    )
    apply = application.apply_for_acceptance
    words = refused(lambda: apply(unit.pk, by=actors.owner, building_id=other.pk), "building_unknown")
    assert words == "规划许可中没有这个单体，不能验收；请核对许可附件或先办理规划变更。"
    rows = [{"name": A, "area": Decimal(2800), "floors": 1}]
    survey.record_buildings(unit.pk, by=actors.clerk, rows=rows)
    building = Building.objects.get(name=A)
    refused(lambda: apply(unit.pk, by=actors.owner, building_id=building.pk), "not_surveyed")
    surveyed(unit, actors)
    made = apply(unit.pk, by=actors.owner, building_id=building.pk, report=factories.pdf("报告.pdf", "竣工"))
    assert (made.scope, made.application, made.facilities.count()) == ("building", None, 5)
    application.accept_acceptance(made.pk, by=actors.clerk)
    lead = reviewer("housing")
    visits.arrange_visit(made.pk, by=lead, planned_on=timing.today())
    for item in made.items.filter(state="pending"):
        items.record_item(item.pk, by=reviewer(item.organisation.code), result="passed")
    items.issue_list(made.pk, by=lead, held_on=timing.today(), record_text="到场")
    chief = factories.official("housing", Role.CHIEF)
    refused(lambda: conclude(made.pk, by=chief, passed=True), "facilities")
    for facility in made.facilities.all():
        partial.confirm_facility(facility.pk, by=lead, is_met=True)
    assert conclude(made.pk, by=chief, passed=True).state == "passed"
    holds(project)


def test_a_building_that_failed_is_looked_at_again_only_where_it_had_not_passed(project, unit, actors):
    survey.record_buildings(unit.pk, by=actors.clerk, rows=[{"name": A, "area": Decimal(2800), "floors": 1}])
    surveyed(unit, actors)
    lead, chief = reviewer("housing"), factories.official("housing", Role.CHIEF)

    def applied():
        report = factories.pdf("报告.pdf", "竣工")
        made = application.apply_for_acceptance(
            unit.pk, by=actors.owner, building_id=Building.objects.get(name=A).pk, report=report
        )
        application.accept_acceptance(made.pk, by=actors.clerk)
        visits.arrange_visit(made.pk, by=lead, planned_on=timing.today())
        return made

    first = applied()
    asked = set(first.items.filter(state="pending").values_list("number", flat=True))
    assert asked
    for item in first.items.filter(state="pending"):
        items.record_item(item.pk, by=reviewer(item.organisation.code), result="passed")
    items.issue_list(first.pk, by=lead, held_on=timing.today(), record_text="到场")
    road = first.facilities.first()
    partial.confirm_facility(road.pk, by=lead, is_met=False, note="消防车道未贯通")
    assert conclude(first.pk, by=chief, passed=False, note="消防车道未贯通").state == "failed"
    second = applied()
    again = second.items.filter(number__in=asked).values_list("state", "note")
    assert set(again) == {("passed", "上一轮已合格，不再重复验收")}
    items.issue_list(second.pk, by=lead, held_on=timing.today(), record_text="到场，看共用设施")
    for facility in second.facilities.all():
        partial.confirm_facility(facility.pk, by=lead, is_met=True)
    assert conclude(second.pk, by=chief, passed=True).state == "passed"
    holds(project)


@pytest.mark.laid("until_record")
def test_a_day_refused_twice_is_the_owners_time(project, walk, actors):
    pk, day = walk.acceptance.pk, timing.spoken(walk.acceptance.visit.planned_on)
    assert [one.title for one in debts(actors.owner, [project])] == [f"{day}现场验收，请组织参建单位到场"]
    visits.refuse_visit(pk, by=actors.owner, reason="停电检修")
    assert ("住建局", "另约", "现场验收日期") in waits(project)
    assert list(debts(actors.owner, [project])) == []
    visits.arrange_visit(pk, by=reviewer("housing"), planned_on=timing.today())
    visits.refuse_visit(pk, by=actors.owner, reason="人员不在")
    assert ("建设单位", "选定", "现场验收日期") in waits(project)
    assert read_clock(walk.acceptance.clock).paused is True
    with pytest.raises(NotAllowed) as refusal:
        visits.arrange_visit(pk, by=reviewer("housing"), planned_on=timing.today())
    assert refusal.value.message == "建设单位已改期达到次数，由其选定日期。"
    refused(lambda: visits.name_visit_day(pk, by=actors.owner, planned_on=dt.date(2026, 11, 7)), "visit_no_workday")
    visits.name_visit_day(pk, by=actors.owner, planned_on=dt.date(2026, 11, 3))
    assert read_clock(walk.acceptance.clock).paused is False
    item = walk.item(1)
    assert rules.can_record(reviewer(item.organisation.code), item).reason == "现场验收约定在11月3日，到场后填写。"
    assert rules.can_refuse_visit(actors.owner, walk.acceptance).reason == "已改期 2 次，日期由贵单位自己选定，不能再改。"
    holds(project)


@pytest.mark.laid("until_visit")
def test_papers_are_returned_once_with_all_their_faults(project, unit, walk, actors, client_of):
    pk, lead = walk.acceptance.pk, reviewer("housing")
    booked = "联合验收已是“资料审核”，不用再预验收。"
    assert refused(lambda: pre_acceptance.book(unit.pk, by=actors.owner, wanted_on=timing.today()), "can_book") == booked
    page, browser = reverse("acceptance:papers", args=[pk]), client_of(lead)
    fire = {"item_1": walk.item(4).pk, "what_1": "缺消防检测报告", "basis_1": "消防验收规定 6", "fix_1": "补交"}
    half = browser.post(page, fire | {"what_2": "缺附图", "basis_2": "城乡规划法 45", "fix_2": "补交", "item_5": walk.item(1).pk})
    assert (half.status_code, half.context["form"].errors) == (422, {
        "item_2": ["第 2 条要选验收事项。"], "item_5": ["第 5 条要写全：什么问题、依据、怎么改。"],
    })
    whole = {"item_5": walk.item(1).pk, "what_5": "缺附图", "basis_5": "城乡规划法 45", "fix_5": "补交"}
    assert browser.post(page, fire | whole).url == reverse("acceptance:detail", args=[pk])
    assert (walk.acceptance.state, read_clock(walk.acceptance.clock).paused) == ("doc_rectifying", True)
    refused(lambda: visits.hand_back_papers(pk, by=actors.owner), "unanswered")
    told = list(items.paper_issues(walk.acceptance))
    assert [(issue.raised_for.code, issue.what) for issue in told] == [("housing", "缺消防检测报告"), ("natural-resources", "缺附图")]
    assert len(Paper.objects.get(project=project, kind="site_list").content["table"]["rows"]) == 2
    for issue in told:
        items.answer_rectification(issue.pk, by=actors.owner, answer="已补")
    visits.hand_back_papers(pk, by=actors.owner)
    assert rules.can_return_papers(lead, walk.acceptance).ok is False
    with transaction.atomic():
        conclude(pk, by=factories.official("housing", Role.CHIEF), passed=False, note="资料仍不齐")
        said = Paper.objects.get(project=project, kind="conclusion").content["paragraphs"]
        transaction.set_rollback(True)
    assert (said[0].startswith("经审核申报资料，"), said[1]) == (True, "不通过的理由：资料仍不齐。")
    walk.visit()
    assert set(items.paper_issues(walk.acceptance).values_list("state", flat=True)) == {"verified"}
    holds(project)


@pytest.mark.laid("until_answer")
def test_a_fault_after_the_list_needs_the_lead_and_is_marked_late(project, walk, actors):
    item, chief = walk.item(1), factories.official("housing", Role.CHIEF)
    by = reviewer(item.organisation.code)
    assert "一次性告知后不能再提" in rules.can_record(by, item).reason
    with pytest.raises(NotAllowed) as refusal:
        items.recheck_item(item.pk, by=by, holds=True)
    assert refusal.value.message == "现在是“集中整改”，企业提交整改后复核。"
    refused(lambda: late_faults.ask_late_fault(item.pk, by=by, fault=FAULT, reason=" "), "reason_missing")
    late = late_faults.ask_late_fault(item.pk, by=by, fault=FAULT, reason="现场未看到背面")
    assert ("住建局首席代表", "决定", "清单后新增问题") in waits(project)
    late_faults.decide_late_fault(late.pk, by=chief, approve=True)
    assert (walk.item(1).state, walk.acceptance.state) == ("rectifying", "rectifying")
    assert [issue.is_late for issue in items.issues_of_acceptance(walk.acceptance)] == [False, True]
    holds(project)


@pytest.mark.slow
def test_passed_with_a_paper_to_follow_late_brought_and_handed_to_the_registry(project, unit, walk, actors, clock):
    surveyed(unit, actors)
    walk.until("record")
    item, fire = walk.item(3), walk.item(4)
    refused(lambda: items.record_item(
        fire.pk, by=reviewer("housing"), result="deferred", paper="消防设施检测报告"), "not_deferrable")
    items.record_item(item.pk, by=reviewer("housing"), result="deferred", paper="工程质量保修书")
    walk.record(faulty=0)
    walk.list()
    walk.conclude()
    made = MakeUp.objects.get()
    assert (walk.acceptance.state, made.state, made.due_on) == ("passed_deferred", "owed", dt.date(2026, 11, 23))
    assert ("建设单位", "补交", "容缺材料“工程质量保修书”") in waits(project)
    clock.to(dt.datetime(2026, 11, 24, 9, tzinfo=timing.BUSINESS_ZONE))
    assert (sweep_make_ups(), sweep_make_ups()) == (1, 0)
    with pytest.raises(NotAllowed) as error:
        registry.hand_over(walk.acceptance.pk, by=actors.clerk)
    assert error.value.message == "容缺材料逾期未补：工程质量保修书，补齐后移交。"
    make_ups.bring_paper(made.pk, by=actors.owner, uploaded=factories.pdf("保修书.pdf", "保修"))
    make_ups.check_paper(made.pk, by=reviewer("housing"), holds=True)
    before, handed = walk.acceptance.concluded_at, timing.now() + dt.timedelta(hours=2)
    clock.to(handed + dt.timedelta(days=6))
    early = before - dt.timedelta(days=1)
    refused(lambda: registry.hand_over(walk.acceptance.pk, by=actors.clerk, at=early), "time_order")
    package = registry.hand_over(walk.acceptance.pk, by=actors.clerk, at=handed)
    told = Event.objects.get(kind="registry.handed", project=project)
    assert (package.handed_at, told.happened_at, told.late_days) == (handed, handed, 4)
    assert (package.registry.code, package.is_deferred, [row["area"] for row in package.prefill["buildings"]]) == (
        "estate-registry", True, ["2810.00", "2940.00"]
    )
    assert Delivery.objects.filter(paper=package.paper, signed_at=None).count() == 1
    clerk = reviewer("estate-registry")
    refused(lambda: registry.receive(package.pk, by=clerk, at=before), "time_order")
    registry.receive(package.pk, by=clerk, at=handed + dt.timedelta(hours=1))
    assert Event.objects.get(kind="registry.received", project=project).late_days == 4
    same = {"by": clerk, "registered_on": timing.today(), "certificate": "一"}
    refused(lambda: registry.note_dates(package.pk, **same, at=handed), "time_order")
    registry.note_dates(package.pk, by=actors.owner, keys_on=dt.date(2026, 11, 30))
    registry.note_dates(package.pk, by=clerk, registered_on=timing.today(), certificate="晋（2026）高平市不动产权第0000001号")
    package.refresh_from_db()
    assert (package.state, package.keys_on, package.registered_on) == (
        "registered", dt.date(2026, 11, 30), dt.date(2026, 11, 30)
    )
    holds(project)


@pytest.mark.slow
def test_what_is_late_by_the_agents_mistake_never_scores_the_enterprise(project, unit, walk, actors, clock):
    surveyed(unit, actors)
    walk.until("record")
    items.record_item(walk.item(3).pk, by=reviewer("housing"), result="deferred", paper="工程质量保修书")
    walk.record(faulty=0)
    walk.list()
    walk.conclude()
    involve(factories.fresh(project), role="service_agent", user=actors.agent, by=None)
    actors.agent.__dict__.pop("_access", None)
    made = MakeUp.objects.get()
    assert [debt.title for debt in make_up_debts(actors.owner, [factories.fresh(project)])] == ["补交“工程质量保修书”"]
    make_ups.bring_paper(made.pk, by=actors.agent, uploaded=factories.pdf("别的.pdf", "拿错了"))
    make_ups.check_paper(made.pk, by=reviewer("housing"), holds=False, note="不是保修书")
    clock.to(dt.datetime(2026, 11, 24, 9, tzinfo=timing.BUSINESS_ZONE))
    assert sweep_make_ups() == 1
    assert Event.objects.get(kind="acceptance.make_up_late").data["by_agent"] is True
    factories.drain()
    assert list(CreditRecord.objects.values_list("rule", "state")) == [("make-up-late", "excused")]
    assert factories.fresh(project).stage == "acceptance", "what is owed holds the delivery"


def test_the_completion_record_comes_with_the_conclusion_in_one_application(project, unit, walk, actors):
    application.apply_for_acceptance(unit.pk, by=actors.owner, comprehensive=True)
    for step in walk.STEPS[1:]:
        getattr(walk, step)()
    record = walk.item(12).case
    told = list(Event.objects.filter(project=project, kind__startswith="acceptance.record").values_list("kind", flat=True))
    assert (walk.acceptance.is_comprehensive, walk.acceptance.state, told) == (True, "passed", ["acceptance.record_opened"])
    filing = MatterCase.objects.get(pk=record.pk).application
    assert list(filing.cases.values_list("matter__matter__code", flat=True)) == ["completion-record"]
    said = Paper.objects.get(kind="conclusion", project=project).content
    assert (said["gist"]["what"], said["gist"]["do"], said["tables"][0]["rows"][-1][3]) == (
        "综合竣工验收，竣工联合验收通过", "竣工验收备案已随本意见书申报，按申报页补齐所缺材料；可以办理不动产首次登记", "随结论申报",
    )
    # the two books of a house are not asked of a warehouse (material_scope.tsv), so nothing is lacking
    lacking = list(filing.cases.get().materials.filter(state__in=["missing", "awaited"]).values_list("name", flat=True))
    assert (filing.submitted_at is not None, lacking) == (True, [])
    holds(project)


def test_a_phase_is_accepted_by_itself_and_decides_no_case(project, unit, actors):
    names = (A, B, "3号仓库")
    rows = [{"name": name, "area": Decimal(2800), "floors": 1} for name in names]
    first, second, third = (row.pk for row in survey.record_buildings(unit.pk, by=actors.clerk, rows=rows))

    def register(*buildings, by=actors.clerk, name="二期"):
        return phases.register_phase(unit.pk, by=by, name=name, building_ids=buildings)

    with pytest.raises(NotAllowed):
        register(first, by=actors.owner)
    refused(register, "building_unknown")
    refused(lambda: register(first, 0), "building_unknown")
    refused(lambda: register(first, second, third), "all_buildings")
    refused(lambda: register(first, name=" "), "name_missing")
    phase = register(first, second)
    assert (register(third).pk, phase.code, [row.name for row in phase.buildings.all()]) == (
        phase.pk, f"{unit.code}-02", [A, B],
    )
    assert [row.name for row in unit.buildings.all()] == ["3号仓库"]
    with pytest.raises(NotAllowed):
        phases.register_phase(phase.pk, by=actors.clerk, name="三期", building_ids=[first])
    surveyed(phase, actors)
    refused(lambda: application.apply_for_acceptance(phase.pk, by=actors.owner), "report_missing")
    made = application.apply_for_acceptance(phase.pk, by=actors.owner, report=factories.pdf("报告.pdf", "竣工"))
    assert (made.scope, made.what, made.facilities.count()) == ("phase", "二期", 5)
    application.accept_acceptance(made.pk, by=actors.clerk)
    asked = {row.organisation for row in (*made.items.filter(state="pending"), *made.facilities.all())}
    assert {body for body in asked if made not in AcceptanceApplication.objects.visible_to(reviewer(body.code))} == set()
    lead, chief = reviewer("housing"), factories.official("housing", Role.CHIEF)
    visits.arrange_visit(made.pk, by=lead, planned_on=timing.today())
    for item in made.items.filter(state="pending"):
        items.record_item(item.pk, by=reviewer(item.organisation.code), result="passed")
    items.issue_list(made.pk, by=lead, held_on=timing.today(), record_text="到场")
    for facility in made.facilities.all():
        partial.confirm_facility(facility.pk, by=lead, is_met=True)
    done = conclude(made.pk, by=chief, passed=True)
    assert (done.state, application.apply_for_acceptance(phase.pk, by=actors.owner).pk) == ("passed", made.pk)
    assert set(MatterCase.objects.filter(project=project, handling="acceptance").values_list("state", flat=True)) == {"draft"}
    assert application.apply_for_acceptance(unit.pk, by=actors.owner).scope == "project"
    holds(project)


@pytest.mark.laid("until_record")
def test_what_was_checked_during_the_works_is_offered_with_where_and_when(project, unit, walk, actors, client_of):
    item = walk.item(3)
    notice = PointNotice.objects.create(project=project, work_unit=unit, case=item.case, told_at=timing.now())
    body, day = item.organisation, timing.today()
    card = PointCard.objects.create(
        notice=notice, order=1, kind="supervision", code="structure", item="quality", name="主体结构", organisation=body,
        looks="混凝土强度", phases=["structure"], ticks=True,
    )
    seen = Inspection.objects.create(
        project=project, work_unit=unit, number=1, kind="planned", title="主体检查", lead=body, slot_on=day, state="closed",
        created_at=timing.now(), started_at=timing.now(),
    )
    row = InspectionUnit.objects.create(inspection=seen, organisation=body, state="recorded")
    InspectionLine.objects.create(unit=row, card=card, code="structure", order=1, text="主体结构", answer="fine")
    words = f"过程已核、验收免核：{day.year}年{day.month}月{day.day}日住建局在主体检查中核为合格"
    assert checked_in_process(unit)["quality"].words == words
    browser = client_of(reviewer("housing"))
    assert "过程已核、验收免核" in browser.get(f"/acceptances/{walk.acceptance.pk}/").content.decode()
    form = browser.get(f"/acceptance-items/{item.pk}/").content.decode()
    assert words in form
    assert f"/inspections/{seen.pk}/" in form
    assert data.tick_rule("quality", day) == data.TickRule(needs_all=True, days=0, records=True)
    assert data.tick_rule("fire", day).records is False
    PointCard.objects.create(
        notice=notice, order=2, kind="supervision", code="foundation", item="quality", name="地基", organisation=body,
        looks="桩基检测", phases=["foundation"], ticks=True,
    )
    assert checked_in_process(unit) == {}, "every card of the item has to be passed"


def test_pre_acceptance_is_a_service_without_a_clock(project, unit, actors):
    made = pre_acceptance.book(unit.pk, by=actors.owner, wanted_on=timing.today())
    lead = reviewer("housing")
    pre_acceptance.confirm(made.pk, by=lead, planned_on=timing.today())
    advice = [{"department": "住建局", "what": "疏散标志缺失", "how_to_fix": "补装"}]
    held = pre_acceptance.hold(made.pk, by=lead, held_on=timing.today(), advice=advice)
    assert (held.state, held.paper.title, AcceptanceApplication.objects.count()) == ("held", "预验收意见清单", 0)
    holds(project)


@pytest.mark.laid("until_accept")
def test_a_booking_that_was_not_held_ends_when_the_acceptance_itself_begins(project, unit, walk, actors):
    made = pre_acceptance.book(unit.pk, by=actors.owner, wanted_on=timing.today())
    assert ("住建局", "确认", "预验收日期") in waits(project)
    walk.accept()
    factories.drain()
    made.refresh_from_db()
    assert (made.state, made.reason) == ("cancelled", "联合验收已经受理，不用再预验收")
    assert ("住建局", "确认", "预验收日期") not in waits(project)
    assert pre_acceptance.end_bookings(project.pk) == 0
    holds(project)


def test_the_form_of_the_measures_names_the_buildings_of_the_permit(project, unit, actors, client_of):
    rows = [{"name": name, "area": Decimal(2800), "floors": 1} for name in (A, B)]
    survey.record_buildings(unit.pk, by=actors.clerk, rows=rows)
    made = survey.commission_survey(unit.pk, by=actors.owner, uscc=USCC, name="高平测绘有限公司")
    page = client_of(actors.owner).get(reverse("acceptance:survey_hand_in", args=[made.pk]))
    assert page.context["form"]["rows"].value() == f"{A} \n{B} "


def test_the_timetable_of_every_package_is_its_promise_and_1431_where_none_is_given():
    day = dt.date(2026, 11, 2)
    assert data.timetable(day) == {"push": 1, "papers": 4, "site": 3, "reply": 1}
    assert {code: sum(data.timetable(day, code).values()) for code in ("gov-general", "soc-factory", "soc-lowrisk")} == {
        "gov-general": 6, "soc-factory": 6, "soc-lowrisk": 4
    }


@pytest.mark.parametrize("who", ["owner", "clerk"])
def test_the_pages_show_survey_and_acceptance(project, unit, walk, actors, client_of, who):
    surveyed(unit, actors)
    walk.until("record")
    browser = client_of(getattr(actors, who))
    page = browser.get(f"/works/{unit.pk}/survey/").content.decode()
    assert ("超限" in page, "2940.00" in page) == (True, True)
    page = browser.get(f"/acceptances/{walk.acceptance.pk}/").content.decode()
    assert "时间表" in page
    assert Project.objects.filter(pk=project.pk).exists()
