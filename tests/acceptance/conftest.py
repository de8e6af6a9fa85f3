"""A private low-risk warehouse that stands in its acceptance stage, and the people of the joint acceptance."""

import pytest
from django.test import Client

from acceptance.models import AcceptanceApplication
from acceptance.services import application, conclusion, items, points, visits
from packages.models import MatterCase
from packages.services.intake import submit_application
from projects import timing
from projects.models import Project, WorkUnit
from projects.states import Role
from tests import factories
from tests.kept import MORNING, layer, lies

FAULT = {"what": "防火门闭门器损坏", "basis": "GB 50016-2014 6.5.1", "how_to_fix": "更换闭门器并附照片"}


@pytest.fixture
def clock():
    """The clock, standing at Monday 2026-11-02 09:00 until the test moves it."""
    with timing.travel(MORNING) as traveller:
        yield traveller


@pytest.fixture
def actors(kept_actors, clock):
    """The actors with their memberships; the catalogue is loaded."""
    return kept_actors


def _built_works(actors):
    """A project whose earlier matters are granted: put there by hand, so that a test costs little."""
    made = factories.enrolled_project(actors, "S3")
    earlier = MatterCase.objects.filter(project=made).exclude(handling="acceptance").exclude(
        matter__matter__code__in=["completion-record", "house-register", "digital-archive"]
    )
    earlier.update(state="decided_pass", decided_at=MORNING, ended_at=MORNING)
    Project.objects.filter(pk=made.pk).update(stage="acceptance")
    return factories.fresh(made)


def _told(actors):
    """A project of the permit stage with its permit granted, and told what will be looked at."""
    made = factories.enrolled_project(actors, "S3")
    case = MatterCase.objects.get(project=made, matter__matter__code="construction-permit")
    MatterCase.objects.filter(pk=case.pk).update(state="decided_pass", decided_at=timing.now())
    points.tell_points(case.pk)
    MatterCase.objects.filter(pk=case.pk).update(state="draft", decided_at=None)
    return factories.fresh(made)


kept_works = layer("kept_works", _built_works, "kept_actors")
kept_site = layer("kept_site", _told, "kept_actors")


@pytest.fixture
def project(kept_works, clock):
    """A project in its acceptance stage."""
    return kept_works


@pytest.fixture
def unit(project):
    """The works of the project."""
    return WorkUnit.objects.get(project=project)


@pytest.fixture
def client_of():
    """Return a function that gives a browser signed in as somebody (None: nobody)."""

    def make(user=None):
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return make


class Walk:
    """Carries a joint acceptance forward by its services, up to where a test begins."""

    STEPS = ("apply", "submit", "accept", "visit", "record", "list", "answer", "rectified", "recheck", "conclude")

    def __init__(self, unit, actors):
        self.unit, self.actors = unit, actors
        self.fault = FAULT

    @property
    def acceptance(self):
        return AcceptanceApplication.objects.select_related("lead", "application").get(work_unit=self.unit)

    @property
    def lead(self):
        return self.acceptance.lead.code

    def until(self, step):
        for name in self.STEPS[: self.STEPS.index(step)]:
            getattr(self, name)()
        return self

    def item(self, number):
        return self.acceptance.items.get(number=number)

    def open_items(self):
        return self.acceptance.items.filter(state="pending", is_gate=True).select_related("organisation")

    def faulty(self):
        return self.acceptance.items.filter(state="rectifying").select_related("organisation").get()

    def issue(self):
        return items.issues_of_acceptance(self.acceptance).get()

    def apply(self, by=None):
        return application.apply_for_acceptance(self.unit.pk, by=by or self.actors.owner)

    def submit(self):
        factories.complete(self.acceptance.application, self.actors.clerk)
        submit_application(self.acceptance.application_id, by=self.actors.clerk)

    def accept(self, by=None):
        return application.accept_acceptance(self.acceptance.pk, by=by or self.actors.clerk)

    def visit(self, by=None):
        return visits.arrange_visit(
            self.acceptance.pk, by=by or factories.official(self.lead, Role.REVIEWER), planned_on=timing.today()
        )

    def record(self, *, faulty=4):
        """Every department writes its result; the item `faulty` has one fault."""
        for item in self.open_items():
            result = {"result": "fault", "faults": [self.fault]} if item.number == faulty else {"result": "passed"}
            items.record_item(item.pk, by=factories.official(item.organisation.code, Role.REVIEWER), **result)

    def list(self, by=None):
        return items.issue_list(
            self.acceptance.pk, by=by or factories.official(self.lead, Role.REVIEWER), held_on=timing.today(),
            record_text="各部门同日到场", attendees=["住建局", "自然资源局"],
        )

    def answer(self, by=None):
        return items.answer_rectification(
            self.issue().pk, by=by or self.actors.owner, answer="闭门器已更换", uploaded=[factories.pdf("整改照片.pdf", "闭门器")]
        )

    def rectified(self, by=None):
        return items.return_rectified(self.acceptance.pk, by=by or self.actors.owner)

    def recheck(self, by=None, *, holds=True, note=""):
        item = self.faulty()
        return items.recheck_item(
            item.pk, by=by or factories.official(item.organisation.code, Role.REVIEWER), holds=holds, note=note
        )

    def conclude(self, by=None, *, passed=True, note=""):
        return conclusion.conclude(
            self.acceptance.pk, by=by or factories.official(self.lead, Role.CHIEF), passed=passed, note=note
        )


#: What lies before each step; a test that begins there asks for it: `@pytest.mark.laid("until_visit")`.
for _number, _step in enumerate(Walk.STEPS):
    def _take(actors, works, *_, done=Walk.STEPS[_number - 1] if _number else ""):
        if done:
            getattr(Walk(WorkUnit.objects.get(project=works), actors), done)()

    layer(f"until_{_step}", _take, "kept_actors", "kept_works", *(f"until_{one}" for one in Walk.STEPS[:_number]))


@pytest.fixture
def walk(request, unit, actors):
    """The joint acceptance of the works: not yet applied for, or where the test is laid."""
    made, mark = Walk(unit, actors), request.node.get_closest_marker("laid")
    if mark is not None and not lies(*mark.args):
        made.until(mark.args[0].removeprefix("until_"))
    return made
