"""Facts open a project: membership, involvement, region, and named exceptions that end; nobody else knows of it."""

import datetime as dt

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import transaction

from projects import rules, timing
from projects.errors import DomainError, NotAllowed
from projects.events import lock_project
from projects.models import Membership, Organisation, Project, ProjectGrant, Region, User
from projects.services.grants import end_grant, grant_access
from projects.services.involvement import end_involvement, involve
from tests.projects.conftest import SINCE, make_user

pytestmark = pytest.mark.django_db


def sees(user):
    return list(Project.objects.visible_to(User.objects.get(pk=user.pk)))


def test_who_sees_a_project_that_was_just_registered(project, people):
    answer = {name: sees(user) == [project] for name, user in vars(people).items()}
    assert answer == {
        "owner": True, "clerk": True, "agent": True, "dispatcher": True, "director": True,
        "reviewer": False, "chief": False, "outsider": False,
    }
    assert not Project.objects.visible_to(AnonymousUser()).exists()


def test_an_involvement_opens_the_project_and_its_end_closes_it(project, people, bodies):
    with transaction.atomic():
        involve(lock_project(project.pk), role="reviewer", organisation=bodies.department, by=None)
        again = involve(lock_project(project.pk), role="reviewer", organisation=bodies.department, by=None)
    assert (sees(people.reviewer), project.involvements.filter(role="reviewer").count()) == ([project], 1)
    with transaction.atomic():
        again.project = lock_project(project.pk)
        end_involvement(again, by=None, reason="审查结束")
    assert sees(people.reviewer) == []


def test_a_membership_that_ended_or_has_not_begun_opens_nothing(project, bodies):
    today = timing.today()
    gone = make_user("gone", name="离任", role="clerk", organisation=bodies.centre, until=today - dt.timedelta(days=1))
    soon = make_user("soon", name="未到", role="clerk", organisation=bodies.centre, since=today + dt.timedelta(days=1))
    assert (sees(gone), sees(soon)) == ([], [])


@pytest.mark.parametrize(("region", "seen"), [
    ("140000", True), ("140500", True), ("140581", True), ("140522", False), ("310000", False),
])
def test_a_supervisor_sees_the_projects_of_the_region(project, region, seen):
    office = Organisation.objects.create(name="工改办", kind="higher", region=Region.objects.get(code=region))
    person = User.objects.create(username="supervisor", name="督查")
    Membership.objects.create(user=person, organisation=office, role="supervisor", since=SINCE)
    assert sees(person) == ([project] if seen else [])


def test_a_grant_opens_one_project_for_one_person_until_a_day(project, make_project, people):
    make_project(name="另一个项目")
    until = timing.today() + dt.timedelta(days=3)
    grant = grant_access(
        project.pk, user=people.reviewer, kind="borrow", reason="核查同类项目", until=until, by=people.director
    )
    assert (sees(people.reviewer), sees(people.chief)) == ([project], [])
    again = grant_access(
        project.pk, user=people.reviewer, kind="borrow", reason="核查同类项目", until=until, by=people.director
    )
    assert (again, ProjectGrant.objects.count()) == (grant, 1)
    assert project.events.last().kind == "project.lent"
    with timing.travel(until):
        assert sees(people.reviewer) == [project]
    with timing.travel(until + dt.timedelta(days=1)):
        assert sees(people.reviewer) == []
    end_grant(grant.pk, by=people.director)
    end_grant(grant.pk, by=people.director)
    assert sees(people.reviewer) == []
    assert list(project.events.filter(kind__startswith="project.len").values_list("kind", flat=True)) == [
        "project.lent", "project.lending_ended",
    ]


@pytest.mark.parametrize(("change", "code"), [
    ({"reason": "  "}, "reason_missing"), ({"until": dt.date(2020, 1, 1)}, "until"),
    ({"until": dt.date(2099, 1, 1)}, "until"),
])
def test_a_grant_needs_a_reason_and_an_end(project, people, change, code):
    values = {"kind": "borrow", "reason": "核查", "until": timing.today(), **change}
    with pytest.raises(DomainError) as caught:
        grant_access(project.pk, user=people.reviewer, by=people.director, **values)
    assert caught.value.code == code


def test_a_grant_is_for_those_who_do_not_see_it_anyway_and_by_those_who_may(project, people):
    values = {"kind": "borrow", "reason": "核查", "until": timing.today()}
    with pytest.raises(DomainError) as caught:
        grant_access(project.pk, user=people.clerk, by=people.director, **values)
    assert caught.value.code == "has_access"
    with pytest.raises(NotAllowed):
        grant_access(project.pk, user=people.reviewer, by=people.clerk, **values)


MAY = {
    rules.can_register: {"owner", "clerk", "agent", "dispatcher", "outsider"},
    rules.can_add_party: {"owner", "clerk", "agent", "dispatcher"},
    rules.can_see_contacts: {"owner", "clerk", "agent", "dispatcher", "director"},
    rules.can_suspend: {"dispatcher", "director"},
    rules.can_terminate: {"dispatcher", "director"},
    rules.can_resume: set(),
    rules.can_exchange_code: set(),
    rules.can_grant: {"dispatcher", "director"},
    rules.can_verify_events: {"director"},
}


@pytest.mark.parametrize("rule", MAY, ids=lambda rule: rule.__name__)
def test_each_rule_answers_each_actor_and_gives_a_reason(project, people, rule):
    answers = {name: rule(user, project) for name, user in vars(people).items()}
    assert {name for name, verdict in answers.items() if verdict.ok} == MAY[rule]
    assert all(verdict.reason.endswith("。") for verdict in answers.values() if not verdict.ok)
