"""转办: a department asks a unit of its own, whose advice binds nobody and rests and ends with the task (docs/joint-review.md)."""

import datetime as dt

import pytest
from django.urls import reverse

from packages import queries, review_rules
from packages.models import JointSession, Referral, ReviewTask
from packages.services import closing, referring, review, special
from packages.states import TaskState
from projects import timing
from projects.clocks import read_clock
from projects.errors import NotAllowed
from projects.models import Membership, Organisation
from projects.services.involvement import involve
from projects.states import Role
from tests import factories
from tests.packages.round_steps import NO, answer, by, refused, task_of
from tests.packages.steps import holds


@pytest.fixture
def case(kept_review, clock):
    return kept_review


def test_a_unit_advises_and_the_opinion_stays_the_department_s(case, factory, actors):
    task = task_of(case, "housing")
    unit = Organisation.objects.create(name="住建局消防科", kind="department", parent=task.organisation)
    expert = factories.person("unit", "钱进", Role.REVIEWER, unit)
    assert not ReviewTask.objects.visible_to(expert).exists()
    refused("days", referring.send_on, task.pk, by=actors.reviewer, unit_id=unit.pk, days=task.days + 1)
    referral = referring.send_on(task.pk, by=actors.reviewer, unit_id=unit.pk, days=1)
    assert (factories.fresh(task).sent_to, str(referral.clock.due_on)) == ("住建局消防科", "2026-11-03")
    assert list(ReviewTask.objects.visible_to(expert)) == [task]
    with pytest.raises(NotAllowed):
        answer_as = {"by": expert, "verdict": "agree", "reason": "可行"}
        review.give_opinion(task.pk, **answer_as)
    referring.advise(referral.pk, by=expert, **NO)
    assert (Referral.objects.get().verdict, factories.fresh(task).state) == ("disagree", TaskState.INVITED)
    told = refused("referral_ended", referring.advise, referral.pk, by=expert, **NO)
    assert told == "这次转办已经结束，不能再反馈；有补充的请告诉住建局。"
    assert answer(case, "housing").given_by == by("housing")
    holds(factory)


def sent_on(case, actors, days=1):
    """The opinion of a department lies with a unit of its own."""
    task = task_of(case, "housing")
    unit = Organisation.objects.create(name="住建局消防科", kind="department", parent=task.organisation)
    expert = factories.person("unit", "钱进", Role.REVIEWER, unit)
    return task, referring.send_on(task.pk, by=actors.reviewer, unit_id=unit.pk, days=days), expert


def test_what_a_unit_was_asked_rests_with_the_case_and_ends_with_the_task(case, factory, actors, clock):
    task, referral, expert = sent_on(case, actors)
    row = special.request_special(
        case.pk, kind="expert", basis="专家论证办法第 6 条", planned_days=5, by=by("natural-resources")
    )
    special.approve_special(row.pk, by=by("natural-resources", Role.CHIEF))
    resting = [read_clock(factories.fresh(clock)).paused for clock in (task.clock, referral.clock)]
    assert resting == [True, True]
    clock.to(timing.now() + dt.timedelta(days=2))
    special.end_special(case.pk, by=by("natural-resources"), result="专家同意", uploaded=factories.pdf())
    assert factories.fresh(referral.clock).due_on == factories.fresh(task).due_on - dt.timedelta(days=task.days - 1)
    assert not read_clock(factories.fresh(referral.clock)).paused
    closing.end_sessions(factories.fresh(case), by=None, at=None)
    referral.refresh_from_db()
    assert (referral.ended_at is None, factories.fresh(referral.clock).state, factories.fresh(task).sent_to) == (
        False, "cancelled", ""
    )
    refused("referral_ended", referring.advise, referral.pk, by=expert, **NO)


def test_nothing_is_sent_on_while_the_case_rests_but_taken_back_it_may_be(case, actors):
    """A unit's days would run on while nobody's time runs (§9), and could end after those of its department."""
    task, referral, _ = sent_on(case, actors)
    row = special.request_special(
        case.pk, kind="expert", basis="专家论证办法第 6 条", planned_days=5, by=by("natural-resources")
    )
    special.approve_special(row.pk, by=by("natural-resources", Role.CHIEF))
    assert referring.take_back(referral.pk, by=actors.reviewer).ended_at is not None
    with pytest.raises(NotAllowed, match="，恢复后再办。"):
        referring.send_on(task.pk, by=actors.reviewer, unit_id=referral.unit_id, days=1)
    assert factories.fresh(task).sent_to == ""


def test_an_agent_of_the_project_advises_in_no_unit(case, actors):
    """Whoever files for the owner has no part in the review of the same project, in a unit as little as in a department."""
    _, referral, expert = sent_on(case, actors)
    Membership.objects.create(user=expert, organisation=actors.centre, role=Role.AGENT, since=timing.today())
    involve(case.project, role="service_agent", user=expert, by=None)
    with pytest.raises(NotAllowed, match="代办人员，不审查同一项目"):
        referring.advise(referral.pk, by=factories.fresh(expert), **NO)


def test_nobody_is_led_to_merge_while_the_case_rests(case, client):
    factories.answer_all(case)
    session, lead = JointSession.objects.get(case=case), by("natural-resources")
    assert review_rules.can_merge(lead, session)
    row = special.request_special(case.pk, kind="expert", basis="专家论证办法第 6 条", planned_days=5, by=lead)
    special.approve_special(row.pk, by=by("natural-resources", Role.CHIEF))
    session = JointSession.objects.select_related("case__matter").get(pk=session.pk)
    verdict = review_rules.can_merge(lead, session)
    assert verdict.reason == f"“{case.matter.name}”现在是“特别程序(时限暂停)”，恢复后再办。"
    client.force_login(lead)
    page = client.get(reverse("packages:merge", args=[session.pk])).content.decode()
    assert ("专家评审" in page, 'name="text"' in page) == (True, False)


def test_silence_ends_what_the_unit_was_asked(case, factory, actors, clock):
    task, referral, expert = sent_on(case, actors)
    assert [row for row, _ in queries.open_referrals(expert)] == [referral]
    clock.to(timing.now() + dt.timedelta(days=30))
    ReviewTask.objects.filter(pk=task.pk).update(role="consulted", is_tacit_allowed=False)
    assert review.apply_tacit(task.pk)
    assert (factories.fresh(task).state, factories.fresh(referral.clock).state) == ("no_opinion", "cancelled")
    assert queries.open_referrals(expert) == []
