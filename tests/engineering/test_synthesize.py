"""A synthesized portal has exactly the projects and cases asked for, and holds to every rule that real rows keep."""

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from archives.models import Document, Paper, QrToken
from gaige.scale.synthesize import share_out, synthesize
from packages.models import MatterCase, ReviewTask
from packages.states import CASE_OPEN, CASE_PASSED, CaseState
from projects import events
from projects.clock_states import ClockState
from projects.codes import validate_project_code
from projects.models import Clock, ClockSegment, Event, IssueItem, Project
from projects.waiting import waiting_for

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def silent(_):
    """Tell nobody."""


@pytest.fixture(scope="module")
def city(module_database):
    """A small city: fewer firms, otherwise as it always is; each test takes back what it adds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gaige.scale.synthesize.FIRM_COUNT", 20)
        synthesize(projects=90, cases=300, tell=silent)


@pytest.mark.postgresql
def test_copies_are_as_true_as_what_they_copy(city, monkeypatch):
    before = {model: model.objects.count() for model in (Paper, Document, ClockSegment, ReviewTask)}
    monkeypatch.setattr("gaige.scale.synthesize.MADE_ONE_BY_ONE", 500)
    synthesize(projects=185, cases=605, tell=silent, grow=True)
    assert (Project.objects.count(), MatterCase.objects.count(), QrToken.objects.count()) == (275, 905, 275)
    assert all(model.objects.count() >= 3 * count for model, count in before.items())
    assert [validate_project_code(code) for code in Project.objects.order_by("-pk").values_list("code", flat=True)[:99]]
    assert list(events.verify_all()) == []
    for project in Project.objects.order_by("-pk")[:60]:
        told = {key: state for (label, key, _), state in events.fold(project).items() if label.endswith("MatterCase")}
        assert told == {str(case.pk): case.state for case in MatterCase.objects.filter(project=project)}
    papers = Paper.objects.filter(document__project=F("project")).count()
    assert papers == Paper.objects.count() == Paper.objects.values("verify_code").distinct().count()
    assert not ClockSegment.objects.exclude(clock__project__in=Project.objects.all()).exists()


@pytest.mark.parametrize(
    ("plans", "projects", "cases"), [([(30, 12)], 90, 300), ([(30, 12), (20, 9)], 22_300, 75_000), ([(5, 3)], 4, 12)]
)
def test_shares_add_up(plans, projects, cases):
    wanted = share_out(plans, projects, cases)
    assert (len(wanted), sum(wanted)) == (projects, cases)
    for number, share in enumerate(wanted):
        whole, sparse = plans[number % len(plans)]
        assert share == whole or 0 <= share <= sparse


def test_more_cases_than_matters_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        share_out([(5, 3)], 2, 100)


def test_the_city_is_true(city):
    assert (Project.objects.count(), MatterCase.objects.count(), QrToken.objects.count()) == (90, 300, 90)
    assert [validate_project_code(code) for code in Project.objects.values_list("code", flat=True)[:9]]
    assert list(events.verify_all()) == []
    told = {key: state for project in Project.objects.all() for key, state in events.fold(project).items()}
    rows = {("packages.MatterCase", str(c.pk), "state"): c.state for c in MatterCase.objects.all()}
    rows |= {("projects.Project", str(p.pk), "stage"): p.stage for p in Project.objects.all()}
    rows |= {("projects.Project", str(p.pk), "status"): p.status for p in Project.objects.all()}
    assert told == rows
    assert Event.objects.filter(subject_type="packages.MatterCase").exists()


def test_every_state_of_work_is_there(city):
    states = set(MatterCase.objects.values_list("state", flat=True))
    assert states == {"draft", "received", "correcting", "in_review", "decided_pass"}
    decided = MatterCase.objects.filter(state__in=CASE_PASSED).exclude(handling="outside")
    assert decided.count() == Paper.objects.count()
    assert Document.objects.filter(versions=None).count() == 0
    assert ReviewTask.objects.filter(state="invited").exists()
    correcting = MatterCase.objects.filter(state=CaseState.CORRECTING)
    assert {int(key) for key in IssueItem.objects.values_list("subject_key", flat=True)} == {c.pk for c in correcting}
    assert set(Clock.objects.filter(state=ClockState.PAUSED)) == {case.intake_clock for case in correcting}
    open_ends = ClockSegment.objects.filter(ended_at=None).count()
    assert open_ends == Clock.objects.filter(state__in=["running", "paused"]).count()


def test_every_open_project_waits_for_somebody(city):
    projects = list(Project.objects.active().select_related("owner", "centre", "region"))
    waits = waiting_for(projects)
    assert all(waits[project.pk] for project in projects)
    running = {case.project_id for case in MatterCase.objects.filter(state__in=CASE_OPEN)}
    assert all(any(wait.case_id for wait in waits[pk]) for pk in running)


def test_a_portal_that_holds_projects_is_refused(city):
    with pytest.raises(CommandError, match="without projects"):
        call_command("synthesize", projects=1, cases=1)
    assert Project.objects.count() == 90
