"""An inspection on the telephone: the lines filled at the site, the one record, the fault mended, re-checked and closed."""

import pytest

from tests.browser.looking import PHONE
from tests.browser.pages import attachment

pytestmark = pytest.mark.browser
STARTED = """
from acceptance.models import InspectionUnit
from acceptance.services import inspections
from gaige.demo.story import user
from projects import timing
from projects.models import Organisation, WorkUnit
from tests.browser import steps
project = steps.project_of_owner("", name)
body = Organisation.objects.get(code="housing")
row = inspections.ask_visit(
    WorkUnit.objects.get(project=project).pk, by=user("housing-r"), organisation_id=body.pk, wanted_on=timing.today(),
    purpose="临边防护和临时用电", reason_code="complaint", reason="群众反映临边无防护", is_unannounced=True,
)
result = [row.pk, InspectionUnit.objects.get(inspection=row).pk]
"""


def test_an_inspection_is_walked_on_telephones(live_portal, visit):
    inspector, owner = (visit(name, viewport=PHONE) for name in ("housing-r", "owner"))
    row, unit = live_portal.python(STARTED, name="铸造园检查试点厂房")
    inspector.open(f"/inspections/units/{unit}/", phone=True)
    inspector.page.locator("input[type=radio][value=finding]").first.check(force=True)
    inspector.page.locator("details.more summary").first.click()
    inspector.page.locator("select[name^=kind_]").first.select_option("term")
    inspector.page.locator("input[name^=what_]").first.fill("二层临边无防护")
    inspector.page.locator("input[name^=fix_]").first.fill("加设防护栏杆")
    inspector.press("提交检查结果", phone=True)
    inspector.press("出具检查记录")
    inspector.fill(text="到场查看临边和用电")
    inspector.press("出具记录", exact=True, phone=True)
    inspector.says("待整改", "二层临边无防护")

    owner.open(f"/inspections/{row}/", phone=True)
    owner.press("答复整改")
    owner.fill(answer="已加设栏杆")
    owner.page.set_input_files("[name=uploaded]", attachment("整改后照片"))
    owner.press("提交答复", exact=True, phone=True)
    owner.says("待复核")

    inspector.open(f"/inspections/{row}/", phone=True)
    inspector.press("复核", exact=True)
    inspector.page.locator("[name=holds][value=yes]").check(force=True)
    inspector.press("提交复核结果", exact=True)
    inspector.says("已闭合")
