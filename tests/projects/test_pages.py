"""The pages of the kernel: lists cost the same at any length, nothing hides, and what is not yours does not exist."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from projects import memo, timing
from projects.clocks import start_clock
from projects.models import AccessLog, Event, Project, ProjectGrant
from projects.plain_text import plain
from tests.projects.conftest import OTHER_USCC, OWNER_USCC

pytestmark = pytest.mark.django_db
REAL = "2603-140581-89-05-163265"
MOST_OF_A_LIST, MOST_OF_A_PROJECT = 15, 25


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def queries(client, url):
    """How many queries a page takes when the process has kept nothing of it."""
    memo.forget_all()
    with CaptureQueriesContext(connection) as found:
        response = client.get(url)
    assert response.status_code == 200
    return len(found)


def names(response):
    by_pk = dict(Project.objects.values_list("pk", "name"))
    shown = [(row.pk, by_pk[row.pk]) for row in response.context["page"].rows]
    assert all(name in response.text for _, name in shown)
    return [name for _, name in shown]


def test_the_list_costs_the_same_for_one_row_and_for_thirty(make_project, people):
    client = client_of(people.clerk)
    make_project(name="项目 0")
    client.get("/projects/")
    one = queries(client, "/projects/?size=100")
    for number in range(1, 30):
        make_project(name=f"项目 {number}")
    assert queries(client, "/projects/?size=100") == one
    assert one <= MOST_OF_A_LIST


@pytest.mark.slow
@pytest.mark.parametrize("sort", ["-id", "id", "name", "-name", "code"])
def test_paging_shows_every_row_once_and_goes_back(make_project, people, sort):
    made = [make_project(name=f"项目 {number % 7}") for number in range(45)]
    client = client_of(people.clerk)
    seen, after, pages = [], "", 0
    while pages < 5:
        page = client.get("/projects/", {"sort": sort, "after": after}).context["page"]
        seen += [row.pk for row in page.rows]
        pages += 1
        if page.after is None:
            break
        after = page.after
    assert (pages, sorted(seen)) == (3, sorted(project.pk for project in made))
    back = client.get("/projects/", {"sort": sort, "before": page.before}).context["page"]
    assert [row.pk for row in back.rows] == seen[20:40]
    first = client.get("/projects/", {"sort": sort, "before": back.before}).context["page"]
    assert ([row.pk for row in first.rows], first.before) == (seen[:20], None)


def test_search_and_filters(make_project, people):
    make_project(name="铸件工厂", code=REAL)
    make_project(name="老旧小区改造", investment="government")
    client = client_of(people.clerk)
    asked = {
        "q=铸件": ["铸件工厂"], "q=２６０３-140581-89-05-1632": ["铸件工厂"], "q=26031405818905163265": ["铸件工厂"],
        "q=没有": [], "investment=government": ["老旧小区改造"], "stage=permit": [], "status=active&q=泽铸": [
            "老旧小区改造", "铸件工厂",
        ],
        "stage=nonsense&status=nonsense&sort=nonsense&after=nonsense": ["老旧小区改造", "铸件工厂"],
        "region=140581": ["老旧小区改造", "铸件工厂"],
    }
    assert {query: names(client.get(f"/projects/?{query}")) for query in asked} == asked
    counters = [(tab["label"], tab["count"]) for tab in client.get("/projects/?q=铸件").context["tabs"]]
    assert counters == [("全部", 1), ("谋划准备", 1), ("报建开工", 0), ("施工验收", 0), ("已交付", 0)]


def test_an_empty_list_says_what_to_do(people):
    assert "还没有项目" in client_of(people.clerk).get("/projects/").text
    assert "还没有您参与的项目" in client_of(people.reviewer).get("/projects/").text
    assert "没有符合条件的项目" in client_of(people.clerk).get("/projects/?q=没有").text


def test_the_export_holds_what_the_filters_leave_and_no_formula(make_project, people):
    make_project(name="=1+1", code=REAL, total_investment=68000)
    make_project(name="别的")
    response = client_of(people.clerk).get("/projects/?export=csv&q=1%2B1")
    lines = b"".join(response).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("项目代码,项目名称,建设单位")
    assert lines[1].startswith(f"{REAL},'=1+1,山西泽铸智能装备有限公司,社会投资,68000")
    assert response["Content-Type"] == "text/csv; charset=utf-8"


def test_registering_goes_on_to_the_facts_that_decide_the_package(people, bodies):
    client = client_of(people.clerk)
    values = {
        "code": "２６０３—140581-89-05-163265", "name": "铸件工厂", "owner_uscc": OWNER_USCC.lower(), "owner_name": "",
        "investment": "social", "region": "140581", "address": "马村镇", "contact_phone": "１３８０００００００１",
    }
    response = client.post("/projects/new/", values)
    project = Project.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/projects/{project.pk}/enrol/")
    assert (project.code, project.owner, project.parties.get().contact_phone) == (REAL, bodies.owner, "13800000001")
    again = client.post("/projects/new/", values)  # pressed twice: the project that was made
    assert (again.status_code, again["Location"], Project.objects.count()) == (302, f"/projects/{project.pk}/enrol/", 1)
    other = client.post("/projects/new/", {**values, "name": "另一个工厂"})
    assert (other.status_code, Project.objects.count()) == (409, 1)
    assert f'href="/projects/{project.pk}/"' in other.text


def test_what_nobody_sees_is_taken_out_of_names_and_texts_before_they_are_kept(people, bodies):
    values = {
        "code": REAL, "name": " 铸件\u202e厂工\u200b\x00\r\n（二期\u2066） ", "owner_uscc": OWNER_USCC, "owner_name": "",
        "investment": "social", "region": "140581", "address": "马村镇\x1b[31m十号", "contact_name": "王\ufeff敏\ue001",
        "contact_phone": "13800000001",
    }
    assert client_of(people.clerk).post("/projects/new/", values).status_code == 302
    project = Project.objects.get()
    assert (project.name, project.address, project.parties.get().contact_name) == (
        "铸件厂工 （二期）", "马村镇[31m十号", "王敏\ue001",
    )
    assert plain("一行\r\n二行\t\u2029三行👨\u200d👩") == "一行\r\n二行\t\n三行👨\u200d👩"


@pytest.mark.parametrize(("change", "sentence"), [
    ({"code": "2603-140581-89-05-163266"}, "校验位不对"), ({"code": "2613-140581-89-05-163265"}, "月份“13”不对"),
    ({"owner_uscc": "91110000710925462A"}, "统一社会信用代码的校验位不对"), ({"name": ""}, "请填写这一项"),
    ({"name": "厂" * 121}, "这一项最多 120 个字（含标点），现在有 121 个，请删减后再提交。"),
    ({"total_investment": "很多"}, "总投资应为数字"), ({"contact_phone": "abc"}, "电话应为 7 至 15 位数字"),
    ({"region": "999999"}, "请从列表中选择建设地区"), ({"owner_uscc": "91310115MA1K3BTP2B"}, "请填写单位名称"),
])
def test_bad_input_gets_a_clear_sentence_and_loses_nothing(people, bodies, change, sentence):
    values = {
        "code": REAL, "name": "铸件工厂", "owner_uscc": OWNER_USCC, "owner_name": "", "investment": "social",
        "region": "140581", "address": "马村镇十号", **change,
    }
    response = client_of(people.clerk).post("/projects/new/", values)
    assert (response.status_code, Project.objects.count()) == (200, 0)
    assert sentence in response.text
    assert "马村镇十号" in response.text


def test_an_enterprise_is_asked_for_itself_and_registers_only_itself(people):
    client = client_of(people.owner)
    assert OWNER_USCC in client.get("/projects/new/").text
    response = client.post("/projects/new/", {
        "code": REAL, "name": "甲", "owner_uscc": OTHER_USCC, "investment": "social", "region": "140581",
    })
    assert (response.status_code, Project.objects.count()) == (409, 0)
    assert "企业只能为本单位登记项目" in response.text


def test_the_project_page_says_first_on_whom_it_waits_and_is_bounded(project, people):
    client = client_of(people.clerk)
    assert queries(client, f"/projects/{project.pk}/") <= MOST_OF_A_PROJECT
    response = client.get(f"/projects/{project.pk}/")
    text = response.text
    assert text.index("在等谁") < text.index("谋划准备") < text.index("时间账") < text.index("大事记")
    assert re.search(r"正在等.*。", text)
    assert [stage.state for stage in response.context["page"].chain] == ["now", "todo", "todo"]


def test_the_time_of_a_project_adds_up(make_project, people):
    """Every working day since registration belongs to exactly one owner."""
    monday = dt.datetime(2026, 3, 2, 10, tzinfo=timing.BUSINESS_ZONE)
    with timing.travel(monday) as clock:
        project = make_project()
        clock.to(monday + dt.timedelta(days=7))
        first = start_clock(kind="promised", limit=20, on=timing.now(), project=project)
        start_clock(kind="promised", limit=5, on=timing.now(), project=project)
        start_clock(kind="statutory", limit=20, on=timing.now(), project=project)
        clock.to(monday + dt.timedelta(days=14))
        from projects.clocks import pause_clock, stop_clock

        pause_clock(first, kind="special", owner="special", basis="专家评审", approver=people.chief, planned=5)
        for other in project.clocks.exclude(pk=first.pk):
            stop_clock(other)
        clock.to(monday + dt.timedelta(days=21))
        page = client_of(people.clerk).get(f"/projects/{project.pk}/").context["page"]
    assert page.ledger == {"government": 5, "applicant": 5, "special": 5, "intermediary": 0}


def test_the_events_page_filters_exports_and_verifies(project, people):
    client = client_of(people.director)
    url = f"/projects/{project.pk}/events/"
    assert [event.seq for event, *_ in client.get(url).context["rows"]] == list(range(project.event_seq, 0, -1))
    assert client.get(url, {"person": "没有"}).context["rows"] == []
    assert client.get(url, {"first": "2099-01-01"}).context["rows"] == []
    assert len(client.get(url, {"group": "项目"}).context["rows"]) >= 4
    lines = b"".join(client.get(url, {"export": "csv"})).decode("utf-8-sig").splitlines()
    assert len(lines) == Project.objects.get().event_seq + 1
    assert "全部校验一致" in client.get(url, {"verify": "1"}).text
    assert "全部校验一致" not in client_of(people.clerk).get(url, {"verify": "1"}).text
    text = client.get(url).text
    assert all(event.hash[7:15] in text for event in Event.objects.filter(project=project))


def test_reading_contacts_leaves_a_row(make_project, people):
    project = make_project(contact_name="张三", contact_phone="13800000001")
    url = f"/projects/{project.pk}/parties/"
    assert "13800000001" in client_of(people.clerk).get(url).text
    row = AccessLog.objects.get(action="contacts")
    assert (row.user, row.project, row.subject_key) == (people.clerk, project, str(project.pk))
    assert "13800000001" not in client_of(people.clerk).get(f"/projects/{project.pk}/").text


def test_a_clock_is_explained_day_by_day(make_project, people):
    start = dt.date(2026, 9, 28)
    with timing.travel(dt.datetime(2026, 10, 12, 10, tzinfo=timing.BUSINESS_ZONE)):
        project = make_project()
        clock = start_clock(kind="promised", limit=5, on=start, project=project, label="施工许可")
        response = client_of(people.owner).get(f"/clocks/{clock.pk}/")
        assert client_of(people.outsider).get(f"/clocks/{clock.pk}/").status_code == 404
    assert response.status_code == 200
    for words in ("施工许可", "国庆", "第 1 天", "不计", "到期日"):
        assert words in response.text


@pytest.mark.parametrize("step", ["suspend", "resume", "terminate"])
def test_steps_ask_first_and_a_get_changes_nothing(project, people, step):
    client = client_of(people.director)
    if step == "resume":
        client.post(f"/projects/{project.pk}/suspend/", {"reason": "等土地"})
    url = f"/projects/{project.pk}/{step}/"
    before = Event.objects.count()
    assert (client.get(url).status_code, Event.objects.count()) == (200, before)
    assert "请写明原因" in client.post(url, {"reason": " "}).text
    assert client.post(url, {"reason": "企业申请"}).status_code == 302
    assert client_of(people.clerk).get(f"/projects/{project.pk}/terminate/").status_code == 403
    status = {"suspend": "suspended", "resume": "active", "terminate": "terminated"}[step]
    assert Project.objects.get().status == status


def test_a_local_code_is_exchanged_on_its_page(make_project, people):
    make_project(code=REAL)
    project = make_project(code="", name="没有代码的项目")
    client, url = client_of(people.clerk), f"/projects/{project.pk}/code/"
    assert client.get(url).status_code == 200
    taken = client.post(url, {"code": REAL})
    assert (taken.status_code, "一个代码只登记一次" in taken.text) == (409, True)
    assert client.post(url, {"code": "2603-140581-89-05-100015"}).status_code in {200, 302}
    assert client_of(people.reviewer).get(url).status_code == 404


def test_lending_on_its_page(project, people):
    client, url = client_of(people.director), f"/projects/{project.pk}/grants/"
    values = {"kind": "borrow", "reason": "核查", "until": timing.today().isoformat()}
    assert "没有这个用户名" in client.post(url, {**values, "user": "nobody"}).text
    assert "本来就能看到" in client.post(url, {**values, "user": people.clerk.username}).text
    assert client.post(url, {**values, "user": people.reviewer.username}).status_code == 302
    grant = ProjectGrant.objects.get()
    assert client_of(people.reviewer).get(f"/projects/{project.pk}/").status_code == 200
    assert client.get(f"{url}{grant.pk}/end/").status_code == 405
    assert client.post(f"{url}{grant.pk}/end/").status_code == 302
    assert client_of(people.reviewer).get(f"/projects/{project.pk}/").status_code == 404
