"""An agent sees orders and what to do next with few keystrokes; the owner signs and finds the card; lists cost the same."""

import datetime as dt

import pytest
from django.urls import reverse

from agency import desk_rules as may
from agency.models import Agreement, WorkOrder
from agency.services import agents, agreements, order_log, orders
from agency.services.assignment import assign
from projects import timing
from projects.models import Organisation, Region
from projects.states import Role
from tests import factories

LEAD, SERVICE = "lead_officer", "service_agent"


@pytest.fixture
def world(actors, make_agent):
    """A project whose agreement waits for the owner, with its two people."""
    project = factories.enrolled_project(actors, "S3")
    lead, agent = make_agent("韩长"), make_agent("陈专")
    agent.user.phone = "13800000000"
    agent.user.save()
    assign(project.pk, role=LEAD, agent_id=lead.pk, by=actors.dispatcher)
    assign(project.pk, role=SERVICE, agent_id=agent.pk, by=actors.dispatcher)
    row = agreements.offer_agreement(project.pk, by=actors.dispatcher)
    return project, lead, agent, row


def text(response):
    return response.content.decode()


def test_the_desk_of_another_place_reads_of_an_agent_and_changes_nothing(actors, make_agent, agency_body, client_of):
    here, above = Region.objects.get(code="140581"), Region.objects.get(code="140500")
    there, _ = Region.objects.get_or_create(code="140571", defaults={"name": "开发区"})
    Organisation.objects.filter(pk=agency_body.pk).update(region=here)
    agent, other = make_agent("陈专"), make_agent("刘另")
    given = {
        "regions": [here.pk], "duty_days": ["1"], "load_cap": 7, "can_serve": "on", "is_on_duty": "on",
        "since": "2026-11-03", "until": "2026-11-06", "reason": "年休", "to": other.pk,
    }
    pages = [reverse(f"agency:{name}", args=[agent.pk]) for name in ("agent", "leave")]
    for body, codes in ((Organisation.objects.create(name="开发区管委会", kind="committee", region=there), [403, 403]),
                        (Organisation.objects.create(name="市局", kind="bureau", region=above), [302, 302])):
        desk = client_of(factories.person(f"desk-{body.pk}", "外调度", Role.DISPATCHER, body))
        assert ('name="load_cap"' in text(desk.get(pages[0]))) == (codes[0] == 302)
        assert [desk.post(page, given).status_code for page in pages] == codes
    agent.refresh_from_db()
    assert (agent.load_cap, agent.leaves.count()) == (7, 1)


def test_who_is_an_agent_for_a_term_belongs_to_the_own_centre_until_the_term_is_over(actors, make_agent, agency_body):
    here = Region.objects.get(code="140581")
    there, _ = Region.objects.get_or_create(code="140571", defaults={"name": "开发区"})
    Organisation.objects.filter(pk=agency_body.pk).update(region=here)
    elsewhere = Organisation.objects.create(name="开发区管委会", kind="committee", region=there)
    desk, agent = factories.person("zone-desk", "外调度", Role.DISPATCHER, elsewhere), make_agent("陈专")
    entry = agents.AgentEntry([here], [], [1], 7, can_lead=True, can_serve=True, is_on_duty=True)
    for until in (timing.today() + dt.timedelta(days=90), timing.today()):
        agent.user.memberships.update(until=until)
        assert not may.can_keep_agents(desk, agent)
        assert agents.save_agent(agent.user_id, entry, by=None) == agent
    agent.user.memberships.update(since=timing.today() - dt.timedelta(days=2), until=timing.today() - dt.timedelta(days=1))
    assert may.can_keep_agents(desk, agent)


@pytest.mark.slow
def test_the_owner_signs_and_the_agent_accepts_logs_and_goes_on(actors, world, client_of):
    project, _, agent, row = world
    owner, helper = client_of(actors.owner), client_of(agent.user)
    page = owner.get(reverse("agency:project", args=[project.pk]))
    assert "看协议并签订" in text(page)
    assert "13800000000" in text(page)
    page = owner.get(reverse("agency:agreement_sign", args=[row.pk]))
    assert all(words in text(page) for words in ("合法、自愿、无偿", "随时终止", "不授权代办人员作出任何承诺"))
    assert owner.post(reverse("agency:agreement_sign", args=[row.pk])).status_code == 302
    assert owner.post(reverse("agency:agreement_sign", args=[row.pk])).status_code == 302
    assert Agreement.objects.get().state == "signed"
    number = WorkOrder.objects.count()
    page = text(helper.get(reverse("agency:mine")))
    assert (page.count("接单 <kbd>A</kbd>"), "全部接单" in page) == (number, True)
    helper.post(reverse("agency:take_all"))
    first = WorkOrder.objects.order_by("pk").first()
    url = reverse("agency:order", args=[first.pk])
    done = helper.post(url, {"channel": "phone", "who": "水利局 李科长", "fact": "材料已收"})
    assert (done.status_code, done.url) == (302, url)
    assert "水利局 李科长" in text(helper.get(url))
    empty = helper.post(url, {"channel": "phone", "who": "", "fact": ""})
    assert (empty.status_code, first.logs.count()) == (200, 1)
    card = text(owner.get(reverse("agency:contact", args=[project.pk])))
    assert all(words in card for words in ("服务专员联络卡", "陈专", "tel:13800000000"))
    assert "陈专" in text(owner.get(reverse("projects:detail", args=[project.pk])))


@pytest.mark.slow
def test_lists_cost_the_same_for_one_row_and_for_many(actors, world, client_of, make_agent):
    _, _, agent, row = world
    agreements.sign_agreement(row.pk, by=actors.owner)
    keys = list(WorkOrder.objects.order_by("pk").values_list("pk", flat=True))
    orders.take_all(by=agent.user)
    for pk in keys:
        order_log.write_log(pk, by=agent.user, channel="phone", who="甲", fact="乙")
    pages = [(agent.user, "agency:mine", ""), (actors.dispatcher, "agency:board", ""),
             (actors.dispatcher, "agency:board", "?view=calendar"), (actors.dispatcher, "agency:desk", "?tab=people")]

    def costs():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        found = []
        for user, name, query in pages:
            client = client_of(user)
            client.get(reverse(name) + query)
            with CaptureQueriesContext(connection) as queries:
                response = client.get(reverse(name) + query)
            assert (response.status_code, len(response.content) < 60_000) == (200, True)
            found.append(len(queries))
        return found

    many = costs()
    WorkOrder.objects.exclude(pk=keys[0]).update(state="done")
    assert costs() == many
