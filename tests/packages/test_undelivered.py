"""待送达: what was granted is handed out within ten working days, and the window sees what it still owes (行政许可法 44)."""

import csv
import datetime as dt
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archives.models import Paper
from packages.models import CaseDelivery, MatterCase
from packages.screens.undelivered import COLUMNS, undelivered
from packages.services import delivering
from packages.states import CaseState
from projects import timing
from projects.models import Project
from projects.quoting import quoted
from projects.states import Role
from tests import factories
from tests.kept import kept
from tests.packages.test_views_desk import many

URL = reverse("packages:undelivered")


def build():
    actors = factories.make_actors()
    project = factories.enrolled_project(actors, "S2")
    factories.pass_matter(project, "project-code", actors)
    return {"actors": actors, "case": factories.make_case(project, "project-code")}


_world, world, actors, case = kept(build, "actors", "case")


def rows(client, user, **query):
    client.force_login(user)
    return client.get(URL, query).context["page"].rows


def granted_on(case, days):
    """Let a case have been granted so many days ago."""
    moment = timing.now() - dt.timedelta(days=days)
    MatterCase.objects.filter(pk=case.pk).update(decided_at=moment, ended_at=moment)


def test_the_window_reads_what_it_owes_until_when_and_the_director_with_it(client, clock, actors, case):
    certificate = Paper.objects.get(kind="certificate", subject_key=str(case.pk))
    [row] = rows(client, actors.clerk)
    assert (row.case, row.number, row.granted_on, row.due_on, row.light, row.words, row.verdict.ok) == (
        case, certificate.number, dt.date(2026, 11, 2), dt.date(2026, 11, 16), "green", "剩 10 天", True,
    )
    assert row.waiting.sentence == (
        f"正在等行政审批局窗口送达{quoted(case.matter.name)}的证照批文，已 0 个工作日，11月16日到期。"
    )
    deliver = reverse("packages:deliver", args=[case.pk])
    assert client.get(URL).content.decode().count(f'href="{deliver}"') == 1
    assert f'href="{URL}"' in client.get(reverse("packages:desk")).content.decode()
    [row] = rows(client, actors.director)
    assert (row.verdict.ok, row.verdict.reason) == (False, "证照批文由窗口或作出决定的部门送达。")
    assert f'href="{deliver}"' not in client.get(URL).content.decode()
    [told] = [(row.light, row.words) for row in rows(client, actors.clerk, q=case.project.code)]
    assert (told, rows(client, actors.clerk, q="查无此项")) == (("green", "剩 10 天"), [])


@pytest.mark.parametrize(("days", "light", "words"), [(10, "yellow", "剩 2 天"), (14, "yellow", "今日到期"), (15, "red", "超 1 天")])
def test_its_light_is_that_of_its_last_day(client, clock, actors, case, days, light, words):
    clock.moment += dt.timedelta(days=days)
    [row] = rows(client, actors.clerk)
    assert (row.light, row.words) == (light, words)


def test_nobody_else_is_shown_the_list_and_another_centre_not_these(client, clock, actors, case):
    for user in (actors.owner, actors.outsider, actors.reviewer, actors.chief, actors.agent, actors.dispatcher):
        client.force_login(user)
        assert client.get(URL).status_code == 403
    client.force_login(actors.chief)
    assert f'href="{URL}"' not in client.get(reverse("packages:desk")).content.decode()
    elsewhere = factories.official("housing", Role.CLERK)
    assert rows(client, elsewhere) == []
    assert "没有等着送达的证照" in client.get(URL).content.decode()


def test_what_is_delivered_ended_or_long_past_is_not_in_it(clock, actors, case):
    many(case, 6)
    left = list(undelivered(actors.clerk).order_by("pk"))
    assert len(left) == 7
    stays, delivered, revoked, ended, done, past, outside = left
    delivering.deliver_case(case.pk, by=actors.clerk, way="post", tracking="1234567890123")
    assert stays == case
    receipt = CaseDelivery.objects.get(case=case)
    CaseDelivery.objects.create(
        case=delivered, way="download", delivered_at=timing.now(), paper=receipt.paper, handed_by=actors.clerk
    )
    MatterCase.objects.filter(pk=revoked.pk).update(state=CaseState.REVOKED)
    Project.objects.filter(pk=ended.project_id).update(status="terminated")
    Project.objects.filter(pk=done.project_id).update(stage="delivered")
    granted_on(past, 367)
    assert list(undelivered(actors.clerk)) == [outside]
    MatterCase.objects.filter(pk=outside.pk).update(handling="outside")
    assert list(undelivered(actors.clerk)) == []


def test_twenty_rows_cost_what_five_cost_and_pages_go_on_with_the_oldest_first(client, clock, actors, case):
    many(case, 24)
    cases = list(undelivered(actors.clerk).order_by("-pk"))
    client.force_login(actors.clerk)
    client.get(URL)
    counts = []
    for shown in (cases[:5], cases):
        keys = [one.pk for one in shown]
        MatterCase.objects.filter(pk__in=[one.pk for one in cases]).update(handling="outside")
        MatterCase.objects.filter(pk__in=keys).update(handling="review")
        with CaptureQueriesContext(connection) as captured:
            page = client.get(URL).context["page"]
        counts.append((len(page.rows), len(captured)))
    assert ([rows for rows, _ in counts], counts[0][1]) == ([5, 20], counts[1][1])
    assert counts[0][1] <= 12
    for number, one in enumerate(cases):
        granted_on(one, len(cases) - number)
    first = client.get(URL).context["page"]
    second = client.get(URL, {"after": first.cut.after}).context["page"]
    back = client.get(URL, {"before": second.cut.before}).context["page"]
    assert [row.case for row in (*first.rows, *second.rows)] == cases
    assert [row.case for row in back.rows] == cases[:20]


def test_the_file_is_the_list(client, clock, actors, case, monkeypatch):
    many(case, 2)
    [last, first, middle] = undelivered(actors.clerk).order_by("pk")
    granted_on(first, 14)
    granted_on(middle, 7)
    client.force_login(actors.clerk)
    text = b"".join(client.get(URL, {"export": "csv"})).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0] == [column.name for column in COLUMNS]
    number = Paper.objects.get(kind="certificate", subject_key=str(case.pk)).number
    found = [(line[1], line[5], line[6], line[7], line[8]) for line in lines[1:]]
    assert [line[0] for line in found] == [first.number, middle.number, last.number]
    assert found[2] == (case.number, number, "2026-11-02", "2026-11-16", "剩 10 天")
    monkeypatch.setattr("packages.screens.undelivered.MOST_IN_FILE", 1)
    lines = b"".join(client.get(URL, {"export": "csv"})).decode().splitlines()
    assert lines[2:] == ["只导出前 1 行，其余未列出；请缩小条件后再导出。"]
