"""A component says exactly what its data say: cells, words, bold parts, links; text from people is escaped."""

import re
from datetime import UTC, date, datetime

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.paginator import Paginator
from django.template import Context, Template

from gaige.templatetags import charts, dates, ui
from packages.forms import KeyedRadios
from packages.planning import flow
from projects import timing

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _friday():
    with timing.travel(NOON):
        yield


def show(source, request=None, **data):
    context = Context(data)
    if request is not None:
        context["request"] = request
    return Template("{% load ui charts %}" + source).render(context).strip()


@pytest.mark.parametrize(
    ("colour", "used", "limit", "cells"),
    [
        ("none", 0, 3, ["", "", ""]),
        ("green", 1, 3, ["u", "", ""]),
        ("green", 3, 3, ["u", "u", "u"]),
        ("yellow", 2, 3, ["y", "y", ""]),
        ("red", 5, 3, ["f", "f", "f", "o", "o"]),
        ("grey", 1, 3, ["u", "p", "p"]),
        ("grey", 0, 2, ["p", "p"]),
    ],
)
def test_a_cell_of_the_clock_is_a_working_day(colour, used, limit, cells):
    drawn = "".join(
        f'<rect x="{11 * n}.5" y=".5" width="8" height="7"' + (f' class="{kind}"/>' if kind else "/>")
        for n, kind in enumerate(cells)
    )
    width = 11 * len(cells) - 2
    assert ui.days_svg(colour, used, limit) == (
        f'<svg class="days" width="{width}" height="8" viewBox="0 0 {width} 8" aria-hidden="true">{drawn}</svg>'
    )


def test_above_fifteen_days_a_clock_is_one_bar():
    assert ui.days_svg("green", 5, 20) == (
        '<svg class="days" width="164" height="8" viewBox="0 0 164 8" aria-hidden="true">'
        '<rect x="0.5" y=".5" width="163" height="7"/><rect x="0.5" y=".5" width="40.8" height="7" class="u"/></svg>'
    )
    assert ui.days_svg("green", 0, 15).count("<rect") == 15
    assert ui.days_svg("red", 16, 14).count("<rect") == 3
    assert ui.days_svg("green", 0, 0) == ""


def test_the_clock_tells_its_legal_limit_and_a_provisional_date():
    data = {
        "light": "green",
        "words": "剩 12 天",
        "used": 3,
        "limit": 15,
        "due_on": date(2027, 1, 6),
        "provisional": True,
        "statutory_limit": 20,
    }
    shown = ui.clock(data, due=True)
    assert 'title="法定时限 20 个工作日，2027年1月6日到期，暂按法定节假日推算"' in shown
    assert '<small class="mute">2027年1月6日到期，暂按法定节假日推算</small>' in shown
    assert ui.clock({"limit": 0, "used": 0}, inline=True) == '<span class="soft">即办</span>'
    assert ui.clock(None) == '<span class="mute">—</span>'


def test_dates_and_numbers_are_written_one_way():
    moment = datetime(2026, 11, 19, 17, 5, 9, tzinfo=UTC)
    assert [dates.day(moment), dates.day_cn(moment), dates.day_full(moment)] == ["11-20", "11月20日", "2026年11月20日"]
    assert [dates.moment(moment), dates.clock_time(moment)] == ["11-20 01:05", "01:05:09"]
    assert [dates.day(date(2025, 3, 4)), dates.day_cn(date(2025, 3, 4))] == ["2025-03-04", "2025年3月4日"]
    assert [dates.day(None), dates.day(""), dates.day("今天")] == ["—", "—", "今天"]
    assert [dates.number(n) for n in (1284, 3.60, 98.25, None, 0, "样本不足")] == [
        "1,284", "3.6", "98.25", "—", "0", "样本不足",
    ]  # fmt: skip
    assert [dates.number(6.0, 1), dates.number(6)] == ["6.0", "6"]
    assert [dates.dash(n) for n in (0, "附图", "", None)] == [0, "附图", dates.NIL, dates.NIL]
    assert dates.now_line() == "11月20日 周五 12:00"


def test_the_waiting_sentence_is_bold_where_it_matters_and_escaped():
    data = {
        "who": "人防办",
        "person": "李<航",
        "what": "联审意见",
        "sentence": "正在等 人防办 李<航 答复 联审意见，已 6 个工作日，今天 17:30 到期。",
        "public_sentence": "正在等人防部门答复联审意见。",
        "light": "yellow",
        "since": date(2026, 11, 12),
        "days": 6,
        "limit": 6,
        "due_on": date(2026, 11, 20),
        "auto": "转首席代表，发督办单",
    }
    other = {"sentence": "正在等 企业 确认接入方案，已 1 天。", "public_sentence": "正在等企业确认接入方案。"}
    assert show("{% waiting data %}", data=[data, other]) == (
        '<section class="waiting" data-l="yellow" aria-label="在等谁"><p>正在等 <b>人防办 李&lt;航</b> 答复 <b>联审意见</b>，'
        "已 6 个工作日，<b>今天 17:30 到期</b>。</p><dl><div><dt>从何时</dt><dd>11月12日</dd></div>"
        "<div><dt>限几日</dt><dd>6 个工作日，11月20日到期</dd></div><div><dt>到期自动</dt><dd>转首席代表，发督办单</dd></div>"
        "<div><dt>同时在等</dt><dd>企业 确认接入方案，已 1 天</dd></div></dl></section>"
    )
    public = show("{% waiting data public=True %}", data=data)
    assert "李" not in public
    assert "<dt>已等</dt><dd>6 个工作日，11月20日到期</dd>" in public
    assert show("{% waiting data public=True answers=said label='到哪一步' %}", data=[data, other], said=[("在等谁", "人防部门")]) == (
        '<section class="waiting" data-l="yellow" aria-label="到哪一步"><dl class="col"><div><dt>在等谁</dt><dd>人防部门</dd></div>'
        "<div><dt>到期后</dt><dd>转首席代表，发督办单</dd></div>"
        "<div><dt>同时在等</dt><dd>企业确认接入方案</dd></div></dl></section>"
    ), "what the answers say is not said again"
    assert show("{% waiting data %}", data=None) == ""


def test_the_ledger_keeps_its_order_and_leaves_zero_to_the_legend():
    shown = show("{% ledger data %}", data={"government": 30, "applicant": 0, "intermediary": 10})
    assert '<rect class="gov" x="0.0" y="0" width="748.5" height="28"/><rect class="mdl" x="750.5"' in shown
    assert 'class="ent" x=' not in shown
    assert shown.index('<li class="gov">政府 <b>30</b> 天') < shown.index('<li class="ent">企业 <b>0</b> 天')
    assert 'aria-label="时间账：政府 30 个工作日，中介 10 个工作日，共 40 个工作日"' in shown


def test_tabs_are_red_only_when_something_is_late():
    items = [
        {"label": "已超时", "count": 0, "url": "?a", "bad": True},
        {"label": "已超时", "count": 2, "url": "?b", "bad": True},
    ]
    shown = show("{% tabs items %}", items=items)
    assert '<a href="?a"><b>0</b>已超时</a><a href="?b" class="bad"><b>2</b>已超时</a>' in shown


def test_sorting_and_paging_keep_the_filter(rf):
    request = rf.get("/desk/", {"q": "污水", "page": "2", "sort": "due"})
    assert show('{% sort_th "到期" "due" numeric=True %}', request) == (
        '<th scope="col" class="n" aria-sort="ascending"><a class="sort" href="?q=%E6%B1%A1%E6%B0%B4&amp;sort=-due">到期 ↑</a></th>'
    )
    assert 'href="?q=%E6%B1%A1%E6%B0%B4&amp;sort=name"' in show('{% sort_th "项目" "name" %}', request)
    page = Paginator(range(53), 11).page(2)
    shown = show("{% pager page %}", request, page=page)
    assert "<span>53 件中的 12–22</span>" in shown
    assert "第 2 页，共 5 页" in shown
    assert 'href="?q=%E6%B1%A1%E6%B0%B4&amp;sort=due&amp;page=3" rel="next"' in shown
    assert show("{% export_links %}", request) == (
        '<a class="noprint" href="?q=%E6%B1%A1%E6%B0%B4&amp;sort=due&amp;export=csv">导出</a>'
    )


def test_an_action_is_a_link_a_form_or_a_submit_button():
    assert show('{% action None "受理" url="/a/" key="F2" primary=True %}') == (
        '<a class="btn btn-1" href="/a/" data-key="F2">受理 <kbd>F2</kbd></a>'
    )
    assert show('{% action ok "保存" name="go" %}', ok=True) == '<button class="btn" name="go" value="1">保存</button>'
    shown = show('{% action ok "签发" url="/s/" post=True confirm="现在签发吗？" %}', ok=True, csrf_token="abc")
    assert shown == (
        '<form method="post" action="/s/"><input type="hidden" name="csrfmiddlewaretoken" value="abc">'
        '<button class="btn" data-confirm="现在签发吗？">签发</button></form>'
    )
    assert show('{% action ok "受理" url="/a/" primary=True %}', ok={"ok": False, "reason": "缺<2>件"}) == (
        '<span class="held"><button type="button" class="btn" aria-disabled="true" title="缺&lt;2&gt;件">受理'
        '<span class="vh">，现在不能按：缺&lt;2&gt;件</span></button>'
        '<span class="why" aria-hidden="true">缺&lt;2&gt;件</span></span>'
    )


class Asked(forms.Form):
    code = forms.CharField(label="代码", required=False, widget=forms.TextInput(attrs={"autofocus": True}))
    verdict = forms.ChoiceField(label="意见", choices=[("yes", "同意"), ("no", "不同意")], widget=KeyedRadios(then="reason"))
    reason = forms.CharField(label="理由")


@pytest.mark.parametrize(("method", "data", "cursor", "links"), [
    ("get", None, "id_code", []),
    ("get", {}, "id_code", ["#id_verdict_0", "#id_reason"]),
    ("post", {"code": "1"}, "id_verdict_0", ["#id_verdict_0", "#id_reason"]),
    ("post", {"verdict": "yes"}, "id_reason", ["#id_reason"]),
])
def test_the_cursor_stands_in_the_first_wrong_field_of_a_refused_form(rf, method, data, cursor, links):
    shown = show("{% form_errors form %}{% fields form %}", getattr(rf, method)("/"), form=Asked(data))
    inputs = [tag for tag in re.findall("<input[^>]*>", shown) if " autofocus" in tag]
    assert [re.search(' id="([^"]+)"', tag)[1] for tag in inputs] == [cursor]
    assert re.findall(r'<li><a href="([^"]+)"', shown) == links
    assert '<span>不同意 <kbd aria-hidden="true">2</kbd></span>' in shown


def test_what_people_wrote_is_escaped_everywhere():
    bad = "<script>alert(1)</script>"
    shown = show(
        "{% chip bad %}{% light 'red' bad %}{% facts pairs %}{% timeline entries %}{% empty bad bad %}"
        "{% sheet bad note=bad %}x{% endsheet %}{% notice %}{{ bad }}{% endnotice %}{% page_head bad bad %}{% endpage_head %}"
        "{% checklist rows %}{% flow_chart plan %}{% line_chart points %}{% heat_table bad columns heat %}",
        bad=bad,
        pairs=[(bad, bad)],
        entries=[{"on": date(2026, 1, 1), "title": bad, "text": bad, "who": bad}],
        rows=[{"name": bad, "ground": bad, "there": bad, "state": "miss", "todo": bad}],
        plan={"columns": [{"label": bad}], "lanes": [bad], "nodes": [{"id": 1, "title": bad, "column": 0, "lane": 0}]},
        points=[(bad, 1), (bad, 2)],
        columns=[bad],
        heat=[{"name": bad, "cells": [(1, bad)]}],
    )
    assert "<script" not in shown


def test_an_axis_begins_at_zero_and_ends_on_a_round_figure():
    assert charts.nice_scale(8.3) == (2.0, 10.0)
    assert charts.nice_scale(4) == (1.0, 4.0)
    assert charts.nice_scale(186) == (50.0, 200.0)
    assert charts.nice_scale(0) == (1.0, 5.0)


def test_heat_has_four_steps():
    assert [charts.heat_step(n, 7) for n in range(8)] == [0, 1, 2, 2, 3, 3, 4, 4]


def test_a_late_case_is_a_diamond_and_the_limit_a_stroke():
    shown = charts.dots([2, 2, 9], 7, 10)
    assert (shown.count("h0"), shown.count("l5 5-5 5-5-5z"), shown.count('class="lim"')) == (2, 1, 1)


def test_a_long_title_is_cut_between_words():
    assert flow.lines_of("施工图联合审查") == ["施工图", "联合审查"]
    assert flow.lines_of("建设工程规划许可证核发") == ["建设工程规划", "许可证核发"]
    assert flow.lines_of("应建防空地下室的民用建筑项目报建审批") == ["应建防空地下", "室的民用建…"]
    assert flow.lines_of("应建防空地下室的民用建筑项目报建审批", 10, 4) == ["应建防空地下室的", "民用建筑项目报建审批"]
    assert flow.lines_of("投资项目统一代码赋码（“一项一码”）", 10, 4) == ["投资项目统一代码赋码", "（“一项一码”）"]


def test_lines_of_the_flow_chart_run_in_the_gaps():
    plan = {
        "columns": [{"label": str(n)} for n in range(3)],
        "lanes": ["甲", "乙"],
        "nodes": [
            {"id": "a", "title": "一", "column": 0, "lane": 0},
            {"id": "b", "title": "二", "column": 1, "lane": 0},
            {"id": "c", "title": "三", "column": 2, "lane": 1},
        ],
        "edges": [("a", "b", True), ("a", "c", False), ("a", "missing", False)],
    }
    shown = charts.flow_chart(plan)
    assert shown.count('class="ed crit"') == 1
    assert shown.count('class="ed"') == 1
    assert 'viewBox="0 0 481 250"' in shown


def test_a_form_that_was_refused_says_that_the_chosen_files_are_to_be_chosen_again(rf):
    class Answer(forms.Form):
        answer = forms.CharField(label="答复")
        photo = forms.FileField(label="照片", required=False)

    lost = "选好的文件没有留下，请重新选一次。"
    sent = {"photo": SimpleUploadedFile("照片.jpg", b"x")}
    said = [show("{% form_errors form %}", rf.post("/"), form=Answer({}, files)) for files in (sent, {})]
    assert [lost in one for one in said] == [True, False]
