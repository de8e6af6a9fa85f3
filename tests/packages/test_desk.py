"""The desk: three scopes from facts, counters that open what they count, saved views, and files of exactly the list."""

import datetime as dt
import io
import zipfile
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from archives.models import Paper
from packages import counters, worklist
from packages.models import MaterialItem, MatterCase, SavedView
from packages.screens import desk as screen
from packages.services import saved_views
from packages.services.correction import notice_faults
from packages.services.holding import take_case
from packages.worklist import Wanted, work_list
from projects import memo
from projects.errors import DomainError, NotAllowed
from projects.models import Event
from projects.services.parties import PartyEntry, add_party
from projects.states import PartyRole, Role
from tests import factories
from tests.packages.test_views_desk import many, ready, rows_of

pytestmark = pytest.mark.django_db
DESK = reverse("packages:desk")
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def keys(user, **asked):
    return [case.pk for case in work_list(user, Wanted(**{"scope": "all", "tab": "all"} | asked))]


def from_the_net(project, code, actors):
    """An application that the owner files and hands in; no clerk has it yet."""
    from packages.services.intake import open_application, submit_application

    application = open_application(project.pk, matter_codes=[code], by=actors.owner, source="net")
    factories.complete(application, actors.owner)
    submit_application(application.pk, by=actors.owner)
    return factories.make_case(project, code)


def test_my_window_is_what_i_received_accepted_or_took_over(project, actors):
    codes = ready(project)
    [mine, theirs] = factories.received(project, codes[:2], actors)
    unheld = from_the_net(project, codes[2], actors)
    other = factories.person("clerk-2", "刘洋", Role.CLERK, actors.centre, "5号窗口")
    take_case(theirs.pk, by=other)
    assert keys(actors.clerk, scope="mine") == [mine.pk, unheld.pk]
    assert keys(other, scope="mine") == [theirs.pk, unheld.pk]
    assert keys(actors.clerk, scope="centre") == keys(actors.clerk, scope="all") == [mine.pk, theirs.pk, unheld.pk]
    event = Event.objects.filter(kind="case.taken").get()
    assert (event.actor, event.data) == (other, {"window_by": [actors.clerk.pk, other.pk]})
    take_case(theirs.pk, by=other)
    assert Event.objects.filter(kind="case.taken").count() == 1
    with pytest.raises(NotAllowed, match="领取由行政审批局窗口办理"):
        take_case(theirs.pk, by=actors.agent)
    chief = factories.official(mine.lead.code, Role.CHIEF)
    assert mine.pk in keys(chief, scope="mine")
    assert dict(worklist.scopes_of(chief)) == {"mine": "我的办件", "centre": "本部门", "all": "全部"}
    assert worklist.scopes_of(actors.owner) == [("all", "全部")]


@pytest.mark.slow
def test_every_counter_opens_exactly_what_it_counts(client, project, actors, clock):
    client.force_login(actors.clerk)
    cases = factories.received(project, ready(project), actors)
    notice_faults(cases[0].pk, faults=[{"what": "缺坐标", "basis": "第8条", "how_to_fix": "补坐标"}], by=actors.clerk)
    seen = {}
    for day in (2, 5, 9, 10):  # received on Monday 2; five working days end on Monday 9
        clock.to(dt.datetime(2026, 11, day, 9, 0))
        memo.forget_all()
        page = client.get(DESK, {"tab": "all"}).context["page"]
        opened = {tab["label"]: len(rows_of(client.get(DESK + tab["url"]))) for tab in page.tabs}
        assert opened == {tab["label"]: int(tab["count"]) for tab in page.tabs}
        seen[day] = {label: number for label, number in opened.items() if number}
    window = {"待我办": 2, "待受理": 2, "待企业": 1, "已暂停": 1, "全部在办": 3}
    assert seen == {
        2: window, 5: {**window, "即将到期": 2}, 9: {**window, "今日到期": 2}, 10: {**window, "已超时": 2},
    }


def test_counters_count_no_further_than_told(client, project, actors, monkeypatch):
    factories.received(project, ready(project), actors)
    monkeypatch.setattr(counters, "MOST_COUNTED", 2)
    assert counters.counted(actors.clerk, Wanted(scope="all"))[1]["all"] == 3
    client.force_login(actors.clerk)
    assert client.get(DESK, {"tab": "all"}).context["page"].count == "2+"


@pytest.mark.parametrize("name", ["clerk", "reviewer", "lead_reviewer", "chief", "agent", "director"])
def test_own_cases_are_counted_together_as_one_by_one(project, actors, name, monkeypatch):
    factories.accepted(project, ready(project), actors)
    user = getattr(actors, name)
    for scope, _ in worklist.scopes_of(user):
        for asked in (Wanted(scope=scope), Wanted(scope=scope, state="received"), Wanted(scope=scope, q="试验")):
            memo.forget_all()
            with CaptureQueriesContext(connection) as together:
                found = counters.counted(user, asked)
            monkeypatch.setattr(counters, "MOST_READ", -1)
            memo.forget_all()
            with CaptureQueriesContext(connection) as apart:
                assert counters.counted(user, asked) == found
            monkeypatch.undo()
            assert [len(together), len(apart)] == [1, 2 if scope == worklist.MINE else 1]


def test_filters_narrow_and_unknown_values_are_left_out(project, actors):
    cases = factories.received(project, ready(project), actors)
    pk = cases[0].pk
    MatterCase.objects.filter(pk=pk).update(is_deemed_accepted=True)
    line = MaterialItem.objects.filter(case=cases[1]).first()
    MaterialItem.objects.filter(pk=line.pk).update(state="deferred", document=None)
    every = [case.pk for case in cases]
    assert keys(actors.clerk, deemed="1") == [pk]
    assert keys(actors.clerk, deferred="1") == [cases[1].pk]
    assert keys(actors.clerk, matter=cases[2].matter.matter.code) == [cases[2].pk]
    assert keys(actors.clerk, source="net") == []
    assert keys(actors.clerk, q=actors.owner_body.name[:4]) == keys(actors.clerk, q=actors.owner_body.uscc) == every
    asked = worklist.wanted({"scope": "x", "tab": "nonsense", "state": "decided_pass", "stage": "?", "size": "7", "q": " a\x00b "})
    assert asked == Wanted(q="ab")


def test_the_desk_finds_by_code_name_party_and_paper_number_and_nothing_else(project, factory, actors):
    [mine, second] = factories.received(project, ready(project)[:2], actors)
    [other] = factories.received(factory, ready(factory)[:1], actors)
    builder = factories.enterprise("晋城市第三建筑工程有限公司", 40000077)
    add_party(project.pk, PartyEntry(PartyRole.CONTRACTOR, builder.uscc, builder.name), by=actors.clerk)
    found = {
        project.code: [mine, second], factory.code: [other], project.name: [mine, second], mine.number: [mine],
        # a party that does not own the project: by its name, by its credit code, also typed in small or full-width letters
        "第三建筑": [mine, second], builder.uscc: [mine, second], builder.uscc.lower(): [mine, second],
        builder.uscc.translate({number: number + 0xFEE0 for number in range(33, 127)}): [mine, second],
        "第四建筑": [], factories.uscc(40000078): [],
    }
    assert {text: keys(actors.clerk, q=text) for text in found} == {text: [c.pk for c in cases] for text, cases in found.items()}
    receipt = Paper.objects.get(project=factory, kind="receipt")
    for text in (receipt.number, receipt.number.replace("〔", "[").replace("〕", "]"), receipt.verify_code.lower()):
        assert keys(actors.clerk, q=text) == [other.pk]
    assert keys(actors.clerk, q=f"{receipt.number}9") == keys(actors.outsider, q=builder.uscc) == []


# Saved views


def test_views_are_kept_named_once_renamed_defaulted_deleted(client, actors, project):
    client.force_login(actors.clerk)
    query = {"scope": "centre", "tab": "received", "stage": "permit"}
    made = client.post(f"{reverse('packages:desk_views')}?scope=centre&tab=received&stage=permit", {"name": " 待受理的 "})
    view = SavedView.objects.get(user=actors.clerk)
    assert (view.name, dict(parse_qsl(view.query)), made.url) == ("待受理的", query, f"{DESK}?{view.query}")
    with pytest.raises(DomainError, match="您已有名为“待受理的”的视图"):
        saved_views.save_view(by=actors.clerk, name="待受理的", query="tab=all")
    assert saved_views.save_view(by=actors.clerk, name="待受理的", query=view.query) == view
    second = saved_views.save_view(by=actors.clerk, name="全部", query="scope=all&tab=all")
    assert client.post(reverse("packages:desk_view_open", args=[second.pk])).url == f"{DESK}?scope=all&tab=all"
    page = client.get(DESK, {"scope": "all", "tab": "all"}).context["page"]
    assert [(v.name, v.key, v.is_current) for v in page.views] == [("待受理的", "1", False), ("全部", "2", True)]
    assert client.post(reverse("packages:desk_view_rename", args=[view.pk]), {"name": "全部"}).status_code == 409
    for pk in (view.pk, second.pk):
        client.post(reverse("packages:desk_view_default", args=[pk]), {"on": "1"})
    assert list(SavedView.objects.filter(is_default=True)) == [second]
    assert client.get(DESK).url == f"{DESK}?scope=all&tab=all"
    for _ in range(2):
        saved_views.delete_view(second.pk, by=actors.clerk)
    assert client.get(DESK).status_code == 200
    third = saved_views.save_view(by=actors.clerk, name="黄灯", query="tab=yellow")
    saved_views.delete_view(view.pk, by=actors.clerk)  # the keys of the others stay; the free one goes to the next
    view = saved_views.save_view(by=actors.clerk, name="红灯", query="tab=red")
    assert [(v.name, v.key) for v in client.get(DESK).context["page"].views] == [("红灯", "1"), (third.name, "2")]
    client.force_login(actors.agent)
    assert client.post(reverse("packages:desk_view_delete", args=[view.pk])).status_code == 404


# Files


def cells(content):
    """The rows of the first sheet of an XLSX, as (kind, value) by column, and its raw XML."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        raw = book.read("xl/worksheets/sheet1.xml").decode()
    rows = [
        {cell.get("r").rstrip("0123456789"): (cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iter(f"{SHEET}c")}
        for row in ET.fromstring(raw).iter(f"{SHEET}row")
    ]
    return rows, raw


@pytest.mark.slow
def test_xlsx_is_exactly_the_list_with_days_as_days_and_no_formula(client, project, actors, monkeypatch):
    cases = [factories.fresh(case) for case in factories.received(project, ready(project), actors)]
    type(project).objects.filter(pk=project.pk).update(name='=HYPERLINK("http://x")')
    client.force_login(actors.clerk)
    answer = client.get(DESK, {"tab": "received", "export": "xlsx"})
    assert answer["Content-Disposition"].endswith("-20261102.xlsx")
    rows, raw = cells(b"".join(answer))
    assert [value for _, value in rows[0].values()] == [column.name for column in screen.COLUMNS]
    assert [row["H"] for row in rows[1:]] == [("inlineStr", case.number) for case in cases]
    assert rows[1]["B"] == ("inlineStr", '=HYPERLINK("http://x")')
    serial = (dt.date(2026, 11, 9) - dt.date(1899, 12, 30)).days
    assert rows[1]["K"] == ("n", str(serial))
    assert "<f>" not in raw
    assert 'ySplit="1"' in raw
    monkeypatch.setattr(screen, "MOST_IN_FILE", 2)
    rows, _ = cells(b"".join(client.get(DESK, {"tab": "received", "export": "xlsx"})))
    assert len(rows) == 4
    assert rows[3] == {"A": ("inlineStr", "只导出前 2 行，其余未列出；请缩小条件后再导出。")}


def test_the_project_list_by_package_and_whom_it_waits_for(client, project, actors):
    other = factories.make_project(actors)
    factories.received(project, ready(project, 1), actors)
    client.force_login(actors.clerk)
    url = reverse("projects:list")

    def found(**query):
        return [row.pk for row in client.get(url, query).context["page"].rows]

    assert found() == [other.pk, project.pk]
    assert found(package="soc-lowrisk") == found(waits="window") == [project.pk]
    assert (found(waits="nobody"), found(waits="owner"), found(package="gov-general")) == ([other.pk], [], [])
    rows, _ = cells(b"".join(client.get(url, {"package": "soc-lowrisk", "export": "xlsx"})))
    assert [row["A"][1] for row in rows] == ["项目代码", project.code]


# Price


@pytest.mark.slow
def test_the_first_list_of_a_process_keeps_the_promise_of_every_list(client, project, actors):
    cases = factories.received(project, ready(project), actors)
    many(factories.fresh(cases[0]), 105)
    client.force_login(actors.clerk)
    client.get(DESK, {"tab": "all"})
    counts = {}
    for size in ("20", "100"):
        memo.forget_all()
        with CaptureQueriesContext(connection) as captured:
            client.get(DESK, {"tab": "all", "size": size})
        counts[size] = [query["sql"][:120] for query in captured.captured_queries]
    assert len(counts["20"]) == len(counts["100"]) <= 17, "\n".join(counts["20"])
