"""A phase and a building by itself are accepted under the conditions of what they share (handbook §8)."""

from decimal import Decimal

import pytest

from acceptance.models import AcceptanceApplication
from acceptance.services import application, items, partial, phases, survey, visits
from acceptance.services.conclusion import conclude
from packages.models import MatterCase
from projects import timing
from projects.errors import NotAllowed
from projects.models import Building, WorkUnit
from projects.states import Role
from tests import factories
from tests.acceptance.joint_steps import A, B, holds, refused, reviewer, surveyed

pytestmark = pytest.mark.slow


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
