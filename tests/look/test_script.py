"""The one script adds keys, drafts and care about pressing twice; what was typed survives a lost session."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string

from gaige import styleguide
from tests.browser.looking import by_tab

pytestmark = pytest.mark.browser

STATIC = Path(__file__).resolve().parents[2] / "static"

PAGE = """<!doctype html><html lang="zh-CN"><head><title>样张</title>
<script type="module" src="/static/js/gaige.js"></script></head><body class="office" data-user="{user}" {more}>
<form class="find" action="/found/"><input name="q" aria-label="查找"></form>
{content}</body></html>"""
FORM = """<form id="f" method="post" action="/sent/" data-draft="opinion-7"><span data-saved></span>
<input type="hidden" name="csrfmiddlewaretoken" value="t"><label>说明 <textarea name="note"></textarea></label>
<label>证件号 <input type="text" name="id" data-nodraft></label><label>同意 <input type="radio" name="v" value="yes"></label>
<label>不同意 <input type="radio" name="v" value="no"></label><button data-key="F2">提交</button></form>"""
DESK = """<table class="table desk"><tbody><tr><td><a href="/one/">一</a></td><td><a href="/one/nudge/" data-row-key="C">催办</a></td></tr>
<tr><td><a href="/two/">二</a></td><td><a href="/two/nudge/" data-row-key="C">催办</a></td></tr></tbody></table>
<a href="/new/" data-key="N">新接件</a>"""
SIGN_OUT = '<form method="post" action="/out/" data-signout><button>退出</button></form>'
CONFIRM = '<form method="post" action="/done/"><button data-confirm="签发后不能改，现在签发吗？">签发</button></form>'


@pytest.fixture(scope="session")
def browser_context_args():
    """These pages need no portal: the test answers every request itself."""
    return {"base_url": "http://gaige.test", "locale": "zh-CN", "timezone_id": "Asia/Shanghai"}


@pytest.fixture
def site(page):
    """Serve made-up pages; return them by path, and the requests that came."""
    pages, seen = {}, []

    def answer(route):
        path = route.request.url.removeprefix("http://gaige.test")
        if path.startswith("/static/"):
            return route.fulfill(path=STATIC.parent / path.lstrip("/"))
        seen.append((route.request.method, path))
        body = pages.get(path.split("?")[0], PAGE.format(user="5", more="", content="别的页面"))
        return route.fulfill(body=body, content_type="text/html; charset=utf-8")

    page.route("**/*", answer)
    return pages, seen


def put(site, path, content, user="5", more=""):
    site[0][path] = PAGE.format(user=user, more=more, content=content)


def saved(page):
    page.wait_for_function("document.querySelector('[data-saved]').textContent.startsWith('已自动保存 ')")


def test_text_is_still_there_after_the_session_ended_and_signing_in_again(page, site):
    put(site, "/form/", FORM)
    put(site, "/sent/", "登录", user="", more='data-page="login"')
    page.goto("/form/")
    page.fill("[name=note]", "口部防护密闭门净宽不满足")
    page.fill("[name=id]", "140581199001011234")
    page.check("[value=no]")
    saved(page)
    page.press("[name=note]", "F2")
    page.wait_for_url("**/sent/")
    page.goto("/form/")
    assert page.input_value("[name=note]") == "口部防护密闭门净宽不满足"
    assert page.is_checked("[value=no]")
    assert page.input_value("[name=id]") == ""
    assert "已恢复" in page.inner_text(".notice")
    page.click("text=不要，用原来的")
    assert page.input_value("[name=note]") == ""
    assert not page.is_checked("[value=no]")


def test_a_draft_goes_when_the_form_has_arrived(page, site):
    put(site, "/form/", FORM)
    page.goto("/form/")
    page.fill("[name=note]", "同意")
    saved(page)
    page.click("text=提交")
    page.wait_for_url("**/sent/")
    page.goto("/form/")
    assert page.input_value("[name=note]") == ""


@pytest.mark.parametrize("user", ["5", ""])
def test_a_draft_goes_though_the_same_form_stands_on_the_page_that_thanks(page, site, user):
    """A line of a log, a rating without an account: the form is there again, empty."""
    put(site, "/form/", FORM, user=user)
    put(site, "/sent/", '<div class="notices"><div class="notice" data-c="good">已保存</div></div>' + FORM, user=user)
    page.goto("/form/")
    page.fill("[name=note]", "电话问过")
    saved(page)
    page.click("text=提交")
    page.wait_for_url("**/sent/")
    assert page.input_value("[name=note]") == ""
    page.goto("/form/")
    assert (page.input_value("[name=note]"), page.locator(".notice").count()) == ("", 0)


def test_a_draft_stays_when_the_answer_was_an_error(page, site):
    put(site, "/form/", FORM)
    put(site, "/sent/", "没有保存", more="data-keep")
    page.goto("/form/")
    page.fill("[name=note]", "写了很久")
    page.click("text=提交")
    page.wait_for_url("**/sent/")
    page.goto("/form/")
    assert page.input_value("[name=note]") == "写了很久"


def test_another_person_does_not_see_the_draft_and_signing_out_forgets_it(page, site):
    put(site, "/form/", FORM + SIGN_OUT)
    page.goto("/form/")
    page.fill("[name=note]", "甲写的")
    saved(page)
    put(site, "/form/", FORM + SIGN_OUT, user="6")
    page.goto("/form/")
    assert page.input_value("[name=note]") == ""
    put(site, "/form/", FORM + SIGN_OUT)
    page.goto("/form/")
    assert page.input_value("[name=note]") == "甲写的"
    page.click("text=退出")
    page.wait_for_url("**/out/")
    page.goto("/form/")
    assert page.input_value("[name=note]") == ""


def test_a_form_is_sent_once_however_often_it_is_pressed(page, site):
    put(site, "/form/", FORM)
    page.goto("/form/")
    page.evaluate("() => { const b = document.querySelector('#f button'); b.click(); b.click(); b.click(); }")
    page.wait_for_url("**/sent/")
    assert [entry for entry in site[1] if entry[1] == "/sent/"] == [("POST", "/sent/")]


def test_keys_find_select_open_and_press(page, site):
    put(site, "/desk/", DESK)
    page.goto("/desk/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type("n")
    assert page.input_value("[name=q]") == "n"
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator("tr[aria-selected=true]").inner_text().startswith("二")
    page.keyboard.press("c")
    page.wait_for_url("**/two/nudge/")
    page.goto("/desk/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/one/")
    page.goto("/desk/")
    page.keyboard.press("n")
    page.wait_for_url("**/new/")


def test_the_list_of_keys_is_a_dialog_of_the_page(page, site):
    put(site, "/desk/", DESK)
    page.goto("/desk/")
    page.keyboard.press("?")
    assert page.inner_text("dialog dl").split() == [
        "/",
        "查找",
        "↑",
        "↓",
        "J",
        "K",
        "选行",
        "Enter",
        "打开",
        "C",
        "催办",
        "N",
        "新接件",
    ]
    page.click("dialog >> text=关闭")
    page.wait_for_selector("dialog", state="detached")


def test_a_question_is_asked_in_the_page_and_no_means_no(page, site):
    put(site, "/sign/", CONFIRM)
    page.goto("/sign/")
    page.click("text=签发")
    assert page.inner_text("dialog h2") == "签发后不能改，现在签发吗？"
    page.click("text=不，返回")
    assert page.url == "http://gaige.test/sign/"
    page.click("text=签发")
    page.click("dialog >> text=签发 >> nth=-1")
    page.wait_for_url("**/done/")
    assert site[1].count(("POST", "/done/")) == 1


@pytest.mark.parametrize(("width", "size"), [(1366, ""), (360, ""), (360, "large"), (1366, "large")])
@pytest.mark.parametrize("sheet", sorted(styleguide.SHEETS))
def test_the_style_guide_fits_any_screen_and_has_no_barrier(page, site, rf, width, size, sheet):
    request = rf.get("/styleguide/")
    request.COOKIES["type_size"] = size
    site[0]["/styleguide/"] = render_to_string(styleguide.SHEETS[sheet], styleguide.context(), request=request)
    page.set_viewport_size({"width": width, "height": 800})
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto("/styleguide/")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []
    if (width, size) == (1366, ""):
        by_tab(page)
    assert wrong == []


def test_what_was_pressed_without_a_connection_is_sent_once_when_it_is_back(page, site):
    put(site, "/form/", FORM)
    page.goto("/form/")
    page.fill("textarea", "通道宽度不足")
    page.context.set_offline(True)
    page.click("form button[data-key]")
    page.wait_for_selector("text=连上后自动提交")
    assert ("POST", "/sent/") not in site[1]
    site[0]["/form/"] = PAGE.format(user="6", more="", content=FORM)  # somebody else has signed in meanwhile
    page.context.set_offline(False)
    page.wait_for_selector("text=登录已失效，还没有提交")
    assert page.get_attribute("a:has-text('重新登录')", "href") == "/login/?next=%2Fform%2F"
    put(site, "/form/", FORM.replace('value="t"', 'value="fresh"'))
    with page.expect_request("**/sent/") as sent:
        page.evaluate("window.dispatchEvent(new Event('focus'))")
    assert "fresh" in sent.value.post_data
    page.wait_for_url("**/sent/")
    assert site[1].count(("POST", "/sent/")) == 1


def test_somebody_may_take_a_waiting_form_back(page, site):
    put(site, "/form/", FORM)
    page.goto("/form/")
    page.context.set_offline(True)
    page.click("form button[data-key]")
    page.click("text=不要自动提交")
    page.context.set_offline(False)
    page.wait_for_timeout(300)
    assert page.locator("[data-unsent]").count() == 0
    assert ("POST", "/sent/") not in site[1]
