"""时间机器: the project as the log told it at the end of a day, the same as the fold of its events, for who may see it."""

import datetime as dt

import pytest
from django.db import transaction

from archives import asof
from archives.services import codes, filing, papers
from projects import asof as kernel
from projects import timing
from projects.events import fold, lock_project
from projects.services.issues import raise_issue
from projects.states import IssueKind

from .conftest import upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def lived(world, kind, issue):
    """A project that gets its code today, a permit and a gap tomorrow, and loses the permit the day after."""
    today = timing.today()
    token = codes.issue_token(world.project.pk, by=world.clerk)
    with timing.travel(timing.now() + dt.timedelta(days=1)):
        permit = issue(kind="certificate", title="施工许可证", series="施", is_public=True)
        with transaction.atomic():
            project = lock_project(world.project.pk)
            filing.file_upload(
                project, uploaded=upload("图.pdf"), kind=kind, title="施工图", source=project, by=world.owner
            )
            raise_issue(
                project, kind=IssueKind.CORRECTION, subject=project, what="缺盖章", basis="规范", how_to_fix="补盖",
                debtor=world.owner_body, by=world.clerk,
            )
    with timing.travel(timing.now() + dt.timedelta(days=2)):
        papers.revoke_paper(permit, by=world.clerk, reason="错发")
    world.days = [today + dt.timedelta(days=number) for number in range(-1, 3)]
    world.token = token
    return world


def test_each_day_is_told_as_it_was(lived):
    def on(day):
        then = asof.project_on(lived.project, day, lived.clerk)
        return then.is_before, [words for _, words in then.papers], then.documents, len(then.open_issues)

    before, today, tomorrow, after = lived.days
    assert (on(before), on(today)) == ((True, [], 0, 0), (False, [], 1, 0))
    assert (on(tomorrow), on(after)) == ((False, ["有效"], 3, 1), (False, ["已撤销"], 3, 1))
    then = asof.project_on(lived.project, today, lived.clerk)
    assert (then.stage, [name for name, _ in then.groups]) == ("谋划准备", ["项目码"])


def test_today_is_the_fold_of_all_events(lived):
    states = kernel.states_on(lived.project, kernel.end_of(lived.days[-1]))
    assert {key: state.state for key, state in states.items()} == fold(lived.project)


def test_the_page_is_for_who_sees_the_project(client, lived):
    url, tomorrow = f"/projects/{lived.project.pk}/asof/", lived.days[2]
    client.force_login(lived.outsider)
    assert client.get(url).status_code == 404
    client.force_login(lived.owner)
    with timing.travel(timing.now() + dt.timedelta(days=3)):
        text = client.get(url, {"asof": f"{tomorrow:%Y-%m-%d}"}).content.decode()
        for words in (f"{tomorrow.year}年{tomorrow.month}月{tomorrow.day}日的样子", "施工许可证", "谋划准备", "有效"):
            assert words in text, words
        assert "那一天项目还没有登记" in client.get(url, {"asof": f"{lived.days[0]:%Y-%m-%d}"}).content.decode()
        response = client.get(f"/q/{lived.token.token}/", {"asof": f"{tomorrow:%Y-%m-%d}"})
        assert response["Location"] == f"{url}?asof={tomorrow:%Y-%m-%d}"
    assert "这一天还没有到。" in client.get(url, {"asof": "2099-01-01"}).content.decode()
    client.logout()
    assert client.get(f"/q/{lived.token.token}/", {"asof": "2026-01-01"}).status_code == 200, "everybody reads today"
