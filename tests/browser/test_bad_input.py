"""Bad input gets a clear Chinese sentence in the browser, and nothing that was typed is lost."""

import re

import pytest

from tests.browser.pages import attachment

pytestmark = pytest.mark.browser

FIRST, SECOND = "2208-340321-04-03-719608", "2208-341126-07-02-407884"


@pytest.fixture(scope="module")
def project(live_portal):
    """A planned project of the enterprise, for all tests of this module."""
    return live_portal.python(
        "from tests.browser import steps\nresult = steps.project_of_owner(number, '光伏支架生产厂房')", number=FIRST,
    )


def register(visitor, **values):
    visitor.page.goto("/projects/new/")
    visitor.fill(**{"name": "新建厂房", "address": "铸造园 11 号", **values})
    visitor.choose("investment", "social")
    visitor.press("登记，下一步")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("code", "2603-140581-89-05-163264", "校验位"),
        ("code", "2613-140581-89-05-163265", "月份“13”不对"),
        ("owner_uscc", "91310000631295002H", "第 9 至 17 位"),
    ],
)
def test_a_wrong_number_is_told_beside_its_field_and_the_rest_stays(live_portal, visit, name, value, sentence):
    owner = visit("owner")
    register(owner, **{name: value})
    field = owner.page.locator(f"[name={name}]")
    assert sentence in field.locator("xpath=..").inner_text()
    assert field.get_attribute("aria-invalid") == "true"
    assert owner.page.evaluate("document.activeElement.name") == name
    assert (field.input_value(), owner.page.input_value("[name=address]")) == (value, "铸造园 11 号")


def test_a_code_that_is_taken_leads_to_its_project_for_those_who_may_see_it(project, visit):
    owner, stranger = visit("owner"), visit("owner2")
    full_width = FIRST.translate({ord(str(n)): 0xFF10 + n for n in range(10)}).replace("-", "–")
    register(owner, code=full_width)
    owner.says(f"{FIRST} 已登记为“光伏支架生产厂房”")
    owner.click(owner.page.get_by_role("link", name="打开该项目"))
    assert owner.path == f"/projects/{project}/"
    register(stranger, code=FIRST)
    stranger.says(f"{FIRST} 已被登记")
    assert "光伏支架生产厂房" not in stranger.page.inner_text("body")
    answer = stranger.page.goto(f"/projects/{project}/")
    assert answer.status == 404
    stranger.check()
    stranger.says("没有这一页")


def test_a_form_survives_the_end_of_its_session(live_portal, visit):
    owner = visit("owner")
    owner.page.goto("/projects/new/")
    owner.fill(code=SECOND, name="热电偶生产线厂房", address="铸造园 12 号")
    owner.choose("investment", "social")
    key = next(cookie["value"] for cookie in owner.context.cookies() if cookie["name"] == "sessionid")
    live_portal.rows("delete from django_session where session_key = %s", key)
    owner.page.get_by_role("button", name="登记，下一步").click()
    owner.page.wait_for_url("**/login/**")
    owner.says("登录后回到刚才的页面，已填的内容还在本机")
    owner.fill(username="owner", password="gaige-demo")
    owner.page.get_by_role("button", name="登录").click()
    owner.page.wait_for_url("**/projects/new/")
    owner.says("已恢复")
    kept = {name: owner.page.input_value(f"[name={name}]") for name in ("code", "name", "address")}
    assert kept == {"code": SECOND, "name": "热电偶生产线厂房", "address": "铸造园 12 号"}
    assert owner.page.is_checked("[name=investment][value=social]")
    owner.press("登记，下一步")
    assert re.fullmatch(r"/projects/\d+/enrol/", owner.path)
    owner.page.goto("/projects/new/")  # it arrived: the draft is gone
    assert owner.page.input_value("[name=name]") == ""


def test_a_form_posted_twice_acts_once(live_portal, project, visit):
    owner = visit("owner")
    owner.page.goto(f"/projects/{project}/apply/")
    owner.page.check("[name=matters][value=ent-filing]")
    form = owner.page.eval_on_selector("main form", "form => Object.fromEntries(new FormData(form))")
    answers = [
        owner.context.request.post(f"/projects/{project}/apply/", form=form, headers={"Referer": owner.page.url})
        for _ in range(2)
    ]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].url == answers[1].url
    opened = live_portal.rows("select count(*) from packages_application where project_id = %s", project)
    assert opened[0]["count"] == 1
    owner.page.goto(answers[0].url)
    owner.press("取消申报")
    owner.press("取消申报", exact=True)


def test_a_file_that_cannot_be_taken_is_refused_by_name_and_the_line_stays(project, visit):
    owner = visit("owner")
    owner.page.goto(f"/projects/{project}/apply/")
    owner.page.check("[name=matters][value=util-joint]")
    owner.press("开始申报")
    whole = attachment("材料")["buffer"]
    for given, sentence in (
        ({"name": "空.pdf", "mimeType": "application/pdf", "buffer": b""}, "“空.pdf”是空文件"),
        ({"name": "程序.exe", "mimeType": "application/pdf", "buffer": b"MZ" * 40}, "“程序.exe”的类型不在可收的范围内"),
        ({"name": "照片.pdf", "mimeType": "application/pdf", "buffer": b"\x89PNG\r\n\x1a\n" + b"0" * 99}, "“照片.pdf”的内容不是"),
        ({"name": "半截.pdf", "mimeType": "application/pdf", "buffer": whole[: len(whole) // 2]}, "“半截.pdf”"),
    ):
        line = owner.page.locator("li.mat[data-miss]").first
        line.locator("[name=uploaded]").set_input_files(given)
        owner.follow(line.locator("button[value=uploaded]").click)
        error = owner.page.get_by_role("alert").first.inner_text()
        assert sentence in error
        assert "没有保存" in error
    owner.check(phone=True)


def test_two_clerks_at_once_one_wins_and_the_other_sees_who_and_when(live_portal, project, visit):
    live_portal.python(
        "from tests.browser import steps\n"
        "steps.close_outside(project, ['agency-design'], by='clerk')\n"
        "result = steps.application_at_the_window(project, ['design-scheme'])", project=project,
    )
    (row,) = live_portal.rows("select max(id) from packages_application where project_id = %s", project)
    one, other = visit("clerk"), visit("clerk2")
    for clerk in (one, other):
        clerk.page.goto(f"/applications/{row['max']}/")
    one.press("受理", within=one.page.locator("main"), exact=True)
    one.says("已受理，受理通知书已出具")
    other.press("受理", within=other.page.locator("main"), exact=True)
    assert re.search(r"王敏 \d\d:\d\d 受理", other.page.inner_text("main"))
    accepted = live_portal.rows(
        "select count(*) from projects_event where summary = '受理：建设工程设计方案审查' and project_id = %s", project
    )
    assert accepted[0]["count"] == 1


def test_a_step_out_of_order_says_what_comes_first(project, visit):
    clerk = visit("clerk")
    clerk.open(f"/projects/{project}/apply/")
    permit = clerk.page.locator("input[aria-label^=建筑工程施工许可证核发]")
    assert permit.is_disabled()
    assert "建设工程规划许可证核发" in permit.locator("xpath=..").inner_text()
