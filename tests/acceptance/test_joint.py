"""多测合一、一次上门: measured once, told once, accepted once (handbook §8)."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse

from acceptance import data, rules
from acceptance.models import AcceptanceApplication, Inspection, InspectionLine, InspectionUnit, PointCard, PointNotice
from acceptance.providers import debts
from acceptance.queries import checked_in_process
from acceptance.services import items, late_faults, pre_acceptance, survey, visits
from acceptance.services.conclusion import conclude
from archives.models import Paper
from packages.waiting import project_waiting
from projects import timing
from projects.clocks import read_clock
from projects.errors import NotAllowed
from projects.models import Project
from projects.states import Role
from tests import factories
from tests.acceptance.conftest import FAULT
from tests.acceptance.joint_steps import USCC, A, B, holds, measured, refused, reviewer, surveyed, waits

pytestmark = pytest.mark.slow


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


@pytest.mark.laid("until_record")
def test_fire_and_quality_are_accepted_together(project, walk, client_of):
    quality, by = walk.item(3), reviewer("housing")
    assert 'name="together"' in client_of(by).get(reverse("acceptance:item", args=[quality.pk])).content.decode()
    with transaction.atomic():
        items.record_item(quality.pk, by=by, result="passed")
        assert walk.item(4).state == "pending"
        transaction.set_rollback(True)
    with transaction.atomic():
        items.record_item(quality.pk, by=by, result="fault", faults=[FAULT], together=True)
        assert walk.item(4).state == "pending"
        transaction.set_rollback(True)
    items.record_item(walk.item(3).pk, by=by, result="passed", together=True)
    assert {(one.state, one.note) for one in (walk.item(3), walk.item(4))} == {
        ("passed", ""), ("passed", f"与“{quality.name}”同场合并验收"),
    }
    assert walk.item(1).state == "pending"
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
    saturday = dt.date(2026, 11, 7)
    closed = refused(lambda: pre_acceptance.book(unit.pk, by=actors.owner, wanted_on=saturday), "not_workday")
    assert closed == "希望日期2026年11月7日不是工作日，请重新选择。"
    made = pre_acceptance.book(unit.pk, by=actors.owner, wanted_on=timing.today())
    lead = reviewer("housing")
    refused(lambda: pre_acceptance.confirm(made.pk, by=lead, planned_on=saturday), "not_workday")
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
    cases = [row for row in project_waiting([factories.fresh(project)]) if row.case_id]
    assert [(row.verb, row.what[-8:]) for row in cases] == [("办理", "（并入联合验收）")], "one line, before the job has run"
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
