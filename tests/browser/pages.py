"""People at browsers: they sign in, look at pages that keep the promises of every page, fill in forms and press."""

import re
import subprocess
import time
import urllib.parse

from axe_playwright_python.base import AXE_SCRIPT, AxeResults

from gaige.demo.people import PASSWORD

#: What a PDF answers that a worker is just making.
BEING_MADE = 409
PHONE, DESK = {"width": 360, "height": 780}, {"width": 1366, "height": 768}
#: What is wider than the window, for the message of a failure.
WIDE = """() => [document.documentElement.scrollWidth, [...document.querySelectorAll('body *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroller'))
  .slice(0, 5).map(e => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`)]"""


def attachment(title):
    """A file as people have it: a PDF of one page."""
    from gaige.demo import files

    return {"name": f"{title[:40]}.pdf", "mimeType": "application/pdf", "buffer": files._page(title)}


class Visitor:
    """One person at one browser, or the public; every page is checked, once for each set of headings."""

    def __init__(self, context, name=""):
        self.context, self.name = context, name
        self.page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.seen = set()
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        if name:
            self.sign_in()

    def _heard(self, message):
        """Remember what the browser complains of; an answer that is not 200, or none, says so by itself."""
        if message.type == "error" and not message.text.startswith(("Failed to load resource", "htmx:")):
            self.errors.append(f"{self.page.url}: {message.text}")

    @property
    def path(self):
        return urllib.parse.urlsplit(self.page.url).path

    def sign_in(self):
        self.page.goto("/login/")
        self.page.fill("[name=username]", self.name)
        self.page.fill("[name=password]", PASSWORD)
        self.page.get_by_role("button", name="登录").click()
        self.page.wait_for_url(lambda url: "/login/" not in url)

    def open(self, path, *, phone=False):
        """Go to a page of the portal and check it."""
        self.page.goto(path)
        return self.check(phone=phone)

    def press(self, name, *, within=None, exact=False, phone=False):
        """Press the button or link of this name and check the page that comes."""
        place = within or self.page
        if exact:  # but for the key that presses it
            name = re.compile(rf"^{re.escape(name)}( (F\d+|[A-Z]|Ctrl Enter))?$")
        found = place.get_by_role("button", name=name).or_(place.get_by_role("link", name=name))
        found.first.click()
        self.page.wait_for_load_state()
        return self.check(phone=phone)

    def check(self, *, phone=False):
        """No error, nothing that axe finds, no sideways scroll (at 360 px too where people come by telephone)."""
        pattern = re.sub(r"\d+|[\w-]{22}", "*", self.path)
        heads = self.page.eval_on_selector_all("h1, h2", "nodes => nodes.map(node => node.textContent).join()")
        if (pattern, heads, phone) not in self.seen:
            self.seen.add((pattern, heads, phone))
            keeps(self.page)
            if phone:
                at_width(self.page, PHONE)
        assert self.errors == []
        return self.page

    def strike(self, key):
        """Press a key that leads to another page, and check that page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        return self.check()

    def choose(self, name, value):
        """Press one of the answers of a question."""
        self.page.locator(f"input[name={name}][value='{value}']").locator("xpath=ancestor::label").click()

    def fill(self, **values):
        for name, value in values.items():
            self.page.fill(f"[name={name}]", value)

    def says(self, *texts):
        """Each of these stands on the page."""
        body = self.page.inner_text("main")
        for text in texts:
            assert text in body, f"{self.name} {self.path}: {text} is not in\n{body[:3000]}"

    def until(self, text, *, seconds=60):
        """Load the page again and again until a background job has brought this text."""
        deadline = time.monotonic() + seconds
        while text not in self.page.inner_text("main"):
            assert time.monotonic() < deadline, f"{self.path}: {text} has not come\n{self.page.inner_text('main')[:3000]}"
            time.sleep(0.4)
            self.page.reload()
        return self.page

    def fetch(self, path):
        """The bytes of a file that this person may open; asked for again while its PDF is being made, as the page says."""
        deadline = time.monotonic() + 90
        answer = self.context.request.get(path)
        while answer.status == BEING_MADE and time.monotonic() < deadline:
            time.sleep(2)
            answer = self.context.request.get(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        return answer.body()


def keeps(page):
    """axe finds nothing, and the page is not wider than the window."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = AxeResults(page.evaluate("axe.run({resultTypes: ['violations']})"))
    assert found.violations_count == 0, f"{page.url}\n{found.generate_report()}"
    width, wide = page.evaluate(WIDE)
    assert width <= page.viewport_size["width"], f"{page.url}: {width} px wide, {wide}"


def at_width(page, size):
    """The same at another size of the window."""
    before = page.viewport_size
    page.set_viewport_size(size)
    keeps(page)
    page.set_viewport_size(before)


def pdf_text(content):
    """The text of a PDF as a reader copies it."""
    assert content[:5] == b"%PDF-"
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True)
    return done.stdout.decode()


def pdf_codes(content, folder):
    """The texts of the two-dimensional codes on a PDF, read as a telephone does: from the picture of the page."""
    import zxingcpp
    from PIL import Image

    subprocess.run(["pdftoppm", "-r", "150", "-png", "-", str(folder / "page")], input=content, check=True)
    found = []
    for path in sorted(folder.glob("page*.png")):
        with Image.open(path) as picture:
            found += [code.text for code in zxingcpp.read_barcodes(picture.convert("L"))]
    return found
