"""The cockpit: every figure is the length of the list that it opens, for one centre and for all; a fixed number of queries."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agency.cockpit import eight, figures, lists, standing
from agency.cockpit.reach import reach_of
from agency.major_data import eight_ones
from agency.services.slips import issue_slip
from agency.tasks import sweep_due
from packages.models import Forecast, MatterCase
from packages.services.forecasting import forecast_many
from projects import timing
from projects.models import Membership, Organisation, Region
from projects.states import OrganisationKind, Role
from tests import factories
from tests.kept import layer

pytestmark = pytest.mark.django_db
MONDAY = dt.datetime(2026, 11, 2, 1, tzinfo=dt.UTC)
LATER = MONDAY + dt.timedelta(days=14)


def _other(_actors):
    body = Organisation.objects.create(
        name="陵川县政务服务中心", kind=OrganisationKind.CENTRE, region=Region.objects.get(code="140524")
    )
    body.director = factories.person("director2", "郝明", Role.DIRECTOR, body)
    return body


@pytest.fixture
def office(actors):
    return factories.office_above()


def _city(actors, other):
    first, second = factories.enrolled_project(actors, "S3"), factories.enrolled_project(actors, "S3")
    third = factories.enrolled_project(actors, "S3")
    reviewed = factories.in_review(first, "plan-permit", actors)
    [waiting] = factories.received(second, ["project-code"], actors)
    [abroad] = factories.received(third, ["project-code"], actors)
    type(third).objects.filter(pk=third.pk).update(centre=other, region=other.region)
    with timing.travel(LATER):
        [fresh] = factories.received(first, ["wage-deposit"], actors)
    return {"first": first, "second": second, "third": third, "reviewed": reviewed, "waiting": waiting,
            "abroad": abroad, "fresh": fresh}


kept_other = layer("kept_other", _other, "kept_actors")
kept_city = layer("kept_city", _city, "kept_actors", "kept_other")


@pytest.fixture
def other(kept_other):
    """A second centre in the same city, in another county, with its director."""
    return kept_other


@pytest.fixture
def city(kept_city, clock):
    """On Monday 16th: one case red in review, one red at the window, one in time; the other centre has one open case."""
    clock.to(LATER)
    return kept_city


def counted(user, centre=""):
    reach = reach_of(user, centre)
    return reach, figures.board_of(reach)


def length(reach, key, **asked):
    return lists.list_page(reach, key, asked).count


def test_a_director_commands_the_own_centre_and_the_office_all(actors, other, office, city):
    assert [body.name for body in reach_of(actors.director).centres] == [actors.centre.name]
    assert [body.name for body in reach_of(other.director).centres] == [other.name]
    mine, theirs, above = (counted(user)[1] for user in (actors.director, other.director, office))
    assert (mine.projects, theirs.projects, above.projects) == (2, 1, 3)
    assert (mine.total.open, theirs.total.open, above.total.open) == (3, 1, 4)
    assert {row.label: row.open for row in above.centres} == {actors.centre.label: 3, other.name: 1}
    narrowed = counted(office, str(other.pk))[1]
    assert (narrowed.total.open, narrowed.projects) == (1, 1)
    assert counted(actors.director, str(other.pk))[1].total.open == 3  # not one of the own: nothing is narrowed


def test_the_centres_to_choose_from_are_read_once_in_a_while(actors, other, office, city, monkeypatch):
    monkeypatch.setattr("agency.cockpit.reach._centres.seconds", 60)
    first = reach_of(office).centres
    with CaptureQueriesContext(connection) as queries:
        assert reach_of(office).centres == first == (actors.centre, other)
    assert len(queries) == 0
    assert reach_of(office, str(other.pk)).chosen == other


def test_two_offices_over_one_centre_do_not_share_on_whom_red_cases_wait(actors, other, office, city):
    for name, code in (("first", "140581"), ("second", "140524"), ("third", "140521")):
        moved = type(city[name]).objects.filter(pk=city[name].pk)
        moved.update(region=Region.objects.get(code=code), centre=actors.centre)
    seen = []
    for number, code in enumerate(("140581", "140524")):
        body = Organisation.objects.create(
            name=f"工改办{number}", kind=office.memberships.get().organisation.kind, region=Region.objects.get(code=code)
        )
        seen.append(counted(factories.person(f"office{number}", "任敏", Role.SUPERVISOR, body)))
    assert [reach.centres for reach, _ in seen] == [(actors.centre,)] * 2
    for reach, board in seen:
        assert [length(reach, "waits", who=who) for who, _ in board.waits] == [number for _, number in board.waits] != []


@pytest.mark.slow
def test_every_figure_is_the_length_of_its_list_and_an_unknown_list_is_no_page(actors, office, city):
    for user in (actors.director, office):
        reach, board = counted(user)
        assert length(reach, "projects") == board.projects
        for tab in figures.TABS:
            assert length(reach, "cases", tab=tab) == board.total.cases[tab]
        for row in board.departments:
            for tab in figures.TABS:
                assert length(reach, "cases", tab=tab, dept=str(row.pk)) == row.cases[tab]
            assert length(reach, "tasks", body=str(row.pk)) == row.tasks
            assert length(reach, "tasks", tab="late", body=str(row.pk)) == row.late_tasks
        for row in board.windows:
            assert length(reach, "cases", tab="open", window=str(row.pk)) == row.open
        for who, number in board.waits:
            assert length(reach, "waits", who=who) == number
        for kind, _, number in board.clocks:
            assert length(reach, "clocks", kind=kind) == number
        for opening in board.openings:
            assert length(reach, "openings", month=opening.key) == opening.count
        for group, number in board.living:
            assert length(reach, "living", group=group) == number
        for key, number in board.others.items():
            assert length(reach, key) == number
        for row in (*board.changes.stands, *board.changes.flows):
            assert length(reach, "change", of=row.key, when="then") == row.then, row.key
        for row in board.changes.flows:
            assert length(reach, "change", of=row.key, when="now") == row.now, row.key
        for row in eight.eight(reach):
            for part, number in (("in", row.total.part), ("all", row.total.whole), ("out", row.total.missing)):
                assert length(reach, "eight", one=row.one.code, part=part) == number
    reach = reach_of(actors.director)
    for key, asked in (("nothing", {}), ("cases", {"tab": "x"}), ("cases", {"step": "x"}), ("openings", {"month": "1999-01"}),
                       ("clocks", {"kind": "x"}), ("eight", {"one": "x"}), ("cases", {"dept": "999999"}),
                       ("change", {"of": "x", "when": "now"}), ("change", {"of": "open", "when": "now"})):
        with pytest.raises(Http404):
            lists.list_page(reach, key, asked)


def test_open_cases_say_how_many_were_accepted_and_how_many_are_of_projects_that_no_longer_run(actors, city):
    """未结 = 在办 (accepted, as the bulletins count) + not accepted yet; a delivered project with an open case is told apart."""
    reach, board = counted(actors.director)
    assert (board.projects, board.total.open, board.total.accepted, board.total.unaccepted, board.beside) == (2, 3, 1, 2, 0)
    type(city["second"]).objects.filter(pk=city["second"].pk).update(stage="delivered")
    reach, board = counted(actors.director)
    assert (board.projects, board.total.open, board.beside) == (1, 3, 1)
    for step, number in (("accepted", 1), ("received", 2), ("beside", 1)):
        page = lists.list_page(reach, "cases", {"tab": "open", "step": step})
        assert (page.count, "通报的“在办”只算其中已受理的" in page.means) == (number, True)
    assert [line.case_id for line in page.lines] == [city["waiting"].pk]
    assert "通报" not in lists.list_page(reach, "projects", {}).means


@pytest.mark.slow
def test_what_has_changed_since_the_same_day_last_month_is_told_from_kept_dates(actors, city, clock):
    """On 4 December: two cases stood on 4 November; the red lights, and the slips that the sweep issued, came in between."""
    clock.to(dt.datetime(2026, 11, 27, 2, tzinfo=dt.UTC))
    sweep_due()
    slips = standing.others(reach_of(actors.director))["slips"]
    clock.to(dt.datetime(2026, 12, 4, 2, tzinfo=dt.UTC))
    reach, board = counted(actors.director)
    told = {row.key: (row.now, row.then, row.words, row.is_worse) for row in (*board.changes.stands, *board.changes.flows)}
    assert (board.changes.now.last_day, board.changes.then.last_day) == (dt.date(2026, 12, 4), dt.date(2026, 11, 4))
    assert told["open"] == (3, 2, "+1", False)
    assert told["red"] == (3, 0, "+3", True)
    assert told["accepted"] == (0, 1, "−1", False)
    assert slips > 0
    assert told["slips"] == (slips, 0, f"+{slips}", True)
    assert told["chased"][:2] == (slips, 0)
    assert told["decided"] == (0, 0, "持平", False)
    [line] = lists.list_page(reach, "change", {"of": "accepted", "when": "then"}).lines
    assert (line.case_id, line.can_slip, line.words) == (city["reviewed"].pk, True, "11月2日接件，11月2日受理")


def test_the_eight_are_data_and_what_is_red_says_on_whom_it_waits(actors, city):
    reach, board = counted(actors.director)
    assert board.total.red == 2
    lines = lists.list_page(reach, "cases", {"tab": "red"}).lines
    assert [(line.case_id, line.light) for line in lines] == [
        (case.pk, "red") for case in sorted(
            (factories.fresh(city["reviewed"]), factories.fresh(city["waiting"])), key=lambda case: (case.due_on, case.pk)
        )
    ]
    assert sum(number for _, number in board.waits) == 2
    assert all(line.who and line.words.startswith("正在等") for line in lines)
    assert {line.slip_url for line in lines} == {reverse("agency:slip_case", args=[line.case_id]) for line in lines}
    rows = {row.one.code: (row.total.part, row.total.whole) for row in eight.eight(reach_of(actors.director))}
    assert list(rows) == [one.code for one in eight_ones()]
    assert (rows["one-thing"], rows["one-pair"], rows["one-window"]) == ((2, 2), (0, 2), (0, 3))
    assert rows["one-notice"] == (1, 1)
    before = standing.others(reach)
    assert (before["slips"], before["unassigned"], before["stuck"]) == (0, 2, 0)
    slip = issue_slip(
        MatterCase.objects.select_related("project").get(pk=city["reviewed"].pk), to=city["reviewed"].lead,
        colour="red", reason="超期，请说明", by=actors.director,
    )
    assert standing.others(reach)["slips"] == 1
    [line] = lists.list_page(reach, "slips", {}).lines
    assert (line.what, line.who) == (slip.paper.number, slip.to.label)
    for name in ("first", "second"):
        forecast_many([city[name].pk])
    openings = figures.board_of(reach).openings
    assert sum(row.count for row in openings) == Forecast.objects.filter(
        project__in=reach.projects, opening__isnull=False, opened=False
    ).values("project").distinct().count()


@pytest.mark.slow
def test_the_page_opens_its_lists_in_under_twenty_queries_and_comes_as_a_file(actors, office, city, client_of):
    for user in (actors.director, office):
        browser = client_of(user)
        with CaptureQueriesContext(connection ) as caught:
            answer = browser.get(reverse("agency:cockpit"))
        assert (answer.status_code, len(caught) < 20) == (200, True), len(caught)
        page = answer.content.decode()
        assert len(page) < 60 * 1024
        links = {link.replace("&amp;", "&") for link in re.findall(r'href="(/cockpit/lists/[^"]+)"', page)}
        assert len(links) > 8
        for link in sorted(links):
            assert browser.get(link).status_code == 200, link
    browser = client_of(actors.director)
    lines = b"".join(browser.get(f"{reverse('agency:cockpit')}?export=csv")).decode().splitlines()
    assert lines[0].endswith("部分,项,指标,数")
    assert {"总体,合计,在办项目,2", "总体,合计,未结,3", "总体,合计,已超时,2"} <= set(lines)
    for measure in ("待答复意见", "逾期意见"):
        told = [line.split(",") for line in lines if f",{measure}," in line]
        owed = {part: sum(int(row[3]) for row in told if row[0] == part) for part in ("总体", "部门")}
        assert owed["总体"] == owed["部门"] > 0, measure
    red = b"".join(browser.get(f"{reverse('agency:cockpit_list', args=['cases'])}?tab=red&export=csv")).decode()
    assert len(red.splitlines()) == 3
    workbook = browser.get(f"{reverse('agency:eight')}?export=xlsx")
    assert b"".join(workbook)[:2] == b"PK"


def test_a_role_that_ended_commands_nothing(actors, client_of, clock):
    Membership.objects.filter(user=actors.director).update(until=dt.date(2026, 11, 1))
    assert client_of(actors.director).get(reverse("agency:cockpit")).status_code == 403
