"""The people of the agency desk: agents of a body of their own, so that only an assignment opens a project to them."""

import pytest
from django.test import Client

from agency.models import Agent, Dispatch
from agency.services import agreements
from agency.services.assignment import assign
from agency.services.telling import tell
from projects import timing
from projects.models import Organisation, Region
from projects.services import privacy
from projects.states import OrganisationKind, Role
from tests import factories
from tests.kept import MORNING


@pytest.fixture
def clock():
    """The clock, standing at Monday 2026-11-02 09:00 until the test moves it."""
    with timing.travel(MORNING) as traveller:
        yield traveller


@pytest.fixture
def actors(kept_actors, clock):
    """The actors with their memberships; the catalogue is loaded."""
    return kept_actors


@pytest.fixture
def agency_body(actors):
    """The body that the agents work for; it is involved in no project."""
    return Organisation.objects.create(name="高平市帮办代办中心", kind=OrganisationKind.CENTRE)


@pytest.fixture
def make_agent(agency_body):
    """Return a function that makes one agent."""

    def make(name, *, region="140581", lead=True, serve=True, specialties=(), cap=20, on_duty=True, conflicts=()):
        user = factories.person(f"agent-{name}", name, Role.AGENT, agency_body)
        agent = Agent.objects.create(
            user=user, specialties=list(specialties), can_lead=lead, can_serve=serve, load_cap=cap, is_on_duty=on_duty
        )
        agent.regions.add(Region.objects.get(code=region))
        agent.conflicts.add(*conflicts)
        return agent

    return make


@pytest.fixture
def people(actors, project, make_agent):
    """A 项目长 and a 服务专员 of the project, and another agent."""
    lead, agent, other = make_agent("韩长"), make_agent("陈专", specialties=["soc-lowrisk"]), make_agent("刘另")
    assign(project.pk, role="lead_officer", agent_id=lead.pk, by=actors.dispatcher)
    assign(project.pk, role="service_agent", agent_id=agent.pk, by=actors.dispatcher)
    return lead, agent, other


@pytest.fixture
def signed(actors, project, people):
    """The signed agreement."""
    row = agreements.offer_agreement(project.pk, by=actors.dispatcher)
    return agreements.sign_agreement(row.pk, by=actors.owner)


@pytest.fixture
def client_of():
    """Return a function that gives a browser signed in as somebody (None: nobody)."""

    def make(user=None):
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return make


@pytest.fixture
def written(actors):
    """Return a function that tells the clerk something and gives the rows that go out."""
    actors.clerk.email = "wang@example.cn"
    actors.clerk.save()
    privacy.give(actors.clerk, "email")

    def write(text="请办理", **more):
        tell([actors.clerk], text, why="您是经办人", **more)
        return list(Dispatch.objects.order_by("pk"))

    return write
