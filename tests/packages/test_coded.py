"""赋码: a project that has its national code applies for none, and says so; a local one does until it is exchanged."""

import pytest
from django.urls import reverse

from archives.completeness import missing_of
from packages.models import MatterCase
from packages.services.enrolment import change_facts
from packages.states import CaseState, Handling
from projects import timing
from projects.models import Event
from projects.services.registration import exchange_code
from tests import factories
from tests.packages.steps import holds

pytestmark = pytest.mark.django_db
WORDS = f"已有国家统一代码 {factories.REAL_CODE}，登记时校验通过，不用申报"


def code_case(project):
    return MatterCase.objects.select_related("matter").get(project=project, matter__matter__code="project-code")


def told(project, case):
    found = Event.objects.filter(project=project, subject_type="packages.MatterCase", subject_key=str(case.pk)).order_by("pk")
    return [(event.kind, event.status_code, event.data) for event in found]


def assert_met(project, case, by):
    assert (case.state, case.handling, case.decision_note, case.decided_by, case.application, case.decided_at) == (
        CaseState.PASSED, Handling.OUTSIDE, WORDS, by, None, timing.now()
    )
    assert told(project, case)[1:] == [
        ("case.closed_outside", None, {"state": ["draft", "decided_pass"], "outside": True, "on": "2026-11-02"})
    ]
    assert case.matter.result_kind.name not in {lack.kind_name for lack in missing_of(project)}
    holds(project)


def test_who_registers_with_the_national_code_does_not_apply_for_one(client, clock, actors):
    project = factories.enrolled_project(actors, code=factories.REAL_CODE)
    assert_met(project, code_case(project), actors.clerk)
    client.force_login(actors.clerk)
    assert "已有国家代码，不用申报" in client.get(reverse("packages:plan", args=[project.pk])).content.decode()
    apply_page = client.get(reverse("packages:apply", args=[project.pk])).content.decode()
    assert 'value="project-code"' not in apply_page
    assert 'value="ent-filing"' in apply_page
    _, _, facts = factories.example("S3")
    change_facts(project.pk, facts={**facts, "occupies_road": "yes"}, by=actors.owner)
    assert code_case(project).state == CaseState.PASSED


def test_a_local_code_is_exchanged_and_the_draft_ends_with_it(clock, actors):
    project = factories.enrolled_project(actors)
    application = factories.open_application(project, ["project-code", "ent-filing"], actors)
    assert code_case(project).state == CaseState.DRAFT
    exchange_code(project.pk, code=factories.REAL_CODE, by=actors.clerk)
    factories.drain()
    factories.drain()
    assert_met(factories.fresh(project), code_case(project), actors.clerk)
    assert [case.matter.matter.code for case in application.cases.select_related("matter__matter")] == ["ent-filing"]
