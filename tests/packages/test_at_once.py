"""Two at once on one case: one wins, the other reads what has happened."""

import datetime as dt

import pytest
from django.db.models import Count

from archives.models import Paper
from packages.models import SpecialProcedure, Withdrawal
from packages.services import intake
from packages.services.correction import answer_fault, notice_faults, return_corrected
from packages.services.decision import decide_case
from packages.services.delivering import deliver_case
from projects import timing
from projects.errors import DomainError
from projects.models import Event, IssueItem
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

    def hand_over():
        with timing.travel(clock.moment):
            return deliver_case(case.pk, by=actors.clerk, way="window", receiver="郭建国")

    refused = [one.code for one in at_once(hand_over, hand_over) if isinstance(one, DomainError)]
    assert refused in ([], ["case_state"])
    assert Event.objects.filter(project=project, kind="case.delivered").count() == 1
    holds(project)


@pytest.mark.postgresql
def test_two_notices_two_answers_and_two_returns_at_once_are_one_each(at_once, clock, actors):
    """行政许可法 32: whoever presses second neither tells the applicant twice nor lets the clock run on twice."""
    project = factories.enrolled_project(actors, "S2")
    [case] = factories.received(project, ["util-joint"], actors)
    fault = {"what": "总图缺坐标", "basis": "指南第 2 条", "how_to_fix": "在总图上标出四角坐标"}

    def both(act, *args, **more):
        def press():
            with timing.travel(clock.moment):
                return act(*args, **more)

        return at_once(press, press)

    both(notice_faults, case.pk, faults=[fault], by=actors.clerk)
    issue = IssueItem.objects.get(project=project, kind="correction")
    both(answer_fault, issue.pk, answer="已标坐标", by=actors.owner)
    both(return_corrected, case.application_id, by=actors.owner)
    events = Event.objects.filter(project=project).order_by().values_list("kind").annotate(number=Count("pk"))
    told = {kind: number for kind, number in events if kind.startswith(("case.correction", "issue."))}
    assert (len(told) > 3, set(told.values())) == (True, {1}), told
    assert factories.fresh(case).state == "received"
    holds(project)
