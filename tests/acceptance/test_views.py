"""The pages of the joint acceptance: each step by the login whose work it is, with its reason where it is not."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from packages.services.intake import submit_application
from projects.states import Role
from tests import factories


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))


@pytest.fixture
def departments(actors):
    """The people of 住建局, which leads."""
    return {role: factories.official("housing", role) for role in (Role.REVIEWER, Role.CHIEF)}


def is_recorded_and_listed(walk, client_of, lead, page, urls):
    """Every department writes its result, one of them a fault; the lead tells them all in one list."""
    for item in walk.open_items():
        url = reverse("acceptance:item", args=[item.pk])
        reviewer = client_of(factories.official(item.organisation.code, Role.REVIEWER))
        given = {"result": "passed", "note": ""}
        if item.number == 4:
            half = reviewer.post(url, {"result": "fault", "what_1": "防火门闭门器损坏"})
            assert (half.status_code, "第 1 条要写全：什么问题、依据、怎么改。" in text_of(half)) == (422, True)
            assert "防火门闭门器损坏" in half.content.decode()
            given = {"result": "fault", "what_1": "防火门闭门器损坏", "basis_1": "GB 50016-2014 6.5.1", "fix_1": "更换闭门器"}
        assert reviewer.post(url, given).url == page
    given = {"held_on": "2026-11-02", "attendees": "住建局、自然资源局", "record_text": "同日到场"}
    assert "防火门闭门器损坏" in text_of(lead.get(urls["list"]))
    assert lead.post(urls["list"], given).url == page


@pytest.mark.slow
def test_the_whole_acceptance_in_the_browser(project, unit, walk, actors, departments, client_of):
    owner, clerk = client_of(actors.owner), client_of(actors.clerk)
    lead, chief = client_of(departments[Role.REVIEWER]), client_of(departments[Role.CHIEF])
    applied = owner.post(reverse("acceptance:apply", args=[unit.pk]))
    acceptance = walk.acceptance
    assert applied.url == reverse("packages:application", args=[acceptance.application_id])
    factories.complete(acceptance.application, actors.clerk)
    submit_application(acceptance.application_id, by=actors.clerk)

    page = reverse("acceptance:detail", args=[acceptance.pk])
    urls = {name: reverse(f"acceptance:{name}", args=[acceptance.pk]) for name in ("accept", "visit", "list", "return", "conclude")}
    assert "十二项" in text_of(clerk.get(page))
    assert clerk.post(urls["accept"]).url == page
    assert lead.get(urls["visit"]).status_code == 200
    wrong = lead.post(urls["visit"], {"planned_on": "2026-10-01"})
    assert (wrong.status_code, "现场验收日期早于受理日期，请重新选择。" in text_of(wrong)) == (422, True)
    assert lead.post(urls["visit"], {"planned_on": "2026-11-02"}).url == page
    is_recorded_and_listed(walk, client_of, lead, page, urls)
    assert "防火门闭门器损坏" in text_of(owner.get(page))
    answer = reverse("acceptance:answer", args=[walk.issue().pk])
    assert owner.get(answer).status_code == 200
    assert owner.post(answer, {"answer": "已更换", "uploaded": [factories.pdf("远景.pdf"), factories.pdf("近景.pdf", "二")]}).url == page
    assert sorted(one.version.document.title for one in walk.issue().evidence.all()) == [
        f"整改佐证：防火门闭门器损坏（{number}）" for number in (1, 2)
    ]
    assert owner.post(urls["return"]).url == page
    recheck = reverse("acceptance:recheck", args=[walk.item(4).pk])
    assert "已更换" in text_of(lead.get(recheck))
    assert lead.post(recheck, {"holds": "yes"}).url == page
    assert chief.get(urls["conclude"]).status_code == 200
    assert chief.post(urls["conclude"], {"passed": "yes", "note": ""}).url == page
    walk.acceptance.refresh_from_db()
    assert walk.acceptance.state == "passed"
    assert "通过" in text_of(owner.get(page))


@pytest.mark.slow
@pytest.mark.laid("until_conclude")
def test_who_may_open_which_page_and_by_which_method(project, unit, walk, actors, departments, client_of):
    acceptance, item, issue = walk.acceptance, walk.item(4), walk.issue()
    people = [actors.owner, actors.clerk, departments[Role.REVIEWER], departments[Role.CHIEF], actors.outsider, None]
    expected = {
        ("get", "apply", unit.pk): [200, 200, 200, 200, 404, 302],
        ("get", "detail", acceptance.pk): [200, 200, 200, 200, 404, 302],
        ("post", "detail", acceptance.pk): [405, 405, 405, 405, 405, 302],
        ("get", "accept", acceptance.pk): [403, 403, 403, 403, 404, 302],
        ("get", "visit", acceptance.pk): [403, 403, 403, 403, 404, 302],
        ("get", "list", acceptance.pk): [403, 403, 403, 403, 404, 302],
        ("get", "return", acceptance.pk): [405, 405, 405, 405, 405, 302],
        ("post", "return", acceptance.pk): [403, 403, 403, 403, 404, 302],
        ("get", "item", item.pk): [403, 403, 403, 403, 404, 302],
        ("get", "recheck", item.pk): [403, 403, 403, 403, 404, 302],
        ("get", "answer", issue.pk): [403, 403, 403, 403, 404, 302],
        ("get", "conclude", acceptance.pk): [403, 403, 403, 200, 404, 302],
    }
    found = {
        (method, name, pk): [
            getattr(client_of(user), method)(reverse(f"acceptance:{name}", args=[pk])).status_code for user in people
        ]
        for method, name, pk in expected
    }
    assert found == expected


@pytest.mark.laid("until_conclude")
def test_a_button_that_cannot_be_pressed_says_why(project, walk, actors, client_of):
    page = text_of(client_of(actors.owner).get(reverse("acceptance:detail", args=[walk.acceptance.pk])))
    assert "由住建局首席代表出具结论。" in page


@pytest.mark.slow
@pytest.mark.laid("until_record")
def test_the_page_costs_the_same_with_many_faults(project, walk, actors, departments, client_of):
    walk.record(faulty=0)
    browser, url = client_of(actors.clerk), reverse("acceptance:detail", args=[walk.acceptance.pk])
    browser.get(url)
    counts = []
    for extra in (0, 20):
        from acceptance.models import AcceptanceItem
        from projects.services.issues import raise_issue

        for number in range(extra):
            raise_issue(
                project, kind="rectification", subject=AcceptanceItem(pk=walk.item(4).pk, name="消防"), what=f"问题{number}",
                basis="规范", how_to_fix="改", debtor=project.owner, by=None, raised_for=walk.acceptance.lead,
            )
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30
