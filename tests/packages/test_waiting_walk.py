"""Whatever people do in whatever order, an open case has somebody it waits for: random walks of steps and days."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packages.queries import case_waiting
from packages.services import sweeping
from packages.states import CASE_OPEN
from projects import waiting
from tests import factories
from tests.packages.test_appendix_d import CODE, Walk, kept_for_now

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
#: Which step is tried first; the steps after it follow until one is taken.
CHOICES = st.lists(st.integers(0, 19), min_size=4, max_size=7)
SWEEPS = (sweeping.open_stuck_reviews, sweeping.apply_all_tacit, sweeping.deem_all_accepted, sweeping.sweep_promises)
DAYS = 3


@pytest.fixture
def started(actors):
    walk, project = Walk(actors), factories.enrolled_project(actors, "S2")
    application = factories.open_application(project, [CODE], actors)
    factories.complete(application, actors.clerk)
    return walk, factories.make_case(project, CODE)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(choices=CHOICES)
def test_an_open_case_never_waits_for_nobody(started, clock, choices):
    walk, case = started
    begun = clock.moment
    with kept_for_now():
        for choice in choices:
            names = sorted(walk.steps(factories.fresh(case)))
            turn = choice % len(names)
            taken = next((name for name in names[turn:] + names[:turn] if walk.take(case, name)[0]), "")
            someone_is_waited_for(case, taken)
            clock.by(days=choice % DAYS + 1)
            for sweep in SWEEPS:
                assert sweep()[1] == 0
            someone_is_waited_for(case, "sweep")
    clock.to(begun)


def someone_is_waited_for(case, after):
    case = factories.fresh(case)
    lines = waiting.waiting_on(factories.fresh(case.project))
    assert lines, after
    assert all(line.role and line.verb and line.what for line in lines), after
    if case.state in CASE_OPEN:
        found = case_waiting([case]).get(case.pk)
        assert found is not None, (case.state, after)
        assert (found.case_id, bool(found.role)) == (case.pk, True)
