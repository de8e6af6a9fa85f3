"""The style guide shows every component in every state, and pages keep the rules for markup."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django import forms
from django.template import Context, Template
from django.urls import reverse

ROOT = Path(__file__).resolve().parents[2]
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "rect", "path", "circle"}


class Balance(HTMLParser):
    """Finds elements that are closed in the wrong order."""

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append((tag, self.getpos()))


@pytest.fixture
def html(client, db):
    response = client.get(reverse("gaige:styleguide"))
    assert response.status_code == 200
    return response.content.decode()


def part(html, name):
    """Return the piece of the page that begins at an id, long enough to hold the component."""
    start = html.index(f'id="{name}"')
    return html[start : start + 12000]


def test_every_state_of_every_component_is_there(html):
    chips = part(html, "chips")
    assert '<span class="chip">已接件</span>' in chips
    assert '<span class="chip" data-c="act">部门办理中</span>' in chips
    assert '<span class="chip" data-c="warn">待补正</span>' in chips
    assert '<span class="chip" data-c="good">办结通过</span>' in chips
    assert '<span class="chip" data-c="bad">不予许可</span>' in chips
    assert '<span class="chip" data-c="none">特别程序(时限暂停)</span>' in chips
    assert '<span class="chip">不涉及</span>' in chips
    for colour, words in (
        ("", "未开始"),
        ("green", "剩 4 天"),
        ("yellow", "今日到期"),
        ("red", "超 2 天"),
        ("grey", "暂停 6 天"),
    ):
        assert f'<span class="light" data-l="{colour}"><span><b>{words}</b></span></span>' in part(html, "lights")
    for tone in ("", ' data-c="good"', ' data-c="warn"', ' data-c="bad"'):
        assert f'<div class="notice"{tone}' in part(html, "notices")
    for colour in ("", "yellow", "red", "grey"):
        assert f'<section class="waiting" data-l="{colour}"' in part(html, "waiting")
    for state in ("done", "now", "todo"):
        assert f'class="joint" data-s="{state}"' in part(html, "stages")
    assert 'class="chain num"' in html
    for css in ("gov", "ent", "spc", "mdl", "none"):
        assert f'<rect class="{css}"' in part(html, "ledger")
    assert '<div class="empty"><p><b>没有待办</b></p>' in html
    assert '<rect class="on" width="39.4" height="3"/>' in html
    for mark in ("data-miss", 'class="check slim"', "disabled", 'type="file"', "已有，免提交"):
        assert mark in part(html, "checklist")
    for kind in ('<li class="now">', '<li class="big">', "<li>"):
        assert kind in part(html, "timeline")
    for drawing in ('class="ln"', 'class="ln2"', 'class="late"', 'class="lim"', 'class="pbar"', 'class="today"'):
        assert drawing in html
    assert 'class="n h4"' in part(html, "heat")
    assert 'class="n h0"' in part(html, "heat")
    assert "样本不足" in part(html, "line")
    assert 'class="stick gap"' in html
    assert "已自动保存 09:42:18" in html


def test_a_paper_and_a_page_for_everyone_have_a_sheet_of_their_own(client, db):
    paper = client.get("/styleguide/?sheet=paper").content.decode()
    assert (
        '<p class="org">高平市行政审批服务管理局</p><p class="no">〔2026〕高审受字第000318号</p><h1>受理通知书</h1>'
        in paper
    )
    assert "<p>2026年11月9日</p>" in paper
    assert '验真码 <b class="code">3F9K-Q2T7</b>' in paper
    public = client.get("/styleguide/?sheet=public").content
    assert b"<script" not in public
    assert "到了报建开工阶段，正在等人防部门答复联审意见。" in public.decode()
    assert "李航" not in public.decode()
    names = ("tokens", "base", "layout", "components", "print")
    assert len(public) + sum((ROOT / "static" / "css" / f"{name}.css").stat().st_size for name in names) <= 50_000


def test_a_button_that_cannot_be_pressed_stays_with_its_reason(html):
    assert (
        '<button type="button" class="btn" aria-disabled="true" title="还缺 2 件：施工合同、保函" data-key="F2">受理 '
        '<kbd>F2</kbd><span class="vh">，现在不能按：还缺 2 件：施工合同、保函</span></button>'
        '<span class="why" aria-hidden="true">还缺 2 件：施工合同、保函</span>'
    ) in html


def test_fields_tie_hint_and_error_to_the_control(html):
    class Asked(forms.Form):
        seal = forms.CharField(label="印章编码")

    hinted = Template('{% load ui_fields %}{% field form.seal hint="从印章上抄" %}').render(Context({"form": Asked()}))
    assert ('aria-describedby="id_seal_helptext"' in hinted, 'id="id_seal_helptext">从印章上抄<' in hinted) == (True, True)
    fields = part(html, "fields")
    assert '<label for="id_s-code">项目代码</label>' in fields
    assert 'aria-describedby="id_s-code_helptext"' in fields
    assert '<p class="hint" id="id_s-code_helptext">24 位，粘贴时带不带横线都可以。</p>' in fields
    assert 'type="date" name="s-start" value="2026-11-20"' in fields
    assert '<span class="seg big">' in fields
    assert '<span class="need">选填</span>' in fields
    wrong = html[html.index("<h2>字段有错</h2>") :]
    assert 'aria-describedby="id_wrong-code_helptext id_wrong-code_error"' in wrong
    assert 'aria-invalid="true"' in wrong
    assert '<div class="err" id="id_wrong-code_error"><p>校验位不对，末位应为 5。请核对后重输。</p></div>' in wrong
    assert '<li><a href="#id_wrong-code">项目代码</a>：校验位不对，末位应为 5。请核对后重输。</li>' in wrong
    assert re.search('<div class="notice" data-c="bad" role="alert"[^>]*><p>请改好下面 [0-9]+ 处', wrong), "said aloud at once"


def test_no_light_and_no_chip_means_something_by_its_colour_alone(html):
    """GB/T 37668: whatever has a colour says in words what the colour means, and different words where it differs."""
    for shown in (r'<span class="light" data-l="([^"]*)">(.*?)</span></span>', r'<span class="chip"(?: data-c="([^"]*)")?>(.*?)</span>'):
        found = re.findall(shown, html)
        words = [(colour, re.sub("<[^>]+>", "", text).strip()) for colour, text in found]
        assert len({colour for colour, _ in words}) > 3
        assert [colour for colour, text in words if not text] == []


def test_the_page_keeps_the_rules_for_markup(html):
    balance = Balance()
    balance.feed(html)
    assert (balance.wrong, balance.open) == ([], [])
    assert sorted({name for name in balance.ids if balance.ids.count(name) > 1}) == []
    assert html.count("<h1>") == 1
    assert '<html lang="zh-CN">' in html
    assert '<a class="skip btn" href="#main">' in html
    assert re.findall(r"<[^>]+\sstyle=|<style|<script(?! type=\"module\" src=)|\son\w+=", html) == []
    assert re.findall(r"[一-鿿，。；]\n[一-鿿]", html) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("templates/**/*.html")), ids=lambda path: str(path.name))
def test_no_template_carries_style_or_script(path):
    source = re.sub(r"{% comment %}.*?{% endcomment %}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert (
        re.findall(r"<[^>]+\sstyle=|<style|<script(?! (?:type=\"module\" )?src=)|\son(?:click|change|submit|load)=", source)
        == []
    )
    assert re.findall(r"[一-鿿，。；：、]\n\s*[一-鿿]", source) == [], (
        "a line break between Chinese characters shows a gap"
    )


def test_the_type_size_is_remembered_and_goes_back_only_inside(client, db):
    answer = client.get(reverse("gaige:type_size", args=["large"]), {"next": "/styleguide/?a=1"})
    assert (answer.status_code, answer["Location"]) == (302, "/styleguide/?a=1")
    assert '<html lang="zh-CN" data-type="large">' in client.get("/styleguide/").content.decode()
    answer = client.get(reverse("gaige:type_size", args=["normal"]), {"next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"
    assert '<html lang="zh-CN">' in client.get("/styleguide/").content.decode()
    assert client.get("/type-size/huge/").status_code == 404


def test_a_public_page_carries_little():
    """HTML and CSS of a public page stay within 50 KB: the style has at most half of that, and there is no script."""
    names = ("tokens", "base", "layout", "components", "print")
    assert sum((ROOT / "static" / "css" / f"{name}.css").stat().st_size for name in names) <= 25_000
    source = (ROOT / "templates" / "base_public.html").read_text(encoding="utf-8")
    assert "script" not in source.split("{% endcomment %}")[1]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("403.html", {"reason": "只有首席代表可以作出决定。"}, "只有首席代表可以作出决定。"),
        ("404.html", {}, "没有这一页"),
        ("409.html", {"message": "王敏 10:42 已受理本件，请刷新后再看。"}, "王敏 10:42 已受理本件，请刷新后再看。"),
        ("500.html", {"error_id": "7F3K"}, "7F3K"),
    ],
)
def test_error_pages_say_what_happened(rf, name, data, words):
    from django.template.loader import render_to_string

    html = render_to_string(name, data, request=None if name == "500.html" else rf.get("/x/"))
    assert words in html
    assert html.count("<h1>") == 1
    balance = Balance()
    balance.feed(html)
    assert (balance.wrong, balance.open) == ([], [])
