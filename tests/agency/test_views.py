"""The pages of the desk and the inbox: who may open them, and what they show."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agency.models import Assignment, Notification
from agency.services.assignment import assign
from packages.models import PoolEntry
from packages.services.appraisal_pool import PoolCard, enter_pool
from projects import timing
from projects.models import Project
from tests import factories

LEAD, SERVICE = "lead_officer", "service_agent"


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))


@pytest.fixture
def project(kept_warehouse):
    """A private low-risk warehouse with its plan."""
    return kept_warehouse


# The desk ------------------------------------------------------------------------------------------------------------


def test_the_desk_is_for_the_dispatcher_and_the_director(actors, client_of):
    url = reverse("agency:desk")
    codes = {
        name: client_of(getattr(actors, name, None)).get(url).status_code
        for name in ("dispatcher", "director", "clerk", "agent", "reviewer", "owner", "outsider", "nobody")
    }
    assert codes == {
        "dispatcher": 200, "director": 200, "clerk": 403, "agent": 403, "reviewer": 403, "owner": 403, "outsider": 403,
        "nobody": 302,
    }
    assert "代办调度或中心主任使用调度台。" in text_of(client_of(actors.clerk).get(url))
    assert client_of(actors.dispatcher).post(url).status_code == 405


def test_the_desk_proposes_three_people_with_reasons_and_one_press_confirms(actors, project, make_agent, client_of):
    people = [make_agent(name, specialties=["soc-lowrisk"] if name == "乙" else []) for name in "甲乙丙丁"]
    browser = client_of(actors.dispatcher)
    page = browser.get(reverse("agency:desk"))
    [row] = page.context["desk"].rows
    assert [(need.label, [p.agent.user.name for p in need.proposals]) for need in row.needs] == [
        ("项目长", ["乙", "甲", "丙"]), ("服务专员", ["乙", "甲", "丙"]),
    ]
    assert "熟悉这类套餐；负责高平市片区；负荷 0 分，上限 20（在手 0 个）" in text_of(page)
    url = reverse("agency:assign", args=[project.pk])
    answer = browser.post(url, {"role": LEAD, "agent": people[1].pk, "next": reverse("agency:desk")}, follow=True)
    assert answer.redirect_chain == [(reverse("agency:desk"), 302)]
    assert f"{project.name}：项目长 乙。" in text_of(answer)
    [row] = answer.context["desk"].rows
    assert [(need.label, [p.agent.user.name for p in need.proposals]) for need in row.needs] == [
        ("服务专员", ["甲", "丙", "丁"])
    ]


def test_urgent_projects_get_their_people_first(actors, make_agent, client_of):
    make_agent("甲")
    signed = {"未研判": "", "储备": "D", "重": "B", "急重": "A", "常规": "C"}
    for name, grade in signed.items():
        project = factories.make_project(actors, name=name)
        if grade:
            entry = enter_pool(project.pk, by=actors.clerk, card=PoolCard("经济开发区"))
            PoolEntry.objects.filter(pk=entry.pk).update(grade=grade)
    page = client_of(actors.dispatcher).get(reverse("agency:desk"))
    assert [(row.project.name, row.grade_word) for row in page.context["desk"].rows] == [
        ("急重", "A 急重"), ("重", "B 重"), ("未研判", ""), ("常规", "C 常规"), ("储备", "D 储备"),
    ]
    assert "A 急重" in text_of(page)
    # ten working days move a project one grade up, twenty move D to B; nothing comes before A
    for name, day in (("储备", dt.date(2026, 9, 25)), ("常规", dt.date(2026, 10, 16))):
        Project.objects.filter(name=name).update(registered_at=timing.start_of_day(day))
    page = client_of(actors.dispatcher).get(reverse("agency:desk"))
    assert [row.project.name for row in page.context["desk"].rows] == ["急重", "储备", "重", "常规", "未研判"]


def test_the_desk_is_empty_when_everybody_has_somebody(actors, project, make_agent, client_of):
    assign(project.pk, role=LEAD, agent_id=make_agent("甲").pk, by=actors.dispatcher)
    assign(project.pk, role=SERVICE, agent_id=make_agent("乙").pk, by=actors.dispatcher)
    page = client_of(actors.dispatcher).get(reverse("agency:desk"))
    assert (page.context["desk"].waiting, page.context["desk"].assigned) == (0, 1)
    assert "没有待指派的项目" in text_of(page)


def test_the_load_of_a_person_opens_exactly_that_list(actors, make_agent, client_of):
    first, second = make_agent("甲"), make_agent("乙")
    for number in range(5):
        project = factories.make_project(actors)
        assign(project.pk, role=LEAD, agent_id=(first if number < 3 else second).pk, by=actors.dispatcher, override_reason="x")
    browser = client_of(actors.dispatcher)
    people = browser.get(reverse("agency:desk"), {"tab": "people"})
    assert {row.agent.user.name: row.number for row in people.context["desk"].rows} == {"甲": 3, "乙": 2}
    for row in people.context["desk"].rows:
        url = f"{reverse('agency:desk')}?tab=assigned&amp;agent={row.agent.pk}"
        assert f'<a href="{url}">{row.number}</a>' in people.content.decode()
        listed = browser.get(url.replace("&amp;", "&")).context["desk"]
        assert [r.people[LEAD].agent for r in listed.rows] == [row.agent] * row.number


@pytest.mark.parametrize("tab", ["waiting", "assigned", "people"])
def test_the_desk_costs_the_same_at_1_and_at_30_projects(actors, make_agent, client_of, tab):
    people = [make_agent(name) for name in "甲乙丙"]
    browser, counts = client_of(actors.dispatcher), []
    made = 0
    for goal in (1, 30):
        while made < goal:
            made += 1
            project = factories.make_project(actors)
            if tab != "waiting":
                Assignment.objects.create(
                    project=project, role=LEAD, agent=people[made % 3], score=0, reasons=[], assigned_by=actors.dispatcher,
                    assigned_at=timing.now(),
                )
        browser.get(reverse("agency:desk"))
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(reverse("agency:desk"), {"tab": tab, "size": 100})
        assert len(page.context["desk"].rows) == (3 if tab == "people" else goal)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20


def test_the_desk_finds_and_pages(actors, make_agent, client_of):
    for number in range(25):
        factories.make_project(actors, name=f"仓库{number:02d}")
    browser = client_of(actors.dispatcher)
    page = browser.get(reverse("agency:desk"), {"page": 2})
    assert [row.project.name for row in page.context["desk"].rows] == [f"仓库{n}" for n in range(20, 25)]
    found = browser.get(reverse("agency:desk"), {"q": "仓库07"})
    assert [row.project.name for row in found.context["desk"].rows] == ["仓库07"]
    nothing = browser.get(reverse("agency:desk"), {"q": "没有这个"})
    assert "没有找到待指派的项目" in text_of(nothing)


def test_the_desk_is_handed_out_as_a_table(actors, make_agent, client_of):
    first, second = (factories.make_project(actors, name=name) for name in ("仓库甲", "仓库乙"))
    assign(first.pk, role=LEAD, agent_id=make_agent("甲").pk, by=actors.dispatcher)
    browser = client_of(actors.dispatcher)

    def table(**given):
        answer = browser.get(reverse("agency:desk"), {"export": "csv", **given})
        return b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()

    head = "项目代码,项目,建设单位,套餐,区划,阶段,登记,项目长,服务专员"
    tail = f"{actors.owner_body.name},,高平市,谋划准备,2026-11-02"
    rows = [f"{first.code},仓库甲,{tail},甲,", f"{second.code},仓库乙,{tail},,"]
    assert table(tab="waiting") == [head, *rows]
    assert table(tab="assigned") == [head, rows[0]]
    assert table(tab="waiting", q="仓库乙") == [head, rows[1]]


def test_another_person_needs_a_reason_and_what_was_typed_is_still_there(actors, project, make_agent, client_of):
    for name in "甲乙丙":
        make_agent(name, specialties=["soc-lowrisk"])
    fourth = make_agent("丁")
    browser, url = client_of(actors.dispatcher), reverse("agency:assign", args=[project.pk])
    assert browser.get(url).status_code == 200
    refused = browser.post(url, {"role": LEAD, "agent": fourth.pk, "override_reason": ""})
    assert refused.status_code == 409
    assert "改派建议名单以外的人，要写明理由。" in text_of(refused)
    assert f'<option value="{fourth.pk}" selected>' in refused.content.decode()
    done = browser.post(url, {"role": LEAD, "agent": fourth.pk, "override_reason": "沿用二期的项目长"})
    assert (done.status_code, done.url) == (302, url)
    assert "改派理由：沿用二期的项目长" in text_of(browser.get(url))


def test_who_may_open_the_page_that_assigns(actors, project, make_agent, client_of):
    agent, url = make_agent("甲"), reverse("agency:assign", args=[project.pk])
    for method in ("get", "post"):
        codes = {
            name: getattr(client_of(getattr(actors, name)), method)(url, {"role": LEAD, "agent": agent.pk}).status_code
            for name in ("clerk", "owner", "outsider", "reviewer")
        }
        assert codes == {"clerk": 403, "owner": 403, "outsider": 404, "reviewer": 404}
    assert Assignment.objects.count() == 0


def test_an_address_outside_is_not_followed(actors, project, make_agent, client_of):
    agent, url = make_agent("甲"), reverse("agency:assign", args=[project.pk])
    done = client_of(actors.dispatcher).post(url, {"role": LEAD, "agent": agent.pk, "next": "https://example.com/"})
    assert done.url == url


# The inbox -----------------------------------------------------------------------------------------------------------


def note(user, **given):
    return Notification.objects.create(user=user, **{"text": "一条提醒", "why": "您是经办人", "sent_at": timing.now()} | given)


def test_the_inbox_shows_ones_own_the_unread_first(actors, client_of):
    rows = [note(actors.clerk, text=f"第{n}条", read_at=timing.now() if n == 3 else None) for n in (1, 2, 3)]
    note(actors.director, text="别人的")
    page = client_of(actors.clerk).get(reverse("agency:inbox"))
    assert [row.text for row in page.context["page"].object_list] == ["第2条", "第1条", "第3条"]
    assert "别人的" not in text_of(page)
    assert "2 条未读" in text_of(page)
    assert len(rows) == 3


def test_reading_is_a_post_for_ones_own(actors, client_of):
    mine, others = note(actors.clerk, url="/projects/"), note(actors.director)
    browser, url = client_of(actors.clerk), reverse("agency:read", args=[mine.pk])
    assert browser.get(url).status_code == 405
    assert browser.post(reverse("agency:read", args=[others.pk])).status_code == 404
    assert browser.post(url).url == reverse("agency:inbox")
    assert browser.post(url, {"open": "1"}).url == "/projects/"
    mine.refresh_from_db()
    others.refresh_from_db()
    assert (mine.read_at, others.read_at) == (timing.now(), None)


def test_all_are_read_at_once(actors, client_of):
    for _ in range(3):
        note(actors.clerk)
    browser, url = client_of(actors.clerk), reverse("agency:read_all")
    assert browser.get(url).status_code == 405
    assert "已将 3 条提醒标为已读。" in text_of(browser.post(url, follow=True))
    assert "全部已读" in text_of(browser.get(reverse("agency:inbox")))


def test_an_empty_inbox_says_what_will_come(actors, client_of):
    assert "没有消息" in text_of(client_of(actors.owner).get(reverse("agency:inbox")))
    assert client_of().get(reverse("agency:inbox")).status_code == 302


# The project page ----------------------------------------------------------------------------------------------------


def test_the_project_page_shows_its_people(actors, project, make_agent, client_of):
    url = reverse("projects:detail", args=[project.pk])
    assert "还没有项目长和服务专员。" in text_of(client_of(actors.dispatcher).get(url))
    assign(project.pk, role=LEAD, agent_id=make_agent("甲").pk, by=actors.dispatcher)
    assert "<dt>项目长</dt><dd><b>甲</b>" in client_of(actors.owner).get(url).content.decode()
