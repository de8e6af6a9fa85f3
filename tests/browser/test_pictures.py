"""The pictures of the README are taken from the demonstration as it stands (`GAIGE_SCREENSHOTS=1`)."""

from pathlib import Path

import pytest

from tests.browser.looking import DESK, PHONE
from tests.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "img"
LARGEST = 250_000
#: The project that is told of: the precast factory, from registration to delivery.
PROJECT = "年产 12 万吨精密铸件智能工厂"


@pytest.fixture(scope="module")
def demo(live_portal):
    """A portal with the whole demonstration and its web server."""
    portal = Portal("demo", people=False)
    try:
        portal.manage("demo", "--verbosity", "0")
        portal.start("web")
        yield portal
    finally:
        portal.close()


def take(visitor, name, path, *, size=DESK, patience=0):
    """Take a picture of a page, small enough for a repository; a viewer inside of it needs some seconds."""
    visitor.page.set_viewport_size(size)
    assert visitor.page.goto(path).status == 200, path
    visitor.page.evaluate("document.fonts.ready")
    visitor.page.wait_for_timeout(patience * 1000)
    target = FOLDER / f"{name}.png"
    visitor.page.screenshot(path=target, animations="disabled")
    make_small(target)
    assert target.stat().st_size < LARGEST, f"{target}: {target.stat().st_size} bytes"


def make_small(path):
    """Few colours are enough for a page without photographs."""
    from PIL import Image

    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(colors=256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def test_pictures_of_the_readme(demo, visit):
    FOLDER.mkdir(exist_ok=True)

    def come(name=""):
        return visit(name, base_url=demo.url)

    (project,) = demo.rows("select id from projects_project where name = %s", PROJECT)
    page = f"/projects/{project['id']}/"
    take(come("clerk"), "desk", "/desk/?tab=all", size={"width": 1366, "height": 800})
    take(come("agent"), "project", page, size={"width": 1366, "height": 1000})
    (token,) = demo.rows("select token from archives_qrtoken where project_id = %s and state = 'active'", project["id"])
    take(come(), "public", f"/q/{token['token']}/", size={**PHONE, "height": 900})
    (bulletin,) = demo.rows(
        "select b.id from agency_bulletin b join projects_project p on p.centre_id = b.centre_id and p.id = %s"
        " where b.state = 'published' and b.region_id is null and b.month > 0"
        " order by b.year desc, b.month desc limit 1", project["id"],
    )
    take(come("director"), "bulletin", f"/bulletins/{bulletin['id']}/", size={"width": 1366, "height": 900})
    (task,) = demo.rows(
        "select t.id, o.code from packages_reviewtask t join projects_organisation o on o.id = t.organisation_id"
        " join packages_jointsession s on s.id = t.session_id and s.case_id is not null"
        " where t.state in ('invited', 'opened') and t.role <> 'lead' and o.code <> 'sponsor'"
        " order by o.code <> 'housing', t.due_on limit 1"
    )
    take(come(f"{task['code']}-r"), "opinion", f"/reviews/{task['id']}/", size={"width": 1366, "height": 800}, patience=6)
