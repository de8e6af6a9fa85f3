"""What is valid for a time stands in one calendar, on the page and in the feed that programs read."""

import datetime as dt

import icalendar
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from packages.models import CalendarFeed, Letter
from packages.screens.living import calendar_page
from packages.services import feeds, living
from projects import timing
from projects.errors import NotAllowed
from projects.living import living_papers
from projects.models import Project
from projects.states import Role
from tests import factories
from tests.packages.living_steps import UNTIL, with_permit

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_the_feed_is_a_calendar_that_programs_read_and_names_nobody(clock, actors, kept_permit):
    project, permit = kept_permit
    with pytest.raises(NotAllowed):
        feeds.issue_project_feed(project.pk, by=factories.official("housing", Role.REVIEWER))
    feed = feeds.issue_project_feed(project.pk, by=actors.owner)
    address = reverse("packages:feed", args=[feed.token])
    response = Client().get(address)
    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    calendar = icalendar.Calendar.from_ical(response.content)
    events = {str(event["UID"]).partition("@")[0]: event for event in calendar.walk("VEVENT")}
    letter = Letter.objects.get(project=project)
    papers = [key for key in events if key.startswith("paper-")]
    assert {f"permit-{permit.pk}", f"letter-{letter.pk}"} <= set(events)
    assert not {f"paper-{permit.paper_id}", f"paper-{letter.paper_id}"} & set(papers)
    event = events[f"permit-{permit.pk}"]
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (UNTIL, UNTIL + dt.timedelta(days=1))
    assert str(event["SUMMARY"]) == f"施工许可证（桩基阶段）到期：{project.name}"
    rings = [(timing.start_of_day(UNTIL) + alarm["TRIGGER"].dt).date() for alarm in event.walk("VALARM")]
    assert rings == [living.warn_on(UNTIL, 15), living.warn_on(UNTIL, 5)]
    text = response.content.decode()
    assert [name for name in ("郭建国", "王敏", "周正", "韩雪") if name in text] == []
    again = Client().get(address, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", response["ETag"])
    assert "Last-Modified" in response
    living.pass_day("permit", permit.pk, day=living.warn_on(UNTIL, 15))
    assert Client().get(address)["ETag"] != response["ETag"]

    new = feeds.issue_project_feed(project.pk, by=actors.clerk)
    assert (new.revision, Client().get(address).status_code) == (2, 410)
    assert Client().get(reverse("packages:feed", args=[new.token])).status_code == 200
    for _ in range(2):
        feeds.void_feed(new.pk, by=actors.owner)
    assert Client().get(reverse("packages:feed", args=[new.token])).status_code == 410
    assert Client().get(reverse("packages:feed", args=["x" * 43])).status_code == 404
    body = feeds.issue_body_feed(actors.owner_body.pk, by=actors.owner)
    with pytest.raises(NotAllowed):
        feeds.issue_body_feed(actors.owner_body.pk, by=actors.owner_staff)
    other = feeds.issue_body_feed(actors.other_body.pk, by=actors.outsider)
    sizes = [
        len(list(icalendar.Calendar.from_ical(Client().get(reverse("packages:feed", args=[row.token])).content).walk("VEVENT")))
        for row in (body, other)
    ]
    assert sizes == [len(events), 0]
    assert set(CalendarFeed.objects.values_list("state", flat=True)) == {"active", "replaced", "void"}


def test_one_calendar_has_them_all_at_the_cost_of_one(clock, actors, kept_permit, client):
    project, permit = kept_permit
    mine = Project.objects.filter(pk=project.pk)
    groups = {entry.group for entry in living_papers(mine)}
    assert {"分段许可", "以函代证", "承诺核查"} <= groups

    def cost():
        with CaptureQueriesContext(connection) as captured:
            calendar_page(Project.objects.visible_to(actors.clerk), actors.clerk, {"view": "list"})
        return len(captured)

    cost()  # what a process keeps is read once
    few = cost()
    with_permit(actors)
    assert cost() == few
    client.force_login(actors.owner)
    page = client.get("/calendar/?month=2027-01&group=分段许可").content.decode()
    assert (page.count(f"/permits/{permit.pk}/"), "2027 年 1 月" in page) == (2, True)
    for address in (f"/permits/{permit.pk}/", f"/projects/{project.pk}/calendar/?view=list"):
        assert "施工许可证（桩基阶段）" in client.get(address).content.decode()
    assert client.get("/letters/").status_code == 403
    client.force_login(actors.director)
    assert Letter.objects.first().paper.number in client.get("/letters/").content.decode()
    empty = client.get(f"/projects/{project.pk}/calendar/?month=2026-12&group=分段许可").content.decode()
    assert f'下一项：<a href="/permits/{permit.pk}/">' in empty
    assert client.get("/calendar/?month=9999-01&view=x").status_code == 200
