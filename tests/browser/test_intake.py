"""The clerk's 90 seconds: a six-matter application from the scan to the receipt by keys alone; nothing is lost on the way."""

import re
import statistics
import time

import pytest

from tests import factories
from tests.browser.looking import PHONE, keeps
from tests.browser.pages import attachment

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRST, SECOND = "2611-140581-89-02-700113", "2611-140581-89-02-700068"
#: A step of a person: what the server may take for it, in the middle and at worst (milliseconds).
USUAL, WORST = 700, 3000


#: What the bare health page takes on a machine that has nothing else to do (milliseconds).
BARE = 40


def slowness(page):
    """How many times slower than an idle machine this one is right now: a bare page asked again and again."""
    took = []
    for _ in range(7):
        begun = time.monotonic()
        assert page.request.get("/healthz/").ok
        took.append((time.monotonic() - begun) * 1000)
    return max(1.0, statistics.median(took) / BARE)


class Keys:
    """A clerk who has no mouse: every press is counted, and how long the server took for what it led to."""

    def __init__(self, visitor):
        self.visitor, self.page = visitor, visitor.page
        self.pressed, self.typed, self.times = 0, 0, []
        self.page.on("requestfinished", self._timed)
        self.page.on("filechooser", lambda _: None)

    def _timed(self, request):
        if request.resource_type in {"document", "xhr", "fetch"} and "/static/" not in request.url:
            self.times.append(request.timing["responseStart"] - request.timing["requestStart"])

    def press(self, *names):
        for name in names:
            self.pressed += 1
            self.page.keyboard.press(name)

    def type(self, text):
        self.typed += len(text)
        self.page.keyboard.type(text)

    def lead(self, name):
        """Press a key that leads to another page."""
        with self.page.expect_navigation():
            self.press(name)
        self.visitor.check()

    def scan(self, text):
        """A hand scanner is a keyboard: it types fast and ends with Enter."""
        if self.focus != "scan":
            self.press("/")
        self.page.keyboard.type(text)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    @property
    def missing(self):
        found = re.search(r"还缺 (\d+) 件", self.page.inner_text("#missing h2"))
        return int(found[1]) if found else 0

    def upload(self):
        """Take the file of the selected line from the folder."""
        left = self.missing - 1
        with self.page.expect_file_chooser() as chooser:
            self.press("1")
        chooser.value.set_files(attachment("材料"))
        self.settle(left)

    def not_applicable(self, why):
        left = self.missing - 1
        self.press("4")
        self.type(why)
        self.press("Enter")
        self.settle(left)

    def settle(self, left):
        """Wait for the answer: one paper may meet several lines."""
        deadline = time.monotonic() + 20
        while self.missing > left:
            assert time.monotonic() < deadline, f"{self.missing} lines are missing, not {left}"
            self.page.wait_for_timeout(20)
        if self.missing:
            self.page.locator("[data-row][aria-current=true]:focus form[data-miss]").wait_for()

    @property
    def focus(self):
        return self.page.evaluate("document.activeElement.closest('[data-row]')?.id || document.activeElement.id")


def questions(page):
    """Name, kind and values of what a page asks, in order."""
    found = {}
    for name, kind, value in page.eval_on_selector_all(
        ".asks input:not([type=hidden])", "nodes => nodes.map(node => [node.name, node.type, node.value])"
    ):
        found.setdefault(name, (kind, []))[1].append(value)
    return found


def answer(keys, facts):
    """Answer one page of questions by digits; each answer shows what it adds."""
    page = keys.page
    for name, (kind, values) in questions(page).items():
        said = facts.get(name, "no")
        if kind == "radio":
            keys.press(str(values.index(said) + 1))
        elif kind == "checkbox":
            chosen = said if isinstance(said, list) and said else ["-"]
            keys.press(*(str((values.index(value) + 1) % 10) for value in chosen), "Enter")
        else:
            field = page.locator(f".asks input[name={name}]")
            if not field.input_value():
                keys.type(f"{facts.get(name, 0):g}" if not isinstance(facts.get(name, 0), str) else "0")
            keys.press("Enter")
    page.locator(".adds b").first.wait_for()
    with page.expect_navigation():
        keys.press("Control+Enter")


def enrolled(clerk, keys, project):
    """The package of a scanned project, found by answering its questions; how many keys that took."""
    page = keys.page
    clerk.open("/intake/")
    keys.scan("2611-140581-89-02-700114")
    clerk.says("校验位")
    assert keys.focus == "scan"
    page.keyboard.type("http://elsewhere.example/item?id=7")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    keys.scan("".join(chr(ord(letter) + 0xFEE0) if letter.isdigit() else "－" for letter in FIRST))
    assert clerk.path == f"/projects/{project}/enrol/"
    _, _, facts = factories.example("S3")
    facts = {**facts, "storeys": 2}  # a height has storeys
    for _ in range(30):
        if not page.locator("button[value=go]").count():
            break
        answer(keys, facts)
    clerk.says("情形已问完", "社会投资·简易低风险类")
    keys.lead("F2")
    return keys.pressed


def test_six_matters_by_keyboard_alone(live_portal, visit):
    project = live_portal.python(
        "from tests.browser import intake_steps as steps\nresult = steps.registered(number, '经开区标准仓库五期')", number=FIRST
    )
    clerk = visit("clerk")
    keys, page = Keys(clerk), clerk.page
    asked = enrolled(clerk, keys, project)
    live_portal.python("from tests.browser import intake_steps as steps\nsteps.past_planning(project)", project=project)

    clerk.open("/intake/")
    begun = time.monotonic()
    keys.pressed = keys.typed = 0
    keys.scan(FIRST)
    assert (clerk.path, page.url.partition("?")[2]) == (f"/projects/{project}/apply/", "stage=permit")
    assert page.locator("[name=matters]:checked").count() == 6
    keys.lead("F2")
    application = int(re.search(r"/applications/(\d+)/", clerk.path)[1])
    lacking = keys.missing
    keys.not_applicable("本项目不涉及")
    while keys.missing:
        keys.upload()
    keys.lead("F2")
    handed_in = time.monotonic()
    number = page.inner_text(".receipt .code.big")
    assert re.search(r"〔\d{4}〕.*收字第\d+号", number)
    shown = time.monotonic() - handed_in
    page.keyboard.press("F4")  # not for several at once: the key says so, it does not just do nothing
    clerk.says("不予受理：先选中一项")
    keys.lead("F2")
    clerk.says("已受理，受理通知书已出具")
    states = live_portal.rows("select state from packages_mattercase where application_id = %s", application)
    assert len(states) == 6
    assert not {row["state"] for row in states} & {"draft", "received"}
    spent = time.monotonic() - begun
    page.locator("#papers [href$='/pdf/']").first.wait_for(timeout=120_000)
    # one key to scan, one per line and its reason, three verdicts; the rest comes from scanner and folder
    assert keys.pressed <= lacking + 6
    assert keys.typed <= 12
    assert asked < 150
    slow = slowness(page)
    assert shown < 2 * slow
    assert spent < 90 * slow
    assert statistics.median(keys.times) < USUAL * slow
    assert max(keys.times) < WORST * slow


def test_a_cut_line_and_a_dead_session_lose_nothing(live_portal, visit):
    application = live_portal.python(
        "from tests.browser import intake_steps as steps\nresult = steps.half_filled(number, '经开区标准仓库六期')", number=SECOND
    )
    clerk = visit("clerk")
    keys, page = Keys(clerk), clerk.page
    clerk.open(f"/applications/{application}/")
    lacking = keys.missing
    line = keys.focus
    # a file that cannot be taken is refused on its line
    with page.expect_file_chooser() as chooser:
        keys.press("1")
    chooser.value.set_files({"name": "程序.pdf", "mimeType": "application/pdf", "buffer": b"MZ" * 40})
    page.locator(f"#{line} [role=alert]", has_text="没有保存").wait_for()
    assert (clerk.path, keys.focus, keys.missing) == (f"/applications/{application}/", line, lacking)
    # the line is cut: the page says so, keeps the change, and sends it once when the line is back
    clerk.context.set_offline(True)
    with page.expect_file_chooser() as chooser:
        keys.press("1")
    chooser.value.set_files(attachment("材料"))
    page.locator("#link", has_text="没有连上服务器。有 1 处改动还没有保存").wait_for()
    clerk.context.set_offline(False)
    keys.settle(lacking - 1)
    page.locator("#link").wait_for(state="hidden")
    sent = live_portal.rows("select count(*) from projects_event where kind = 'material.set' and subject_key = %s", line[1:])
    assert sent[0]["count"] == 1
    # the session ends: nothing moves, and after signing in elsewhere the change is saved
    end_session(live_portal, clerk)
    keys.press("4")
    keys.type("本项目不涉及")
    keys.press("Enter")
    page.locator("#link:has(a)", has_text="登录已失效。有 1 处改动还没有保存").wait_for()
    other = clerk.context.new_page()
    other.goto("/login/")
    other.fill("[name=username]", "clerk")
    other.fill("[name=password]", "gaige-demo")
    other.get_by_role("button", name="登录").click()
    other.wait_for_url(lambda url: "/login/" not in url)
    other.close()
    keys.settle(lacking - 2)
    # a page whose form only takes a POST is come back to, not its address
    end_session(live_portal, clerk)
    keys.press("Escape", "F2")
    page.wait_for_url("**/login/**")
    clerk.fill(username="clerk", password="gaige-demo")
    page.get_by_role("button", name="登录").click()
    page.wait_for_url(f"**/applications/{application}/")
    assert keys.missing == lacking - 2
    page.set_viewport_size(PHONE)
    keeps(page)


def end_session(live_portal, visitor):
    key = next(cookie["value"] for cookie in visitor.context.cookies() if cookie["name"] == "sessionid")
    live_portal.rows("delete from django_session where session_key = %s", key)
