"""People at browsers: they sign in, look at pages that keep the promises of every page, fill in forms and press."""

import io
import re
import subprocess
import time
import urllib.parse

from playwright.sync_api import Error

from archives import pdfa
from gaige.demo.people import PASSWORD
from tests.browser.looking import PHONE, at_width

#: What a PDF answers that a worker is just making.
BEING_MADE = 409
#: Seconds that the answer to a press may take.
PATIENCE = 20
#: Each page notes when it is being left, which it is as soon as a press leads to another.
NOTING = "addEventListener('beforeunload', () => { window.leaving = true; })"
LEAVING = """() => new Promise(done => setTimeout(() => { const was = Boolean(window.leaving); window.leaving = false; done(was); }))"""
#: The pages that have been looked at in this process: who, which page, its headings, the width of the window.
LOOKED_AT = set()


def attachment(title):
    """A file as people have it: a PDF of one page."""
    from gaige.demo import files

    return {"name": f"{title[:40]}.pdf", "mimeType": "application/pdf", "buffer": files._page(title)}


class Visitor:
    """One person at one browser, or the public; every page is checked, once for each set of headings."""

    def __init__(self, context, name=""):
        self.context, self.name = context, name
        context.add_init_script(NOTING)
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE * 1000)
        self.errors = []
        self.moves = 0  # pages that have come, and files instead of one
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on("framenavigated", self._moved)
        self.page.on("download", self._moved)
        if name:
            self.sign_in()

    def _moved(self, what):
        self.moves += getattr(what, "parent_frame", None) is None

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

    def follow(self, act, *arguments):
        """Do something at the page; when it leads to another page, that one is there afterwards."""
        before = self.moves
        act(*arguments)
        try:
            leaving = self.page.evaluate(LEAVING)
        except Error:  # the page went while it was asked
            leaving = True
        deadline = time.monotonic() + PATIENCE
        while leaving and self.moves == before:
            assert time.monotonic() < deadline, f"{self.page.url}: no page has come"
            self.page.wait_for_timeout(5)
        self.page.wait_for_load_state()

    def click(self, place, *, phone=False):
        """Click this place and check the page that comes."""
        self.follow(place.click)
        return self.check(phone=phone)

    def press(self, name, *, within=None, exact=False, phone=False):
        """Press the button or link of this name and check the page that comes."""
        place = within or self.page
        if exact:  # but for the key that presses it
            name = re.compile(rf"^{re.escape(name)}( (F\d+|[A-Z\d]|Ctrl Enter))?$")
        found = place.get_by_role("button", name=name).or_(place.get_by_role("link", name=name))
        return self.click(found.first, phone=phone)

    def check(self, *, phone=False):
        """No error, nothing that axe finds, no sideways scroll (at 360 px too where people come by telephone)."""
        while True:
            moves = self.moves
            try:
                self._look(phone=phone)
            except Error:
                self.page.wait_for_timeout(50)  # so that we hear of it when another page has come
                if self.moves == moves:
                    raise
            if self.moves == moves:
                break
            self.page.wait_for_load_state()  # a script has led on: that is the page to look at
        assert self.errors == []
        return self.page

    def _look(self, *, phone):
        pattern = re.sub(r"\d+|[\w-]{22}", "*", self.path)
        heads = self.page.eval_on_selector_all("h1, h2", "nodes => nodes.map(node => node.textContent).join()")
        for size in (self.page.viewport_size, PHONE if phone else self.page.viewport_size):
            look = self.name, pattern, heads, size["width"]
            if look not in LOOKED_AT:
                at_width(self.page, size)
                LOOKED_AT.add(look)

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
        """Each of these stands on the page, at once or when the script of the page has brought it."""
        deadline = time.monotonic() + PATIENCE / 2
        while missing := [text for text in texts if text not in self.page.inner_text("main")]:
            if time.monotonic() > deadline:
                body = self.page.inner_text("main")[:3000]
                raise AssertionError(f"{self.name} {self.path}: {missing} is not in\n{body}")
            self.page.wait_for_timeout(100)

    def until(self, text, *, seconds=60):
        """Load the page again and again until a background job has brought this text."""
        deadline = time.monotonic() + seconds
        while text not in self.page.inner_text("main"):
            assert time.monotonic() < deadline, (
                f"{self.path}: {text} has not come\n{self.page.inner_text('main')[:3000]}"
            )
            time.sleep(0.4)
            self.page.reload()
        return self.page

    def fetch(self, path):
        """The bytes of a file that this person may open; asked for again while its PDF is being made, as the page says.

        What the portal sets as PDF is PDF/A-2u, whichever kind of paper it is.
        """
        deadline = time.monotonic() + 90
        answer = self.context.request.get(path)
        while answer.status == BEING_MADE and time.monotonic() < deadline:
            time.sleep(0.3)
            answer = self.context.request.get(path)
        assert answer.status == 200, f"{path}: {answer.status}"
        content = answer.body()
        if path.endswith("/pdf/"):
            assert pdfa.faults_of(io.BytesIO(content)) == [], path
        return content


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
