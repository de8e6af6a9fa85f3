"""委托代理 (§18): A gives B a role until a day; it ends by itself, is told as done for A, and approves nothing of A's own."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agency.models import Notification
from packages import rules
from packages.services import special
from packages.services.decision import decide_case
from projects import timing
from projects.access import access_of
from projects.errors import DomainError, NotAllowed
from projects.events import lock_project, record, verify_chain
from projects.models import Event, Membership, Project, User
from projects.services import staff
from projects.services.delegation import delegate, end_delegation
from projects.services.elevation import elevate
from projects.services.involvement import involve
from projects.states import Role
from tests import factories

pytestmark = pytest.mark.django_db
MORNING = dt.datetime(2026, 11, 2, 9, 0, tzinfo=timing.BUSINESS_ZONE)
DAY = dt.timedelta(days=1)


@pytest.fixture
def clock(db):
    with timing.travel(MORNING) as traveller:
        yield traveller


@pytest.fixture
def actors(kept_actors, clock):
    return kept_actors


def post_of(user, role=None):
    return user.memberships.filter(giver=None, **({"role": role} if role else {})).get()


def fresh(user):
    return User.objects.get(pk=user.pk)


def refused(code, act):
    with pytest.raises(DomainError) as error:
        act()
    assert error.value.code == code
    return error.value.message


def cover(actors, days=5):
    """The chief gives the role to the reviewer of the same body."""
    until = timing.today() + days * DAY
    return delegate(
        post_of(actors.chief).pk, to=actors.lead_reviewer, until=until, reason="年休假", by=actors.chief
    )


@pytest.mark.slow
def test_the_stand_in_decides_for_the_giver_and_the_log_says_so(actors, clock):
    project = factories.enrolled_project(actors, "S2")
    factories.pass_matter(project, "project-code", actors)
    case = factories.in_review(project, "util-joint", actors)
    factories.answer_all(case)
    factories.merge(case)
    deputy = actors.lead_reviewer
    assert not rules.can_decide(fresh(deputy), case)
    row = cover(actors)
    assert cover(actors).pk == row.pk  # twice: once
    client = Client()
    client.force_login(deputy)
    page = client.get(reverse("packages:case", args=[case.pk])).text
    assert "周正的首席代表由孙丽代理，至 11-07" in page
    decide_case(case.pk, by=fresh(deputy), outcome="pass")
    told = Event.objects.filter(kind="case.granted", project=project).order_by("-pk").first()
    if told is None:
        told = Event.objects.filter(project=project, status_code=11).order_by("-pk").first()
    assert (told.actor_name, told.on_behalf_of) == ("孙丽", "周正，首席代表")
    assert verify_chain(f"project:{project.pk}") is None
    factories.drain()
    [note] = Notification.objects.filter(user=deputy, why="您是代理人")
    assert note.text == "周正的首席代表委托孙丽代理，至2026年11月7日，年休假"
    summary = Event.objects.get(kind="staff.delegated").summary
    assert summary == "周正的首席代表委托孙丽代理，至2026年11月7日，年休假"


def test_what_is_done_by_an_own_role_is_told_as_ones_own(actors):
    cover(actors)
    project = factories.enrolled_project(actors, "S2")
    deputy = fresh(actors.lead_reviewer)
    case = factories.in_review(project, "util-joint", actors)
    special.request_special(case.pk, by=deputy, kind="expert", basis="评审办法第 6 条", planned_days=5)
    assert Event.objects.filter(actor=deputy).order_by("-pk").first().on_behalf_of == ""


def test_it_ends_by_itself_and_with_the_givers_own_role(actors, clock):
    cover(actors, days=2)
    assert access_of(fresh(actors.lead_reviewer)).has(Role.CHIEF)
    clock.moment += 2 * DAY
    assert access_of(fresh(actors.lead_reviewer)).has(Role.CHIEF)  # the last day
    clock.moment += DAY
    assert not access_of(fresh(actors.lead_reviewer)).has(Role.CHIEF)
    row = cover(actors)
    end_delegation(row.pk, by=actors.lead_reviewer)
    assert not access_of(fresh(actors.lead_reviewer)).has(Role.CHIEF)
    end_delegation(row.pk, by=actors.lead_reviewer)
    assert Event.objects.filter(kind="staff.delegation_ended").count() == 1
    cover(actors)
    admin = factories.person("admin", "何工", Role.ADMIN, actors.centre)
    elevate(by=admin, reason="办理人员离职", minutes=30)
    staff.end_membership(post_of(actors.chief).pk, by=admin, reason="离职")
    assert not access_of(fresh(actors.lead_reviewer)).has(Role.CHIEF)


def test_who_raised_it_does_not_approve_it_through_somebody_else(actors):
    project = factories.enrolled_project(actors, "S2")
    case = factories.in_review(project, "util-joint", actors)
    asked = special.request_special(case.pk, by=actors.chief, kind="expert", basis="评审办法第 6 条", planned_days=5)
    cover(actors)
    verdict = rules.can_approve_special(fresh(actors.lead_reviewer), asked)
    assert (bool(verdict), "不能由发起人自己批准" in verdict.reason) == (False, True)
    assert rules.can_approve_special(actors.second_chief, asked)


def test_an_agents_projects_go_with_the_agents_role(actors):
    second = factories.person("agent-2", "刘洋", Role.AGENT, factories.organisation("devzone"))
    factories.person("agent-3", "何静", Role.DISPATCHER, factories.organisation("devzone"))
    deputy = User.objects.get(username="agent-3")
    project = factories.make_project(actors)
    with transaction.atomic():
        involve(lock_project(project.pk), role="service_agent", user=second, by=actors.dispatcher)
    assert not Project.objects.visible_to(deputy).exists()
    row = delegate(post_of(second).pk, to=deputy, until=timing.today(), reason="外出培训", by=second)
    deputy = fresh(deputy)
    assert list(Project.objects.visible_to(deputy)) == [project]
    assert rules.is_agent(deputy, project)
    assert rules.can_apply(deputy, project)
    end_delegation(row.pk, by=second)
    assert not Project.objects.visible_to(fresh(deputy)).exists()


def test_what_cannot_be_delegated(actors, clock):
    today, chief = timing.today(), actors.chief
    asked = {"until": today + DAY, "reason": "休假", "by": chief}
    post = post_of(chief).pk
    assert refused("not_here", lambda: delegate(post, to=actors.reviewer, **asked))  # another body
    assert refused("not_here", lambda: delegate(post, to=chief, **asked))
    assert refused("two_sides", lambda: delegate(post, to=actors.agent, **asked))  # an agent reviews nothing
    assert refused("has_role", lambda: delegate(post, to=actors.second_chief, **asked))
    assert refused("until", lambda: delegate(post, to=actors.lead_reviewer, **{**asked, "until": today + 61 * DAY}))
    assert refused("until", lambda: delegate(post, to=actors.lead_reviewer, **{**asked, "until": today - DAY}))
    assert refused("reason_missing", lambda: delegate(post, to=actors.lead_reviewer, **{**asked, "reason": " "}))
    admin = factories.person("admin", "何工", Role.ADMIN, actors.centre)
    assert refused("two_sides", lambda: delegate(post, to=admin, **asked))
    for row, by in ((post_of(admin), admin), (post_of(actors.owner), actors.owner), (post_of(chief), actors.clerk)):
        with pytest.raises(NotAllowed):
            delegate(row.pk, to=actors.lead_reviewer, until=today, reason="休假", by=by)
    given = delegate(post, to=actors.lead_reviewer, **asked)
    with pytest.raises(NotAllowed):  # not a second time
        delegate(given.pk, to=actors.dispatcher, until=today, reason="休假", by=actors.lead_reviewer)
    director = post_of(actors.director).pk
    with pytest.raises(NotAllowed):  # a stand-in of the head takes no other role, which would outlast his own
        delegate(director, to=actors.clerk, until=today + 60 * DAY, reason="休假", by=fresh(actors.lead_reviewer))
    assert refused("self", lambda: delegate(director, to=chief, **asked))  # nor does the head himself
    assert delegate(  # the head of the body, for somebody who is ill
        post_of(actors.clerk).pk, to=actors.dispatcher, until=today, reason="病假", by=actors.director
    ).giver == actors.clerk


def test_the_page_gives_and_takes_back(actors):
    client, deputy = Client(), Client()
    client.force_login(actors.chief)
    deputy.force_login(actors.lead_reviewer)
    address = reverse("gaige:delegate", args=[post_of(actors.chief).pk])
    assert "委托代理" in client.get(reverse("gaige:account")).text
    form = client.get(address).context["form"]
    assert {person.username for person in form.fields["to"].queryset} == {
        "clerk", "lead-reviewer", "second-chief", "agent", "dispatcher", "director"
    }
    until = timing.today() + 3 * DAY
    given = {"to": actors.lead_reviewer.pk, "until": f"{until:%Y-%m-%d}", "reason": "年休假"}
    assert client.post(address, {**given, "until": ""}).status_code == 409
    assert client.post(address, given).status_code == 302
    row = Membership.objects.get(giver=actors.chief)
    assert "代理 <b>周正</b> 的首席代表" in deputy.get(reverse("gaige:account")).text
    assert "孙丽" in client.get(reverse("gaige:account")).text
    stranger = Client()
    stranger.force_login(actors.clerk)
    end = reverse("gaige:delegation_end", args=[row.pk])
    assert stranger.post(end).status_code == 404
    assert client.post(end).status_code == 302
    assert not access_of(fresh(actors.lead_reviewer)).has(Role.CHIEF)


def test_a_delegation_costs_no_query(actors):
    cover(actors)
    for user in (actors.clerk, actors.lead_reviewer):
        with CaptureQueriesContext(connection) as asked:
            access_of(fresh(user))
        assert len(asked) == 2  # the user, the memberships with the delegations
    with transaction.atomic():
        assert record("test", subject=actors.centre, organisation=actors.centre, by=None).on_behalf_of == ""
