"""Every list keeps its promises with twenty rows on it: it fits a telephone and a desk, is light, and axe finds nothing."""

import pytest

from tests.browser.looking import DESK, PHONE, at_width
from tests.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LIGHT = 60_000
LISTS = (
    ("clerk", "/desk/?tab=all&size=20"),
    ("clerk", "/desk/?tab=overdue&size=20"),
    ("clerk", "/projects/?size=20"),
    ("clerk", "/search/?q=厂房"),
    ("clerk", "/inbox/"),
    ("housing-r", "/reviews/"),
    ("housing-r", "/reviews/?closed=1"),
    ("natural-resources-c", "/desk/?size=20"),
    ("agent", "/projects/?size=20"),
    ("owner", "/projects/"),
    ("owner", "/todos/"),
    ("owner", "/filings/"),
    ("owner", "/staff/"),
    ("dispatcher", "/agency/?size=20"),
    ("dispatcher", "/agency/?tab=assigned&size=20"),
    ("dispatcher", "/agency/?tab=people"),
    ("director", "/bulletins/"),
    ("", "/"),
    ("", "/packages/"),
    ("", "/packages/soc-factory/"),
    ("", "/bulletins/"),
    ("", "/verify/"),
    ("", "/login/"),
)
#: Pages of the project with the most cases, by who looks at them.
OF_A_PROJECT = (
    ("clerk", ""), ("clerk", "events/"), ("clerk", "parties/"), ("archivist", "grants/"), ("clerk", "plan/"),
    ("clerk", "plan/chart/"), ("clerk", "apply/"), ("clerk", "card/"), ("archivist", "archive/"),
    ("dispatcher", "assign/"), ("director", ""),
)


@pytest.fixture(scope="module")
def busy(live_portal):
    """A portal full of projects: the web server alone."""
    portal = Portal("busy", people=False)
    try:
        portal.manage("synthesize", "--projects", "90", "--cases", "420", "--verbosity", "0")
        portal.python("from agency.tasks import sweep_due\nsweep_due()")
        portal.start("web")
        yield portal
    finally:
        portal.close()


@pytest.fixture(scope="module")
def come(busy, visit):
    """Return a function that opens a browser for somebody at the busy portal."""
    return lambda name="": visit(name, base_url=busy.url)


def looks(visitor, path):
    visitor.page.set_viewport_size(DESK)
    answer = visitor.page.goto(path)
    assert answer.status == 200, path
    weight = len(visitor.fetch(path))
    assert weight < LIGHT, f"{path}: {weight} bytes"
    at_width(visitor.page, DESK)
    at_width(visitor.page, PHONE)
    assert visitor.errors == []


@pytest.mark.parametrize("name", sorted({name for name, _ in LISTS}))
def test_lists_of(come, name):
    visitor = come(name)
    for path in [path for who, path in LISTS if who == name]:
        looks(visitor, path)


def test_the_lists_are_full(come):
    clerk = come("clerk")
    for path in ("/desk/?tab=all&size=20", "/projects/?size=20"):
        clerk.page.goto(path)
        assert clerk.page.locator("main tbody tr:not(.grp)").count() == 20, path


def test_pages_of_a_project_with_many_cases(busy, come):
    (row,) = busy.rows("select project_id from packages_mattercase group by 1 order by count(*) desc limit 1")
    for name, page in OF_A_PROJECT:
        visitor = come(name)
        path = f"/projects/{row['project_id']}/{page}"
        answer = visitor.page.goto(path)
        assert answer.status == 200, path
        at_width(visitor.page, DESK)
        at_width(visitor.page, PHONE)
        assert visitor.errors == []


def test_pages_of_cases_in_every_state(busy, come):
    clerk = come("clerk")
    for row in busy.rows("select state, min(id) as id from packages_mattercase group by 1 order by 1"):
        clerk.page.goto(f"/cases/{row['id']}/")
        at_width(clerk.page, DESK)
        at_width(clerk.page, PHONE)
    assert clerk.errors == []


def test_the_bulletin_and_the_lists_behind_its_numbers(come):
    director = come("director")
    director.page.goto("/bulletins/")
    director.press("打开本期")
    at_width(director.page, PHONE)
    director.follow(director.page.locator("tfoot td a").first.click)
    at_width(director.page, DESK)
    at_width(director.page, PHONE)


def test_large_type_cuts_nothing(come):
    public = come()
    for path in ("/", "/packages/", "/verify/", "/login/"):
        public.page.goto(f"/type-size/large/?next={path}")
        assert public.page.get_attribute("html", "data-type") == "large"
        assert public.page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"  # of 16
        at_width(public.page, PHONE)
