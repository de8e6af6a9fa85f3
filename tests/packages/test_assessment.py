"""A parcel inside a valid regional result drops the matter and its materials and says so; what ran out is not used."""

import datetime as dt
import json
from decimal import Decimal

import pytest

from agency.models import Notification
from archives.states import PaperState
from packages import assessment_rules as may
from packages import geometry
from packages.assessment_states import EffectStatus, ResultState, UseState
from packages.models import Enrolment, MaterialItem, MatterCase, RegionalResult, RegionalUnit, RegionalUse
from packages.planning.build import build_plan
from packages.services import assessment_register as register
from packages.services.assessment_apply import set_parcel
from packages.services.assessment_effects import regional_effects
from packages.services.intake import accept_case
from packages.states import CaseState, MaterialState
from packages.tasks import sweep_regional
from projects import timing
from projects.errors import DomainError, NotAllowed
from projects.events import verify_chain
from projects.states import Role
from tests import factories
from tests.kept import layer
from tests.packages.steps import Log, check_step, holds

NO = dict.fromkeys(["assessed_eia", "assessed_energy", "assessed_soil", "assessed_geo", "assessed_mineral"], "no")
TODAY = dt.date(2026, 11, 2)
UNTIL = dt.date(2027, 6, 30)


def noon(day):
    """Noon of a day."""
    return dt.datetime.combine(day, dt.time(12), tzinfo=timing.BUSINESS_ZONE)


def square(west=112.90, south=35.80, side=0.02):
    """A boundary as GeoJSON."""
    east, north = round(west + side, 6), round(south + side, 6)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return json.dumps({"type": "Polygon", "coordinates": [ring]})


HERE = json.dumps({"type": "Point", "coordinates": [112.91, 35.81]})
OUTSIDE = json.dumps({"type": "Point", "coordinates": [112.99, 35.81]})


@pytest.fixture
def keeper(actors):
    """The person of the development zone."""
    return factories.official("devzone", Role.REVIEWER)


@pytest.fixture
def unit(clock, keeper):
    """The zone, two minutes of arc wide."""
    return make_unit(keeper)


def make_unit(keeper, code="GP-KFQ-01", name="高平经开区智造园", **where):
    body = factories.organisation("devzone")
    return register.register_unit(
        code=code, name=name, keeper=body, region=body.region, boundary=square(**where), by=keeper
    )


def result(unit, item, keeper, *, way="exempt", until=UNTIL, since=TODAY, **more):
    """A result in force, brought there by its steps."""
    made = register.propose_result(unit.pk, item=item, way=way, by=keeper, expected_on=TODAY, **more)
    register.compile_result(made.pk, compiler="省环科院", by=keeper)
    register.submit_result(made.pk, title=f"{unit.name}评估报告", by=keeper)
    register.judge_result(
        made.pk, agrees=True, number="高区评〔2026〕1号", by=factories.official(made.approver.code, Role.CHIEF)
    )
    register.publish_result(made.pk, valid_from=since, valid_until=until, by=keeper)
    factories.drain()
    return RegionalResult.objects.get(pk=made.pk)


kept_assessed = layer("kept_assessed", lambda actors: factories.enrolled_project(actors, "S2", **NO), "kept_actors")


@pytest.fixture
def plant(clock, kept_assessed):
    """A plant without any regional result: five separate assessments."""
    return kept_assessed


def codes(project):
    """The matters of the plan as it stands, which are those of the live drafts."""
    enrolment = Enrolment.objects.get(project=project)
    plan = build_plan(enrolment.package_version, enrolment.facts).codes
    live = MatterCase.objects.filter(project=project).exclude(state=CaseState.WITHDRAWN)
    assert set(live.values_list("matter__matter__code", flat=True)) == set(plan)
    return set(plan)


def effect(project, item, on=None):
    """What the register says of one item."""
    return next(one for one in regional_effects(project, on) if one.item == item)


@pytest.mark.parametrize(
    ("boundary", "sentence"),
    [
        (square().replace("112.92, 35.82", "112.9, 35.815").replace("112.92, 35.8]", "112.92, 35.82]"), "自相交"),
        ('{"type": "LineString", "coordinates": [[112.9, 35.8], [112.91, 35.81]]}', "应为多边形"),
        ('{"type": "Polygon", "coordinates": [[[112.9, 35.8], [112.91, 35.81]]]}', "不是闭合的多边形"),
        ('{"type": "Polygon", "coordinates": []}', "没有坐标"),
        ('{"type": "Polygon", "coordinates": [[[35.8, 112.9], [35.81, 112.9], [35.8, 112.91]]]}', "不在国内"),
        ("not json", "不是有效的 GeoJSON"),
        ('{"type": "FeatureCollection", "features": []}', "只含一个图形"),
        ("[" * 100_000, "不是有效的 GeoJSON"),
    ],
)
def test_a_boundary_that_is_none_is_refused_with_a_sentence(clock, keeper, boundary, sentence):
    body = factories.organisation("devzone")
    with pytest.raises(DomainError) as refused:
        register.register_unit(
            code="X-1", name="试验", keeper=body, region=body.region, boundary=boundary, by=keeper
        )
    assert (refused.value.code, sentence in refused.value.message) == ("boundary", True)
    assert not RegionalUnit.objects.exists()


def test_the_area_that_is_told_fits_the_boundary(clock, keeper):
    body = factories.organisation("devzone")
    say = {"code": "X-1", "name": "试验", "keeper": body, "region": body.region, "boundary": square(), "by": keeper}
    with pytest.raises(DomainError, match="相差过大"):
        register.register_unit(area=Decimal(40), **say)
    unit = register.register_unit(area=Decimal(400), **say)
    assert geometry.hectares(unit.boundary) == Decimal("401.08")
    assert (unit.west, unit.north) == (Decimal("112.9"), Decimal("35.82"))


def test_a_valid_result_drops_the_matter_its_materials_and_says_so(unit, keeper, plant, actors):
    soil = result(unit, "soil", keeper, way="cite")
    result(unit, "eia", keeper, way="register")
    before = codes(plant)
    assert {"soil-plan", "eia-form", "geohazard", "one-book"} <= before
    log = Log(plant)
    set_parcel(plant.pk, place=HERE, number="GP2026-07", by=actors.clerk)
    assert [kind for kind, _ in log.told() if kind.startswith(("parcel", "regional", "project"))] == [
        "parcel.set", "project.facts_changed", "regional.applied", "regional.applied",
    ]
    assert before - codes(plant) == {"soil-plan", "soil-accept", "fee-soil", "eia-form", "env-accept"}
    assert codes(plant) - before == {"eia-register"}
    found = effect(plant, "soil")
    assert (found.status, found.answer, found.result_id) == (EffectStatus.APPLIES, "yes", soil.pk)
    assert found.words == (
        "地块在高平经开区智造园的有效成果内：引用区域成果，免于单独评估（高区评〔2026〕1号，有效期至2027年6月30日）"
    )
    use = RegionalUse.objects.get(item="soil")
    assert (use.state, use.paper.title) == (UseState.APPLIED, "区域评估成果应用单（水土保持）")
    log.mark()
    set_parcel(plant.pk, place=HERE, number="GP2026-07", by=actors.clerk)
    assert log.told() == []
    holds(plant)
    assert verify_chain(f"organisation:{unit.keeper_id}") is None


def test_the_register_decides_not_what_was_ticked(unit, keeper, actors, clock):
    project = factories.enrolled_project(actors, "S2")  # says that everything is covered
    assert "geohazard" not in codes(project)
    set_parcel(project.pk, place=HERE, by=actors.clerk)
    assert {"geohazard", "mineral-overlay", "soil-plan", "energy-review", "eia-form"} <= codes(project)
    assert effect(project, "geo").words == "本地块没有可用的区域成果，须单独评估"


def test_a_parcel_that_straddles_takes_the_stricter_and_a_gap_takes_none(unit, keeper, plant, actors):
    east = make_unit(keeper, "GP-KFQ-02", "高平经开区东园", west=112.92)
    result(unit, "geo", keeper, way="exempt", until=dt.date(2027, 3, 1))
    both = json.loads(square(west=112.915, south=35.805, side=0.01))
    set_parcel(plant.pk, place=json.dumps(both), by=actors.clerk)
    assert effect(plant, "geo").status == EffectStatus.PARTLY
    assert "geohazard" in codes(plant)
    result(east, "geo", keeper, way="commit")
    found = effect(plant, "geo")
    assert (found.status, found.way, found.valid_until) == (EffectStatus.COMMITS, "commit", dt.date(2027, 3, 1))
    assert "geohazard" in codes(plant)
    factories.received(plant, ["geohazard"], actors)
    line = MaterialItem.objects.get(case__project=plant, kind__slug="geohazard-document")
    assert (line.state, line.note) == (
        MaterialState.COMMITTED, "高平经开区东园地质灾害危险性评估区域成果有效，按告知承诺办理，不交报告"
    )


def test_excluded_types_and_results_that_are_coming_are_assessed_alone(unit, keeper, plant, actors):
    result(unit, "energy", keeper, excludes="energy>=2000", excludes_words="年综合能耗2000吨标准煤以上")
    coming = register.propose_result(
        unit.pk, item="mineral", way="exempt", by=keeper, expected_on=dt.date(2027, 2, 1)
    )
    set_parcel(plant.pk, place=HERE, by=actors.clerk)
    assert effect(plant, "energy").words == "本项目属于除外情形（年综合能耗2000吨标准煤以上），仍须单独评估"
    found = effect(plant, "mineral")
    assert (found.status, found.words) == (
        EffectStatus.COMING, "高平经开区智造园的区域评估在编，预计 2 月；目前仍须单独评估"
    )
    assert {"energy-review", "mineral-overlay"} <= codes(plant)
    with pytest.raises(DomainError, match="已在编制"):
        register.propose_result(unit.pk, item="mineral", way="exempt", by=keeper)
    assert coming.state == ResultState.PROPOSED


@pytest.mark.slow
def test_ninety_days_before_the_end_keeper_and_owners_are_warned_and_then_the_matter_comes_back(
    unit, keeper, plant, actors, clock
):
    soil = result(unit, "soil", keeper)
    set_parcel(plant.pk, place=HERE, by=actors.clerk)
    clock.to(noon(UNTIL - dt.timedelta(days=91)))
    assert sweep_regional() == 0
    clock.to(noon(UNTIL - dt.timedelta(days=90)))
    assert (sweep_regional(), sweep_regional()) == (1, 0)
    factories.drain()
    assert factories.fresh(soil).state == ResultState.EXPIRING
    text = "高平经开区智造园水土保持成果将于2027年6月30日到期，还有 90 天"
    told = Notification.objects.filter(text=text)
    assert set(told.values_list("user__username", flat=True)) == {keeper.username, "owner", "owner-staff"}
    clock.to(noon(UNTIL))
    assert sweep_regional() == 0
    assert "soil-plan" not in codes(plant)
    clock.to(noon(UNTIL + dt.timedelta(days=1)))
    sweep_regional()
    factories.drain()
    assert factories.fresh(soil).state == ResultState.LAPSED
    assert "soil-plan" in codes(plant)
    use = RegionalUse.objects.get(item="soil")
    assert (use.state, use.paper.state) == (UseState.ENDED, PaperState.REVOKED)
    assert effect(plant, "soil").words == "高平经开区智造园的成果已于2027年6月30日到期，须单独评估"
    holds(plant)


def test_what_was_accepted_in_time_keeps_its_result(unit, keeper, plant, actors, clock):
    result(unit, "eia", keeper, way="register", until=dt.date(2026, 11, 6))
    set_parcel(plant.pk, place=HERE, by=actors.clerk)
    factories.accepted(plant, ["eia-register"], actors)
    use = RegionalUse.objects.get(item="eia")
    assert (use.state, use.fixed_case.matter.matter.code, use.fixed_on) == (UseState.FIXED, "eia-register", TODAY)
    clock.to(noon(dt.date(2026, 11, 9)))
    sweep_regional()
    factories.drain()
    assert "eia-form" not in codes(plant)
    assert effect(plant, "eia").words.endswith("受理，当时成果有效，此后到期不影响本项目")
    holds(plant)


@pytest.mark.slow
def test_what_ran_out_between_filing_and_acceptance_is_not_used(unit, keeper, plant, actors, clock):
    result(unit, "eia", keeper, way="register", until=dt.date(2026, 11, 3))
    set_parcel(plant.pk, place=HERE, by=actors.clerk)
    factories.received(plant, ["eia-register"], actors)
    case = MatterCase.objects.get(project=plant, matter__matter__code="eia-register")
    clock.to(noon(dt.date(2026, 11, 4)))
    sweep_regional()
    factories.drain()
    with pytest.raises(DomainError) as refused:
        accept_case(case.pk, by=actors.clerk)
    assert refused.value.code == "regional_expired"
    assert "成果已于2026年11月3日到期，受理前已失效" in refused.value.message
    from packages.services.withdrawing import withdraw_case

    withdraw_case(case.pk, by=actors.clerk, reason="改报报告表", uploaded=factories.pdf())
    sweep_regional()
    factories.drain()
    assert "eia-form" in codes(plant)
    assert RegionalUse.objects.get(item="eia").state == UseState.ENDED


def test_who_may_do_what(unit, keeper, plant, actors):
    chief = factories.official("water-affairs", Role.CHIEF)
    made = register.propose_result(unit.pk, item="soil", way="exempt", by=keeper)
    with pytest.raises(NotAllowed, match="成果由开发区管委会组织编制和公布"):
        register.compile_result(made.pk, compiler="甲", by=chief)
    register.compile_result(made.pk, compiler="甲", by=keeper)
    register.submit_result(made.pk, title="报告", by=keeper)
    with pytest.raises(NotAllowed, match="成果由水务局首席代表批准"):
        register.judge_result(made.pk, agrees=True, number="1", by=keeper)
    register.judge_result(made.pk, agrees=False, note="补充监测数据", by=chief)
    assert factories.fresh(made).state == ResultState.COMPILING
    check_step(
        plant, lambda who: set_parcel(plant.pk, place=OUTSIDE, by=who), right=actors.owner, wrong=actors.reviewer,
        reason="项目位置由建设单位、项目的代办人员、窗口或开发区管委会登记。", told=[("parcel.set", None), ("project.facts_changed", None)],
    )
    assert may.can_set_parcel(actors.owner, plant).ok
