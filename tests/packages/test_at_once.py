"""Two at once on one case: one wins, the other reads what has happened."""

import datetime as dt

import pytest

from archives.models import Paper
from packages.models import SpecialProcedure, Withdrawal
from packages.services import intake
from packages.services.decision import decide_case
from projects import timing
from projects.errors import DomainError
from projects.states import Role
from tests import factories
from tests.packages.steps import holds
from tests.packages.test_intake import make_ready


@pytest.mark.postgresql
def test_the_window_and_the_law_accept_at_once_and_one_wins(at_once, clock, actors):
    project = factories.enrolled_project(actors, "S2")
    [case] = factories.received(project, ["util-joint"], actors)
    late = timing.as_moment(dt.datetime(2026, 11, 10, 0, 1))

    def by_window():
        with timing.travel(late):
            return intake.accept_case(case.pk, by=actors.clerk)

    def by_law():
        with timing.travel(late):
            return intake.deem_accepted(case.pk)

    window, law = at_once(by_window, by_law)
    assert isinstance(window, DomainError) == (law is True)
    assert factories.fresh(case).is_deemed_accepted
    assert Paper.objects.filter(project=project, kind="acceptance_notice").count() == 1
    assert (Withdrawal.objects.count(), SpecialProcedure.objects.count()) == (0, 0)
    holds(project)


@pytest.mark.postgresql
def test_two_chiefs_decide_at_once_and_one_wins(at_once, clock, actors):
    project = factories.enrolled_project(actors, "S3")
    make_ready(project, actors)
    case = factories.in_review(project, "land-plan-permit", actors)
    factories.answer_all(case)
    factories.merge(case)
    person = factories.official("natural-resources", Role.CHIEF)

    def press():
        with timing.travel(clock.moment):
            return decide_case(case.pk, by=person, outcome="pass")

    outcomes = at_once(press, press)
    errors = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert [error.code for error in errors] == ["case_state"]
    assert Paper.objects.filter(project=project, kind="certificate", subject_key=str(case.pk)).count() == 1
    holds(project)
