"""A project gets the plan of its package once, and the plan follows its facts; no case in progress is lost by it."""

import json

import pytest

from packages.models import Enrolment, MatterCase
from packages.services.enrolment import change_facts, enrol
from packages.states import CaseState, Handling
from projects import stages
from projects.errors import DomainError
from projects.models import Project
from tests import factories
from tests.packages.steps import Log, check_step, holds, invisible

WRONG = "套餐由建设单位、项目的代办人员或窗口确认，您的岗位不办理。"


def codes(project, **filters):
    return set(MatterCase.objects.filter(project=project, **filters).values_list("matter__matter__code", flat=True))


def test_enrolling_makes_one_draft_per_matter_that_applies(clock, actors):
    _, package, facts = factories.example("S3")
    project = factories.make_project(actors)
    expected = len(json.loads((factories.DATA / "plan_expected.json").read_text())["S3"]["promise"]["matters"])
    made = check_step(
        project, lambda by: enrol(project.pk, package_code=package, facts=facts, by=by), right=actors.clerk,
        wrong=actors.reviewer, reason=WRONG, rule_code="can_enrol", second="enrolled",
        told=[("case.created", None)] * expected + [("project.enrolled", None)],
    )
    assert made.package_version.code == "soc-lowrisk"
    assert made.facts == facts
    assert made.revision == 1
    assert len(made.reasons) > 0
    cases = MatterCase.objects.filter(project=project)
    assert {case.state for case in cases} == {CaseState.DRAFT}
    assert {case.work_unit_id for case in cases} == {project.work_units.get().pk}
    assert {case.package_row.version_id for case in cases} == {made.package_version_id}
    invisible(actors.outsider, project, cases[0])
    holds(project)


def test_each_matter_has_the_handling_that_carries_it_out(project):
    assert codes(project, handling=Handling.OUTSIDE) == {
        "plan-conditions", "land-transfer", "fee-land", "fee-tax", "agency-survey", "agency-design",
        "agency-multisurvey", "joint-inspect", "util-water", "util-power", "util-telecom",
    }
    assert codes(project, handling=Handling.ACCEPTANCE) == {
        "plan-verify", "land-verify", "quality-accept", "fire-record", "archive-accept", "joint-accept",
    }
    assert codes(project, handling=Handling.REVIEW) == {
        "project-code", "ent-filing", "land-plan-permit", "land-register", "util-joint", "plan-permit",
        "construction-permit", "quality-safety", "wage-deposit", "completion-record", "house-register",
        "digital-archive", "soil-plan", "waste-disposal",
    }


@pytest.mark.slow
def test_no_milestone_is_ever_handled_outside(actors):
    for line in ("G1", "G2", "G3", "G4", "G5", "S1", "S2", "S3", "S4"):
        project = factories.enrolled_project(actors, line)
        milestones = MatterCase.objects.filter(project=project, is_milestone=True)
        assert set(milestones.values_list("handling", flat=True)) == {"review"}, line
        assert set(milestones.values_list("stage", flat=True)) == {"planning", "permit", "acceptance"}, line


def test_the_promise_of_the_package_goes_before_that_of_the_matter(project):
    assert factories.make_case(project, "construction-permit").promised_days == 3
    assert factories.make_case(project, "plan-verify").promised_days == 3


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"height": ""}, "questions", "还有 1 个情形没有回答：建筑高度。请补充后再确认。"),
        ({"height": "很高"}, "facts", "情形填写有误：建筑高度应填不小于0的数字（米），收到“很高”。"),
        ({"moon": "yes"}, "facts", "情形填写有误：不认识的情形“moon” / unknown fact 'moon'。"),
    ],
)
def test_facts_that_do_not_hold_are_refused_with_what_to_do(clock, actors, change, code, words):
    _, package, facts = factories.example("S3")
    project = factories.make_project(actors)
    with pytest.raises(DomainError) as refused:
        enrol(project.pk, package_code=package, facts={**facts, **change}, by=actors.clerk)
    assert (refused.value.code, refused.value.message) == (code, words)
    assert not Enrolment.objects.filter(project=project).exists()


def test_a_package_that_does_not_fit_names_the_one_that_does(clock, actors):
    _, _, facts = factories.example("S3")
    project = factories.make_project(actors)
    with pytest.raises(DomainError) as refused:
        enrol(project.pk, package_code="soc-factory", facts=facts, by=actors.clerk)
    assert refused.value.code == "scope"
    assert refused.value.message.startswith(
        "项目不适用套餐“社会投资·工业厂房类”，因为工程内容：新建；建筑用途：仓储；总建筑面积 5600 平方米（不超过 10000 平方米）；"
    )
    assert "按所填情形适用“社会投资·简易低风险类”" in refused.value.message
    with pytest.raises(DomainError) as unknown:
        enrol(project.pk, package_code="soc-castle", facts=facts, by=actors.clerk)
    assert unknown.value.code == "package"


def test_changed_facts_add_and_drop_drafts_and_count_the_revision(project, actors):
    _, _, facts = factories.example("S3")
    log = Log(project)
    enrolment = change_facts(project.pk, facts={**facts, "occupies_road": "yes"}, by=actors.owner)
    assert log.told() == [("case.created", None), ("project.facts_changed", None)]
    assert enrolment.revision == 2
    assert factories.make_case(project, "road-occupy").state == CaseState.DRAFT

    log.mark()
    change_facts(project.pk, facts=facts, by=actors.owner)
    assert log.told() == [("case.dropped", None), ("project.facts_changed", None)]
    dropped = MatterCase.objects.get(project=project, matter__matter__code="road-occupy")
    assert (dropped.state, dropped.ended_at) == (CaseState.WITHDRAWN, clock_now())
    log.mark()
    assert change_facts(project.pk, facts=facts, by=actors.owner).revision == 3
    assert log.told() == []
    holds(project)


def clock_now():
    from projects import timing

    return timing.now()


def test_a_case_in_progress_cannot_lapse(project, actors):
    _, _, facts = factories.example("S3")
    change_facts(project.pk, facts={**facts, "occupies_road": "yes"}, by=actors.owner)
    factories.received(project, ["road-occupy"], actors)
    with pytest.raises(DomainError) as refused:
        change_facts(project.pk, facts=facts, by=actors.owner)
    assert refused.value.code == "running"
    assert refused.value.message == "“市政设施建设类审批（占用、挖掘城市道路等）”正在办理，变更后不再适用，请先撤件再变更情形。"
    assert Enrolment.objects.get(project=project).revision == 2


@pytest.mark.slow
def test_the_stage_is_done_when_all_its_milestones_are(project, actors):
    assert stages.due_stage(project) == "planning"
    milestones = codes(project, is_milestone=True, stage="planning")
    assert milestones == {"ent-filing", "land-plan-permit"}
    for code in ("project-code", "plan-conditions", "land-transfer", "ent-filing", "land-plan-permit"):
        assert Project.objects.get(pk=project.pk).stage == "planning"
        factories.pass_matter(project, code, actors)
    assert Project.objects.get(pk=project.pk).stage == "permit"
    holds(project)
