"""The clerk's desk by keyboard alone at 1366x768: a saved view, several acceptances at once, the list as a file."""

import io
import re
import zipfile

import pytest

from tests.browser.looking import by_tab

pytestmark = pytest.mark.browser
SIZE = {"width": 1366, "height": 768}
NAMES = ("丹河新城幼儿园", "米山镇卫生院")


@pytest.fixture(scope="module")
def filed(live_portal):
    """Two complete applications that the owner filed and no clerk has taken yet; their filing numbers."""
    return live_portal.python(
        "from tests.browser import steps\n"
        "from packages.models import MatterCase\n"
        "made = []\n"
        "for name in names:\n"
        "    project = steps.project_of_owner('', name)\n"
        "    steps.application_at_the_window(project, ['project-code'])\n"
        "    made.append(MatterCase.objects.get(project=project, state='received').number)\n"
        "result = made", names=NAMES,
    )


def test_the_desk_by_keyboard(visit, live_portal, filed, tmp_path):
    clerk = visit("clerk2", viewport=SIZE)
    page = clerk.page
    clerk.open("/desk/?scope=mine&tab=received&source=net", phone=True)
    clerk.says(*NAMES)
    clerk.strike("s")
    page.locator("[name=name]").focus()
    page.keyboard.type("网上新来的")
    clerk.strike("Control+Enter")
    clerk.says("已保存视图“网上新来的”")
    clerk.open("/desk/?scope=all&tab=all")
    by_tab(page)
    clerk.open("/desk/?scope=all&tab=all")
    clerk.strike("1")
    assert "source=net" in page.url
    for row in page.locator(".desk tbody tr").all_inner_texts():
        page.keyboard.press("ArrowDown")
        if any(name in row for name in NAMES):
            page.keyboard.press("Space")
    clerk.says("已选 2 件")
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 XLSX").press("Enter")
    with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert [number in sheet for number in filed] == [True, True]
    assert len(re.findall("<row ", sheet)) == 1 + page.locator(".desk tbody tr").count()
    page.locator(".desk tbody tr").first.focus()
    clerk.strike("a")
    clerk.says("选中 2 件，可以受理 2 件")
    address, body = page.locator("form:has([name=key])").evaluate(
        "form => [form.action, new URLSearchParams(new FormData(form)).toString()]"
    )
    clerk.strike("Control+Enter")
    clerk.says("已办 2 件，未办 0 件", "已受理", *filed)
    again = page.request.post(
        address, data=body, headers={"Content-Type": "application/x-www-form-urlencoded", "Referer": page.url}
    )
    assert (again.status, again.url) == (200, page.url), "what was sent twice leads to what was done once"
    told = live_portal.rows(
        "select count(*) as events from projects_event where kind = 'case.accepted' and subject_key in "
        "(select id::text from packages_mattercase where number = any(%s))", filed,
    )
    assert told == [{"events": 2}]
