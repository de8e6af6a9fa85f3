"""A package can be walked to its end by the services: nothing waits for a paper or a prerequisite that never comes."""

import pytest

from packages.models import ConditionalPermit, MatterCase
from packages.next_steps import drafts_of
from packages.services.conditional import close_inspection
from packages.services.decision import decide_for_acceptance
from packages.services.intake import accept_case
from projects.status_codes import check_status_sequence
from projects.waiting import waiting_on
from tests import factories
from tests.packages.steps import holds

LINES = ("G1", "S2", "A4", "A6")


def walk(project, actors, clock):
    """Carry out whatever may be begun, day after day, until nothing is left."""
    for _ in range(60):
        if factories.fresh(project).stage == "delivered" and not left(project):
            return
        clock.by(hours=1)
        begun = begin_what_is_ready(project, actors)
        if not begun:
            begun = begin_joint_acceptance(project, actors)
        assert begun, [str(case) for case in left(project)]
        assert not factories.fresh(project).is_open or waiting_on(factories.fresh(project))


def left(project):
    return list(MatterCase.objects.filter(project=project, state="draft"))


def begin_what_is_ready(project, actors):
    ready = [d for d in drafts_of([project])[project.pk] if d.is_ready and d.handling != "acceptance"]
    for draft in ready:
        case = MatterCase.objects.get(pk=draft.case_id)
        factories.pass_matter(project, case.matter.matter.code, actors)
        close_inspections(project)
    return bool(ready)


def close_inspections(project):
    """The supervising body closes what it has to look at before the next phase."""
    open_ones = ConditionalPermit.objects.filter(project=project, inspection__state="open")
    for permit in open_ones.select_related("supervisor"):
        close_inspection(permit.pk, by=factories.official(permit.supervisor.code, "reviewer"), result="符合要求")


def begin_joint_acceptance(project, actors):
    """Received and accepted together, decided in the order of the plan."""
    found = MatterCase.objects.filter(project=project, handling="acceptance", state="draft").order_by("package_row__order")
    codes = [case.matter.matter.code for case in found]
    if not codes:
        return False
    for case in factories.received(project, codes, actors):
        accept_case(case.pk, by=actors.clerk)
    factories.drain()
    for code in codes:
        decide_for_acceptance(factories.make_case(project, code).pk, by=None, outcome="pass", note="验收通过")
    return True


def sound(project):
    """The national codes of every case come in their order; the log holds; nothing is left open."""
    for case in MatterCase.objects.filter(project=project):
        codes = [
            code for code in project.events.filter(subject_type="packages.MatterCase", subject_key=str(case.pk))
            .order_by("seq").values_list("status_code", flat=True) if code
        ]
        if case.handling != "outside":
            assert check_status_sequence(codes) == [], case
    states = set(MatterCase.objects.filter(project=project).values_list("state", flat=True))
    assert states <= {"decided_pass"}
    holds(project)


@pytest.mark.slow
def test_a_package_is_walked_to_its_end(clock, actors):
    project = factories.enrolled_project(actors, "S4")
    walk(project, actors, clock)
    sound(project)
    assert waiting_on(factories.fresh(project)) == []


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_the_large_ones_are_walked_to_their_end(clock, actors, line):
    project = factories.enrolled_project(actors, line)
    walk(project, actors, clock)
    sound(project)
