"""Two levels: a city's director reads desk, ratings and complaints of every centre below, decides nothing there, meets nobody who rated."""

import pytest
from django.urls import reverse

from agency import below
from agency.models import FollowUp, RatingAsk, Voice, WorkOrder
from agency.services import rating, voices
from agency.services.assignment import assign
from projects.models import Organisation, Region, User
from projects.states import OrganisationKind, Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def city(actors):
    """The head of the city's bureau; 高平市 and a zone with a centre of its own lie below."""
    region = Region.objects.get(code="140500")
    zone = Region.objects.create(code="140571", name="晋城经济技术开发区", parent=region)
    body = Organisation.objects.create(name="晋城市行政审批局", short_name="市局", kind=OrganisationKind.BUREAU, region=region)
    other = Organisation.objects.create(
        name="晋城经济技术开发区管理委员会", short_name="开发区", kind=OrganisationKind.COMMITTEE, region=zone
    )
    factories.person("zone", "穆青", Role.DIRECTOR, other)
    return factories.person("city", "秦岳", Role.DIRECTOR, body)


def test_who_stands_above_nobody_reads_the_own_centre_only(actors, city, django_assert_num_queries):
    assert [body.label for body in below.centres_below(city)] == ["行政审批局", "市局", "开发区"]
    below.centres_below(actors.director)
    with django_assert_num_queries(0):
        assert below.centres_below(actors.director) == []
    assert below.centres_below(actors.dispatcher) == []


def test_the_desk_of_every_centre_is_read_and_assigned_at_the_own_one(actors, city, kept_warehouse, make_agent, client_of):
    agent, browser, desk = make_agent("甲"), client_of(city), reverse("agency:desk")
    page = browser.get(desk)
    assert [(row.project, row.is_ours) for row in page.context["desk"].rows] == [(kept_warehouse, False)]
    assert (page.context["desk"].waiting, "行政审批局指派" in page.text, agent.user.name in page.text) == (1, True, True)
    assert f'action="{reverse("agency:assign", args=[kept_warehouse.pk])}"' not in page.text
    given = {"role": "lead_officer", "agent": agent.pk}
    assert browser.post(reverse("agency:assign", args=[kept_warehouse.pk]), given).status_code == 403
    zone = Organisation.objects.get(short_name="开发区")
    assert browser.get(f"{desk}?centre={zone.pk}").context["desk"].waiting == 0
    assert browser.get(f"{desk}?centre={actors.centre.pk}").context["desk"].waiting == 1
    assign(kept_warehouse.pk, role="lead_officer", agent_id=agent.pk, by=actors.dispatcher)
    held = browser.get(f"{desk}?tab=assigned&centre={actors.centre.pk}")
    assert [row.project for row in held.context["desk"].rows] == [kept_warehouse]
    assert kept_warehouse.code in b"".join(browser.get(f"{desk}?tab=assigned&export=csv")).decode()
    # 工改办 of the region reads as the city does, and keeps nobody's register
    office = factories.person("office", "任敏", Role.SUPERVISOR, Organisation.objects.get(short_name="市局"))
    people = client_of(office).get(f"{desk}?tab=people")
    assert (people.context["desk"].assigned, reverse("agency:agent", args=[agent.pk]) in people.text) == (1, False)
    county = factories.person("county", "邵平", Role.SUPERVISOR, actors.centre)
    assert client_of(county).get(f"{desk}?tab=assigned").context["desk"].assigned == 1
    # a county reads its own, whatever it asks for
    ours = client_of(actors.director).get(f"{desk}?centre={zone.pk}")
    assert (ours.context["desk"].centres, [row.is_ours for row in ours.context["desk"].rows]) == ((), [True])


@pytest.mark.slow
def test_ratings_and_complaints_come_as_counts_by_centre(actors, city, kept_warehouse, client_of, clock):
    case = factories.in_review(kept_warehouse, "wage-deposit", actors)
    factories.answer_all(case)
    factories.merge(case, passed=False)
    factories.decide(case, outcome="fail", note="存储金额不足")
    factories.drain()
    ask = RatingAsk.objects.get(scope="matter")
    rating.rate(ask.pk, by=actors.owner, grade=2, channel=2, words="问了三次才说清")
    row = voices.ask(
        kind="consult", title="图审要几天", words="从哪天算起", by=actors.owner, project_id=kept_warehouse.pk
    )
    clock.by(hours=1)
    browser = client_of(city)
    page = browser.get(reverse("agency:ratings"))
    few = "样本不足"
    assert [(one.label, one.cells) for one in page.context["rows"]] == [
        ("行政审批局", ("1", few, "0", few, few, few)), ("市局", ("0", "—", "0", "0", "0", "0")),
        ("开发区", ("0", "—", "0", "0", "0", "0")),
    ]
    assert ("问了三次才说清" in page.text, kept_warehouse.name in page.text) == (False, False)
    assert browser.get(reverse("agency:follow_up", args=[FollowUp.objects.get().pk])).status_code == 404
    page = browser.get(reverse("agency:voices"))
    assert page.context["rows"][0].cells == ("1", "1", "0", "0", "—", "—")
    assert (row.title in page.text, browser.get(reverse("agency:voice", args=[row.pk])).status_code) == (False, 404)
    assert Voice.objects.get().centre == actors.centre
    assert "rows" not in client_of(actors.director).get(reverse("agency:ratings")).context


def test_a_desk_looks_at_the_agents_of_its_centre_and_those_who_help_there(actors, city, make_agent, client_of, clock):
    """What an agent of another centre does is that centre's; the city reads all, who helps in a region can be chosen."""
    zone, body = Organisation.objects.get(short_name="开发区"), Organisation.objects.get(short_name="市局")
    ours, far, helper = make_agent("本专"), make_agent("远专", region="140571"), make_agent("援专", region="140500")
    for agent, where in ((ours, actors.centre), (far, zone), (helper, body)):
        agent.user.memberships.update(organisation=where)
    for agent in (ours, far, helper):
        project = factories.make_project(actors, name=f"{agent.user.name}厂房")
        WorkOrder.objects.create(
            project=project, agent=agent, state="doing", title="立项", number=f"工单-{agent.pk}", stage="planning",
            offered_at=clock.moment, taken_at=clock.moment, due_on=clock.moment.date(),
        )
    office = factories.person("office", "任敏", Role.SUPERVISOR, body)
    county = factories.person("county", "邵平", Role.SUPERVISOR, actors.centre)
    everybody = {ours, far, helper}
    evaluated, offered = {}, {}
    for user in (actors.dispatcher, actors.director, county, city, office, User.objects.get(username="zone"), far.user):
        evaluated[user.username] = {row.agent for row in client_of(user).get(reverse("agency:evaluation")).context["rows"]}
        people = client_of(user).get(f'{reverse("agency:desk")}?tab=people')
        offered[user.username] = {row.agent for row in people.context["desk"].rows} if people.status_code == 200 else None
    own = {actors.dispatcher.username: {ours}, actors.director.username: {ours}, "county": {ours}}
    assert evaluated == own | {"city": everybody, "office": everybody, "zone": {far}, far.user.username: {far}}
    near = {name: {ours, helper} for name in own}
    assert offered == near | {"city": everybody, "office": everybody, "zone": {far, helper}, far.user.username: None}
    browser = client_of(actors.dispatcher)
    page = browser.get(f'{reverse("agency:evaluation")}?agent={far.pk}&of=orders')
    assert (page.context["counted"], "远专" in page.text) == (None, False)
    assert set(browser.get(reverse("agency:board")).context["people"]) == {ours, helper}
    leave = browser.get(reverse("agency:leave", args=[ours.pk]))
    assert [name for _, name in leave.context["form"].fields["cover"].choices] == ["没有", "援专"]
    assert browser.get(f'{reverse("agency:desk")}?tab=assigned&agent={far.pk}').context["desk"].agent is None
