"""The pages of the desk, the inbox and the bulletins: who may open them, and every number opens exactly its cases."""

import datetime as dt
import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agency.models import Assignment, Bulletin, Notification
from agency.services import bulletins
from agency.services.assignment import assign
from packages.models import PoolEntry
from packages.services.appraisal_pool import PoolCard, enter_pool
from projects import timing
from projects.models import JobRun
from tests import factories
from tests.agency.test_bulletins import at, month  # noqa: F401 - the hand-checked month is a fixture

LEAD, SERVICE = "lead_officer", "service_agent"


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))


@pytest.fixture
def project(actors):
    """A private low-risk warehouse with its plan."""
    return factories.enrolled_project(actors, "S3")


@pytest.fixture
def november(actors, month):  # noqa: F811
    """The bulletin of the hand-checked month, opened."""
    return bulletins.open_bulletin(actors.centre, year=2026, month=11, by=actors.director)


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
    assert "熟悉这类套餐；负责高平市片区；在手 0 个项目，上限 20" in text_of(page)
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
    assert {row.agent.user.name: row.load for row in people.context["desk"].rows} == {"甲": 3, "乙": 2}
    for row in people.context["desk"].rows:
        url = f"{reverse('agency:desk')}?tab=assigned&amp;agent={row.agent.pk}"
        assert f'<a href="{url}">{row.load}</a>' in people.content.decode()
        listed = browser.get(url.replace("&amp;", "&")).context["desk"]
        assert [r.people[LEAD].agent for r in listed.rows] == [row.agent] * row.load


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
    assert counts[0] == counts[1] <= 15


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


# Bulletins -----------------------------------------------------------------------------------------------------------


def links(page):
    """The addresses of the figures on a page, each with the number that is printed."""
    found = re.findall(r'<a href="([^"]*?/figures/[^"]*)"[^>]*>(?:[^<]*<b>)?\s*([\d,.]+)', page.content.decode())
    return [(url.replace("&amp;", "&"), number) for url, number in found]


@pytest.mark.parametrize("is_frozen", [False, True])
def test_every_number_opens_as_many_rows_as_it_says(actors, november, client_of, is_frozen):
    if is_frozen:
        bulletins.freeze(november.pk, by=actors.director)
    browser = client_of(actors.director)
    page = browser.get(reverse("agency:bulletin", args=[november.pk]))
    found = links(page)
    assert len(found) >= 4 + 3 * 8 + 1
    for url, number in found:
        listed = browser.get(url)
        rows = listed.context["page"].rows
        assert f"共 {len(rows)} 件" in text_of(listed)
        key = url.split("/figures/")[1].split("/")[0]
        if key in {"received", "decided", "overdue", "breaches"}:
            assert int(number) == len(rows), url
        if key in {"on_time", "late_rate"}:
            base = browser.get(f"{url}?part=base").context["page"].rows
            assert float(number) == round(100 * len(rows) / len(base), 2)
        if key in {"mean_days", "median_days"} and "matter" not in url:
            used = sorted(row.case.used_days for row in rows)
            value = sum(used) / len(used) if key == "mean_days" else (used[(len(used) - 1) // 2] + used[len(used) // 2]) / 2
            assert float(number) == round(value, 2)


def test_the_list_behind_a_number_shows_the_cases_as_they_were_frozen(actors, november, month, client_of):  # noqa: F811
    bulletins.freeze(november.pk, by=actors.director)
    month[3].__class__.objects.filter(pk=month[3].pk).update(decided_at=at("11-27 09:00"))
    page = client_of(actors.director).get(reverse("agency:figure", args=[november.pk, "decided", 0]))
    assert [(row.case.number, row.is_late) for row in page.context["page"].rows] == [
        ("N001", False), ("N002", True), ("N003", False), ("N008", False),
    ]


def test_a_project_out_of_reach_keeps_its_name_to_itself(actors, november, month, client_of):  # noqa: F811
    page = client_of(actors.reviewer).get(reverse("agency:figure", args=[november.pk, "decided", 0]))
    assert len(page.context["page"].rows) == 4
    assert month[1].project.name not in text_of(page)
    assert text_of(page).count("不在您的办理范围") == 4


def test_the_list_behind_a_number_is_handed_out_as_a_table(actors, november, client_of):
    url = reverse("agency:figure", args=[november.pk, "late_rate", 0])
    answer = client_of(actors.director).get(url, {"export": "csv", "part": "base"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "办件编号,事项,项目代码,项目,部门,状态,接件,受理,办结,用时（工作日）,承诺时限,超时"
    assert [line.split(",")[0] for line in lines[1:]] == ["N001", "N002", "N003", "N008", "N004", "N005", "N009"]
    assert lines[2].split(",")[6:] == ["2026-10-25", "2026-10-26", "2026-11-02", "5", "2", "是"]
    hidden = client_of(actors.reviewer).get(url, {"export": "csv"})
    rows = b"".join(hidden.streaming_content).decode("utf-8-sig").splitlines()[1:]
    assert [row.split(",")[2:4] for row in rows] == [["", "不在您的办理范围"]] * 2
    assert client_of(actors.outsider).get(url, {"export": "csv"}).status_code == 404


def test_who_sees_a_bulletin_in_each_state(actors, november, client_of):
    names = ("director", "clerk", "reviewer", "owner", "nobody")
    urls = {
        "list": reverse("agency:bulletins"), "page": reverse("agency:bulletin", args=[november.pk]),
        "figure": reverse("agency:figure", args=[november.pk, "decided", 0]),
        "pdf": reverse("agency:bulletin_pdf", args=[november.pk]),
        "freeze": reverse("agency:freeze", args=[november.pk]), "publish": reverse("agency:publish", args=[november.pk]),
    }

    def codes():
        return {
            place: [client_of(getattr(actors, name, None)).get(url).status_code for name in names]
            for place, url in urls.items() if place != "pdf" or Bulletin.objects.get().state == "collecting"
        }

    assert codes() == {
        "list": [200] * 5, "page": [200, 200, 200, 404, 404], "figure": [200, 200, 200, 404, 302],
        "pdf": [404] * 5, "freeze": [200, 403, 403, 404, 302], "publish": [403, 403, 403, 404, 302],
    }
    bulletins.freeze(november.pk, by=actors.director)
    assert codes() == {
        "list": [200] * 5, "page": [200, 200, 200, 404, 404], "figure": [200, 200, 200, 404, 302],
        "freeze": [403, 403, 403, 404, 302], "publish": [200, 403, 403, 404, 302],
    }
    bulletins.publish(november.pk, by=actors.director)
    assert codes() == {
        "list": [200] * 5, "page": [200] * 5, "figure": [200, 200, 200, 403, 302],
        "freeze": [403, 403, 403, 403, 302], "publish": [403, 403, 403, 403, 302],
    }


def test_the_public_reads_the_summary_without_any_case(actors, november, client_of):
    bulletins.freeze(november.pk, by=actors.director)
    assert "还没有发布的通报" in text_of(client_of().get(reverse("agency:bulletins")))
    bulletins.publish(november.pk, by=actors.director)
    page = client_of().get(reverse("agency:bulletin", args=[november.pk]))
    assert links(page) == []
    words = text_of(page)
    assert "办结4 件" in words
    assert str(actors.director) not in words
    assert november.centre.name in words
    listed = client_of().get(reverse("agency:bulletins"))
    assert [row.bulletin for row in listed.context["rows"]] == [november]
    assert "后台任务" not in text_of(listed)


def test_the_director_opens_freezes_and_publishes_in_the_browser(actors, month, client_of):  # noqa: F811
    browser = client_of(actors.director)
    page = browser.get(reverse("agency:bulletins"))
    assert [(m.year, m.month) for m in page.context["months"]] == [(2026, 12), (2026, 11)]
    url = reverse("agency:open")
    assert browser.get(url).status_code == 405
    given = {"centre": actors.centre.pk, "year": 2026, "month": 11}
    assert client_of(actors.clerk).post(url, given).status_code == 403
    opened = browser.post(url, given, follow=True)
    assert "采集中" in text_of(opened)
    bulletin = Bulletin.objects.get()
    for step, word in (("freeze", "数据已冻结，通报文书已编号。"), ("publish", "通报已发布。")):
        address = reverse(f"agency:{step}", args=[bulletin.pk])
        assert browser.get(address).status_code == 200
        assert client_of(actors.clerk).post(address).status_code == 403
        assert client_of(actors.outsider).post(address).status_code == 404
        assert word in text_of(browser.post(address, follow=True))
    bulletin.refresh_from_db()
    assert bulletin.state == "published"


def test_an_unknown_figure_is_not_found(actors, november, client_of):
    browser = client_of(actors.director)
    for key, body in (("nothing", 0), ("decided", 999_999)):
        assert browser.get(reverse("agency:figure", args=[november.pk, key, body])).status_code == 404


def test_the_pages_of_a_bulletin_cost_the_same_whatever_it_counts(actors, clock, month, november, client_of):  # noqa: F811
    browser = client_of(actors.director)
    urls = [
        reverse("agency:bulletins"), reverse("agency:bulletin", args=[november.pk]),
        reverse("agency:figure", args=[november.pk, "late_rate", 0]) + "?part=base",
    ]

    def count():
        numbers = []
        for url in urls:
            browser.get(url)
            with CaptureQueriesContext(connection) as queries:
                browser.get(url)
            numbers.append(len(queries))
        return numbers

    few = count()
    rows = [month[number].__class__.objects.get(pk=month[number].pk) for number in (1, 4, 8)]
    for row in rows:
        for _ in range(10):
            row.pk, row.number = None, f"X{row.__class__.objects.count()}"
            row.work_unit = row.project.work_units.create(code=f"{row.number}-unit", name="又一工程", is_default=False)
            row._state.adding = True
            row.save()
    assert count() == few
    assert max(few) <= 25


def test_the_director_sees_when_the_last_sweep_ran(actors, clock, client_of):
    browser, url = client_of(actors.director), reverse("agency:bulletins")
    clock.to(at("11-20 10:25"))
    assert browser.get(url).context["sweep"].words == "最近一次巡检：没有记录，请联系管理员"
    JobRun.objects.create(job="sweep_due", started_at=at("11-20 10:20"), finished_at=at("11-20 10:20"), touched=3)
    page = browser.get(url)
    assert (page.context["sweep"].words, page.context["sweep"].is_late) == ("最近一次巡检 10:20，正常", False)
    assert [(row.name, row.run.touched, row.words) for row in page.context["jobs"]] == [("到期提醒巡检", 3, "正常")]
    clock.to(at("11-20 10:50") + dt.timedelta(minutes=1))
    page = browser.get(url)
    assert (page.context["sweep"].words, page.context["sweep"].is_late) == (
        "最近一次巡检 10:20，已停 31 分钟，请联系管理员", True
    )


def test_the_pdf_of_a_published_bulletin_is_for_everybody(actors, november, client_of):
    bulletins.freeze(november.pk, by=actors.director)
    bulletins.publish(november.pk, by=actors.director)
    cache.clear()
    answer = client_of().get(reverse("agency:bulletin_pdf", args=[november.pk]))
    content = b"".join(answer.streaming_content)
    assert (answer.status_code, answer["Content-Type"], content[:5]) == (200, "application/pdf", b"%PDF-")


def test_the_project_page_shows_its_people(actors, project, make_agent, client_of):
    url = reverse("projects:detail", args=[project.pk])
    assert "还没有项目长和服务专员。" in text_of(client_of(actors.dispatcher).get(url))
    assign(project.pk, role=LEAD, agent_id=make_agent("甲").pk, by=actors.dispatcher)
    assert "<dt>项目长</dt><dd><b>甲</b>" in client_of(actors.owner).get(url).content.decode()
