"""The pages of the bulletins: who may open them, every number opens exactly its list, files, proof and the PDF."""

import csv
import io
import re
import zipfile

import pytest
from django.core.cache import cache
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from agency.bulletin import INDICATORS
from agency.bulletin_page import draft_context
from agency.models import Bulletin
from agency.services import bulletins
from agency.services.slips import issue_slip
from archives.papering import draft_pdf
from gaige.templatetags.bulletins import INK, kept_together, two_lines
from packages.models import MatterCase
from projects import timing
from projects.memo import forget_all
from projects.models import JobRun
from tests.agency.bulletin_month import at, make_month, walk, word_all
from tests.kept import MORNING, layer

pytestmark = pytest.mark.slow


def text_of(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode()))


def _make_month(actors):
    with timing.travel(MORNING) as clock:
        return make_month(actors, clock)


def _open_november(actors, _month):
    with timing.travel(MONTHS_END):
        return bulletins.open_bulletin(actors.centre, year=2026, month=11, by=actors.director)


MONTHS_END = at("11-26 00:30")
kept_month = layer("kept_month", _make_month, "kept_actors")
kept_november = layer("kept_november", _open_november, "kept_actors", "kept_month")


@pytest.fixture
def month(kept_month, clock):
    clock.to(MONTHS_END)
    return kept_month


@pytest.fixture
def november(kept_november, month):
    """The bulletin of the hand-checked month, opened."""
    return kept_november


@pytest.fixture
def big_content():
    """The content of a frozen bulletin as a city of nineteen districts and twenty departments would have it."""

    def grow(pk):
        content = Bulletin.objects.get(pk=pk).content
        light = {"colour": "yellow", "words": "黄", "reason": "按时率 96.5%，超时 2 件，最长 4 天"}
        for block, word in (("regions", "第{}区"), ("bodies", "第{}局"), ("sites", "第{}区")):
            head, group = content[block]["head"], "body" if block == "bodies" else "region"
            content[block]["rows"] = [
                {
                    "name": word.format(n), "row": 310_100 + n, "group": group, "few": False, "rank": str(n),
                    "light": light, "note": "按时率环比 +1.2 个百分点",
                    "cells": [{"t": "1234.5", "k": f"{group}/{310_100 + n}/on_time", "bad": n < 3} for _ in head],
                }
                for n in range(1, 21)
            ]
        content["ledger"] = [
            {"name": f"第{n}区", "count": 99, "k": f"region/{310_100 + n}/decided", "government": 4.5, "applicant": 3.5,
             "special": 2.5, "intermediary": 1.5, "sum": 12.0 + n} for n in range(20)
        ]
        numbers = range(1, 13)
        content["items"] |= {"columns": [f"第{n}区" for n in range(20)], "rows": [
            {"name": f"验收事项第{n}项", "number": n, "total": 60, "k": f"item/{n}/faulty", "example": "坡道坡度超限",
             "cells": [{"t": 3, "k": f"item/{n}/faulty_{310_100 + at}"} for at in range(20)]} for n in numbers
        ]}
        content["items"]["worst"] = content["items"]["rows"][:5]
        content["dots"] = {"each": 3, "longest": 40, "rows": [
            {"name": "建设工程规划许可证核发", "limit": 20, "spread": [[day, 3] for day in range(2, 30)], "median": "12",
             "count": 252, "late": 27, "k": "total/0/decided", "matter": n} for n in range(8)
        ]}
        content["alerts"] = [{"name": f"第{n}区", "light": light, "k": "region/1/overdue", "late": "2"} for n in range(20)]
        return content

    return grow


def figure(bulletin, key, group="total", row=0):
    return reverse("agency:figure", args=[bulletin.pk, group, row, key])


def pages_of(answer):
    return len(PdfReader(io.BytesIO(b"".join(answer.streaming_content))).pages)


def links(page):
    """The addresses of the figures on a page, each with the number that is printed."""
    found = re.findall(r'<a href="([^"]*?/figures/[^"]*)"[^>]*>(?:[^<]*<b>)?\s*([\d,.]+)', page.content.decode())
    return [(url.replace("&amp;", "&"), number) for url, number in found]


@pytest.mark.slow
@pytest.mark.parametrize("is_frozen", [False, True])
def test_every_number_opens_as_many_rows_as_it_says(actors, november, client_of, is_frozen):
    if is_frozen:
        bulletins.freeze(november.pk, by=actors.director)
    browser = client_of(actors.director)
    found = links(browser.get(reverse("agency:bulletin", args=[november.pk])))
    assert len(found) >= 40
    seen = set()
    for url, number in found:
        group, row, key = url.split("/figures/")[1].split("/")[:3]
        if url in seen:
            continue
        seen.add(url)
        listed = browser.get(url)
        page = listed.context["page"]
        assert f"共 {len(page.rows)} 件" in text_of(listed), url
        one = INDICATORS[key]
        if one.is_count and "matter" not in url:
            assert int(number) == len(page.rows), url
        if "part=rest" in url:  # late ones of a matter
            assert int(number) == len(page.rows) == sum(item.is_late for item in page.rows), url
            continue
        if one.based:
            own, rest = (browser.get(f"{url}?part={part}").context["page"] for part in ("own", "rest"))
            assert float(number) == round(100 * len(own.rows) / len(page.rows), 2), (group, row, key)
            assert sorted(map(str, (*own.rows, *rest.rows))) == sorted(map(str, page.rows)), (group, row, key)
            assert [count for _, count, _ in page.tabs] == [len(page.rows), len(own.rows), len(rest.rows)]
            assert own.title != rest.title != page.title
        if key == "mean_days":
            used = [item.used for item in page.rows]
            assert float(number) == round(sum(used) / len(used), 2)


def test_a_list_shows_the_cases_as_they_were_frozen(actors, november, month, client_of):
    bulletins.freeze(november.pk, by=actors.director)
    MatterCase.objects.filter(pk=month[3].pk).update(used_days=40, is_overdue=True)
    page = client_of(actors.director).get(figure(november, "decided")).context["page"]
    assert [(item.number, item.used, item.limit, item.is_late) for item in page.rows] == [
        ("N001", 2, 2, False), ("N002", 5, 2, True), ("N003", 3, 2, False), ("N008", 4, 2, False),
    ]
    narrowed = client_of(actors.director).get(f"{figure(november, 'decided')}?matter={month[1].matter_id}")
    assert narrowed.context["page"].count == 4
    by_limit = "{}?matter={}&limit={}"
    for limit, count in ((2, 4), (9, 0)):
        address = by_limit.format(figure(november, "decided"), month[1].matter_id, limit)
        assert client_of(actors.director).get(address).context["page"].count == count
    late = text_of(client_of(actors.director).get(figure(november, "overdue")))
    assert late.count("下督办单") == 2
    issue_slip(month[2], to=month[2].lead, colour="red", reason="超期三天，请说明", by=actors.director)
    late = text_of(client_of(actors.director).get(figure(november, "overdue")))
    assert (late.count("下督办单"), late.count("督办单：待回复")) == (1, 1)


def test_a_project_out_of_reach_keeps_its_name_to_itself(actors, november, month, client_of):
    page = client_of(actors.reviewer).get(figure(november, "decided"))
    assert len(page.context["page"].rows) == 4
    assert month[1].project.name not in text_of(page)
    assert text_of(page).count("不在您的办理范围") == 4
    why = client_of(actors.reviewer).get(reverse("agency:bulletin_why", args=[november.pk, "region", 140581]))
    assert month[1].project.name not in text_of(why)


def test_lists_and_tables_are_handed_out_as_files(actors, november, client_of):
    director, reviewer = client_of(actors.director), client_of(actors.reviewer)
    url = figure(november, "late_rate")

    def lines(browser, address, **asked):
        answer = browser.get(address, {"export": "csv", **asked})
        return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    rows = lines(director, url)
    assert rows[0] == ["编号", "名称", "项目代码", "项目", "单位", "状态", "起", "止", "用时（工作日）", "时限", "超时"]
    assert [row[0] for row in rows[1:]] == ["N001", "N002", "N003", "N008", "N004", "N005", "N009"]
    assert rows[2][5:] == ["办结通过", "2026-10-26", "2026-11-02", "5", "2", "是"]
    assert [row[2:4] for row in lines(reviewer, url, part="own")[1:]] == [["", "不在您的办理范围"]] * 2
    late = lines(director, figure(november, "on_time"), part="rest")
    assert [row[0] for row in late[1:]] == ["N002"]
    assert client_of(actors.outsider).get(url, {"export": "csv"}).status_code == 404
    tables = reverse("agency:bulletin_tables", args=[november.pk])
    titles = [row[0] for row in lines(director, tables) if len(row) == 1]
    assert titles[:4] == ["总体", "分区", "分部门", "联合验收"]
    assert ["办结", "4", "件"] in [row[:3] for row in lines(director, tables)]  # as the page says it
    book = zipfile.ZipFile(io.BytesIO(b"".join(director.get(tables, {"export": "xlsx"}).streaming_content)))
    assert len([name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]) == 16
    widths = re.findall(r'<col min="(\d+)"[^>]*?width="([\d.]+)"', book.read("xl/worksheets/sheet2.xml").decode())
    assert float(dict(widths)["5"]) > 20, "the head 平均用时（个工作日） is as wide as twenty letters"
    meanings = book.read("xl/worksheets/sheet15.xml").decode()
    assert re.search(r'<col min="2" max="2" width="60\.\d+" style="[1-9]', meanings), "long texts stand on several lines"
    assert director.get(tables, {"export": "exe"}).status_code == 404


def test_who_sees_a_bulletin_in_each_state(actors, november, client_of):
    names = ("director", "clerk", "reviewer", "owner", "nobody")
    urls = {
        name: reverse(f"agency:{name}", args=[november.pk])
        for name in ("bulletin", "bulletin_tables", "bulletin_proof", "freeze", "bulletin_draft", "publish", "bulletin_correct")
    } | {"figure": figure(november, "decided")}
    urls["bulletin_tables"] += "?export=csv"

    def codes():
        return {place: [client_of(getattr(actors, name, None)).get(url).status_code for name in names]
                for place, url in urls.items()}

    steps = {"freeze": [200, 403, 403, 404, 302], "publish": [403, 403, 403, 404, 302]}
    hidden = {"bulletin": [200, 200, 200, 404, 404], "bulletin_tables": [200, 200, 200, 404, 302], "figure": [200, 200, 200, 404, 302]}
    assert codes() == hidden | steps | {
        "bulletin_proof": [404, 404, 404, 404, 302], "bulletin_draft": [403, 403, 403, 404, 302],
        "bulletin_correct": [403, 403, 403, 404, 302],
    }
    bulletins.freeze(november.pk, by=actors.director)
    assert codes() == hidden | {
        "freeze": [403, 403, 403, 404, 302], "publish": [403, 403, 403, 404, 302],
        "bulletin_proof": [200, 200, 200, 404, 302], "bulletin_draft": [200, 403, 403, 404, 302],
        "bulletin_correct": [200, 403, 403, 404, 302],
    }
    word_all(november, actors.dispatcher)
    bulletins.send_to_check(november.pk, by=actors.director)
    bulletins.confirm(november.pk, by=actors.dispatcher)
    bulletins.publish(november.pk, by=actors.director)
    found = codes()
    assert (found["bulletin"], found["figure"], found["bulletin_tables"]) == (
        [200] * 5, [200, 200, 200, 403, 302], [200, 200, 200, 403, 302]
    )


def test_the_public_reads_the_summary_and_nothing_else(actors, november, client_of):
    assert "还没有发布的通报" in text_of(client_of().get(reverse("agency:bulletins")))
    published = walk(november, actors)
    for user in (None, actors.owner):
        page = client_of(user).get(reverse("agency:bulletin", args=[november.pk]))
        words = text_of(page)
        assert links(page) == []
        assert "办结4 件" in words.replace(" 件", " 件")
        assert "高平市" in words
        assert "好差评默认评价单列" in words
        assert ("差评整改率" in words, "少于 3 件（份）为样本不足" in words) == (True, True)
        for private in (str(actors.director), "分部门", "红榜", "典型问题", "体外循环", "名次"):
            assert private not in words, private
        assert [name for name, _ in page.context["page"].definitions] == [  # it explains what it shows, each name once
            "新受理", "办结", "平均用时", "中位数", "按时办结率", "满意度", "差评整改率",
        ]
    listed = client_of().get(reverse("agency:bulletins"))
    assert [row.bulletin for row in listed.context["rows"]] == [published]
    assert "后台任务" not in text_of(listed)
    assert "没有找到通报" in text_of(client_of().get(reverse("agency:bulletins"), {"series": "annual"}))


def test_what_is_still_collected_is_listed_to_those_who_make_it(actors, november, client_of):
    walk(november, actors)
    bulletins.open_bulletin(actors.centre, year=2026, month=12, by=actors.director)
    listed = {
        user: text_of(client_of(user).get(reverse("agency:bulletins"))) for user in (actors.director, actors.reviewer)
    }
    title = "高平市 一站式施工许可月度通报 2026年"
    assert {user: (f"{title}12月" in words, f"{title}11月" in words) for user, words in listed.items()} == {
        actors.director: (True, True), actors.reviewer: (False, True),
    }


def test_the_probe_is_for_the_centre_only(actors, november, client_of):
    page, url = reverse("agency:bulletin", args=[november.pk]), figure(november, "probe_fast", group="quality")
    assert ("体外循环线索" in text_of(client_of(actors.dispatcher).get(page)), client_of(actors.dispatcher).get(url).status_code) == (True, 200)
    assert ("体外循环线索" in text_of(client_of(actors.reviewer).get(page)), client_of(actors.reviewer).get(url).status_code) == (False, 403)


def test_from_opening_to_publishing_and_correcting_in_the_browser(actors, month, client_of):
    director, dispatcher = client_of(actors.director), client_of(actors.dispatcher)
    page = director.get(reverse("agency:bulletins"))
    assert [(m.year, m.month) for m in page.context["months"]] == [(2026, 12), (2026, 11)]
    given = {"centre": actors.centre.pk, "year": 2026, "month": 11}
    assert client_of(actors.clerk).post(reverse("agency:open"), given).status_code == 403
    assert "采集中" in text_of(dispatcher.post(reverse("agency:open"), given, follow=True))
    assert Bulletin.objects.count() == 2
    bulletin = Bulletin.objects.get(series="permit")

    def press(browser, step, said, **given):
        address = reverse(f"agency:{step}", args=[bulletin.pk])
        assert browser.get(address).status_code == 200
        assert client_of(actors.outsider).post(address).status_code == (403 if step == "bulletin_correct" else 404)
        assert said in text_of(browser.post(address, given, follow=True)), step

    press(dispatcher, "freeze", "数据已冻结。")
    problem = bulletin.problems.get()
    wording = {"what": problem.what, "cause": "未一次告清", "fix": "按清单核对", "due_on": "2026-12-10"}
    refused = dispatcher.post(reverse("agency:bulletin_draft", args=[bulletin.pk]))
    assert (refused.status_code, "请写明原因和整改措施" in text_of(refused)) == (409, True)
    edit = reverse("agency:bulletin_problem", args=[problem.pk])
    named = dispatcher.post(edit, wording | {"cause": month[2].project.name})
    assert "不写项目和企业的名称" in text_of(named)
    assert "已保存。" in text_of(dispatcher.post(edit, wording, follow=True))
    assert 'type="date" name="due_on" value="2026-12-10"' in dispatcher.get(edit).content.decode()
    press(director, "bulletin_draft", "已送核，等另一人核对。")
    proof = f'<a href="{reverse("agency:bulletin_proof", args=[bulletin.pk])}">重新计算并核对</a>'
    assert proof in dispatcher.get(reverse("agency:bulletin_check", args=[bulletin.pk])).text
    press(dispatcher, "bulletin_check", "已核对，等主任签发。", note="无误")
    press(director, "publish", "通报已签发，文书已编号。")
    press(director, "bulletin_correct", "更正版已开始采集", erratum="漏录一件")
    second = Bulletin.objects.get(previous=bulletin)
    anew = text_of(director.get(reverse("agency:bulletin", args=[second.pk])))
    assert all(words in anew for words in ("更正第 2 版：漏录一件", "更正版按现在的记录重新统计", "验收一次通过率"))
    assert "更正版正在办理" in text_of(director.get(reverse("agency:bulletin", args=[bulletin.pk])))
    close = reverse("agency:bulletin_problem_close", args=[problem.pk])
    assert "已销号" in text_of(dispatcher.post(close, {"outcome": "已整改"}, follow=True))


def test_the_proof_says_what_differs(actors, november, client_of):
    bulletins.freeze(november.pk, by=actors.director)
    page = client_of(actors.director).get(reverse("agency:bulletin_proof", args=[november.pk]))
    # these cases were written without their events: the log knows none of them
    assert "核对不一致" in text_of(page)
    assert {check.name: (check.frozen, check.again) for check in page.context["proof"].checks}["办结"] == ("4", "0")


def test_why_a_row_stands_where_it_does(actors, november, month, client_of):
    body = month[1].lead_id
    page = client_of(actors.director).get(reverse("agency:bulletin_why", args=[november.pk, "body", body]))
    assert [(one.case.number, one.used, one.limit, one.others) for one in page.context["rows"]] == [
        ("N002", 5, 2, None), ("N003", 3, 2, None), ("N001", 2, 2, None),
    ]
    assert client_of(actors.director).get(reverse("agency:bulletin_why", args=[november.pk, "body", 999_999])).status_code == 404


def test_the_charts_of_the_page_are_those_of_the_paper_each_with_its_figures(actors, november, client_of):
    bulletins.freeze(november.pk, by=actors.director)
    content = Bulletin.objects.get(pk=november.pk).content
    content["trend"] = [{"label": f"{n}月", "value": n + 0.5, "before": n + 1.0, "pk": None} for n in range(1, 13)]
    rows = [{"name": "消防验收", "number": 4, "total": 7, "k": "item/4/faulty", "example": "坡道坡度超限",
             "cells": [{"t": n, "k": f"item/4/faulty_{n}"} for n in (7, 0)]}]
    content["items"] |= {"columns": ["高平市", "城区"], "rows": rows, "worst": rows}
    Bulletin.objects.filter(pk=november.pk).update(content=content)
    page = client_of(actors.director).get(reverse("agency:bulletin", args=[november.pk])).content.decode()
    paper = render_to_string("papers/bulletin.html", draft_context(Bulletin.objects.get(pk=november.pk))).replace(INK, "")
    lines, bars = r'<svg class="chart".*?</svg>', r'<rect class="(gov|ent|spc|mdl)"'
    drawn = [re.findall(lines, text, re.DOTALL) for text in (page, paper)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 2 + len(content["dots"]["rows"]) > 2, "twelve months, the axis, a row of dots for each matter"
    assert re.findall(bars, page) == re.findall(bars, paper) == ["gov"] * len(content["ledger"]) != []
    for text in (page, paper):
        cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", text, re.DOTALL)]
        months = [f"{n}月" for n in range(1, 13)] + ["中位"] + [f"{n}.5" for n in range(1, 13)]
        at = cells.index("1月")
        assert cells[at:at + len(months)] == months
        assert ('class="n h4"' in text, 'class="n h0"' in text) == (True, True)
        at = cells.index(content["dots"]["rows"][0]["name"])
        assert cells[at + 2:at + 6] == ["2", "3.5", "4", "1"]


@pytest.mark.slow
def test_a_city_of_many_districts_fits_its_page_and_opens_its_tables_whole(actors, november, client_of, big_content):
    bulletins.freeze(november.pk, by=actors.director)
    Bulletin.objects.filter(pk=november.pk).update(content=big_content(november.pk))
    browser = client_of(actors.director)
    page = browser.get(reverse("agency:bulletin", args=[november.pk]))
    assert len(page.content) < 60_000
    assert "打开全部 20 行" in text_of(page)
    assert "打开全部 20 个区的颜色表" in text_of(page)
    sizes = {}
    for part in ("regions", "bodies", "sites"):
        whole = browser.get(reverse("agency:bulletin_part", args=[november.pk, part]))
        sizes[part] = len(whole.content)
        assert [row["name"] in text_of(whole) for row in whole.context["blocks"][part]["rows"]] == [True] * 20, part
    assert max(sizes.values()) < 60_000, sizes
    assert browser.get(reverse("agency:bulletin_part", args=[november.pk, "nothing"])).status_code == 404
    made = draft_pdf("bulletin", draft_context(Bulletin.objects.get(pk=november.pk)))
    assert len(PdfReader(io.BytesIO(made)).pages) == 4


def test_every_list_is_counted_in_what_it_holds():
    kinds = {one.kind: one.each for one in INDICATORS.values()}
    assert (kinds["case"], kinds["rating"], kinds["task"], kinds["slip"], kinds["acceptance"]) == ("件", "份", "份", "张", "项")


def test_the_heads_of_narrow_columns_break_in_their_middle():
    plain = [two_lines(name).replace('<span class="nb">', "").replace("</span>", "") for name in ("办结", "新受理", "平均用时", "按时办结率")]
    assert plain == ["办结", "新受理", "平均<br>用时", "按时<br>办结率"]
    assert kept_together("环比 −16.7 个百分点　同比 —") == '<bdi class="nb">环比 −16.7 个百分点</bdi>　<bdi class="nb">同比 —</bdi>'


def test_an_unknown_figure_is_not_found(actors, november, client_of):
    for group, row, key in (("total", 0, "nothing"), ("body", 999_999, "decided"), ("nowhere", 0, "decided")):
        assert client_of(actors.director).get(reverse("agency:figure", args=[november.pk, group, row, key])).status_code == 404


def test_the_pages_of_a_frozen_bulletin_cost_the_same_whatever_it_counts(actors, month, november, client_of):
    bulletins.freeze(november.pk, by=actors.director)
    browser = client_of(actors.director)
    urls = [reverse("agency:bulletins"), reverse("agency:bulletin", args=[november.pk]), f"{figure(november, 'late_rate')}?part=base"]
    numbers = []
    for url in urls:
        browser.get(url)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url)
        numbers.append(len(queries))
    assert max(numbers) <= 25, numbers


def test_the_director_sees_when_the_last_sweep_ran(actors, clock, client_of):
    browser, url = client_of(actors.director), reverse("agency:bulletins")
    clock.to(at("11-20 10:25"))
    assert browser.get(url).context["sweep"].words == "最近一次巡检：没有记录，请联系管理员"
    JobRun.objects.create(job="sweep_due", started_at=at("11-20 10:20"), finished_at=at("11-20 10:20"), touched=3)
    forget_all()  # it is kept for some seconds
    page = browser.get(url)
    assert (page.context["sweep"].words, page.context["sweep"].is_late) == ("最近一次巡检 10:20，正常", False)
    assert [(row.name, row.run.touched, row.words) for row in page.context["jobs"]] == [("到期提醒巡检", 3, "正常")]
    clock.to(at("11-20 10:51"))
    assert browser.get(url).context["sweep"].words == "最近一次巡检 10:20，已停 31 分钟，请联系管理员"


@pytest.mark.slow
def test_the_pdf_is_the_numbered_paper_on_four_pages_be_there_little_or_much_to_say(actors, november, client_of):
    bulletins.freeze(november.pk, by=actors.director)
    url = reverse("agency:bulletin_pdf", args=[november.pk])
    pages = {"draft": pages_of(client_of(actors.director).get(url))}
    word_all(november, actors.dispatcher)
    bulletins.send_to_check(november.pk, by=actors.director)
    bulletins.confirm(november.pk, by=actors.dispatcher)
    bulletins.publish(november.pk, by=actors.director)
    cache.clear()
    answer = client_of(actors.reviewer).get(url)
    content = b"".join(answer.streaming_content)
    assert (answer.status_code, answer["Content-Type"], content[:5]) == (200, "application/pdf", b"%PDF-")
    empty = bulletins.freeze(bulletins.open_bulletin(actors.centre, year=2026, month=9, by=actors.director).pk, by=None)
    Bulletin.objects.filter(pk=november.pk).update(paper=None)
    november.problems.update(cause="部门之间来回补件，" * 20, fix="按一次告知清单逐项核对，" * 16)
    for name, key in (("empty", empty.pk), ("long", november.pk)):
        pages[name] = pages_of(client_of(actors.director).get(reverse("agency:bulletin_pdf", args=[key])))
    assert pages | {"paper": len(PdfReader(io.BytesIO(content)).pages)} == dict.fromkeys(("draft", "empty", "long", "paper"), 4)
    assert client_of(actors.owner).get(url).status_code == 403
